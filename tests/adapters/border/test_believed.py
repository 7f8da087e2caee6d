"""The speaker believes a plan first while it may be approved, and remembers which it believed."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.test_speak_command import Agreeing, given, member, words
from tests.adapters.border.world import forecast, ntp, plan
from tests.passkeys import SoftPasskey
from tests.stand_ins import HandClock
from tidegate import __main__ as hinge
from tidegate.adapters.border.believed import BELIEVED_MAX, BELIEVED_NAME, SEEN_NAME, Believed
from tidegate.mitigate.roster import Member
from tidegate.model.attacks import Rate
from tidegate.model.plans import MILLION, Plan, ServiceLoss, Share, Stages
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import Order
from tidegate.ports.outside import OutsideFailed


@dataclass
class Speaking:
    """A speaker's belief without its process; `restart` is what a new process believes."""

    agreeing: Agreeing
    clock: HandClock
    order: Order
    held: tuple[Plan, ...] = ()

    def __post_init__(self) -> None:
        self.restart()

    @property
    def folder(self) -> Path:
        return self.agreeing.state / "speaker"

    def restart(self) -> None:
        self._believe = hinge.believer(self.agreeing.settings)

    def believes(self) -> None:
        self._believe(self.order, self.held)

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


def test_words_by_passkey_are_verified_again_by_the_speaker(speaking: Speaking) -> None:
    """From the roster alone: no console, no node and no library stands between."""
    keys = SoftPasskey("pari", "senior"), SoftPasskey("edda", "senior", "Ed25519")
    now_ms = speaking.clock.now_ms()
    speaking.agreeing.appoint(*(Member(officer=key.officer, added_ms=now_ms - 1) for key in keys))
    plan = speaking.order.plan
    signed_in, assertion = keys[1].asserts(b"tidegate/console-sign-in/1\x00" + b"a challenge")
    of_a_sign_in = msgspec.structs.replace(keys[1].says(plan), signature=signed_in, assertion=assertion)
    for second in (of_a_sign_in, keys[1].says(plan, "withdraw"), keys[0].says(plan)):
        speaking.order = given(plan, (keys[0].says(plan), second))
        with pytest.raises(NotAllowed):
            speaking.believes()
    speaking.order = given(plan, tuple(key.says(plan) for key in keys))
    speaking.believes()
    speaking.agreeing.appoint(
        *(Member(officer=key.officer, added_ms=now_ms - 1, revoked_ms=now_ms) for key in keys)
    )
    with pytest.raises(NotAllowed, match="revoked"):
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


def test_a_plan_of_another_node_with_the_same_officers_is_not_believed(speaking: Speaking) -> None:
    other = msgspec.structs.replace(speaking.order.plan, node="ef" * 16)
    speaking.order = given(other, words(other, "ada", "ben"))
    with pytest.raises(NotAllowed, match="is of node efef"):
        speaking.believes()


def desk_plan(number: int, held_back: int, **changes: object) -> Plan:
    """One that holds back so much (bits a second) of the usual 10 Gb/s; the share is 500 Mb/s."""
    lost = ServiceLoss("udp/123", Rate(held_back, held_back, held_back), Share(MILLION, MILLION, MILLION))
    foreseen = msgspec.structs.replace(forecast(), by_service=(lost,), sampled_flows=100)
    stages = Stages(spot_test="north", spot_test_s=10, widening=(), widen_every_s=10)
    made = plan(ntp(bytes_per_s=number), number=number)
    return msgspec.structs.replace(made, forecast=foreseen, stages=stages, **changes)


def test_the_speaker_itself_sums_what_plans_hold_back_together(speaking: Speaking) -> None:
    first, second = desk_plan(1, 300_000_000), desk_plan(2, 300_000_000)
    speaking.held = (first,)
    speaking.order = given(second, words(second, "ada", "ben"))
    with pytest.raises(NotAllowed, match="together with plan 1, more than 5%"):
        speaking.believes()
    speaking.held = ()
    speaking.believes()
    speaking.held = (first,)
    with pytest.raises(NotAllowed, match="together with plan 1"):
        speaking.believes()  # known, but taken back since: it is asked again
    speaking.held = (first, second)
    speaking.believes()  # held: renewing is no addition


def test_what_a_plan_replaces_does_not_count_beside_it(speaking: Speaking) -> None:
    first, second = desk_plan(1, 300_000_000), desk_plan(2, 300_000_000, replaces=1)
    speaking.held = (first,)
    speaking.order = given(second, words(second, "ada", "ben"))
    speaking.believes()
    speaking.held = (second,)
    speaking.order = given(first, words(first, "ada", "ben"))
    speaking.believes()


def test_after_the_speaker_began_anew_a_senior_plan_keeps_out_nothing_that_was_believed(
    speaking: Speaking,
) -> None:
    first, senior = desk_plan(1, 300_000_000), desk_plan(2, 900_000_000, level="senior")
    speaking.order = given(first, words(first, "ada", "ben"))
    speaking.held = (senior,)
    with pytest.raises(NotAllowed, match="together with plan 2"):
        speaking.believes()  # it comes on top of what the senior level agreed to
    speaking.held = ()
    speaking.believes()
    speaking.restart()
    speaking.held = (senior,)
    speaking.believes()


def test_a_plan_that_tells_of_nothing_usual_asks_the_speaker_for_the_senior_level(speaking: Speaking) -> None:
    silent = desk_plan(1, 1, usual_inbound=())
    speaking.order = given(silent, words(silent, "ada", "ben"))
    with pytest.raises(NotAllowed, match="is not known"):
        speaking.believes()


def test_a_clock_set_back_makes_no_revoked_officer_live_again_for_the_speaker(speaking: Speaking) -> None:
    file, made_ms = speaking.agreeing.roster, speaking.clock.at_ms
    gone_ms = made_ms + 20_000
    gone = msgspec.structs.replace(member("ben"), revoked_ms=gone_ms)
    speaking.agreeing.appoint(member("ada"), gone)
    os.utime(file, (0, made_ms / 1000))  # written ahead of the day on which he leaves
    speaking.believes()
    speaking.clock.at_ms = gone_ms + 60_000
    with pytest.raises(NotAllowed, match="ben is revoked"):
        speaking.believes()
    speaking.clock.at_ms = made_ms
    for _ in range(2):
        with pytest.raises(NotAllowed, match="ben is revoked"):
            speaking.believes()
        speaking.restart()
    (speaking.folder / SEEN_NAME).unlink()
    speaking.restart()
    speaking.believes()
    os.utime(file, (0, gone_ms / 1000))  # what was written when he was gone already says so itself
    with pytest.raises(NotAllowed, match="ben is revoked"):
        speaking.believes()
