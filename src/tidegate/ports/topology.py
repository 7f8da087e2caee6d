"""Files of topology: read whole, written whole, and fetched from public addresses."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tidegate.model.topology import Source

Progress = Callable[[int, int], None]
"""Bytes so far, and in all (0 where that is not known)."""


class TopologyFiles(Protocol):
    """What a world is made from, and worlds themselves."""

    def read(self, path: Path, role: str, terms: str = "") -> tuple[bytes, Source]:
        """The unpacked bytes of a file, and where they are from, with the digest of the file itself.

        OutsideFailed where it cannot be read; WrongLine where it does not unpack.
        """

    def users(self) -> tuple[bytes, Source]:
        """The table of countries' users that is part of the program."""

    def outlines(self) -> tuple[bytes, Source]:
        """The outlines of countries that are part of the program."""

    def write(self, path: Path, data: bytes) -> None:
        """Puts the bytes in the file's place at once; folders are made. OutsideFailed where it cannot."""

    def append(self, path: Path, line: bytes) -> None:
        """Adds a line to a file that is made if need be, and makes it last. OutsideFailed where it cannot."""

    def newest(self, address: str) -> str:
        """The address itself; where it has {YYYY}, {MM}, {DD} or {YYYYMMDD} in it, that of the newest file
        that the server's pages list. OutsideFailed where they list none, or cannot be had.
        """

    def fetch(self, address: str, path: Path, progress: Progress) -> str:
        """Downloads into a file, going on where an earlier try was cut off; the SHA-256 of the whole.

        The file is there only when it is whole, and never made of two versions. OutsideFailed where that was
        not possible; what has come by then is kept for the next try.
        """
