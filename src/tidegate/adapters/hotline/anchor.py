"""The station's anchor beside its database (tidegate.ports.hotline.Anchor): one file, replaced whole."""

import os
from pathlib import Path
from typing import Final

import msgspec

from tidegate.ports.hotline import AnchorMark
from tidegate.ports.outside import OutsideFailed

FILE_NAME: Final = "hotline-anchor.json"
REMEDY: Final = "Give the node a state folder on a disk that works; nothing is sent before it does."


class FileAnchor:
    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def read(self) -> AnchorMark | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=AnchorMark)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            return None
        except OSError as error:
            why = f"the anchor cannot be read ({error.strerror})"
            raise OutsideFailed(why, str(self._path), REMEDY) from error

    def write(self, mark: AnchorMark) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(number, "wb") as file:
                file.write(msgspec.json.encode(mark))
                file.flush()
                os.fsync(number)
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            why = f"the anchor cannot be written ({error.strerror})"
            raise OutsideFailed(why, str(self._path), REMEDY) from error
