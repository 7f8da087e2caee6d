"""The machine as the doctor sees it: /proc, a probing bind, a probing file."""

import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from tidegate.adapters.clock import boot_ns
from tidegate.kernels.cache_folder import SPARE, cache_folder

PROCESSES_MAX = 4096
"""Processes looked at to find who holds a port; on a machine with more, the answer may be "not told"."""

RECEIVE_LIMIT = Path("/proc/sys/net/core/rmem_max")
STANDING = Path("/proc/self/stat")
BEGAN_AT = 19
"""Field 22 of proc_pid_stat(5), counted from behind the name: when it began, in ticks since boot."""

UDP_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))


class ThisMachine:
    """Questions answered anew each time."""

    def process_age_ms(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            after_name = STANDING.read_text().rpartition(")")[2].split()
            began_s = int(after_name[BEGAN_AT]) / os.sysconf("SC_CLK_TCK")
            return boot_ns() // 1_000_000 - round(began_s * 1000)
        return None

    def receive_buffer_limit(self) -> int | None:
        with suppress(OSError, ValueError):
            return int(RECEIVE_LIMIT.read_text())
        return None

    def can_listen(self, host: str, port: int) -> str | None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
        return None

    def listener(self, port: int) -> str | None:
        inodes = {inode for table in UDP_TABLES for inode in _inodes_on(table, port)}
        return _holder_of(inodes) if inodes else None

    def can_write(self, folder: Path) -> str | None:
        try:
            with tempfile.TemporaryFile(dir=_nearest(folder)):
                return None
        except OSError as error:
            return error.strerror or str(error)

    def kernel_cache(self, spare: Path) -> Path | None:
        return cache_folder({**os.environ, SPARE: str(spare)})

    def free_bytes(self, folder: Path) -> int | None:
        with suppress(OSError):
            return shutil.disk_usage(_nearest(folder)).free
        return None


def _nearest(folder: Path) -> Path:
    return next((place for place in (folder, *folder.absolute().parents) if place.is_dir()), Path("/"))


def _inodes_on(table: Path, port: int) -> set[str]:
    """Inodes of the sockets bound to the port, from one of the kernel's tables (proc_net_udp(5))."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return set()
    return {row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port}


def _holder_of(inodes: set[str]) -> str | None:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    processes = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    for process in processes[:PROCESSES_MAX]:
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) in wanted:
                    return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None
