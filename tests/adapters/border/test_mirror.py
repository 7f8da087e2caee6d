"""The mirror: what it heard is what it shows, and what it could not read is never shown as nothing."""

import struct

import pytest

from tests.adapters.border.world import many_kinds, meanings, ntp
from tidegate.adapters.border.ears import heard_in
from tidegate.adapters.border.mirror import ROUTES_HEARD_MAX, Heard, Mirror
from tidegate.model.plans import Drop, Match, Rule
from tidegate.wire.bgp_routes import encode_path, kind_of
from tidegate.wire.flowspec import encode_nlri, is_ipv6


def mirror() -> Mirror:
    made = Mirror([("127.83.0.1", "north"), ("127.83.0.5", "south")])
    made.hear(Heard("127.83.0.1", "up"))
    made.hear(Heard("127.83.0.5", "up"))
    return made


def announced(rule: Rule) -> Heard:
    nlri, attributes = encode_path(rule, ["64500:29796:1"])
    trailing = nlri if kind_of(rule) == "unicast" and not is_ipv6(rule.match) else b""
    packed = b"".join(attributes)
    return Heard("127.83.0.1", "update", b"\0\0" + struct.pack("!H", len(packed)) + packed + trailing)


def withdrawn(rule: Rule) -> Heard:
    value = struct.pack("!HB", 2 if is_ipv6(rule.match) else 1, 133) + encode_nlri(rule.match)
    attribute = bytes([0x80, 15, len(value)]) + value
    return Heard("127.83.0.1", "update", b"\0\0" + struct.pack("!H", len(attribute)) + attribute)


def test_it_shows_what_it_heard_at_the_border_point_where_it_heard_it() -> None:
    made = mirror()
    for rule in many_kinds("north"):
        made.hear(announced(rule))
    north, south = made.read_back()
    assert north.rules is not None
    assert set(north.rules) == meanings(many_kinds("north"))
    assert south.rules == ()


def test_a_withdrawal_and_a_new_action_take_the_old_rule_away() -> None:
    made = mirror()
    made.hear(announced(ntp()))
    made.hear(announced(ntp(bytes_per_s=7_000)))
    assert [rule.action for rule in made.read_back()[0].rules or ()] == [ntp(bytes_per_s=7_000).action]
    made.hear(withdrawn(ntp()))
    assert made.read_back()[0].rules == ()


@pytest.mark.parametrize("what", ["down", "up"])
def test_a_session_that_fell_or_began_anew_holds_nothing(what: str) -> None:
    made = mirror()
    made.hear(announced(ntp()))
    made.hear(Heard("127.83.0.1", what))
    assert made.read_back()[0].rules == (() if what == "up" else None)


def test_without_ears_nothing_is_known() -> None:
    made = mirror()
    made.hear(announced(ntp()))
    made.deaf()
    assert [each.rules for each in made.read_back()] == [None, None]


def test_a_message_that_cannot_be_read_is_never_taken_for_nothing() -> None:
    made = mirror()
    made.hear(Heard("127.83.0.1", "update", b"\xff\xff\x00"))
    assert made.read_back()[0].rules is None
    assert "cannot be read" in made.read_back()[0].why


def test_a_route_that_no_rule_is_is_told_as_such() -> None:
    made = mirror()
    plain = b"\x40\x01\x01\x00\x40\x02\x00\x40\x03\x04\xc0\x00\x02\x01"
    message = b"\0\0" + struct.pack("!H", len(plain)) + plain + bytes([24, 198, 51, 100])
    made.hear(Heard("127.83.0.1", "update", message))
    assert made.read_back()[0].rules is None


def test_it_does_not_grow_without_a_bound() -> None:
    made = mirror()
    for number in range(ROUTES_HEARD_MAX + 1):
        match = Match(destination=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}/32")
        made.hear(announced(Rule(border_point="north", match=match, action=Drop())))
    assert "more routes" in made.read_back()[0].why


def test_the_ears_take_from_exabgp_s_words_what_a_mirror_needs() -> None:
    line = (
        b'{ "type": "%s", "neighbor": { "address": { "local": "127.83.0.1", "peer": "127.83.0.2" }, '
        b'"state": "up", "message": { "category": 2, "header": "0xFF", "body": "0x00000000" } } }'
    )
    assert heard_in(line % b"state") == Heard("127.83.0.1", "up")
    assert heard_in(line % b"update") == Heard("127.83.0.1", "update", b"\0\0\0\0")
    assert heard_in(line % b"fsm") is None
    assert heard_in(b"no JSON") is None
