"""A node killed with SIGKILL at any moment loses no stored fact and no alert."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.recording import FileSink
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.engine import open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.ledger_check import Remembered, verify_ledger
from tidegate.app.node import Node
from tidegate.app.outbox import RetryPolicy
from tidegate.ports.facts import READ_ROWS_MAX, StoredFact

KILLS = 4
ROOT = Path(__file__).parent.parent.parent


def kill_while_recording(address: str, told: Path, moment: random.Random) -> list[int]:
    """The numbers that the program printed before it was killed, at a random moment after the first."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.recording", address, str(told)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert program.stdout is not None
    first = program.stdout.readline()
    assert first, "the program ended by itself"
    killer = threading.Timer(moment.uniform(0.0, 0.4), lambda: os.kill(program.pid, signal.SIGKILL))
    killer.start()
    rest = program.stdout.read()
    assert program.wait() == -signal.SIGKILL
    killer.join()
    return [int(number) for number in (first + rest).split()]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def test_a_node_that_is_killed_loses_nothing(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        address = f"sqlite:///{tmp_path}/ledger.db"
    else:
        address = request.getfixturevalue("postgresql").new_database()
    told = tmp_path / "told"
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    moment = random.Random(seed)
    kept: list[StoredFact] = []
    remembered: Remembered | None = None
    for _ in range(KILLS):
        printed = kill_while_recording(address, told, moment)
        database = open_database(address)
        store = SqlFactStore(database)
        head = store.head()
        facts = list(store.facts(0, head.size))
        assert printed == list(range(len(kept), len(kept) + len(printed))), "a number came twice or never"
        assert head.size >= len(kept) + len(printed), "a fact that was said to be stored is gone"
        assert facts[: len(kept)] == kept, "a stored fact changed"
        assert verify_ledger(store, remembered).intact
        kept, remembered = facts, Remembered(head.size, head.root)
        database.close()
    every_alert_is_told(address, told)


def every_alert_is_told(address: str, told: Path) -> None:
    """What was pending at the last kill is carried out by the next node, at least once and in order."""
    database = open_database(address)
    store = SqlFactStore(database)
    node = Node.open(store, [FileSink(told)], WallClock(), RetryPolicy(first_ms=0, longest_ms=0))
    while store.pending_effects(-1, READ_ROWS_MAX):
        node.catch_up()
    numbers = [int(line.split()[0]) for line in told.read_text().splitlines()]
    assert set(numbers) == set(range(store.head().effects))
    first_times = list(dict.fromkeys(numbers))
    assert first_times == sorted(first_times)
    database.close()
