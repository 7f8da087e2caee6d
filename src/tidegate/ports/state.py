"""The folder in which one node at a time keeps everything, and a note of its health for the doctor."""

from pathlib import Path
from typing import Protocol

HEALTH_BYTES_MAX = 4 << 20
"""Longest note of a node's health; a longer one is not written, and what is read stops there."""


KERNELS_NAME = "kernels"
"""Folder in it where compiled kernels are kept for want of a better place."""


class StateFolder(Protocol):
    """The one node's own folder, readable by its user alone."""

    @property
    def path(self) -> Path: ...

    def claim(self) -> None:
        """Makes the folder if need be and holds it until `release` or the end of the process.

        NotAllowed where another node holds it, with that node's process number; OutsideFailed where it
        cannot be made or written.
        """

    def release(self) -> None:
        """Nothing happens where it is not held."""

    def identity(self) -> str:
        """Whose folder it is: 32 hex digits, made once, when first asked for by whoever holds it.

        OutsideFailed where they cannot be written, or what stands there is none.
        """

    def holder(self) -> int | None:
        """Process number of the node that holds it now, or None."""

    def write_health(self, note: bytes) -> None:
        """Puts the note in the place of the last one; a reader sees one or the other whole.

        Lost without an error where the disk is full: health is for looking at, not for keeping.
        """

    def read_health(self) -> bytes | None:
        """The last note, also of a node that has ended; None where there is none."""
