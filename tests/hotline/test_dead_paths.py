"""A path that dies is noticed in 90 seconds and passed around; a peer is heard whatever its clock says."""

from typing import Any

import pytest

from tests.hotline.stand_ins import StandInPath
from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.app.hotline.beats import BEAT_KEPT_S, Beats
from tidegate.hotline.delivery import Stage
from tidegate.model.hotline_facts import PathChanged
from tidegate.model.messages import CardNews, Heartbeat, SignedHeartbeat
from tidegate.model.organisations import Digest, Endpoint
from tidegate.ports.hotline import Outcome

NOTICED_S = 90
DAY_S = 86_400


class Watched(TwoParties):
    """Turns each second; over a path that is `dead`, nothing comes, and who calls is told so or not."""

    def __init__(self, *, told: bool) -> None:
        super().__init__()
        self.dead: set[str] = set()
        self.told = told

    def carry(self, sender: Party, path: str, *rest: Any) -> bool:
        if path not in self.dead:
            return super().carry(sender, path, *rest)
        if self.told:
            peer, endpoint, _, ticket = rest
            sender.paths[path].told.append(Outcome(path, peer, endpoint, "no answer", 0, ticket))
        return True

    def seconds(self, count: int) -> None:
        for _ in range(count):
            self.anna.station.turn()
            self.bahar.station.turn()
            self.clock.at_ms += 1_000

    def silent(self, party: Party) -> set[str]:
        return {path.path.split()[0] for path in party.needs.state.paths.values() if not path.alive}


@pytest.mark.parametrize("told", [True, False], ids=["refused", "swallowed"])
@pytest.mark.parametrize("path", ["https", "udp"])
def test_a_path_that_dies_is_noticed_within_90_seconds_and_passed_around(path: str, told: bool) -> None:
    world = Watched(told=told)
    world.seconds(60)
    assert not world.silent(world.anna)
    world.dead = {path}
    before = world.anna.needs.now_s()
    said: dict[str, Digest] = {}
    for precedence in ("FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE"):
        said[precedence] = world.anna.says(precedence=precedence, reference=precedence)
    for _ in range(NOTICED_S):
        world.seconds(1)
        if world.anna.stage(said["FLASH"]) is Stage.STORED:
            break
    assert world.anna.needs.now_s() - before <= 2, "FLASH goes over every way at once"
    world.seconds(NOTICED_S - (world.anna.needs.now_s() - before))
    assert world.silent(world.anna) == {path}
    assert {world.anna.stage(message) for message in said.values()} == {Stage.STORED}
    (noticed,) = [
        fact for _, fact in world.anna.disk.facts if isinstance(fact, PathChanged) and not fact.alive
    ]
    assert noticed.since_s >= before - 30, "the last sign of life is told"
    world.dead = set()
    world.seconds(NOTICED_S)
    assert not world.silent(world.anna)


@pytest.mark.parametrize("most", [0, 1])
def test_a_way_too_narrow_for_heartbeat_and_card_together_carries_one_after_the_other(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandInPath, "takes", lambda _, envelopes: min(most, len(envelopes)))
    world = Watched(told=True)
    came: list[type] = []
    carry = world.carry

    def narrow(sender: Party, path: str, peer: str, endpoint: Endpoint, given: Any, ticket: int) -> bool:
        assert len(given) <= most
        came.extend(type(world.seals.value(one)) for one in given)
        return carry(sender, path, peer, endpoint, given, ticket)

    world.carry = narrow  # type: ignore[assignment, method-assign]
    world.seconds(30)
    assert {*came} == ({SignedHeartbeat, CardNews} if most else set())
    assert not world.silent(world.anna), "also an empty exchange is a sign of life"


class Witness:
    """Of heartbeats, whatever they tell of a ledger."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def tell(self, peer: str, now_s: int) -> dict[str, object]:
        return {"checkpoint": "", "witnessed": "", "grown": (), "asks": (), "others": ()}

    def hear(self, card: object, beat: Heartbeat, signed: bytes, now_s: int) -> None:
        self.heard.append(beat.at_s)


def test_a_peer_whose_clock_was_set_back_by_a_day_is_heard_of_its_ledger_again_within_ten_minutes() -> None:
    world = TwoParties()
    witness = Witness()
    beats = Beats(world.anna.needs, witness)

    def hears(at_s: int) -> None:
        beat = Heartbeat(
            sender=world.bahar.own.organisation,
            recipient=world.anna.own.organisation,
            at_s=at_s,
            card_version=1,
            heard=(),
            **witness.tell("", 0),  # type: ignore[arg-type]
        )
        beats.heard(beat, b"")

    now_s = world.anna.needs.now_s()
    for at_s in (now_s, now_s - DAY_S, now_s - 5, now_s):
        hears(at_s)
    assert witness.heard == [now_s], "what is older, or played again, tells nothing"
    world.clock.at_ms += BEAT_KEPT_S * 1_000
    hears(now_s - DAY_S)
    hears(now_s - DAY_S + 25)
    assert witness.heard == [now_s, now_s - DAY_S, now_s - DAY_S + 25]
