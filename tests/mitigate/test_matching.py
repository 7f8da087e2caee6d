"""What a match means over flow records, beside a matcher of single packets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.naive import rules as naive
from tidegate.mitigate.matching import Columns, matches
from tidegate.model.addresses import words
from tidegate.model.flows import FLOW, FlowRows
from tidegate.model.plans import Match, Range, TcpFlags

HERE = "198.51.100.7/32"


def record(**columns: int | str) -> FlowRows:
    """One UDP record of one packet from port 53 to port 4000 of the target, with any column changed."""
    row = np.zeros(1, FLOW)
    told: dict[str, int | str] = {
        "src": "192.0.2.1",
        "dst": "198.51.100.7",
        "bytes": 1000,
        "packets": 1,
        "protocol": 17,
        "src_port": 53,
        "dst_port": 4000,
        "has_ports": 1,
    }
    for name, value in (told | columns).items():
        if isinstance(value, str):
            row[f"{name}_high"], row[f"{name}_low"] = words(value)
        else:
            row[name] = value
    row["family"] = 4 if row["dst_high"][0] == 0 else 6
    return row


def met(match: Match, **columns: int | str) -> bool:
    return bool(matches(match, record(**columns))[0])


def test_ports_never_match_a_later_fragment() -> None:
    by_port = Match(destination=HERE, source_ports=(Range(0, 65535),))
    assert met(by_port)
    assert met(by_port, fragment=1)
    assert not met(by_port, fragment=2)


def test_udp_with_both_ports_zero_is_a_later_fragment_that_its_exporter_does_not_name() -> None:
    zero = {"src_port": 0, "dst_port": 0}
    assert not met(Match(destination=HERE, source_ports=(Range(0, 0),)), **zero)
    assert met(Match(destination=HERE, fragments=("later",)), **zero)


def test_what_was_not_told_matches_nothing_that_asks_for_it() -> None:
    assert not met(Match(destination=HERE, destination_ports=(Range(0, 65535),)), has_ports=0)
    silent = {"protocol": 6, "tcp_flags": 0}
    assert not met(Match(destination=HERE, tcp_flags=TcpFlags(0, 0x3F)), **silent)
    assert met(Match(destination=HERE, tcp_flags=TcpFlags(0, 0x3F)), **silent, flags_seen=1)
    assert not met(Match(destination=HERE, fragments=("dont",)))
    assert not met(Match(destination=HERE, fragments=("last",)), fragment=2)


def test_a_records_packet_length_is_the_mean_of_its_packets() -> None:
    thousand = Match(destination=HERE, packet_lengths=(Range(1000, 1000),))
    assert met(thousand, bytes=5000, packets=5)
    assert not met(thousand, bytes=5000, packets=4)


def test_icmp_types_are_those_of_the_family() -> None:
    assert met(Match(destination=HERE, icmp_types=(3,)), protocol=1, icmp_type=3)
    assert not met(Match(destination=HERE, icmp_types=(3,)), protocol=58, icmp_type=3)
    v6 = Match(destination="2001:db8::7/128", icmp_types=(128,))
    assert met(v6, dst="2001:db8::7", protocol=58, icmp_type=128)


def test_a_rule_of_one_family_never_matches_the_other() -> None:
    assert not met(Match(destination="::/0"))
    assert not met(Match(destination="0.0.0.0/0"), dst="2001:db8::7")


def test_a_rule_for_syns_hurts_whole_connections_that_begin() -> None:
    syns = Match(destination=HERE, protocols=(6,), tcp_flags=TcpFlags(0x02, 0x3F))
    connection = record(protocol=6, tcp_flags=0x1B, packets=12, bytes=6000)
    assert not matches(syns, connection)[0]
    assert Columns(connection).hurt(syns)[0]
    going_on = record(protocol=6, tcp_flags=0x18, packets=12, bytes=6000)
    assert not Columns(going_on).hurt(syns)[0]
    assert Columns(going_on).may_hurt(syns)[0]


def test_a_rule_for_syns_without_options_hurts_no_genuine_connection() -> None:
    bare = Match(
        destination=HERE, protocols=(6,), tcp_flags=TcpFlags(2, 0x3F), packet_lengths=(Range(40, 40),)
    )
    connection = record(protocol=6, tcp_flags=0x1B, packets=12, bytes=6000)
    assert not Columns(connection).may_hurt(bare)[0]


few_ports = st.sampled_from([0, 53, 80, 443, 4000])
spans = st.lists(
    st.builds(lambda one, other: Range(min(one, other), max(one, other)), few_ports, few_ports), max_size=2
).map(tuple)
rules = st.builds(
    Match,
    destination=st.sampled_from(["198.51.100.7/32", "198.51.100.0/24", "203.0.113.0/24"]),
    source=st.none() | st.sampled_from(["192.0.2.0/24", "192.0.2.1/32", "198.18.0.0/15"]),
    protocols=st.lists(st.sampled_from([1, 6, 17]), max_size=2, unique=True).map(tuple),
    source_ports=spans,
    destination_ports=spans,
    icmp_types=st.lists(st.sampled_from([0, 3, 8]), max_size=2, unique=True).map(tuple),
    tcp_flags=st.none() | st.sampled_from([TcpFlags(2, 0x3F), TcpFlags(16, 18), TcpFlags(2, 2)]),
    packet_lengths=st.sampled_from([(), (Range(40, 100),), (Range(0, 40), Range(1000, 1500))]),
    fragments=st.lists(st.sampled_from(["later", "first"]), max_size=2, unique=True).map(tuple),
)


@given(
    rules,
    st.sampled_from([1, 6, 17]),
    few_ports,
    few_ports,
    st.sampled_from([40, 60, 1000, 1500]),
    st.sampled_from([2, 16, 18, 24]),
    st.sampled_from([0, 3, 8]),
    st.sampled_from([0, 1, 2]),
)
def test_a_record_of_one_packet_is_met_as_the_packet_is(
    rule: Match, protocol: int, source: int, to: int, size: int, flags: int, kind: int, fragment: int
) -> None:
    if protocol == 17 and source == to == 0:
        return  # how exporters write later fragments
    ported = protocol in (6, 17) and fragment != 2
    row = record(
        bytes=size,
        protocol=protocol,
        src_port=source if ported else 0,
        dst_port=to if ported else 0,
        has_ports=int(ported),
        tcp_flags=flags if protocol == 6 and fragment != 2 else 0,
        icmp_type=kind if protocol == 1 and fragment != 2 else 0,
        fragment=fragment,
    )
    packet = naive.Packet(
        source="192.0.2.1",
        destination="198.51.100.7",
        length=size,
        protocol=protocol,
        ports=(source, to) if ported else None,
        flags=flags if protocol == 6 and fragment != 2 else None,
        icmp_type=kind if protocol == 1 and fragment != 2 else None,
        offset=185 if fragment == 2 else 0,
        more=fragment == 1,
    )
    assert bool(matches(rule, row)[0]) == naive.matches(rule, packet)


@pytest.mark.parametrize("source", ["192.0.2.0/24", "2001:db8:f::/48"])
def test_a_source_prefix_is_asked_of_the_source(source: str) -> None:
    v6 = ":" in source
    rule = Match(destination="2001:db8::7/128" if v6 else HERE, source=source)
    to = {"dst": "2001:db8::7"} if v6 else {}
    inside, outside = ("2001:db8:f::1", "2001:db8:e::1") if v6 else ("192.0.2.9", "192.0.3.9")
    assert met(rule, src=inside, **to)
    assert not met(rule, src=outside, **to)
