"""The demo's officers at a real control socket: real keys, real signatures, one after the other."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mitigate.small_plans import NOW_MS, plan
from tests.stand_ins import HandClock
from tidegate.adapters.control import SocketDoor
from tidegate.lab.duty import OFFICERS, READING_MS, DutyRoom, appoint
from tidegate.mitigate.approval import ApprovalSettings, verify
from tidegate.mitigate.roster import Roster, roster_from
from tidegate.model.plans import Plan, Signed
from tidegate.ports.control import (
    BorderSeen,
    GiveWord,
    ListPlans,
    Plans,
    PlanView,
    Refused,
    Scores,
    Unable,
    WordTaken,
)

PATIENCE_S = 300.0
NOTHING_SEEN = BorderSeen(
    speaker="exabgp", at_ms=None, live=(), sessions=(), read_back=(), trouble="", findings=()
)


class SmallNode:
    """Answers at the control socket in a thread: it shows one plan, and keeps the words that it is given."""

    def __init__(self, folder: Path, shown: Plan) -> None:
        self.shown = shown
        self.words: list[Signed] = []
        self.refuses = False
        self.supersedes = False
        self.stays_silent = False
        self.forgets = False
        self.superseded = False
        self.asked = 0
        self._door = SocketDoor(folder)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)

    def start(self) -> None:
        self._door.start()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._door.stop()

    def _answer(self) -> None:
        while not self._stopping.wait(0.01):
            for asked in self._door.waiting():
                asked.answer(self._reply(asked.request))

    def _reply(self, request: object) -> Any:
        match request:
            case ListPlans():
                return Plans((self._view(),), ())
            case GiveWord(word):
                if self.refuses or self.supersedes:
                    self.superseded = self.supersedes
                    return Refused("approval", "not today")
                self.asked += 1
                if not self.forgets:
                    self.words.append(word)
                if self.stays_silent:
                    return Unable("the node does not answer", "the control socket", "Ask again.")
                return WordTaken("proposed", "")
            case _:
                return Scores(()) if "Scores" in type(request).__name__ else NOTHING_SEEN

    def _view(self) -> PlanView:
        return PlanView(
            plan=self.shown,
            stage="superseded" if self.superseded else "proposed" if len(self.words) < 2 else "approved",
            since_ms=NOW_MS,
            approvals=tuple(self.words),
            in_force=(),
            lease_until_ms=None,
            verdicts=(),
            why="",
            may_act=True,
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir(mode=0o700)
    return tmp_path / "state"


@pytest.fixture
def node(folder: Path) -> Iterator[SmallNode]:
    made = SmallNode(folder, plan())
    made.start()
    yield made
    made.stop()


@pytest.fixture
def room(folder: Path, tmp_path: Path) -> Iterator[DutyRoom]:
    officers = appoint(tmp_path / "officers", folder / "officers.toml")
    made = DutyRoom(folder, HandClock(NOW_MS))
    made.start(lambda: officers)
    yield made
    made.stop()


def comes_true(wanted: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not wanted() and time.monotonic() < until:
        time.sleep(0.02)
    return wanted()


def clock(room: DutyRoom) -> HandClock:
    assert isinstance(room.clock, HandClock)
    return room.clock


def roster(folder: Path) -> Roster:
    return roster_from((folder / "officers.toml").read_text())


def test_two_officers_sign_one_after_the_other_and_their_words_hold(
    node: SmallNode, room: DutyRoom, folder: Path
) -> None:
    assert comes_true(lambda: bool(room.seen.plans))
    assert node.words == []
    clock(room).at_ms += READING_MS
    assert comes_true(lambda: len(node.words) == 1)
    clock(room).at_ms += READING_MS - 1
    time.sleep(0.6)
    assert len(node.words) == 1, "the second reads as well before signing"
    clock(room).at_ms += READING_MS
    assert comes_true(lambda: len(node.words) == 2)
    approved = verify(node.shown, node.words, roster(folder), ApprovalSettings(node=node.shown.node), NOW_MS)
    assert {officer.name for officer in approved.officers} == {name for name, _ in OFFICERS}


def test_keys_are_the_officers_own_and_under_a_passphrase(room: DutyRoom, folder: Path) -> None:
    keys = [one.officer.public_key for one in roster(folder).members]
    assert len(set(keys)) == 2
    for path in (folder.parent / "officers").glob("*.key"):
        assert path.stat().st_mode & 0o077 == 0
        assert b"PRIVATE KEY" in path.read_bytes()


def test_nobody_signs_a_plan_that_proposes_nothing(node: SmallNode, room: DutyRoom) -> None:
    node.shown = plan(rules=(), stages=None)
    assert comes_true(lambda: bool(room.seen.plans))
    clock(room).at_ms += 10 * READING_MS
    time.sleep(0.6)
    assert node.words == []


def test_a_word_that_is_not_taken_is_told(node: SmallNode, room: DutyRoom) -> None:
    node.refuses = True
    assert comes_true(lambda: bool(room.seen.plans))
    clock(room).at_ms += READING_MS
    assert comes_true(lambda: bool(room.refusals))
    assert room.refusals[0] == "not today"


def test_a_word_whose_answer_does_not_come_is_counted_once_when_the_plan_bears_it(
    node: SmallNode, room: DutyRoom
) -> None:
    node.stays_silent = True
    assert comes_true(lambda: bool(room.seen.plans))
    clock(room).at_ms += READING_MS
    assert comes_true(lambda: len(room.words) == 1)
    assert room.words == node.words
    assert not room.refusals


def test_a_word_that_was_not_taken_when_no_answer_came_is_given_again(
    node: SmallNode, room: DutyRoom
) -> None:
    node.stays_silent = node.forgets = True
    assert comes_true(lambda: bool(room.seen.plans))
    clock(room).at_ms += READING_MS
    assert comes_true(lambda: node.asked >= 2)
    assert room.words == []
    node.stays_silent = node.forgets = False
    assert comes_true(lambda: len(node.words) == len(room.words) == 1)
    assert not room.refusals


def test_a_word_for_a_plan_that_was_superseded_meanwhile_is_no_refusal(
    node: SmallNode, room: DutyRoom
) -> None:
    node.supersedes = True
    assert comes_true(lambda: bool(room.seen.plans))
    clock(room).at_ms += READING_MS
    assert comes_true(lambda: [view.stage for view in room.seen.plans] == ["superseded"])
    assert (room.words, room.refusals) == ([], [])
