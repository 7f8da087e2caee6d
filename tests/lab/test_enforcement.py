"""A lab router's rules over packets: the fast way and the spelled-out one agree, and the traps are there."""

import ipaddress
from collections.abc import Sequence
from functools import cmp_to_key

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import frames
from tests.lab.rule_stories import frame, matches, packets, rules
from tests.naive import rules as naive
from tests.naive.rules import Packet
from tidegate.lab import enforcement
from tidegate.lab.captures import captured_attack
from tidegate.lab.enforcement import Enforcement, HeldRule, matching
from tidegate.lab.exporters import Offered
from tidegate.lab.packet_facts import packet_facts
from tidegate.lab.rule_order import components, in_order
from tidegate.lab.traffic import Traffic, towards, traffic_of
from tidegate.model.plans import Blackhole, Drop, Match, Range, RateLimit, Rule, TcpFlags
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.flowspec import encode_nlri, split_nlris

TARGET = "198.51.100.7"


def held(rule: Rule) -> HeldRule:
    route = isinstance(rule.action, Blackhole)
    return HeldRule(b"" if route else split_nlris(encode_nlri(rule.match))[0], rule)


def router(*held_rules: Rule) -> Enforcement:
    made = Enforcement(seed=7)
    made.hold(map(held, held_rules))
    return made


def limit(bytes_per_s: int, **match: object) -> Rule:
    match.setdefault("destination", f"{TARGET}/32")
    return Rule(border_point="north", match=Match(**match), action=RateLimit(bytes_per_s))  # type: ignore[arg-type]


def drop(**match: object) -> Rule:
    return Rule(border_point="north", match=limit(0, **match).match, action=Drop())


def traffic(*bodies: bytes) -> Traffic:
    whole = [frames.ethernet(frames.ethertype(body), body) for body in bodies]
    return traffic_of("story", whole, list(range(len(whole))))


def of(told: Sequence[Packet]) -> Traffic:
    return traffic_of("random", [frame(packet) for packet in told], list(range(len(told))))


def offered(passing: Traffic, count: int | None = None, *, first: int = 0, seconds: float = 1.0) -> Offered:
    last = first + (len(passing) if count is None else count)
    return Offered(passing, first, last, 0.0, seconds * 1000)


def arrivals(parts: Sequence[Sequence[Packet]], seconds: float, seed: int) -> list[tuple[float, int, int]]:
    """(moment, stream, place) of the packets of several streams, evenly spaced, drawn as lots from a hat."""
    left = [len(part) for part in parts]
    total, chance, order = sum(left), seed, []
    for number in range(total):
        chance = (chance * 6364136223846793005 + 1442695040888963407) % 2**64
        hat = [stream for stream, count in enumerate(left) for _ in range(count)]
        stream = hat[(chance >> 33) * len(hat) >> 31]
        order.append((seconds * (number + 0.5) / total, stream, len(parts[stream]) - left[stream]))
        left[stream] -= 1
    return order


@settings(max_examples=300, deadline=None)
@given(matches(), st.lists(packets(), min_size=1, max_size=30))
def test_a_match_names_the_packets_that_the_spelled_out_one_names(match: Match, told: list[Packet]) -> None:
    marks = matching(match, packet_facts(of(told)))
    assert marks.tolist() == [naive.matches(match, packet) for packet in told]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(rules(), max_size=4),
    st.lists(st.lists(packets(), min_size=1, max_size=30), min_size=1, max_size=3),
)
def test_rules_let_through_what_the_spelled_out_ones_let_through(
    wanted: list[Rule], parts: list[list[Packet]]
) -> None:
    holding = router(*wanted)
    bursts = {rule: burst(rule) for rule in holding.rules}
    order = arrivals(parts, 1.0, seed=7)
    told = [(at, parts[stream][place]) for at, stream, place in order]
    expected = naive.let_through(holding.rules, told, bursts)
    kept = holding.let_through([offered(of(part)) for part in parts])
    assert [bool(kept[stream][place]) for _, stream, place in order] == expected


def burst(rule: Rule) -> float:
    assert enforcement.BURST_BYTES_LEAST > 0
    rate = rule.action.bytes_per_s if isinstance(rule.action, RateLimit) else 0
    return max(rate * enforcement.BURST_S, enforcement.BURST_BYTES_LEAST)


def named(match: Match) -> list[tuple[int, object]]:
    """The components of a match as the naive order wants them."""
    family = 6 if ":" in match.destination else 4
    found: list[tuple[int, object]] = []
    for kind, value in components(split_nlris(encode_nlri(match))[0], family):
        prefix = match.destination if kind == 1 else match.source
        found.append((kind, ipaddress.ip_network(prefix) if kind in (1, 2) and prefix else value))
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(matches(), min_size=2, max_size=6))
def test_rules_are_asked_in_the_order_of_the_rfc(told: list[Match]) -> None:
    four = [match for match in told if ":" not in match.destination]
    by_nlri = {split_nlris(encode_nlri(match))[0]: match for match in four}
    spelled_out = sorted(
        by_nlri.values(),
        key=cmp_to_key(lambda one, other: -1 if naive.precedes(named(one), named(other)) else 1),
    )
    assert [by_nlri[nlri] for nlri in in_order(4, by_nlri)] == spelled_out


def test_the_more_specific_destination_is_asked_first() -> None:
    wide, narrow = drop(destination="198.51.100.0/24"), limit(1000)
    assert router(wide, narrow).rules == (narrow, wide)


def test_a_rule_that_names_more_is_asked_before_one_that_names_less() -> None:
    bare, with_port = drop(), limit(1000, source_ports=(Range(53, 53),))
    assert router(bare, with_port).rules == (with_port, bare)


def test_ports_never_match_a_later_fragment() -> None:
    first = frames.ipv4(17, frames.udp(53, 9, bytes(400)), more=True)
    later = frames.ipv4(17, frames.udp(53, 9, bytes(400)), fragment_offset=408)
    kept = router(drop(source_ports=(Range(53, 53),))).let_through([offered(traffic(first, later))])
    assert kept[0].tolist() == [False, True]


def test_a_limit_lets_its_rate_through_and_no_more() -> None:
    flood = traffic(frames.ipv4(17, frames.udp(53, 9, bytes(972))))
    holding = router(limit(100_000, source_ports=(Range(53, 53),)))
    kept_bytes = 0
    for second in range(10):
        passing = Offered(flood, second * 5000, second * 5000 + 5000, second * 1000, second * 1000 + 1000)
        kept_bytes += int(np.count_nonzero(holding.let_through([passing])[0])) * 1000
    assert kept_bytes == pytest.approx(100_000 * 10 + burst(limit(100_000)), abs=1000)
    counted = holding.counters()[holding.rules[0]]
    assert counted.matched_bytes == 50_000_000
    assert counted.dropped_bytes == 50_000_000 - kept_bytes


def test_two_streams_share_one_limit_fairly() -> None:
    one = traffic(frames.ipv4(17, frames.udp(53, 9, bytes(972))))
    other = traffic(frames.ipv4(17, frames.udp(53, 8, bytes(972))))
    kept = router(limit(1_000_000)).let_through([offered(one, 5000), offered(other, 5000)])
    assert np.count_nonzero(kept[0]) == pytest.approx(np.count_nonzero(kept[1]), rel=0.15)


def test_a_blackhole_takes_everything_towards_its_prefix_and_nothing_else() -> None:
    route = Rule(border_point="north", match=Match(destination=f"{TARGET}/32"), action=Blackhole("192.0.2.1"))
    passing = traffic(
        frames.ipv4(17, frames.udp(53, 9)), frames.ipv4(6, frames.tcp(443, 9, 2), destination="203.0.113.9")
    )
    assert router(route, limit(10**9)).let_through([offered(passing)])[0].tolist() == [False, True]


def test_rules_that_go_away_leave_no_trace() -> None:
    flood = traffic(frames.ipv4(17, frames.udp(53, 9)))
    holding = router(drop())
    assert not holding.let_through([offered(flood)])[0].any()
    holding.hold([])
    assert holding.let_through([offered(flood)])[0].all()
    assert holding.rules == ()
    assert holding.counters() == {}


def test_a_rule_that_stays_keeps_its_bucket_and_its_counters() -> None:
    flood = traffic(frames.ipv4(17, frames.udp(53, 9, bytes(972))))
    staying, other = limit(1000), drop(destination="203.0.113.0/24")
    holding = router(staying)
    holding.let_through([offered(flood, 100)])
    before = holding.counters()[staying]
    holding.hold([held(other), held(staying)])
    assert holding.counters()[staying] == before
    assert not holding.let_through([offered(flood, 1, seconds=0.001)])[0].any()


def test_flags_of_the_second_octet_are_refused_rather_than_ignored() -> None:
    with pytest.raises(NotAllowed, match="octet 13"):
        router(drop(tcp_flags=TcpFlags(0x100, 0x100)))


def test_the_order_of_rules_cut_short_is_malformed() -> None:
    with pytest.raises(Malformed, match="cut short"):
        list(components(bytes.fromhex("0120c000"), 4))


def test_a_captured_reflection_is_caught_by_the_rules_a_person_would_write() -> None:
    flood = towards(captured_attack("dns"), TARGET)
    holding = router(
        drop(protocols=(17,), source_ports=(Range(53, 53),)),
        drop(protocols=(17,), fragments=("later",)),
    )
    lost = ~holding.let_through([offered(flood)])[0]
    answers = (flood.rows["src_port"] == 53) | (flood.rows["fragment"] == 2)
    assert np.array_equal(lost, answers & (flood.rows["protocol"] == 17))
    assert lost[flood.rows["protocol"] == 17].mean() > 0.97
