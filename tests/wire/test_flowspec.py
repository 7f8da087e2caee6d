"""FlowSpec bytes: what they match is what the rule says, in exactly the order and form of the RFCs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.naive.flowspec import bytes_match
from tests.naive.flowspec import matches as naive_matches
from tests.wire.flowspec_strategies import matches, packets_near
from tidegate.model.plans import Match, Range, TcpFlags
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.flowspec import decode_nlri, encode_nlri, is_ipv6, meaning, split_nlris

HERE = "198.51.100.0/24"


def version(match: Match) -> int:
    return 6 if is_ipv6(match) else 4


@given(matches())
def test_a_match_survives_the_wire(match: Match) -> None:
    (value,) = split_nlris(encode_nlri(match))
    assert decode_nlri(value, version(match)) == meaning(match)


@given(matches())
def test_meaning_has_one_form(match: Match) -> None:
    assert meaning(meaning(match)) == meaning(match)
    assert encode_nlri(meaning(match)) == encode_nlri(match)


@given(st.data(), matches())
def test_the_bytes_match_the_packets_that_the_match_says(data: st.DataObject, match: Match) -> None:
    packet = data.draw(packets_near(match))
    if version(match) == 6:  # DF does not exist there
        packet = type(packet)(**{**packet.__dict__, "fragment": packet.fragment & ~1})
    assert bytes_match(encode_nlri(match), packet) == naive_matches(match, packet)
    assert naive_matches(meaning(match), packet) == naive_matches(match, packet)


@given(st.binary(max_size=60), st.sampled_from((4, 6)))
def test_any_bytes_are_a_match_or_malformed(value: bytes, family: int) -> None:
    try:
        match = decode_nlri(value, family)
    except Malformed:
        return
    assert meaning(match) == match


@given(st.lists(matches(), max_size=4))
def test_rules_one_after_the_other_are_told_apart(several: list[Match]) -> None:
    encoded = [encode_nlri(match) for match in several]
    values = split_nlris(b"".join(encoded))
    assert [decode_nlri(value, version(match)) for value, match in zip(values, several, strict=True)] == [
        meaning(match) for match in several
    ]


def test_the_rfc_s_first_example_is_read_and_written() -> None:
    """RFC 8955 section 4.3.1: TCP port 25 to 192.0.2.0/24."""
    match = Match(destination="192.0.2.0/24", protocols=(6,), destination_ports=(Range(25, 25),))
    assert encode_nlri(match).hex() == "0b0118c00002038106058119"


def test_a_range_is_at_least_and_at_most() -> None:
    match = Match(destination=HERE, packet_lengths=(Range(400, 1500),))
    assert encode_nlri(match).hex() == "0c0118c633640a130190d505dc"


def test_several_ports_are_alternatives_and_never_conditions_together() -> None:
    match = Match(destination=HERE, source_ports=(Range(123, 123), Range(53, 53)))
    assert encode_nlri(match).hex() == "0a0118c63364060135817b"


def test_flags_are_those_set_and_those_not_set() -> None:
    syn_alone = Match(destination=HERE, tcp_flags=TcpFlags(are=0x02, among=0x12))
    assert encode_nlri(syn_alone).hex() == "0a0118c63364090102c210"


def test_an_ipv6_prefix_says_its_offset() -> None:
    """RFC 8956 section 3.1."""
    assert encode_nlri(Match(destination="2001:db8::/33")).hex() == "0801210020010db800"


def test_a_long_match_has_a_length_of_two_octets() -> None:
    ports = tuple(Range(port, port) for port in range(1000, 1200, 2))
    encoded = encode_nlri(Match(destination=HERE, source_ports=ports))
    assert encoded[:2].hex() == "f132"
    (value,) = split_nlris(encoded)
    assert decode_nlri(value, 4).source_ports == ports


def test_others_may_write_the_same_in_other_words() -> None:
    more_than_52_less_than_54 = bytes.fromhex("0118c63364039100110602344436817b")
    assert decode_nlri(more_than_52_less_than_54, 4) == Match(
        destination=HERE, protocols=(17,), source_ports=(Range(53, 53), Range(123, 123))
    )


@pytest.mark.parametrize(
    "wrong",
    [
        Match(destination=HERE, source_ports=(Range(0, 65536),)),
        Match(destination=HERE, source_ports=(Range(5, 4),)),
        Match(destination=HERE, packet_lengths=(Range(99971, 99971),)),
        Match(destination=HERE, protocols=(256,)),
        Match(destination=HERE, icmp_types=(-1,)),
        Match(destination=HERE, tcp_flags=TcpFlags(are=2, among=0)),
        Match(destination=HERE, tcp_flags=TcpFlags(are=0x10, among=0x02)),
        Match(destination=HERE, source="2001:db8::/32"),
        Match(destination="2001:db8::/32", fragments=("dont",)),
        Match(destination="198.51.100.300/32"),
        Match(destination=HERE, source_ports=tuple(Range(port, port) for port in range(0, 4000, 2))),
    ],
)
def test_what_no_packet_has_is_never_written(wrong: Match) -> None:
    with pytest.raises(NotAllowed):
        encode_nlri(wrong)


@pytest.mark.parametrize(
    "value, reason",
    [
        ("", "without a destination"),
        ("038111", "without a destination"),
        ("0118c633640118c63364", "out of order"),
        ("0118c63364068135058135", "out of order"),
        ("0118c633", "cut short"),
        ("0121c6336400ff", "prefix too long"),
        ("0118c633640600", "cut short"),
        ("0118c63364048135", "no rule of ours"),
        ("0118c633640b812e", "no rule of ours"),
        ("0118c63364068035", "matches nothing"),
        ("0118c63364060135c17b", "matches nothing"),
        ("0118c633640901028110", "flags that no rule"),
        ("0118c63364098012", "flags that no rule"),
        ("0118c633640c8202", "fragment bits that no rule"),
    ],
)
def test_bytes_that_no_rule_of_ours_has_are_told_apart(value: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        decode_nlri(bytes.fromhex(value), 4)


def test_an_ipv6_pattern_with_an_offset_is_no_rule_of_ours() -> None:
    with pytest.raises(Malformed, match="offset"):
        decode_nlri(bytes.fromhex("01402000000000"), 6)
