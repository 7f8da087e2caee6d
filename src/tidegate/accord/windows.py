"""The windows of what recurs: one after the other since the accord is in force, without gap or overlap."""

from collections.abc import Iterator

from tidegate.accord.clocks import Window
from tidegate.accord.spans import Span, end_of


class Windows:
    """Boundary `n` lies `n` spans after the entry into force, counted from there, so that short months shift
    no later one. A window that would end after the accord does is never owed, and never made."""

    def __init__(self, span: Span, entered_s: int, ended_s: int | None) -> None:
        self._span = span
        self._entered_s = entered_s
        self._ended_s = ended_s
        self._made = 0
        self._next_s = entered_s

    def boundary(self, number: int) -> int:
        """Where window `number` begins."""
        if number == 0:
            return self._entered_s
        return end_of(Span(self._span.count * number, self._span.unit), self._entered_s)

    def until(self, moment_s: int) -> Iterator[tuple[int, Window]]:
        """Those that have begun by the moment and were not given before, numbered from 0."""
        while self._next_s <= moment_s:
            number, begin_s = self._made, self._next_s
            end_s = self.boundary(number + 1)
            self._made, self._next_s = number + 1, end_s
            if self._ended_s is None or end_s <= self._ended_s:
                yield number, Window(begin_s, end_s)

    def number_at(self, moment_s: int) -> int:
        """The window that holds a moment up to which they were made, and at or after the entry into force."""
        low, high = 0, self._made - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.boundary(middle) <= moment_s else (low, middle - 1)
        return low
