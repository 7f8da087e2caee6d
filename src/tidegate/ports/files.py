"""Single files that a person names: read whole within a bound, written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class LocalFiles(Protocol):
    """Files on this machine. Each call may raise OutsideFailed with the path and the way out."""

    def read(self, path: Path, bytes_max: int) -> bytes:
        """NotAllowed where it is longer than the bound."""

    def stamps(self, folder: Path) -> Mapping[str, str]:
        """The files right in a folder by name, each with what changes when it is written anew; none where
        there is no such folder."""

    def write_new(self, path: Path, body: bytes) -> None:
        """NotAllowed where something is there already: nothing is written over it."""

    def write(self, path: Path, body: bytes) -> None:
        """Takes the place of what was there; a reader sees the old or the new, never a part."""
