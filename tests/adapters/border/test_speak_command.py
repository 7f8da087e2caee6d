"""`tidegate speak` itself: it believes only what two officers of its roster signed, and asks the guard."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.routers import eventually, own_address
from tests.adapters.border.world import forecast, ntp, plan
from tests.mitigate.officers import key_of
from tests.mitigate.small_plans import NODE
from tidegate.adapters.border import SpeakerClient, start_border
from tidegate.app.orders import write_orders
from tidegate.app.settings import Config
from tidegate.mitigate.roster import Member, Roster, roster_text
from tidegate.model.border import BorderPoint, BorderRouter, BorderSettings
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Match, Officer, Plan, Rule, Signed, Stages
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import Order
from tidegate.ports.outside import OutsideFailed

HOUR_MS = 3_600_000


def member(name: str, revoked_ms: int | None = None) -> Member:
    key = key_of(name).public_key().public_bytes_raw().hex()
    added_ms = int(time.time() * 1000) - HOUR_MS
    return Member(
        officer=Officer(name=name, level="senior", public_key=key), added_ms=added_ms, revoked_ms=revoked_ms
    )


class Agreeing:
    """A node's state folder with a roster, and officers who sign."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.roster = folder / "officers.toml"
        write_orders(self.state, Config())
        self.appoint(member("ada"), member("ben"))
        address = own_address()
        router = BorderRouter(name="absent", address=own_address(), peer_as=64501, port=1)
        self.settings = BorderSettings(
            node=NODE,
            border_points=(BorderPoint(name="north", routers=(router,)),),
            state_folder=str(self.state),
            officers=str(self.roster),
            local_as=64500,
            local_address=address,
            router_id=address,
        )
        self.border: SpeakerClient

    def appoint(self, *members: Member) -> None:
        self.roster.write_text(roster_text(Roster(members)))
        self.roster.chmod(0o600)

    def propose(self, *rules: Rule) -> Plan:
        stages = Stages(spot_test="north", spot_test_s=10, widening=(), widen_every_s=10)
        return msgspec.structs.replace(plan(*rules), stages=stages, level="senior", forecast=forecast())


@pytest.fixture(scope="module")
def agreeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agreeing]:
    made = Agreeing(tmp_path_factory.mktemp("agreeing"))
    made.border = start_border(made.settings)
    try:
        eventually(lambda: answers(made.border), 90)
        yield made
    finally:
        made.border.end()


def answers(border: SpeakerClient) -> bool:
    try:
        border.withdraw_all()
    except OutsideFailed:
        return False
    return True


def words(proposed: Plan, *names: str) -> tuple[Signed, ...]:
    return tuple(
        Signed(
            plan=proposed.number,
            intent="approve",
            officer=name,
            signature=key_of(name).sign(words_to_sign(proposed, "approve")).hex(),
        )
        for name in names
    )


def given(proposed: Plan, approvals: tuple[Signed, ...]) -> Order:
    return Order(plan=proposed, approvals=approvals, border_point="north", lease_s=30)


def test_two_officers_words_over_the_exact_plan_put_it_in_force(agreeing: Agreeing) -> None:
    proposed = agreeing.propose(ntp())
    agreeing.border.announce(given(proposed, words(proposed, "ada", "ben")))
    assert len(agreeing.border.live()) == 1
    agreeing.border.withdraw_all()


@pytest.mark.parametrize("names", [(), ("ada",), ("ada", "ada"), ("ada", "eve")])
def test_fewer_than_two_put_nothing_in_force(agreeing: Agreeing, names: tuple[str, ...]) -> None:
    proposed = agreeing.propose(ntp())
    with pytest.raises(NotAllowed):
        agreeing.border.announce(given(proposed, words(proposed, *names)))
    assert not agreeing.border.live()


def test_a_plan_changed_by_one_number_is_not_what_they_signed(agreeing: Agreeing) -> None:
    proposed = agreeing.propose(ntp())
    changed = msgspec.structs.replace(proposed, rules=(ntp(bytes_per_s=999_999),))
    with pytest.raises(NotAllowed):
        agreeing.border.announce(given(changed, words(proposed, "ada", "ben")))
    assert not agreeing.border.live()


def test_what_the_guard_refuses_stays_out_though_two_signed_it(agreeing: Agreeing) -> None:
    wide = msgspec.structs.replace(ntp(), match=Match(destination="198.0.0.0/8", protocols=(17,)))
    proposed = agreeing.propose(wide)
    with pytest.raises(NotAllowed, match="198"):
        agreeing.border.announce(given(proposed, words(proposed, "ada", "ben")))
    assert not agreeing.border.live()


def test_a_revoked_officer_s_word_renews_nothing(agreeing: Agreeing) -> None:
    proposed = agreeing.propose(ntp())
    order = given(proposed, words(proposed, "ada", "ben"))
    agreeing.border.announce(order)
    agreeing.appoint(member("ada"), member("ben", revoked_ms=int(time.time() * 1000) - 2000))
    try:
        with pytest.raises(NotAllowed, match="ben"):
            agreeing.border.announce(order)
    finally:
        agreeing.appoint(member("ada"), member("ben"))
        agreeing.border.withdraw_all()


def test_a_second_process_for_the_same_folder_ends_at_once(agreeing: Agreeing) -> None:
    command = [sys.executable, "-m", "tidegate", "speak", "--state", str(agreeing.state)]
    ended = subprocess.run(command, timeout=60, check=True, capture_output=True, text=True)
    assert "another speaker's process" in ended.stderr
    assert agreeing.border.live() == ()


def test_other_settings_take_the_place_of_the_process_that_runs(agreeing: Agreeing) -> None:
    proposed = agreeing.propose(ntp())
    agreeing.border.announce(given(proposed, words(proposed, "ada", "ben")))
    changed = msgspec.structs.replace(agreeing.settings, hold_time_s=12)
    agreeing.border.close()
    agreeing.border = start_border(changed)
    eventually(lambda: answers(agreeing.border), 90)
    assert agreeing.border.live() == ()


def test_the_same_settings_find_what_an_earlier_node_left_in_force(agreeing: Agreeing) -> None:
    settings = agreeing.border.settings
    proposed = agreeing.propose(ntp())
    agreeing.border.announce(given(proposed, words(proposed, "ada", "ben")))
    agreeing.border.close()
    agreeing.border = start_border(settings)
    assert len(agreeing.border.live()) == 1
    agreeing.border.withdraw_all()
