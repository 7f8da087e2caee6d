"""A node that dies while it tells a reminder: `python -m tests.accord.reminded ADDRESS TOLD_FILE MOMENT`.

MOMENT is "before" or "after" the reminder is told, or "never".
"""

import os
import signal
import sys
from pathlib import Path

from tests.accord.year import BEGIN_S, Year
from tidegate.accord.reckoning import Reckoning
from tidegate.adapters.sql.engine import open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.accord.books import Book, Books
from tidegate.app.accord.reminding import Reminding
from tidegate.app.node import Node
from tidegate.model.accord_facts import Remind
from tidegate.model.facts import Told

DAY_MS = 86_400_000


class SetClock:
    def __init__(self, at_s: int) -> None:
        self.ms = at_s * 1_000

    def now_ms(self) -> int:
        return self.ms


class Still:
    """Accords that are read already, as tidegate.app.accord.following.Following tells them."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._reckonings: dict[str, Reckoning] = {}

    def ready(self) -> bool:
        return True

    def look(self) -> Books:
        return self._books

    def reckoning(self, book: Book) -> Reckoning:
        return self._reckonings.setdefault(book.digest, book.reckoning())


class Teller:
    """Writes each reminder to a file, and kills the node at the moment that it was given."""

    name = "teller"

    def __init__(self, path: Path, moment: str) -> None:
        self._file = path.open("a")
        self._moment = moment

    def carry_out(self, number: int, alert: Told) -> None:
        assert isinstance(alert, Remind)
        self._die_if("before")
        self._file.write(f"{number} {alert.instance} {alert.due_s} {alert.level}\n")
        self._file.flush()
        self._die_if("after")

    def _die_if(self, moment: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


def remind(address: str, told: Path, moment: str) -> None:
    """On the morning of the 160th day."""
    clock = SetClock(BEGIN_S + 160 * 86_400 + 3_600)
    node = Node.open(SqlFactStore(open_database(address)), [Teller(told, moment)], clock)
    books = Year().exchange.ledger("XA")
    Reminding(node, Still(books), "a" * 64, clock).turn()  # type: ignore[arg-type]


if __name__ == "__main__":
    remind(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
