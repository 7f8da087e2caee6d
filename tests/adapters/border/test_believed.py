"""The speaker believes a plan first while it may be approved, and remembers which it believed."""

import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.test_speak_command import Agreeing, given, words
from tests.adapters.border.world import ntp
from tests.stand_ins import HandClock
from tidegate import __main__ as hinge
from tidegate.adapters.border.believed import BELIEVED_MAX, BELIEVED_NAME, Believed
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import Order
from tidegate.ports.outside import OutsideFailed


@dataclass
class Speaking:
    """A speaker's belief without its process; `restart` is what a new process believes."""

    agreeing: Agreeing
    clock: HandClock
    order: Order

    def __post_init__(self) -> None:
        self.restart()

    @property
    def folder(self) -> Path:
        return self.agreeing.state / "speaker"

    def restart(self) -> None:
        self._believe = hinge.believer(self.agreeing.settings)

    def believes(self) -> None:
        self._believe(self.order)

    def when_too_late(self) -> None:
        self.clock.at_ms = self.order.plan.approve_until_ms


@pytest.fixture
def speaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Speaking:
    agreeing = Agreeing(tmp_path)
    proposed = agreeing.propose(ntp())
    clock = HandClock(proposed.made_at_ms)
    monkeypatch.setattr(hinge, "clock", lambda: clock)
    return Speaking(agreeing, clock, given(proposed, words(proposed, "ada", "ben")))


def test_two_true_words_are_too_late_for_a_plan_that_was_never_believed(speaking: Speaking) -> None:
    speaking.when_too_late()
    with pytest.raises(NotAllowed, match="could be approved until"):
        speaking.believes()


def test_a_plan_believed_in_time_is_renewed_until_its_end_and_over_restarts(speaking: Speaking) -> None:
    speaking.believes()
    speaking.when_too_late()
    speaking.believes()
    speaking.restart()
    speaking.believes()
    speaking.clock.at_ms = speaking.order.plan.ends_at_ms
    with pytest.raises(NotAllowed, match="nothing of it comes back"):
        speaking.believes()


def test_one_believed_plan_makes_no_other_one_believed(speaking: Speaking) -> None:
    """The digest is remembered, not the number."""
    speaking.believes()
    speaking.when_too_late()
    other = msgspec.structs.replace(speaking.order.plan, ledger_size=2)
    speaking.order = given(other, words(other, "ada", "ben"))
    with pytest.raises(NotAllowed, match="could be approved until"):
        speaking.believes()


def test_what_was_refused_is_not_remembered(speaking: Speaking) -> None:
    whole = speaking.order
    speaking.order = given(whole.plan, words(whole.plan, "ada"))
    with pytest.raises(NotAllowed):
        speaking.believes()
    speaking.when_too_late()
    speaking.order = whole
    with pytest.raises(NotAllowed, match="could be approved until"):
        speaking.believes()


@pytest.mark.parametrize("left", [None, b"", b"{", b'["a"]', b"\xff"])
def test_a_memory_that_is_lost_or_damaged_only_refuses(speaking: Speaking, left: bytes | None) -> None:
    speaking.believes()
    file = speaking.folder / BELIEVED_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink() if left is None else file.write_bytes(left)
    speaking.restart()
    speaking.when_too_late()
    with pytest.raises(NotAllowed, match="could be approved until"):
        speaking.believes()


def test_what_cannot_be_kept_is_not_believed(speaking: Speaking) -> None:
    (speaking.folder / BELIEVED_NAME).mkdir()
    for _ in range(2):
        with pytest.raises(OutsideFailed):
            speaking.believes()


def test_plans_that_are_over_make_room_and_others_do_not(tmp_path: Path) -> None:
    believed = Believed(tmp_path)
    kept = {f"{at:064x}": 1_000 for at in range(BELIEVED_MAX)}
    (tmp_path / BELIEVED_NAME).write_bytes(msgspec.json.encode(kept))
    with pytest.raises(NotAllowed, match="not over yet"):
        believed.add("new", 2_000, 999)
    believed.add("new", 2_000, 1_000)
    assert believed.holds("new")
    assert not believed.holds(f"{0:064x}")
