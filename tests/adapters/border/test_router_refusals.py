"""Real routers that do not take what they are sent, by a filter or by a limit: what is told of it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.adapters.border.routers import (
    BirdRouter,
    FrrRouter,
    GobgpRouter,
    Router,
    eventually,
    own_address,
)
from tests.adapters.border.world import SpeakerWorld, meanings, ntp, order, plan, speaking
from tidegate.adapters.border.receivers import LACKED, lacked
from tidegate.app.reconciler import Wanted, differences
from tidegate.model.plans import Match, Range, RateLimit, Rule
from tidegate.ports.border import ReadBack, SessionView

pytestmark = pytest.mark.peer

CLOSES = "gobgp closes above one"


class Changed(Router):
    """A router whose configuration differs in one place."""

    file, was, now = "", "", ""

    def command(self) -> list[str]:
        command = super().command()
        path = self.folder / self.file
        text = path.read_text()
        assert self.was in text
        path.write_text(text.replace(self.was, self.now.format(speaker=self.speaker), 1))
        return command


class BirdFilters(Changed, BirdRouter):
    file, was, now = "bird.conf", "flow4 { import all;", "flow4 {{ import none;"


class BirdBlocks(Changed, BirdRouter):
    file, was = "bird.conf", "flow4 { import all;"
    now = "flow4 {{ import all; import limit 1 action block;"


class FrrFilters(Changed, FrrRouter):
    file, was = "bgpd.conf", " address-family ipv4 flowspec\n"
    now = was + "  neighbor {speaker} route-map NOTHING in\n"

    def command(self) -> list[str]:
        command = super().command()
        with (self.folder / self.file).open("a") as configuration:
            configuration.write("route-map NOTHING deny 10\n")
        return command


class GobgpFilters(Changed, GobgpRouter):
    file, was = "gobgpd.toml", "[[neighbors]]\n"
    now = '[global.apply-policy.config]\ndefault-import-policy = "reject-route"\n' + was


class GobgpCloses(Changed, GobgpRouter):
    file, was = "gobgpd.toml", 'afi-safi-name = "ipv4-flowspec"\n'
    now = was + "[neighbors.afi-safis.prefix-limit.config]\nmax-prefixes = 1\n"


KINDS: dict[str, type[Router]] = {
    "bird filters": BirdFilters,
    "bird blocks above one": BirdBlocks,
    "frr filters": FrrFilters,
    "gobgp filters": GobgpFilters,
    CLOSES: GobgpCloses,
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SpeakerWorld]:
    speaker = own_address()
    with ExitStack() as stack:
        routers: dict[str, Router] = {}
        for name, kind in KINDS.items():
            routers[name] = kind(tmp_path / name.replace(" ", "-"), speaker)
            stack.callback(routers[name].stop)
            routers[name].start()
        points = {name: (router,) for name, router in routers.items()}
        made = stack.enter_context(speaking("exabgp", tmp_path, points, speaker))
        eventually(made.all_sessions_up, 40, "every session is up")
        yield made


def two(border_point: str) -> tuple[Rule, Rule]:
    match = Match(destination="198.51.100.0/24", protocols=(17,), source_ports=(Range(53, 53),))
    return ntp(border_point), Rule(border_point=border_point, match=match, action=RateLimit(1_000_000))


def router_at(world: SpeakerWorld, border_point: str) -> ReadBack:
    (one,) = (
        each
        for each in world.border.read_back()
        if each.border_point == border_point and "mirror" not in each.receiver
    )
    return one


def session_at(world: SpeakerWorld, border_point: str) -> SessionView:
    (one,) = (each for each in world.border.sessions() if each.border_point == border_point)
    return one


def test_what_a_router_s_filter_or_limit_keeps_out_is_told_with_where_to_look(world: SpeakerWorld) -> None:
    rules = {name: two(name) for name in KINDS}
    agreed = plan(*(rule for every in rules.values() for rule in every))
    for name in KINDS:
        world.border.announce(order(agreed, name))

    eventually(lambda: router_at(world, "bird blocks above one").rules, 20, "the first rule is in")
    asked = [name for name in KINDS if name != CLOSES]

    def kept_out() -> bool:
        return all("kept out by" in router_at(world, name).why for name in asked)

    eventually(kept_out, 20, "no rule counts as on its way any more")
    held = {name: router_at(world, name) for name in asked}
    for name, one in held.items():
        in_there = 1 if name == "bird blocks above one" else 0
        assert one.rules is not None
        assert len(one.rules) == in_there, (name, one)
        assert one.why == LACKED.format(lacked=2 - in_there, sent=2)

    point = "bird filters"
    wanted = {(agreed.number, point): Wanted(agreed, (), point, agreed.ends_at_ms)}
    live = [one for one in world.border.live() if one.rule.border_point == point]
    (told,) = differences(wanted, live, [held[point]], 0)
    assert told.seen_at.startswith("bird filters-bird2 (birdc) (rules sent there: 2, missing there: 2,")
    assert set(told.missing) == meanings(rules[point])

    eventually(lambda: "more routes than its limit" in session_at(world, CLOSES).why, 20, "its word is heard")
    eventually(lambda: "since then" in session_at(world, CLOSES).why, 20, "it tries again")
    assert "the router ended it (Cease: more routes than its limit" in session_at(world, CLOSES).why


def test_a_rule_that_was_sent_just_now_is_on_its_way_and_nothing_keeps_it_out() -> None:
    first, second = two("north")
    assert "only just now" in lacked("north", (first, second), (first,), just_sent=(second,))
    assert "kept out by" in lacked("north", (first, second), (), just_sent=(second,))
    assert "kept out by" in lacked("north", (first, second), (first,), just_sent=two("south"))
    assert lacked("north", (first, second), (first, second), just_sent=(second,)) == ""
