"""A node that dies at any moment of a plan's life, and a border that fails in every way."""

import random
import time
from collections.abc import Iterator

import pytest

from tests.officers import ANNA, BO, CARA
from tests.plan_world import PATIENCE_S, POINTS, World, quick_border
from tidegate.app.reconciler import wanted_now
from tidegate.mitigate.stages import FINAL
from tidegate.model.canonical import decode_effect
from tidegate.model.facts import Announce, Withdraw
from tidegate.ports.control import WordTaken


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_border(monkeypatch)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.border.free.set()
    made.border.fails = None
    made.stop()


def is_as_wanted(world: World) -> bool:
    wanted = set(wanted_now(world.state, world.clock.now_ms()))
    return world.border.points_held() == wanted


@pytest.mark.parametrize("seed", range(3))
def test_a_node_that_dies_every_few_seconds_brings_a_plan_to_its_end_and_the_border_with_it(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    world.until_proposed()
    world.restart()
    world.approve()
    stages = []
    for _ in range(400):
        world.turn()
        stages.append(world.stage())
        assert world.border.points_held() <= {(1, point) for point in world.life().standing.in_force}
        if chance.random() < 0.15:
            world.restart()
            world.turn()
            assert is_as_wanted(world)
        if stages[-1] == "held":
            break
    assert stages[-1] == "held"
    world.flood = set()
    world.detector_s_end()
    for _ in range(400):
        world.turn()
        if chance.random() < 0.15:
            world.restart()
        if not world.state.plans:
            break
    assert world.stage() == "lifted"
    world.turn()
    assert world.border.now() == []


@pytest.mark.parametrize("stage", ["proposed", "approved", "spot test", "widening", "held"])
def test_a_node_dead_for_longer_than_the_lease_brings_nothing_back(world: World, stage: str) -> None:
    """Whatever the plan was at, and whatever effects were still to be carried out."""
    world.until_proposed()
    if stage != "proposed":
        world.approve()
        world.run_until(lambda: world.stage() == stage, 200)
    in_force = bool(world.life().standing.in_force)
    world.stop()
    for one in world.store.pending_effects(-1, 1000):
        assert not isinstance(decode_effect(one.body), Withdraw)
    said = len(world.border.said)
    world.clock.at_ms += 3_700_000  # past the plan's own end
    world.start()
    world.run(10)
    assert "announce" not in {what for what, _, _ in world.border.said[said:]}
    assert world.border.now() == []
    assert world.life().standing.stage in FINAL
    assert world.stage() == ("lapsed" if in_force or stage == "approved" else "expired")


def test_an_order_that_a_crash_left_behind_is_not_carried_out_once_its_lease_is_over(world: World) -> None:
    world.until_proposed()
    world.border.fails = "and did nothing"  # the order is stored and not heard
    world.approve()
    for _ in range(10):
        world.turn()
    assert world.stage() == "spot test"
    pending = [decode_effect(one.body) for one in world.store.pending_effects(-1, 1000)]
    assert [one for one in pending if isinstance(one, Announce)]
    world.stop()
    world.border.fails = None
    world.clock.at_ms += 121_000
    said = len(world.border.said)
    world.start()
    world.run(5)
    assert "announce" not in {what for what, _, _ in world.border.said[said:]}
    assert world.stage() == "lapsed"
    assert world.store.pending_effects(-1, 1000) == [], "it is done: nothing is wanted there any more"


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_a_border_that_fails_is_told_again_until_it_hears(world: World, fails: str) -> None:
    world.until_proposed()
    world.border.fails = fails
    world.approve()
    for _ in range(12):
        world.turn()
    assert world.stage() == "spot test"
    world.border.fails = None
    world.turn()
    assert is_as_wanted(world)
    world.run_until(lambda: world.stage() == "held", 200)
    world.border.fails = fails
    assert world.says(BO, "withdraw") == WordTaken("withdrawn", "")
    world.turn()
    assert list(world.store.pending_effects(-1, 1000)), "not done before it is heard"
    world.border.fails = None
    world.turn()
    assert world.border.now() == []
    assert world.store.pending_effects(-1, 1000) == []


def test_an_announcement_that_failed_and_took_hold_is_withdrawn_when_it_is_no_longer_wanted(
    world: World,
) -> None:
    world.until_proposed()
    world.border.fails = "but did it"
    world.approve()
    for _ in range(12):
        world.turn()
    until = time.monotonic() + PATIENCE_S
    while not world.border.now():
        assert time.monotonic() < until
        time.sleep(0.001)
    world.says(ANNA, "withdraw")
    world.border.fails = None
    world.turn()
    assert world.border.now() == []


def test_a_node_goes_on_while_the_speaker_hangs_and_renews_nothing_that_nobody_sees(world: World) -> None:
    world.until_held()
    world.border.free.clear()
    for _ in range(500):
        world.turn()
        if not world.state.plans:
            break
    assert world.stage() == "lapsed"
    assert world.says(CARA, number=1) is not None, "the desk answers"
    world.border.free.set()
    world.turn()
    assert world.border.now() == []


def test_what_an_earlier_node_left_at_the_border_is_withdrawn_by_the_next_one(world: World) -> None:
    world.until_held()
    world.stop()
    world.store = type(world.store)()  # another database: it knows of no plan
    world._attack = None
    world.start()
    world.run(2)
    assert world.border.now() == []
    assert set(world.border.said[-2:]) == {("withdraw", 1, point) for point in POINTS}


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_a_store_that_fails_at_any_point_stores_each_fact_once_and_the_border_follows(
    world: World, fails: str
) -> None:
    chance = random.Random(5)
    world.until_proposed()
    world.approve()
    for _ in range(300):
        world.store.fails = fails if chance.random() < 0.3 else None
        world.turn()
        if world.stage() == "held" and world.store.fails is None:
            break
    world.store.fails = None
    world.turn()
    assert world.stage() == "held"
    assert is_as_wanted(world)
    kinds = world.kinds()
    for once in ("PlanApproved", "SpotTestStarted", "PlanHeld"):
        assert kinds.count(once) == 1
