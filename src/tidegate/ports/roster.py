"""The file with the officers whose word counts; nothing but this file makes anyone an officer."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

ROSTER_BYTES_MAX = 1 << 18
"""Longest roster that is read, well above OFFICERS_MAX of them; a longer file is refused whole."""


class RosterFile(Protocol):
    """One text file. What it says is for tidegate.mitigate.roster; this is only where it lies.

    1. A reader sees the roster before a change or after it, never a part.
    2. Two changes at once happen one after the other, each on top of what the other wrote.
    3. A file that others than its owner could have written is refused, and so is one of another user.
    """

    @property
    def path(self) -> Path: ...

    def read(self) -> str:
        """Its text, "" where there is none. NotAllowed by rule 3, OutsideFailed where it cannot be read."""

    def written_ms(self) -> int:
        """When it was last written, by the clock of then; 0 where nobody can tell."""

    def change(self, change: Callable[[str], str]) -> None:
        """Puts `change(text)` in its place, and on disk before it returns; errors as `read`.

        What `change` raises comes up, and then nothing is changed.
        """
