"""ExaBGP's own words for our rules, with the traps that its users fell into."""

import os

import msgspec
import pytest

from tests.adapters.border.world import many_kinds, ntp
from tests.mitigate.small_plans import NODE
from tidegate.adapters.border.exabgp import (
    announce_command,
    mirror_address,
    mirror_s_speaker,
    speaker_configuration,
    withdraw_command,
)
from tidegate.adapters.border.exabgp_hands import ExaBgp
from tidegate.adapters.border.frames import Held
from tidegate.adapters.border.hands import RuleRefused
from tidegate.adapters.border.programs import must_have, must_make_sense
from tidegate.model.border import BorderPoint, BorderRouter, BorderSettings
from tidegate.model.plans import Match, Range, Rule, TcpFlags
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.bgp_routes import rule_meaning

ROUTER = BorderRouter(name="r1", address="192.0.2.9", peer_as=64501)
SETTINGS = BorderSettings(
    node=NODE,
    border_points=(
        BorderPoint(name="north", routers=(ROUTER,)),
        BorderPoint(name="south", routers=(ROUTER,)),
    ),
    state_folder="/nowhere",
    officers="/nowhere",
    local_as=64500,
    local_address="192.0.2.1",
    router_id="192.0.2.1",
)


def said(rule: Rule) -> str:
    return announce_command(rule_meaning(rule), ["192.0.2.9"], "64500:29796:1")


def test_several_ports_stand_in_brackets_without_which_only_the_first_would_count() -> None:
    match = Match(destination="198.51.100.0/24", source_ports=(Range(53, 53), Range(123, 123)))
    assert "source-port [ =53 =123 ];" in said(msgspec.structs.replace(ntp(), match=match))


def test_a_range_is_one_condition_of_two_bounds() -> None:
    match = Match(destination="198.51.100.0/24", packet_lengths=(Range(400, 1500), Range(60, 60)))
    assert "packet-length [ =60 >=400&<=1500 ];" in said(msgspec.structs.replace(ntp(), match=match))


@pytest.mark.parametrize(
    "flags, words",
    [(TcpFlags(2, 2), "=0x2"), (TcpFlags(2, 0x12), "=0x2&!0x10"), (TcpFlags(0, 0x12), "!0x12")],
)
def test_flags_that_must_be_and_must_not_be_are_joined(flags: TcpFlags, words: str) -> None:
    match = Match(destination="198.51.100.0/24", tcp_flags=flags)
    assert f"tcp-flags [ {words} ];" in said(msgspec.structs.replace(ntp(), match=match))


def test_every_rule_is_one_line_to_named_neighbours_with_our_mark() -> None:
    for rule in many_kinds("north"):
        for command in (announce_command, withdraw_command):
            text = command(rule_meaning(rule), ["192.0.2.9", "2001:db8::9"], "64500:29796:1")
            assert text.startswith("neighbor 192.0.2.9 , neighbor 2001:db8::9 ")
            assert "\n" not in text
            assert "large-community [ 64500:29796:1 ]" in text
            assert text.isascii()


@pytest.mark.parametrize(
    "hidden", ["1:1 ]\nneighbor * announce route 192.0.2.0 next-hop self #", "1:\x00", "ß:1"]
)
def test_what_would_be_two_commands_is_not_said(hidden: str) -> None:
    """Whoever let such a rule come as far: the last before ExaBGP writes nothing of it."""
    said_here, written = os.pipe()
    answered, answers = os.pipe()
    try:
        hands = ExaBgp(SETTINGS, written, answered)
        with pytest.raises(RuleRefused):
            hands.announce(Held(1, msgspec.structs.replace(ntp(), communities=(hidden,)), 1))
        os.close(written)
        assert os.read(said_here, 1) == b""
    finally:
        for end in (said_here, answered, answers):
            os.close(end)


def test_no_session_keeps_rules_over_a_restart() -> None:
    text = speaker_configuration(SETTINGS, "hands", 1790)
    assert text.count("graceful-restart disable") == text.count("neighbor 1") == 3
    assert text.count("hold-time 9") == 3


def test_a_router_of_two_border_points_has_one_session() -> None:
    assert speaker_configuration(SETTINGS, "hands", None).count("neighbor 192.0.2.9 {") == 1


def test_mirrors_have_addresses_of_their_own_on_loopback() -> None:
    addresses = [each for number in range(256) for each in (mirror_address(number), mirror_s_speaker(number))]
    assert len(set(addresses)) == 512
    assert all(each.startswith("127.") for each in addresses)


def test_a_bgp_program_that_is_not_installed_is_told_with_its_remedy() -> None:
    with pytest.raises(OutsideFailed, match="pip install"):
        must_have("no_such_bgp", "NoSuchBGP", "pip install no-such-bgp")


@pytest.mark.parametrize("hold_time_s", [0, 2, 91, 65535])
def test_a_hold_time_under_which_rules_would_stay_is_refused(hold_time_s: int) -> None:
    with pytest.raises(NotAllowed, match="hold time"):
        must_make_sense(msgspec.structs.replace(SETTINGS, hold_time_s=hold_time_s))


def test_a_router_of_the_other_family_is_refused() -> None:
    points = (BorderPoint(name="north", routers=(msgspec.structs.replace(ROUTER, address="2001:db8::9"),)),)
    with pytest.raises(NotAllowed, match="family"):
        must_make_sense(msgspec.structs.replace(SETTINGS, border_points=points))


@pytest.mark.parametrize("password", ['a"; announce', "two\nlines", "blank space", "schlüssel", ""])
def test_a_password_cannot_write_configuration(password: str) -> None:
    router = msgspec.structs.replace(ROUTER, password=password)
    points = (BorderPoint(name="north", routers=(router,)),)
    with pytest.raises(NotAllowed, match="password"):
        must_make_sense(msgspec.structs.replace(SETTINGS, border_points=points))
