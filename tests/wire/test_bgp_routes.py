"""Rules as routes: actions, communities and whole UPDATE messages, there and back."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.flowspec_strategies import actions, rules
from tidegate.model.plans import Action, Blackhole, Drop, Match, RateLimit, Redirect, Rule
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.bgp_routes import (
    decode_action,
    decode_attributes,
    decode_key,
    decode_update,
    encode_action,
    encode_path,
    key_of,
    kind_of,
    rate_on_wire,
    rule_from,
    rule_meaning,
)
from tidegate.wire.flowspec import is_ipv6

BLACKHOLES = [
    Rule(
        border_point="north",
        match=Match(destination="198.51.100.7/32"),
        action=Blackhole("192.0.2.1"),
        communities=("64500:666",),
    ),
    Rule(border_point="north", match=Match(destination="2001:db8::7/128"), action=Blackhole("100::1")),
]


def update_of(rule: Rule) -> bytes:
    """An UPDATE message as a peer sends it."""
    nlri, attributes = encode_path(rule, ["64500:29796:7"])
    trailing = nlri if kind_of(rule) == "unicast" and not is_ipv6(rule.match) else b""
    packed = b"".join(attributes)
    return b"\x00\x00" + struct.pack("!H", len(packed)) + packed + trailing


@given(actions())
def test_an_action_survives_the_wire(action: Action) -> None:
    encoded = encode_action(action)
    assert len(encoded) == 8
    again = decode_action([encoded])
    match action:
        case RateLimit(bytes_per_s):
            assert again == (RateLimit(rate_on_wire(bytes_per_s)) if bytes_per_s else Drop())
        case _:
            assert again == action


@given(st.integers(0, 1 << 50))
def test_a_rate_is_never_rounded_up(rate: int) -> None:
    told = rate_on_wire(rate)
    assert told <= rate
    assert rate - told <= rate >> 23
    assert struct.unpack("!f", struct.pack("!f", told)) == (told,)


@given(rules())
def test_a_rule_survives_an_update(rule: Rule) -> None:
    update = decode_update(update_of(rule))
    ((key, attributes),) = update.announced
    assert rule_from("north", key, attributes) == rule_meaning(rule)
    assert attributes.large == ("64500:29796:7",)
    assert not update.withdrawn
    assert not update.strange


@pytest.mark.parametrize("rule", BLACKHOLES)
def test_a_blackhole_survives_an_update_and_stays_in_the_network(rule: Rule) -> None:
    ((key, attributes),) = decode_update(update_of(rule)).announced
    assert rule_from("north", key, attributes) == rule
    assert {"65535:666", "65535:65281"} <= set(attributes.communities)


@given(rules())
def test_a_path_of_a_bgp_program_is_read_back(rule: Rule) -> None:
    nlri, attributes = encode_path(rule, ())
    version = 6 if is_ipv6(rule.match) else 4
    key = decode_key(nlri, "flowspec", version)
    assert key == key_of(rule)
    assert rule_from("north", key, decode_attributes(attributes)) == rule_meaning(rule)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_update_or_malformed(message: bytes) -> None:
    with suppress(Malformed):
        decode_update(message)


@given(rules(), st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_damaged_update_is_routes_or_malformed(rule: Rule, at: int, noise: bytes) -> None:
    message = update_of(rule)
    at %= len(message)
    with suppress(Malformed):
        decode_update(message[:at] + noise + message[at + len(noise) :])


def test_a_withdrawal_names_what_was_announced() -> None:
    rule = Rule(
        border_point="north", match=Match(destination="2001:db8::/48", protocols=(17,)), action=Drop()
    )
    nlri, _ = encode_path(rule, ())
    unreached = struct.pack("!HB", 2, 133) + nlri
    attribute = bytes([0x80, 15, len(unreached)]) + unreached
    update = decode_update(b"\x00\x00" + struct.pack("!H", len(attribute)) + attribute)
    assert update.withdrawn == (key_of(rule),)


def test_an_end_of_rib_announces_nothing() -> None:
    assert decode_update(bytes.fromhex("00000000")).announced == ()
    assert decode_update(bytes.fromhex("00000006800f03000285")).withdrawn == ()


def test_a_rule_of_others_is_told_as_strange_and_others_beside_it_are_read() -> None:
    mine, _ = encode_path(
        Rule(border_point="north", match=Match(destination="198.51.100.0/24"), action=Drop()), ()
    )
    with_dscp = bytes.fromhex("080118c633640b812e")
    reached = struct.pack("!HBBB", 1, 133, 0, 0) + mine + with_dscp
    attribute = bytes([0x80, 14, len(reached)]) + reached
    update = decode_update(b"\x00\x00" + struct.pack("!H", len(attribute)) + attribute)
    assert len(update.announced) == 1
    assert len(update.strange) == 1


@pytest.mark.parametrize(
    "extended",
    [
        [],
        [encode_action(Drop()), encode_action(Redirect("64500:1"))],
        [encode_action(Drop()), bytes.fromhex("8009000000000001")],
        [bytes.fromhex("80060000bf800000")],
        [bytes.fromhex("800600007fc00000")],
    ],
    ids=["none", "two", "with a mark", "below zero", "no number"],
)
def test_actions_that_no_rule_has_are_told_apart(extended: list[bytes]) -> None:
    with pytest.raises(Malformed):
        decode_action(extended)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(border_point="north", match=Match(destination="198.51.100.0/24"), action=RateLimit(-1)),
        Rule(border_point="north", match=Match(destination="198.51.100.0/24"), action=RateLimit(1 << 60)),
        Rule(border_point="north", match=Match(destination="198.51.100.0/24"), action=Redirect("64500")),
        Rule(
            border_point="north", match=Match(destination="198.51.100.0/24"), action=Redirect("70000:70000")
        ),
        Rule(border_point="north", match=Match(destination="198.51.100.0/24"), action=Blackhole("next")),
        Rule(
            border_point="north",
            match=Match(destination="198.51.100.0/24", protocols=(17,)),
            action=Blackhole("192.0.2.1"),
        ),
        Rule(
            border_point="north",
            match=Match(destination="198.51.100.0/24"),
            action=Drop(),
            communities=("64500:70000",),
        ),
    ],
)
def test_a_rule_that_cannot_be_announced_as_it_stands_is_refused(rule: Rule) -> None:
    with pytest.raises(NotAllowed):
        rule_meaning(rule)


@pytest.mark.parametrize("zone", ["%eth0", "%x\nneighbor * announce"])
def test_no_address_of_a_rule_has_a_zone_in_which_other_words_could_travel(zone: str) -> None:
    host = f"2001:db8::7{zone}/128"
    for rule in (
        Rule(border_point="north", match=Match(destination=host), action=Drop()),
        Rule(border_point="north", match=Match(destination="2001:db8::7/128", source=host), action=Drop()),
        Rule(
            border_point="north",
            match=Match(destination="2001:db8::7/128"),
            action=Blackhole(f"2001:db8::fe{zone}"),
        ),
    ):
        with pytest.raises(NotAllowed, match="zone"):
            rule_meaning(rule)


def test_no_route_is_handed_on_beyond_the_network_that_it_was_announced_to() -> None:
    """A router would hand a FlowSpec rule on to every neighbour with that family: RFC 1997 stops it."""
    flow = Rule(border_point="north", match=Match(destination="198.51.100.7/32"), action=Drop())
    for rule in (flow, *BLACKHOLES):
        _, attributes = encode_path(rule, ())
        assert "65535:65281" in decode_attributes(attributes).communities
        assert "65535:65281" not in rule_meaning(rule).communities
