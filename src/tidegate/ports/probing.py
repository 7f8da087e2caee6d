"""Asking servers and sites what they are, and keeping what they said for the next time."""

from collections.abc import Iterable
from typing import Protocol

from tidegate.model.probes import Answer, Asked, Question


class Prober(Protocol):
    """Puts questions to the outside. Whatever comes back or does not is an answer: nothing is raised for it.

    Every question is answered within a time that the part knows, however slowly a server speaks and however
    much it sends; what is larger than the part's bounds is answered as too large.
    """

    def begin(self, question: Question) -> None:
        """Put a question; returns at once."""

    def finished(self, wait_ms: int) -> list[tuple[Question, Answer]]:
        """What has been answered since, in any order; waits for so long where nothing has. May be called with
        no question under way, and then only waits.
        """

    def close(self) -> None:
        """Ends what is under way."""


class AskedBefore(Protocol):
    """What was asked and answered, kept over the end of a program, however it ends."""

    def known(self) -> Iterable[Asked]:
        """In the order in which it was kept; a last line that was cut off is left out. OutsideFailed where
        it cannot be read, WrongLine where it is something else.
        """

    def keep(self, asked: Iterable[Asked]) -> None:
        """Outlives the program once this returns, also when it is killed. OutsideFailed where it cannot."""
