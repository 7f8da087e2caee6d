"""The health note tells of plans and the border as they are in a small world."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.officers import ANNA
from tests.plan_world import POINTS, World, quick_border
from tidegate.app.checks import Check
from tidegate.app.plan_checks import of_plans
from tidegate.app.plans_note import LATELY_MS, PlansNote
from tidegate.ports.control import BorderSeen, Reply, ShowBorder


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_border(monkeypatch)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.border.free.set()
    made.stop()


def note(world: World) -> PlansNote:
    """As it comes back from its bytes."""
    made = world.mitigation.note(world.clock.at_ms)
    return msgspec.json.decode(msgspec.json.encode(made), type=PlansNote)


def checks(world: World) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in of_plans(note(world), world.clock.at_ms):
        found.setdefault(check.code, []).append(check)
    return found


def test_a_plan_waits_and_then_is_in_force_with_its_leases(world: World) -> None:
    world.until_proposed()
    world.says(ANNA)
    world.run(10)
    (waiting,) = note(world).waiting
    assert (waiting.plan, waiting.agreed) == (1, ("anna",))
    assert note(world).in_force == ()
    assert "anna agreed" in checks(world)["plan_waiting"][0].text
    world.approve()
    world.run_until(lambda: world.stage() == "held", 300)
    assert note(world).waiting == ()
    held = {(one.plan, one.border_point): one for one in note(world).in_force}
    assert held.keys() == {(1, point) for point in POINTS}
    assert all(0 < one.remaining_s <= 120 for one in held.values())


def test_sessions_families_and_receivers_are_told_as_they_are(world: World) -> None:
    world.border.down, world.border.families = {"south"}, ("ipv4 flowspec",)
    world.run(2)
    first, second = note(world).sessions
    assert (first.router, first.state) == ("r-south", "down"), "trouble comes first"
    assert (second.router, second.lacking) == ("r-north", ("ipv4 unicast", "ipv6 flowspec", "ipv6 unicast"))
    assert [(one.border_point, one.asked, one.answered) for one in note(world).receivers] == [
        ("north", 1, 0),
        ("south", 1, 0),
    ]
    found = checks(world)
    assert len(found["receiver_silent"]) == 2
    assert found.keys() >= {"session_down", "family_not_agreed", "speaker_answers", "officers_enough"}
    world.border.receiver = {}
    world.run(2)
    assert len(checks(world)["read_back"]) == 2


def test_a_speaker_that_does_not_answer_is_told_until_it_answers_again(world: World) -> None:
    world.run(2)
    world.border.fails = "to answer"
    world.run(30)
    (silent,) = checks(world)["speaker_silent"]
    assert "the speaker does not answer" in silent.text
    world.border.fails = None
    world.run(5)
    assert "speaker_answers" in checks(world)


def test_a_node_without_a_speaker_says_so_and_keeps_quiet_about_the_rest() -> None:
    world = World(bordered=False)
    try:
        world.run(2)
        made = note(world)
        assert (made.speaking, made.routers, made.sessions, made.receivers) == (False, 2, (), ())
        assert checks(world)["speaker_off"][0].severity == "notice"
    finally:
        world.stop()


def test_a_roster_that_breaks_is_told(world: World) -> None:
    world.roster.text = "no [roster"
    world.run(3)
    assert checks(world)["roster_unreadable"][0].severity == "problem"
    world.roster.text = ""
    world.run(3)
    assert "roster_empty" in checks(world)


def test_a_plan_that_a_router_did_not_hold_is_told_for_ten_minutes_after_it_ended(world: World) -> None:
    world.until_proposed()
    world.approve()
    world.border.receiver = {"north": (), "south": ()}
    world.run_until(lambda: world.stage() == "failed", 60)
    (failed,) = note(world).failed
    assert (failed.plan, failed.why) == (1, world.life().standing.why)
    (told,) = checks(world)["plan_failed"]
    assert told.severity == "problem"
    assert "are not those agreed" in told.text
    got: list[Reply] = []
    world.door.ask(ShowBorder(), got)
    world.turn()
    (seen,) = got
    assert isinstance(seen, BorderSeen)
    assert [one for one in seen.findings if one.startswith("plan 1: It failed")]
    world.clock.at_ms = failed.at_ms + LATELY_MS + 1
    assert note(world).failed == ()


def test_a_plan_that_a_verdict_ended_says_nothing_about_the_border(world: World) -> None:
    world.until_proposed()
    world.approve()
    world.others_lost = set(POINTS)
    world.run_until(lambda: world.stage() == "failed", 300)
    assert world.life().standing.verdicts
    assert note(world).failed == ()
