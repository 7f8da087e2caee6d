"""A program that stores facts until the disk refuses."""

from tests.stories import an_attack
from tidegate.adapters.sql.engine import open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.entry import Tip, addition, prepare
from tidegate.model.facts import AttackDetected
from tidegate.ports.outside import OutsideFailed


def fill(address: str) -> None:
    """Print each number after it is stored, and at last how storing failed."""
    store, tip = SqlFactStore(open_database(address)), Tip()
    try:
        for number in range(10_000):
            entry = prepare(tip, 0, AttackDetected(an_attack(number=number + 1)))
            store.append(addition(tip, [entry]))
            tip = entry.tip
            print(number, flush=True)
    except OutsideFailed as failure:
        print(f"failed: {failure}", flush=True)
