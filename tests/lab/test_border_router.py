"""A lab border router over a real BGP session: what is announced holds packets back, and ends with it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests import frames
from tests.lab import counters_command
from tests.lab.announcer import Announcer
from tests.lab.test_enforcement import TARGET, drop, limit, offered, traffic
from tidegate.adapters.clock import WallClock
from tidegate.adapters.router_counters import RouterCommands
from tidegate.lab.border_router import LabRouter, Speaker
from tidegate.lab.captures import captured_attack
from tidegate.lab.exporters import Offered
from tidegate.lab.traffic import towards
from tidegate.model.plans import Blackhole, Match, Range, Rule
from tidegate.model.refusals import Malformed
from tidegate.wire.bgp_routes import encode_path

ADDRESS = "127.0.0.77"
SPEAKER = Speaker("127.0.0.1", speaker_as=64500, own_as=64512)
PATIENCE_S = 300.0


@pytest.fixture
def router(tmp_path: Path) -> Iterator[LabRouter]:
    made = LabRouter("edge-1", "north", ADDRESS, SPEAKER, tmp_path / "router")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def announcer(router: LabRouter, tmp_path: Path) -> Iterator[Announcer]:
    made = Announcer(ADDRESS, router.port, tmp_path / "announcer")
    yield made
    if made.process.poll() is None:
        made.stop()


def comes_true(router: LabRouter, wanted: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not wanted() and time.monotonic() < until:
        router.listen()
        time.sleep(0.02)
    return wanted()


def announce(match: str, then: str) -> str:
    return f"announce flow route {{ match {{ {match} }} then {{ {then} }} }}"


def test_announced_rules_are_held_replaced_and_withdrawn(router: LabRouter, announcer: Announcer) -> None:
    match = f"destination {TARGET}/32; protocol =udp; source-port =161;"
    snmp = {"protocols": (17,), "source_ports": (Range(161, 161),)}
    assert comes_true(router, lambda: router.session_up)
    announcer.say(announce(match, "rate-limit 9600;"))
    announcer.say(announce(f"destination {TARGET}/32; protocol =udp; fragment is-fragment;", "discard;"))
    announcer.say(announce("destination 2001:db8::7/128/0; packet-length >=1000&<=1500;", "discard;"))
    lengths = drop(destination="2001:db8::7/128", packet_lengths=(Range(1000, 1500),))
    later = drop(protocols=(17,), fragments=("later",))
    assert comes_true(router, lambda: router.rules == (limit(9600, **snmp), later, lengths)), router.rules
    announcer.say(announce(match, "discard;"))
    assert comes_true(router, lambda: router.rules == (drop(**snmp), later, lengths)), router.rules
    announcer.say(announce(match, "discard;").replace("announce", "withdraw"))
    assert comes_true(router, lambda: router.rules == (later, lengths)), router.rules


def test_a_blackhole_route_is_held_and_any_other_route_is_not(
    router: LabRouter, announcer: Announcer
) -> None:
    announcer.say(f"announce route {TARGET}/32 next-hop 192.0.2.1 community [65535:666]")
    announcer.say("announce route 203.0.113.0/24 next-hop 192.0.2.1")
    route = Rule(border_point="north", match=Match(destination=f"{TARGET}/32"), action=Blackhole("192.0.2.1"))
    assert comes_true(router, lambda: router.rules == (route,) and bool(router.refused)), router.rules
    assert router.refused == ["route that is no blackhole"]


def test_a_router_whose_session_falls_forgets_its_rules(router: LabRouter, announcer: Announcer) -> None:
    announcer.say(announce(f"destination {TARGET}/32; protocol =udp;", "discard;"))
    assert comes_true(router, lambda: bool(router.rules))
    flood = towards(captured_attack("snmp"), TARGET)
    passing = Offered(flood, 0, len(flood), 0.0, 1000.0)
    udp = flood.rows["protocol"] == 17
    assert np.array_equal(router.let_through([passing])[0], ~udp)
    announcer.process.kill()
    announcer.process.wait()
    assert comes_true(router, lambda: not router.rules and not router.session_up)
    assert router.let_through([passing])[0].all()


def test_a_router_whose_bgp_program_is_killed_forgets_its_rules(
    router: LabRouter, announcer: Announcer
) -> None:
    announcer.say(announce(f"destination {TARGET}/32; protocol =udp;", "discard;"))
    assert comes_true(router, lambda: bool(router.rules))
    assert router._process is not None
    router._process.kill()
    assert comes_true(router, lambda: not router.rules and not router.session_up)


def test_a_rule_of_an_unknown_action_replaces_what_was_held_by_nothing(tmp_path: Path) -> None:
    router = LabRouter("edge-1", "north", ADDRESS, SPEAKER, tmp_path)
    router.take_update(update(drop(protocols=(17,))))
    assert router.rules == (drop(protocols=(17,)),)
    router.take_update(
        update(drop(protocols=(17,))).replace(bytes.fromhex("c010088006"), bytes.fromhex("c010088007"))
    )
    assert router.rules == ()
    assert router.refused == ["flowspec action that no rule of ours has"]


def test_what_routers_count_is_what_they_drop(tmp_path: Path) -> None:
    router = LabRouter("edge-1", "north", ADDRESS, SPEAKER, tmp_path)
    router.take_update(update(limit(100_000, protocols=(17,))))
    flood = towards(captured_attack("snmp"), TARGET)
    udp = flood.rows["protocol"] == 17
    kept = router.let_through([Offered(flood, 0, 20_000, 0.0, 1000.0)])[0]
    [counted] = router.counters().values()
    assert counted.matched_packets == np.count_nonzero(udp[np.arange(20_000) % len(udp)])
    assert counted.dropped_packets == 20_000 - np.count_nonzero(kept)
    assert counted.dropped_packets < counted.matched_packets
    assert 0 < counted.dropped_bytes < counted.matched_bytes


def update(rule: Rule) -> bytes:
    """An UPDATE message, without its header, that announces one rule."""
    _, attributes = encode_path(rule, ())
    whole = b"".join(attributes)
    return b"\0\0" + len(whole).to_bytes(2, "big") + whole


def test_what_a_router_counts_is_given_by_an_operator_s_command(tmp_path: Path) -> None:
    router = LabRouter("edge", "north", ADDRESS, SPEAKER, tmp_path)
    stopped, untouched = drop(protocols=(17,)), limit(10**9, protocols=(6,))
    for rule in (stopped, untouched):
        router.take_update(update(rule))
    held = tmp_path / "held.json"
    command = (sys.executable, counters_command.__file__, "own", str(held))
    reader = RouterCommands({"north": {"edge": command}}, WallClock())

    def counted() -> list[tuple[int, int, int]]:
        told = [
            {
                "rule": rule,
                "matched_bytes": one.matched_bytes,
                "matched_packets": one.matched_packets,
                "dropped_bytes": one.dropped_bytes,
            }
            for rule, one in router.counters().items()
        ]
        held.write_bytes(msgspec.json.encode(told))
        read = reader.read("north", (untouched, stopped))
        return [(one.matched_bytes, one.matched_packets, one.dropped_bytes) for one in read.counts]

    assert counted() == [(0, 0, 0)] * 2
    body = frames.ipv4(17, frames.udp(123, 9, bytes(72)), destination=TARGET)
    router.let_through([offered(traffic(*[body] * 50))])
    assert counted() == [(0, 0, 0), (5_000, 50, 5_000)]
    with pytest.raises(Malformed, match="not of the 1 rules asked for"):
        reader.read("north", (limit(1, protocols=(1,)),))
