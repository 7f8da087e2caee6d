"""A back-up of an organisation's node: one encrypted file, and the way back out of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class BackUps(Protocol):
    """Only files that are named are taken, and only such names are brought back.

    NotAllowed for a wrong passphrase, a file that was cut off, changed or is none, and where a file would be
    written over another; OutsideFailed where a file cannot be used.
    """

    def write(self, target: Path, passphrase: str, state: Path, names: Sequence[str]) -> list[str]:
        """The files of the state folder that are there, by their names in it; "*" ends a folder's name and
        takes its files. A database in use is copied as it is at one moment. What was taken."""

    def read(self, source: Path, passphrase: str, state: Path, names: Sequence[str]) -> list[str]:
        """All of it, or nothing: files are put in their places once the last byte was verified."""
