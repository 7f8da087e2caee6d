"""Child processes of a measurement: started pinned to a core, read through /proc, and ended by their own
number.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS_MAX = 20
"""A child that does not end within this time after SIGTERM is killed."""


def pin(core: int) -> None:
    """Keep this process on one core, where the machine has it."""
    if core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def move(pid: int, core: int) -> None:
    """Keep every thread of a running process on one core, where the machine has it; new ones follow."""
    if core in os.sched_getaffinity(0):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):  # it has just ended
                os.sched_setaffinity(int(thread.name), {core})


def put_first(pid: int) -> None:
    """Let a process's session go before all others, where the system shares its cores between sessions.

    There (autogroup, sched(7)) niceness counts only within a session: a figure would else be that of
    whatever else runs on the machine. Without the right to it nothing changes.
    """
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-20")


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def child(
    command: Sequence[str], core: int | None, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` pinned to `core` with its output in `log`; on leaving it is asked to end, then
    killed.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            preexec_fn=None if core is None else lambda: pin(core),  # noqa: PLW1509 - no threads here
            start_new_session=True,
        )
    put_first(process.pid)
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    """Ask the process to end and wait; kill its session when it does not."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def family_of(pid: int) -> list[int]:
    """The process and its descendants that still run."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        if not Path(f"/proc/{current}").exists():
            continue
        found.append(current)
        for children in Path(f"/proc/{current}/task").glob("*/children"):
            waiting += [int(number) for number in _read(children).split()]
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its living descendants."""
    ticks = 0
    for member in family_of(pid):
        fields = _read(Path(f"/proc/{member}/stat")).rpartition(")")[2].split()
        if len(fields) > 13:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int, kind: str = "Pss") -> int:
    """Proportional (Pss) or resident (Rss) memory of one process, from smaps_rollup."""
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True)
class Sockets:
    """What the kernel says of the UDP sockets bound to a port."""

    bound: int
    waiting_bytes: int
    drops: int


def udp_sockets(port: int) -> Sockets:
    """From /proc/net/udp and udp6: sockets bound to the port, bytes in their queues, datagrams dropped so
    far.
    """
    bound = waiting = drops = 0
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in _read(Path(table)).splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                bound += 1
                waiting += int(fields[4].partition(":")[2], 16)
                drops += int(fields[12])
    return Sockets(bound, waiting, drops)


def wait_until_bound(port: int, process: subprocess.Popen[bytes], seconds_max: float = 60.0) -> float:
    """Wait for a socket on the port; the seconds it took. RuntimeError when the process ended or time ran
    out.
    """
    began = time.perf_counter()
    while udp_sockets(port).bound == 0:
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode} before it listened")
        if time.perf_counter() - began > seconds_max:
            raise RuntimeError(f"did not listen within {seconds_max:.0f} s")
        time.sleep(0.02)
    return time.perf_counter() - began


def wait_until_drained(port: int, seconds_max: float = 10.0) -> None:
    """Wait until the port's queues are empty, then a little longer for what was just taken."""
    deadline = time.perf_counter() + seconds_max
    while udp_sockets(port).waiting_bytes and time.perf_counter() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
