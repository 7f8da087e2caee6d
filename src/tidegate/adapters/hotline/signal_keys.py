"""The file of the datagram path's keys (tidegate.ports.signal_keys): for its owner alone, replaced whole."""

from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.hotline import kept_files
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
        kept_files.replace(self._path, msgspec.json.encode(kept))
