"""A program that records facts until it is killed: `python -m tests.recording ADDRESS TOLD_FILE`."""

import sys
from pathlib import Path

from tests.stories import an_attack
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.engine import open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.node import Node
from tidegate.app.outbox import RetryPolicy
from tidegate.model.facts import Alert, AttackDetected, AttackEnded, NodeStarted
from tidegate.ports.outside import OutsideFailed


class FileSink:
    """Writes the number of each alert to a file at once; fails at every third, before or after writing."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._asked = 0

    def carry_out(self, number: int, alert: Alert) -> None:
        self._asked += 1
        if self._asked % 6 != 0:
            self._file.write(f"{number} {alert.change}\n")
            self._file.flush()
        if self._asked % 3 == 0:
            raise OutsideFailed("the file is in a mood", self.name, "Try again.")


def record_until_killed(address: str, told: Path) -> None:
    """Print each fact's number after `record` returned it."""
    store = SqlFactStore(open_database(address))
    node = Node.open(store, [FileSink(told)], WallClock(), RetryPolicy(first_ms=5, longest_ms=5))
    print(*node.record(NodeStarted("test")), flush=True)
    while True:
        attack = an_attack(number=node.state.next_attack)
        print(*node.record(AttackDetected(attack)), flush=True)
        print(
            *node.record(AttackDetected(an_attack(number=attack.number + 1)), AttackEnded(attack)), flush=True
        )


if __name__ == "__main__":
    record_until_killed(sys.argv[1], Path(sys.argv[2]))
