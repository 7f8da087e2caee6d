"""Where a node keeps what it saw of others' ledgers, what others saw of its own, and its ledger's tiles."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Shelf(Protocol):
    """Small files by name; a slash in a name makes a folder.

    1. When `put` returns, all of it survives the death of the process and of the machine.
    2. After a failure each name holds what it held before or what was put, whole.
    3. Files are written in the order in which they are given.

    Every call may raise OutsideFailed; it may be tried again.
    """

    @property
    def where(self) -> str:
        """Its place, for messages."""

    def put(self, files: Mapping[str, bytes]) -> None: ...

    def get(self, name: str) -> bytes | None:
        """None where nothing was put under that name, or it was dropped."""

    def names(self, folder: str) -> Sequence[str]:
        """Of the files right in this folder, in order; none where there is no such folder."""

    def folders(self, folder: str) -> Sequence[str]:
        """Names of the folders right in this one, in order."""

    def drop(self, names: Sequence[str]) -> None:
        """Names that hold nothing are passed over."""
