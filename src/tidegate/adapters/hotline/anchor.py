"""The station's anchor beside its database (tidegate.ports.hotline.Anchor): one file, replaced whole."""

from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.hotline import kept_files
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
        kept_files.replace(self._path, msgspec.json.encode(mark))
