"""Stories of floods and routers: rules over BGP change what exporters tell, and end with their session."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.announcer import Announcer
from tests.lab.test_border_router import SPEAKER, announce
from tests.lab.test_enforcement import limit
from tidegate.lab.border_router import LabRouter
from tidegate.lab.captures import captured_attack
from tidegate.lab.exporters import SflowExporter
from tidegate.lab.ordinary import ordinary_traffic
from tidegate.lab.traffic import towards
from tidegate.lab.world import Stream, World
from tidegate.model.plans import Range

TARGET = "198.51.100.7"
NORTH, EAST = "127.0.0.81", "127.0.0.82"
FLOOD_BITS_PER_S, CUSTOMER_BITS_PER_S = 50e6, 5e6
PATIENCE_S = 300.0


@dataclass
class Place:
    """A border point: its router, who announces to it, the flood and the others that come there."""

    router: LabRouter
    announcer: Announcer
    flood: Stream
    others: Stream


@dataclass
class Story:
    world: World
    places: dict[str, Place]

    def runs_until(self, wanted: Callable[[], bool]) -> None:
        """Time passes until it is true, and for a second more."""
        until = time.monotonic() + PATIENCE_S
        while not wanted():
            assert time.monotonic() < until
            self.world.advance(self.world.now_s + 0.075)
            time.sleep(0.01)
        self.world.advance(self.world.now_s + 1)

    def share_through(self, stream: Stream, seconds: float) -> float:
        """Of what came in the last seconds."""
        now_s = self.world.now_s
        came, went = stream.between(now_s - seconds, now_s)
        return went / came


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    snmp = captured_attack("snmp")
    udp_only = towards(snmp, TARGET)
    customers = towards(ordinary_traffic(1, flows=200), TARGET)
    places: dict[str, Place] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        with World(ear.getsockname(), 1_700_000_000_000) as world:
            for name, address in (("north", NORTH), ("east", EAST)):
                router = LabRouter(f"{name}-1", name, address, SPEAKER, tmp_path / name)
                router.start()
                exporter = SflowExporter(address, 1000, seed=1)
                world.add(exporter, router)
                places[name] = Place(
                    router,
                    Announcer(address, router.port, tmp_path / f"announcer-{name}"),
                    world.flood(udp_only, TARGET, exporter, bits_per_s=FLOOD_BITS_PER_S, from_s=0, for_s=1e6),
                    world.background(customers, exporter, CUSTOMER_BITS_PER_S, TARGET),
                )
            yield Story(world, places)
        for place in places.values():
            if place.announcer.process.poll() is None:
                place.announcer.stop()
            place.router.stop()


SNMP_LIMIT = announce(f"destination {TARGET}/32; protocol =udp; source-port =161;", "rate-limit 12500;")


def test_a_rule_holds_the_flood_where_it_is_announced_and_nowhere_else_and_hurts_nobody(story: Story) -> None:
    north, east = story.places["north"], story.places["east"]
    story.runs_until(lambda: north.router.session_up and east.router.session_up)
    assert story.share_through(north.flood, 1) == 1
    north.announcer.say(SNMP_LIMIT)
    story.runs_until(lambda: bool(north.router.rules))
    assert north.router.rules == (limit(12_500, protocols=(17,), source_ports=(Range(161, 161),)),)
    assert story.share_through(north.flood, 0.9) < 0.1
    assert story.share_through(north.others, 0.9) == 1
    assert story.share_through(east.flood, 0.9) == 1
    came, went = north.flood.while_held()
    assert 0 < went < came * 0.1
    assert east.flood.while_held() == (0, 0)


def test_when_the_speaker_dies_the_flood_comes_in_again(story: Story) -> None:
    north = story.places["north"]
    north.announcer.say(SNMP_LIMIT)
    story.runs_until(lambda: bool(north.router.rules))
    assert story.share_through(north.flood, 0.9) < 0.1
    north.announcer.process.kill()
    north.announcer.process.wait()
    story.runs_until(lambda: not north.router.rules)
    assert story.share_through(north.flood, 0.9) == 1


def test_a_rule_for_somebody_else_holds_nothing(story: Story) -> None:
    north = story.places["north"]
    north.announcer.say(SNMP_LIMIT.replace(TARGET, "198.51.100.8"))
    story.runs_until(lambda: bool(north.router.rules))
    assert story.share_through(north.flood, 0.9) == 1
    assert north.flood.while_held() == (0, 0)
