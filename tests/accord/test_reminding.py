"""Reminders: at their time, to their level, once, and also when the node dies while it tells them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.accord.reminded import DAY_MS, SetClock, Still
from tests.accord.year import BEGIN_S, Year
from tests.stores import MemoryStore
from tidegate.app.accord.reminding import OLDEST_S, Reminding
from tidegate.app.node import Node
from tidegate.model.accord_facts import Remind
from tidegate.model.facts import Told

ROOT = Path(__file__).parent.parent.parent
DAY_S = 86_400


class Heard:
    name = "heard"

    def __init__(self) -> None:
        self.alerts: list[Remind] = []

    def carry_out(self, number: int, alert: Told) -> None:
        assert isinstance(alert, Remind)
        self.alerts.append(alert)


class Office:
    """XA's node over the scripted year; `day` sets its clock and lets it look."""

    def __init__(self) -> None:
        self.store, self.heard, self.clock = MemoryStore(), Heard(), SetClock(BEGIN_S)
        self.books = Year().exchange.ledger("XA")
        self.open()

    def open(self) -> None:
        self.node = Node.open(self.store, [self.heard], self.clock)
        self._part = Reminding(self.node, Still(self.books), "a" * 64, self.clock)  # type: ignore[arg-type]

    def day(self, number: int) -> list[Remind]:
        before = len(self.heard.alerts)
        self.clock.ms = BEGIN_S * 1_000 + number * DAY_MS + 3_600_000
        self._part.turn()
        return self.heard.alerts[before:]


def named(told: list[Remind], start: str) -> list[tuple[str, str, str]]:
    return [(one.instance, one.level, one.change) for one in told if one.instance.startswith(start)]


def test_the_review_is_called_to_mind_sixty_and_fourteen_days_ahead_and_at_the_senior_level() -> None:
    office = Office()
    told = {day: named(office.day(day), "annual-review/XA") for day in (300, 305, 308, 309, 351, 352, 353)}
    review = [("annual-review/XA/XB/0", "senior", "reminder")]
    assert {day: found for day, found in told.items() if found} == {308: review}
    # The minutes of day 340 are on record in this ledger, so nothing is due two weeks ahead any more.


def test_a_check_that_is_not_made_is_called_to_mind_and_then_told_late() -> None:
    office = Office()
    days = {day: named(office.day(day), "check-channel/XB/XA/4") for day in range(115, 160)}
    late = {day: found for day, found in days.items() if found}
    assert list(late.values()) == [[("check-channel/XB/XA/4", "desk", "late")]]
    (told,) = [one for one in office.heard.alerts if one.instance == "check-channel/XB/XA/4"]
    assert "owed by XB to XA, was due" in told.words
    assert "next: ask for clarification" in told.words


def test_nobody_is_reminded_twice_also_after_a_restart_and_a_clock_set_back() -> None:
    office = Office()
    first = [one for day in range(60) for one in office.day(day)]
    office.open()
    assert not office.day(59)
    assert not office.day(40)
    assert len({(one.instance, one.change) for one in first}) == len(first) > 5


def test_a_node_that_was_off_tells_only_what_is_of_use() -> None:
    office = Office()
    told = office.day(330)
    assert len({one.instance for one in told}) == len(told)
    now_s = office.clock.ms // 1_000
    assert all(one.change == "reminder" or now_s - one.due_s < OLDEST_S for one in told)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_node_killed_while_it_tells_a_reminder_tells_it_again_under_the_same_number(
    moment: str, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-m", "tests.accord.reminded", f"sqlite:///{tmp_path}/ledger.db", str(told)]
    killed = subprocess.run([*command, moment], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    first = told.read_text().splitlines()
    assert len(first) == (moment == "after")
    subprocess.run([*command, "never"], cwd=ROOT, check=True)
    again = told.read_text().splitlines()[len(first) :]
    assert len(again) == 1
    assert again[: len(first)] == first
    subprocess.run([*command, "never"], cwd=ROOT, check=True)
    assert told.read_text().splitlines() == [*first, *again]
