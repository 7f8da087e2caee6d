"""Programs beside the demo's node, each a command that people run themselves: XB's node, and the console."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import tomlkit

from tidegate.adapters.border.children import kill_child, start_bound_child
from tidegate.adapters.border.places import LOCK_NAME
from tidegate.app.settings import Config
from tidegate.ports.outside import OutsideFailed

ENDING_S: Final = 4.0
SPEAKER_S: Final = 10.0
LOOK_S: Final = 0.1
CONFIG_NAME: Final = "tidegate.toml"
STATION_PASSPHRASE: Final = "TIDEGATE_STATION_PASSPHRASE_FILE"


class Program:
    """One child that ends with this process, however that ends. Start it from the main thread."""

    def __init__(self, name: str, arguments: list[str], folder: Path, more: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self._told = folder / f"{name}.told"
        with self._log.open("ab") as log, self._told.open("wb") as told:
            command = [sys.executable, "-m", "tidegate", *arguments]
            self._child = start_bound_child(command, os.environ | more, log, told)

    @property
    def pid(self) -> int:
        return self._child.pid

    def told(self) -> list[str]:
        """The lines that it has written to its standard output."""
        return self._told.read_text(errors="replace").splitlines()

    def check(self) -> None:
        """OutsideFailed where it has ended by itself."""
        if self._child.poll() is not None:
            last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
            raise OutsideFailed(f"{self.name} ended by itself", " ".join(last), f"See {self._log}.")

    def end(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            kill_child(self._child)


def end_speaker(state: Path) -> None:
    """The process that holds the sessions outlives its node on purpose, for the sake of leases; the demo
    leaves nothing behind. By the process id that stands in its lock, and only while it holds that."""
    path = state / "speaker" / LOCK_NAME
    if not path.exists():
        return
    with path.open() as lock:
        told = lock.read()
        for wait_s in (0.0, *(LOOK_S for _ in range(round(SPEAKER_S / LOOK_S)))):
            time.sleep(wait_s)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with suppress(ProcessLookupError):
                    os.kill(int(told), signal.SIGTERM)
            else:
                return


def write_config(folder: Path, config: Config) -> Path:
    """What this process was given as values, as a file for another one."""
    path = folder / CONFIG_NAME
    told = msgspec.to_builtins(config)
    path.write_text(tomlkit.dumps({name: stated(section) for name, section in told.items()}))
    return path


def stated(value: object) -> object:
    """Without settings that are not set, for which TOML has no word."""
    if not isinstance(value, dict):
        return value
    return {name: stated(one) for name, one in value.items() if one is not None}


def write_passphrase(folder: Path, passphrase: str) -> Path:
    path = folder / "station.pass"
    path.touch(mode=0o600)
    path.write_text(f"{passphrase}\n")
    return path
