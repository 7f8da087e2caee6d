"""Rules are tried in the order of RFC 8955 section 5.1, for both families."""

import ipaddress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.naive import rules as naive
from tidegate.mitigate.order import components, flow_order, match_order
from tidegate.model.plans import Blackhole, Drop, Match, Range, Rule, TcpFlags


def order(*matches: Match) -> list[int]:
    return match_order(matches)


def test_the_longer_of_two_destinations_comes_first() -> None:
    assert order(Match(destination="198.51.100.0/24"), Match(destination="198.51.100.7/32")) == [1, 0]
    assert order(Match(destination="2001:db8::/32"), Match(destination="2001:db8::/48")) == [1, 0]


def test_the_lower_of_two_destinations_that_do_not_overlap_comes_first() -> None:
    assert order(Match(destination="203.0.113.0/24"), Match(destination="198.51.100.7/32")) == [1, 0]
    assert order(Match(destination="198.51.100.128/25"), Match(destination="198.51.100.7/32")) == [1, 0]


def test_a_rule_with_one_more_component_comes_first() -> None:
    wide = Match(destination="198.51.100.7/32")
    assert order(wide, Match(destination="198.51.100.7/32", protocols=(17,))) == [1, 0]
    assert order(wide, Match(destination="198.51.100.7/32", fragments=("later",))) == [1, 0]


def test_a_lower_component_type_comes_first_whatever_follows() -> None:
    to = "198.51.100.7/32"
    fragments, lengths = (
        Match(destination=to, fragments=("later",)),
        Match(destination=to, packet_lengths=(Range(1000, 1500),)),
    )
    by_source = Match(destination=to, source="192.0.2.0/24")
    assert order(fragments, lengths, by_source) == [2, 1, 0]


def test_of_two_lists_that_begin_alike_the_longer_comes_first_and_else_the_lower_bytes() -> None:
    to = "198.51.100.7/32"
    one, two, other = (
        Match(destination=to, source_ports=tuple(Range(port, port) for port in ports))
        for ports in ((53,), (19,), (123, 161))
    )
    # The operator before the first of two ports is 0x01, before an only port 0x81.
    assert order(one, two, other) == [2, 1, 0]


def test_a_blackhole_takes_what_the_filters_let_through() -> None:
    match = Match(destination="198.51.100.7/32")
    hole = Rule(border_point="north", match=match, action=Blackhole("192.0.2.1"))
    drop = Rule(border_point="north", match=Match(destination="198.51.100.0/24"), action=Drop())
    assert flow_order([hole, drop]) == [drop, hole]


prefixes = st.sampled_from(
    ["198.51.100.7/32", "198.51.100.0/24", "198.51.0.0/16", "203.0.113.0/24", "198.51.100.128/25"]
)
ranges = st.builds(
    lambda first, more: Range(first, min(65535, first + more)), st.integers(0, 65535), st.sampled_from([0, 9])
)
several = st.lists(ranges, max_size=2).map(tuple)
matches = st.builds(
    Match,
    destination=prefixes,
    source=st.none() | prefixes,
    protocols=st.lists(st.sampled_from([1, 6, 17]), max_size=2, unique=True).map(tuple),
    source_ports=several,
    destination_ports=several,
    icmp_types=st.lists(st.integers(0, 255), max_size=2).map(tuple),
    tcp_flags=st.none() | st.builds(TcpFlags, st.sampled_from([2, 16, 18]), st.just(0x3F)),
    packet_lengths=several,
    fragments=st.lists(st.sampled_from(["later", "first"]), max_size=2, unique=True).map(tuple),
)


def spelled_out(match: Match) -> list[tuple[int, Any]]:
    return [
        (kind, ipaddress.ip_network(str(value)) if kind in (1, 2) else value)
        for kind, value in components(match)
    ]


@given(matches, matches)
def test_the_order_is_that_of_the_code_in_the_rfc(one: Match, other: Match) -> None:
    first, second = spelled_out(one), spelled_out(other)
    if first == second:
        assert order(one, other) == [0, 1]
    else:
        assert order(one, other) == ([0, 1] if naive.precedes(first, second) else [1, 0])


@given(st.lists(matches, max_size=6))
def test_the_order_does_not_depend_on_how_the_rules_were_listed(many: list[Match]) -> None:
    def sorted_parts(listed: list[Match]) -> list[list[tuple[int, Any]]]:
        return [spelled_out(listed[at]) for at in match_order(listed)]

    assert sorted_parts(many) == sorted_parts(many[::-1])
