"""The file of the datagram path's keys (tidegate.ports.signal_keys): for its owner alone, replaced whole."""

import os
from pathlib import Path
from typing import Final

import msgspec

from tidegate.ports.outside import OutsideFailed
from tidegate.ports.signal_keys import SignalKeysKept

FILE_NAME: Final = "signal-keys.json"
NONE: Final = SignalKeysKept({}, {})


class SignalKeysInFile:
    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def read(self) -> SignalKeysKept:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=SignalKeysKept)
        except (OSError, msgspec.MsgspecError):
            return NONE

    def write(self, kept: SignalKeysKept) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(number, "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(number)
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            remedy = "Give the node a state folder that it may write."
            raise OutsideFailed(f"keys cannot be kept ({error.strerror})", str(self._path), remedy) from error
