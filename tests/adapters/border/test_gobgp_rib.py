"""In an operator's gobgpd: only what is ours is touched, rules go where they were meant to, leftovers go."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.routers import eventually, own_address, running
from tests.adapters.border.world import (
    GobgpSpeakerWorld,
    many_kinds,
    meanings,
    ntp,
    order,
    plan,
    speaking,
)
from tidegate.adapters.border.gobgp_api import GLOBAL, GobgpApi
from tidegate.adapters.border.gobgp_routes import GobgpRoutes
from tidegate.model.plans import Drop, Rule
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.bgp_routes import encode_path, rule_meaning

pytestmark = pytest.mark.peer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GobgpSpeakerWorld]:
    """Two border points with one gobgpd as a router each."""
    speaker = own_address()
    with ExitStack() as stack:
        routers = {
            name: stack.enter_context(running("gobgp", tmp_path / name, speaker))
            for name in ("north", "south")
        }
        points = {name: (router,) for name, router in routers.items()}
        made = stack.enter_context(speaking("gobgp", tmp_path, points, speaker))
        assert isinstance(made, GobgpSpeakerWorld)
        eventually(made.all_sessions_up, 40)
        yield made


def rib_of(world: GobgpSpeakerWorld) -> GobgpRoutes:
    return GobgpRoutes(GobgpApi(world.api, 3), world.settings)


def at_router(world: GobgpSpeakerWorld, name: str) -> set[Rule]:
    """Everything that the router of a border point learned from us."""
    told = [each for each in world.border.read_back() if each.receiver.startswith(f"{name}-")]
    assert told
    assert told[0].rules is not None, told[0].why
    return set(told[0].rules)


def test_a_rule_goes_to_the_routers_of_its_border_point_and_to_no_other(world: GobgpSpeakerWorld) -> None:
    proposed = plan(ntp("north"), ntp("south"))
    world.border.announce(order(proposed, "north"))
    eventually(lambda: at_router(world, "north") == meanings([ntp("north")]), 10)
    time.sleep(1)
    assert at_router(world, "south") == set()
    world.border.announce(order(proposed, "south"))
    eventually(lambda: at_router(world, "south") == meanings([ntp("south")]), 10)
    assert at_router(world, "north") == meanings([ntp("north")])
    world.border.withdraw(1, "north")
    eventually(lambda: at_router(world, "north") == set(), 10)
    assert at_router(world, "south") == meanings([ntp("south")])


def test_one_match_with_two_actions_is_refused_and_said_so(world: GobgpSpeakerWorld) -> None:
    world.border.announce(order(plan(ntp("north")), "north"))
    dropping = msgspec.structs.replace(ntp("south"), action=Drop())
    with pytest.raises(OutsideFailed, match="one rule for each match"):
        world.border.announce(order(plan(dropping, number=2), "south"))
    assert [each.plan for each in world.border.live()] == [1]


def test_what_the_operator_put_there_stays_and_is_not_ours(world: GobgpSpeakerWorld) -> None:
    api = GobgpApi(world.api, 3)
    nlri, attributes = encode_path(many_kinds("north")[0], ["64500:1:1"])
    family = api.message("Family", afi=1, safi=133)
    path = api.message("Path", family=family, nlri_binary=nlri, pattrs_binary=list(attributes))
    api.call("AddPath", api.message("AddPathRequest", table_type=GLOBAL, path=path))
    world.border.announce(order(plan(ntp("north")), "north"))
    world.border.withdraw_all()
    asked = api.message("ListPathRequest", table_type=GLOBAL, family=family, enable_nlri_binary=True)
    assert [each.destination.paths[0].nlri_binary for each in api.every("ListPath", asked)] == [nlri]


def test_leftovers_with_our_mark_that_no_lease_covers_are_removed(world: GobgpSpeakerWorld) -> None:
    rib = rib_of(world)
    for rule in many_kinds("north"):
        rib.put(rule_meaning(rule), frozenset({"north"}), 99)
    eventually(lambda: not rib.found(), 10)


def test_leftovers_of_processes_that_all_died_are_removed_at_the_next_start(world: GobgpSpeakerWorld) -> None:
    world.border.announce(order(plan(*many_kinds("north")), "north"))
    hands, speaker = world.process("hands"), world.process("speaker")
    os.kill(hands, signal.SIGSTOP)
    os.kill(speaker, signal.SIGKILL)
    os.kill(hands, signal.SIGKILL)
    world.border.close()
    rib = rib_of(world)
    assert len(rib.found()) == 6
    world.restart_border()
    eventually(lambda: not rib.found(), 20)
    assert not world.border.live()


def test_a_neighbour_with_graceful_restart_gets_no_rule(tmp_path: Path) -> None:
    speaker = own_address()
    with running("gobgp", tmp_path / "north", speaker) as router:
        keeping = "[neighbors.graceful-restart.config]\nenabled = true\nrestart-time = 60\n"
        world = GobgpSpeakerWorld(tmp_path, {"north": (router,)}, speaker)
        world.neighbour_extra = keeping
        try:
            world.start()
            eventually(world.all_sessions_up, 40)
            with pytest.raises(OutsideFailed, match="graceful restart"):
                world.border.announce(order(plan(ntp("north")), "north"))
            assert not rib_of(world).found()
        finally:
            world.stop()


def test_a_gobgpd_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    world = GobgpSpeakerWorld(tmp_path, {"north": ()}, own_address())
    try:
        world.start()
        assert world.gobgpd is not None
        world.gobgpd.kill()
        world.gobgpd.wait()
        with pytest.raises(OutsideFailed):
            world.border.announce(order(plan(ntp("north")), "north"))
        world.border.withdraw_all()
        assert not world.border.live()
    finally:
        world.stop()
