"""Work of minutes, done in a process of its own: what begins it, what comes of it, and the child's end."""

from collections.abc import Iterator
from typing import Protocol


class Study(Protocol):
    """One piece of work under way."""

    def lines(self) -> Iterator[bytes]:
        """What it tells, line by line, as it comes; the end of lines is the end of the work.

        OutsideFailed where it did not end by itself: killed, out of memory, out of time.
        """

    def end(self) -> None:
        """Ends it at once, from any thread; also one that ended already."""


class StudyProcess(Protocol):
    """Starts one process for each question. It ends with this one, however that ends."""

    def begin(self, question: bytes) -> Study:
        """`question` is one line. OutsideFailed where no process can be started."""


class StudyEnd(Protocol):
    """The end that the process itself holds."""

    def question(self) -> bytes:
        """Once. NotAllowed where nobody asks."""

    def tell(self, line: bytes) -> None: ...
