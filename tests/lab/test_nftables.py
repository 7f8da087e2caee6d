"""Linux itself with rules as nftables: it drops and forwards what the spelled-out rules say."""

import socket
import struct
import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import frames
from tests.lab.namespaces import Road, require_namespaces, road
from tests.lab.rule_stories import frame, matches, packets
from tests.lab.test_enforcement import TARGET, drop, limit, router
from tests.naive import rules as naive
from tests.naive.rules import Packet
from tidegate.lab.nftables import LinuxGate
from tidegate.lab.traffic import ipv4_checksum
from tidegate.model.plans import Blackhole, Drop, Match, Range, Rule
from tidegate.ports.outside import OutsideFailed

pytestmark = pytest.mark.peer

TARGETS = ("192.0.2.128/25", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/64", "2001:db8:1::/64")
QUIET_S = 0.3


@pytest.fixture(scope="module")
def way() -> Iterator[Road]:
    require_namespaces("nft")
    with road(TARGETS) as built:
        yield built


@pytest.fixture(scope="module")
def lines(way: Road) -> Iterator[tuple[socket.socket, socket.socket]]:
    with way.sender() as sender, way.receiver() as receiver:
        receiver.settimeout(QUIET_S)
        yield sender, receiver


def sent_frame(way: Road, body: bytes, number: int) -> bytes:
    """To the router, with a right header checksum; its number is told by its TTL."""
    packet = bytearray(body)
    if packet[0] >> 4 == 4:
        packet[8] = 64 + number
        packet[10:12] = b"\0\0"
        packet[10:12] = struct.pack("!H", ipv4_checksum(bytes(packet[:20])))
    else:
        packet[7] = 64 + number
    kind = frames.ethertype(body)
    return way.router_mac + bytes.fromhex("020000000001") + kind.to_bytes(2, "big") + bytes(packet)


def passed(way: Road, lines: tuple[socket.socket, socket.socket], bodies: Sequence[bytes]) -> set[int]:
    """Which of the packets arrive; each is known by its TTL. A last one, which no rule of the tests
    matches, tells that all have come."""
    sender, receiver = lines
    last = frames.ipv4(47, bytes(4), source="203.0.113.99", destination="192.0.2.200")
    for number, body in enumerate([*bodies, last]):
        sender.send(sent_frame(way, body, number))
    arrived = set()
    until = time.monotonic() + 10
    while len(bodies) not in arrived and time.monotonic() < until:
        received = receiver.recv(2048)
        kind = received[12:14]
        if kind in (b"\x08\x00", b"\x86\xdd"):
            hops = received[14 + (8 if kind == b"\x08\x00" else 7)]
            if 63 <= hops < 64 + len(bodies):
                arrived.add(hops - 63)
    assert len(bodies) in arrived, "the road is broken"
    return arrived - {len(bodies)}


def holds(match: Match) -> bool:
    """Rules over everything would stop the last packet too; no guard lets them pass either."""
    return not match.destination.endswith("/0")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(matches().filter(holds), min_size=1, max_size=4),
    st.lists(packets(), min_size=1, max_size=30),
)
def test_linux_drops_what_the_spelled_out_rules_drop(
    way: Road, lines: tuple[socket.socket, socket.socket], wanted: list[Match], told: list[Packet]
) -> None:
    rules = [Rule(border_point="north", match=match, action=Drop()) for match in wanted]
    LinuxGate(way.router).hold(router(*rules).rules)
    expected = naive.let_through(rules, [(0.0, packet) for packet in told], {})
    arrived = passed(way, lines, [frame(packet)[14:] for packet in told])
    assert [number in arrived for number in range(len(told))] == expected


def test_linux_limits_bytes_and_counts_them(way: Road, lines: tuple[socket.socket, socket.socket]) -> None:
    rule = limit(1_000, protocols=(17,), source_ports=(Range(53, 53),))
    gate = LinuxGate(way.router)
    gate.hold([rule])
    body = frames.ipv4(17, frames.udp(53, 9, bytes(972)), destination=TARGET)
    other = frames.ipv4(17, frames.udp(123, 9, bytes(972)), destination=TARGET)
    arrived = passed(way, lines, [body, other] * 60)
    assert {number for number in arrived if number % 2} == set(range(1, 120, 2))
    held_back = 60 - len({number for number in arrived if not number % 2})
    counted = gate.counters([rule])[rule]
    assert (counted.matched_packets, counted.matched_bytes) == (60, 60_000)
    assert counted.dropped_packets == held_back
    assert 20 <= held_back <= 50  # ten are in the bucket to begin with, one more comes a second


def test_linux_forgets_rules_that_went_away(way: Road, lines: tuple[socket.socket, socket.socket]) -> None:
    gate = LinuxGate(way.router)
    route = Rule(border_point="north", match=Match(destination=f"{TARGET}/32"), action=Blackhole("192.0.2.9"))
    gate.hold([drop(protocols=(17,)), route])
    bodies = [frames.ipv4(17, frames.udp(53, 9)), frames.ipv4(6, frames.tcp(443, 9, 2))]
    assert passed(way, lines, bodies) == set()
    gate.hold([drop(protocols=(17,))])
    assert passed(way, lines, bodies) == {1}
    gate.hold([])
    assert passed(way, lines, bodies) == {0, 1}


def test_a_namespace_that_is_not_there_is_told(way: Road) -> None:
    with pytest.raises(OutsideFailed, match="nftables refuses"):
        LinuxGate(way.router + "-gone").hold([])
