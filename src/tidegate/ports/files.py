"""Single files that a person names: read whole within a bound, written whole or not at all."""

from pathlib import Path
from typing import Protocol


class LocalFiles(Protocol):
    """Files on this machine. Each call may raise OutsideFailed with the path and the way out."""

    def read(self, path: Path, bytes_max: int) -> bytes:
        """NotAllowed where it is longer than the bound."""

    def write_new(self, path: Path, body: bytes) -> None:
        """NotAllowed where something is there already: nothing is written over it."""

    def write(self, path: Path, body: bytes) -> None:
        """Takes the place of what was there; a reader sees the old or the new, never a part."""
