"""The installed wheel where no process may write anything but its state folder, as in a hardened service."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.hotline.test_identity_commands import SetClock, Side
from tests.lab.namespaces import require_namespaces
from tidegate.adapters.hotline import locked
from tidegate.kernels.cache_folder import cache_folder

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tidegate"
CAPTURE = SOURCE / "lab" / "captures" / "amp.UDP.snmp.src161.pcapng.xz"

PATIENCE_S = 300.0
"""Where no kernel was ever compiled on this machine, all of them are compiled first."""

LEFT_OUT = "packets"
"""Kernels that replays need and that are not given along: they must be compiled into the state folder."""

# $1 the installed package, $2 where it is to lie, $3 the state folder; then the program.
CONFINE = """
mount --bind "$1" "$2" && mount --bind "$3" "$3" || exit 97
while read -r _ at _; do
  case "$at" in
    "$3"|/proc|/proc/*|/sys|/sys/*|/dev|/dev/pts|/dev/mqueue) ;;
    *) mount -o remount,bind,ro "$at" || exit 98 ;;
  esac
done < /proc/self/mounts
shift 3
cd / && exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Install:
    """A wheel's files, which lie over this source in a mount namespace of each program's own."""

    package: Path
    state: Path

    def command(self, *command: str) -> list[str]:
        places = (str(self.package), str(SOURCE), str(self.state))
        return [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            CONFINE,
            "sh",
            *places,
            *command,
        ]

    def tidegate(self, *arguments: str) -> list[str]:
        state = ["--state", str(self.state)]
        return self.command(sys.executable, "-m", "tidegate", *arguments, *state)


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Built as `pip install` would; times of files are those of the source, so that kernels compiled for
    this source need not be compiled once more, and all but one file's are given along."""
    require_namespaces("unshare", "mount")
    folder = tmp_path_factory.mktemp("read-only")
    wheel_in(folder)
    package, state = folder / "site" / "tidegate", folder / "state"
    for file in package.rglob("*.py"):
        shutil.copystat(SOURCE / file.relative_to(package), file)
    (state / "kernels").mkdir(parents=True, mode=0o700)
    compiled = cache_folder(os.environ)
    for kept in () if compiled is None else compiled.glob("*"):
        if not kept.name.startswith(f"{LEFT_OUT}-"):
            shutil.copytree(kept, state / "kernels" / kept.name, copy_function=os.link)
    return Install(package, state)


def wheel_in(folder: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder / "site")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """No home, no cache folder and no folder for temporary files can be written."""
    ours = {name: value for name, value in os.environ.items() if "CACHE" not in name and "XDG" not in name}
    return {**ours, "HOME": "/nonexistent", **more}


class Program:
    """Started in the install; what it says is read as it comes."""

    def __init__(self, command: list[str], more: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=environment(more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.lines.extend(iter(self._process.stdout.readline, ""))

    def says(self, words: str) -> str:
        end = time.monotonic() + PATIENCE_S
        while not (found := [line for line in self.lines if words in line]):
            assert self._process.poll() is None, "".join(self.lines)
            assert time.monotonic() < end, "".join(self.lines)
            time.sleep(0.02)
        return found[0]

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(PATIENCE_S)
        self._reader.join()
        return code

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()


@contextmanager
def started(command: list[str], more: Mapping[str, str] | None = None) -> Iterator[Program]:
    program = Program(command, more or {})
    try:
        yield program
    finally:
        program.kill()


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_can_be_written_there_but_state(install: Install) -> None:
    places = (SOURCE, SOURCE / "kernels", ROOT, "/tmp", "/var/tmp", "/dev/shm", Path.home(), install.package)
    files = [f"{place}/written" for place in (*places, install.state)]
    tried = subprocess.run(install.command("touch", *files), check=False, capture_output=True, text=True)
    assert tried.stderr.count("Read-only file system") == len(places), tried.stderr
    assert [file for file in files if Path(file).exists()] == files[-1:]


def test_a_node_and_its_console_run_there(install: Install) -> None:
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    config = install.state / "tidegate.toml"
    config.write_text(f'[collector]\nlisten = ["127.0.0.1:{udp}"]\n[metrics]\nlisten = "off"\n')
    settings = ("--config", str(config))
    listen = ("--listen", f"127.0.0.1:{tcp}")
    with started(install.tidegate("run", *settings)) as node:
        node.says("collector ready")
        with started(install.tidegate("console", *listen, *settings)) as console:
            link = console.says("To look without a passkey").split()[-1]
            page, _, secret = link.partition("#link=")
            with httpx.Client(
                base_url=f"http://localhost:{tcp}", headers={"Origin": page.rstrip("/")}
            ) as reader:
                assert "<html" in reader.get("/").text
                assert reader.post("/api/sign-in/token", json={"token": secret}).is_success
                assert reader.get("/api/situation").json()["node"]["answers"]
            console.stop()
        assert node.stop() == 0
        assert not [line for line in node.lines if "kernels can be written" in line]


def test_the_hotline_is_served_there(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked, "MEMORY_KIB", 64)
    side = Side(tmp_path / "xa", SetClock())
    side.found("XA-CERT", "XA")
    shutil.copytree(side.state / "hotline", install.state / "hotline")
    more = {"TIDEGATE_STATION_PASSPHRASE_FILE": str(side.path / "station.pass")}
    with started(install.tidegate("hotline", "serve"), more) as serving:
        serving.says("the node speaks for XA-CERT")
        assert serving.stop() == 0


def test_recordings_are_replayed_there_and_kernels_are_kept_beside_the_state(install: Install) -> None:
    capture = install.state / CAPTURE.name
    shutil.copyfile(CAPTURE, capture)
    command = install.tidegate("replay", str(capture))
    ended = subprocess.run(command, check=False, env=environment({}), capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "read as packets" in ended.stdout
    assert any(next(install.state.glob(f"kernels/{LEFT_OUT}-*")).rglob("*.nbi"))
