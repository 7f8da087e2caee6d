"""Programs beside the demo's node, each a command that people run themselves: XB's node, and the console."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import tomlkit

from tidegate.adapters.border.children import kill_child, start_bound_child
from tidegate.app.settings import Config
from tidegate.ports.outside import OutsideFailed

ENDING_S: Final = 4.0
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
