"""What the guard refuses, one harm at a time: each plan differs from one that passes in a single thing."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.mitigate.small_plans import (
    COAST,
    DROP,
    FORECAST,
    GBIT,
    NORTH,
    NOW_MS,
    NTP,
    PLAN,
    SETTINGS,
    SOUTH,
    TARGET,
    USUAL,
    ntp_to,
    plan,
    plan_with,
    router,
    rules,
    stages,
    wide_plan,
)
from tidegate.mitigate.guard import GuardSettings, least_level, refuse_beside, refuse_unless_safe
from tidegate.mitigate.protected import Protected, ProtectedDestination, ProtectedService, protected_from
from tidegate.model.attacks import Rate
from tidegate.model.border import BorderPoint
from tidegate.model.plans import (
    MILLION,
    Blackhole,
    Match,
    Plan,
    Range,
    RateLimit,
    Redirect,
    Rule,
    ServiceLoss,
    Share,
    TcpFlags,
)
from tidegate.model.refusals import NotAllowed

SYN = TcpFlags(0x02, 0x12)
ANYTHING = "} }\nneighbor * announce flow route { match { protocol =6; } then { discard; } }\n#"
BLACKHOLE = Blackhole("192.0.2.254")
LITTLE = (Rate(2, 1, 3), Share(1, 1, 1))


def settings(**changes: Any) -> GuardSettings:
    return msgspec.structs.replace(SETTINGS, **changes)


def refusal(refused: Plan, by: GuardSettings = SETTINGS, usual: Mapping[str, int] = USUAL) -> str:
    with pytest.raises(NotAllowed) as told:
        refuse_unless_safe(refused, by, usual)
    return told.value.why


def passes(safe: Plan, by: GuardSettings = SETTINGS, usual: Mapping[str, int] = USUAL) -> bool:
    refuse_unless_safe(safe, by, usual)
    return True


def match(**changes: Any) -> Match:
    return msgspec.structs.replace(NTP, **changes)


def host(**parts: Any) -> Match:
    return Match(destination=TARGET, **parts)


def losing(bits_per_s: int) -> Plan:
    """A plan forecast to lose at most half of so much usual traffic."""
    loss = ServiceLoss("udp/123", Rate(bits_per_s // 2, 0, bits_per_s), Share(250_000, 0, 500_000))
    return plan(forecast=msgspec.structs.replace(FORECAST, by_service=(loss,)))


def another(number: int, bits_per_s: int, at: str = "north", **changes: Any) -> Plan:
    """A plan of its own attack that may hold back half of so much."""
    target = f"203.0.113.{number}/32"
    return msgspec.structs.replace(
        losing(bits_per_s),
        number=number,
        attack=number,
        targets=(target,),
        rules=rules(ntp_to(target), at=(at,)),
        stages=stages(at),
        **changes,
    )


def beside(one: Plan, in_force: tuple[Rule, ...], *plans: Plan) -> None:
    refuse_beside(one, in_force, plans, SETTINGS, USUAL)


def test_a_narrow_plan_passes() -> None:
    assert passes(PLAN)
    assert passes(wide_plan(("south",), ("coast",)))


def test_a_plan_to_do_nothing_passes() -> None:
    assert passes(plan(rules=(), stages=None))
    assert "go together" in refusal(plan(rules=()))
    assert "go together" in refusal(plan(stages=None))


# 1


@pytest.mark.parametrize("everything", ["0.0.0.0/0", "::/0"])
def test_a_rule_that_matches_everything_is_refused(everything: str) -> None:
    assert refusal(plan_with(Match(destination=everything), targets=(TARGET, "2001:db8::1/128")))


@pytest.mark.parametrize(
    ("short", "just_long_enough"), [("198.50.0.0/15", "198.51.0.0/16"), ("2001:db8::/31", "2001:db8::/32")]
)
def test_a_prefix_shorter_than_the_limit_is_refused(short: str, just_long_enough: str) -> None:
    assert "wider than the limit" in refusal(plan_with(ntp_to(short)))
    assert passes(plan_with(ntp_to(just_long_enough)))


def test_a_source_shorter_than_the_limit_is_refused() -> None:
    assert "203.0.0.0/15 is wider than the limit" in refusal(plan_with(match(source="203.0.0.0/15")))
    assert passes(plan_with(match(source="203.0.0.0/16")))


def test_limits_can_be_set_only_towards_less_harm() -> None:
    assert "198.51.0.0/16 is wider" in refusal(
        plan_with(ntp_to("198.51.0.0/16")), settings(prefix_min_ipv4=20)
    )
    for name, value in (
        ("prefix_min_ipv4", 15),
        ("prefix_min_ipv6", 31),
        ("blackhole_min_ipv4", 23),
        ("blackhole_min_ipv6", 47),
        ("rules_max", 9),
        ("lease_max_s", 3601),
        ("approve_within_max_s", 3601),
        ("in_force_max_s", 86_401),
        ("held_back_max", 50_001),
    ):
        with pytest.raises(NotAllowed, match=name):
            settings(**{name: value})


# 2


IMPOSSIBLE = {
    "a length above 65,535": (host(packet_lengths=(Range(99_971, 99_985),)), "between 0 and 65535"),
    "a length no packet has": (host(packet_lengths=(Range(0, 19),)), "as short as 19"),
    "a port above 65,535": (host(protocols=(17,), source_ports=(Range(65_536, 65_536),)), "between 0 and"),
    "a negative port": (host(protocols=(17,), destination_ports=(Range(-1, 5),)), "between 0 and"),
    "a range the wrong way round": (host(protocols=(17,), source_ports=(Range(9, 5),)), "in order"),
    "a range twice": (host(packet_lengths=(Range(100, 200), Range(100, 200))), "each once"),
    "ranges that overlap": (host(packet_lengths=(Range(100, 200), Range(200, 300))), "each once"),
    "values out of order": (host(protocols=(17, 6)), "ascending"),
    "a protocol twice": (host(protocols=(17, 17)), "each once"),
    "a protocol above 255": (host(protocols=(256,)), "between 0 and 255"),
    "an ICMP type above 255": (host(protocols=(1,), icmp_types=(256,)), "between 0 and 255"),
    "too many values": (
        host(packet_lengths=tuple(Range(at * 9, at * 9) for at in range(65))),
        "64 are allowed",
    ),
    "host bits": (Match(destination="198.51.100.7/24"), "host bits set"),
    "a second way to write a prefix": (Match(destination="198.51.100.7"), "to be written 198.51.100.7/32"),
    "a prefix in capitals": (Match(destination="2001:DB8::1/128"), "to be written 2001:db8::1/128"),
    "a prefix that is none": (Match(destination="nowhere"), "does not appear to be"),
    "a prefix with a zone": (Match(destination="2001:db8:1::%eth0/48"), "names a zone"),
    "a prefix with commands behind it": (Match(destination=f"2001:db8:1::%x; {ANYTHING}/48"), "names a zone"),
    "two families": (host(source="2001:db8::/48"), "two families"),
    "our own host": (Match(destination="127.0.0.0/16"), "no traffic from abroad"),
    "a group": (Match(destination="224.0.0.5/32"), "no traffic from abroad"),
    "a link": (Match(destination="fe80::1/128"), "no traffic from abroad"),
    "IPv4 inside IPv6": (Match(destination="::ffff:c633:6407/128"), "::ffff:"),
    "flags outside their mask": (host(protocols=(6,), tcp_flags=TcpFlags(0x12, 0x02)), "TCP flags"),
    "an empty mask of flags": (host(protocols=(6,), tcp_flags=TcpFlags(0, 0)), "TCP flags"),
    "flags above an octet": (host(protocols=(6,), tcp_flags=TcpFlags(0x100, 0x100)), "TCP flags"),
    "flags beside UDP": (host(protocols=(17,), tcp_flags=SYN), "TCP flags beside protocol 17"),
    "ports beside ICMP": (host(protocols=(1,), source_ports=(Range(53, 53),)), "ports beside protocol 1"),
    "ICMP types beside TCP": (host(protocols=(6,), icmp_types=(8,)), "ICMP types beside protocol 6"),
    "ICMP types beside flags": (host(icmp_types=(8,), tcp_flags=SYN), "matches nothing"),
    "ICMP of the other family": (host(protocols=(58,)), "ICMP of the other family"),
    "ports of later fragments": (
        host(protocols=(17,), source_ports=(Range(53, 53),), fragments=("later", "last")),
        "carry no ports",
    ),
    "a fragment kind twice": (host(fragments=("later", "later")), "twice"),
    "DF in IPv6": (Match(destination="2001:db8::1/128", fragments=("dont",)), "RFC 8956"),
}


@pytest.mark.parametrize("odd", IMPOSSIBLE)
def test_what_cannot_be_meant_is_refused(odd: str) -> None:
    rule, words = IMPOSSIBLE[odd]
    targets = (TARGET, "2001:db8::1/128")
    assert words in refusal(plan_with(rule, targets=targets))


def test_the_ends_of_what_exists_are_allowed() -> None:
    assert passes(plan_with(host(protocols=(17,), source_ports=(Range(0, 0), Range(65_535, 65_535)))))
    assert passes(plan_with(host(packet_lengths=(Range(65_535, 65_535),))))
    assert passes(plan_with(host(packet_lengths=(Range(0, 20),))))
    assert passes(plan_with(host(packet_lengths=tuple(Range(at * 9, at * 9) for at in range(64)))))
    assert passes(plan_with(host(protocols=(1,), icmp_types=(0, 255))))
    assert passes(
        plan_with(host(fragments=("first", "later"), protocols=(17,), source_ports=(Range(53, 53),)))
    )


@pytest.mark.parametrize("rate", [0, -1, (1 << 47) + 1])
def test_a_rate_that_limits_nothing_or_all_is_refused(rate: int) -> None:
    assert "bytes/s" in refusal(plan_with(NTP, action=RateLimit(rate)))


@pytest.mark.parametrize("community", ["64500", "64500:65536", "no-export", "064500:1", "1:2:3"])
def test_a_community_that_is_none_is_refused(community: str) -> None:
    (rule,) = PLAN.rules
    odd = msgspec.structs.replace(rule, communities=(community,))
    assert "no community" in refusal(plan(rules=(odd,)))


def test_communities_stand_once_and_are_few() -> None:
    (rule,) = PLAN.rules
    sixteen = tuple(f"64500:{at}" for at in range(16))
    assert passes(plan(rules=(msgspec.structs.replace(rule, communities=sixteen),)))
    for communities in (("64500:1", "64500:1"), (*sixteen, "64500:16")):
        assert "communit" in refusal(plan(rules=(msgspec.structs.replace(rule, communities=communities),)))


# 3


WIDE_AND_ORDINARY = {
    "everything": {},
    "TCP": {"protocols": (6,)},
    "the web": {"protocols": (6,), "source_ports": (Range(443, 443),)},
    "the opening of connections": {"protocols": (6,), "tcp_flags": SYN},
    "UDP": {"protocols": (17,)},
    "QUIC": {"protocols": (17,), "source_ports": (Range(443, 443),)},
    "names": {"protocols": (17,), "source_ports": (Range(53, 53),)},
    "time": {"protocols": (17,), "source_ports": (Range(123, 123),)},
    "nearly all who ask": {
        "protocols": (6,),
        "destination_ports": (Range(1024, 49_999), Range(50_001, 65_535)),
    },
    "nearly all over UDP": {"protocols": (17,), "source_ports": (Range(600, 1700), Range(52_000, 65_535))},
    "sixty-five ports": {"protocols": (6,), "destination_ports": (Range(20_000, 20_064),)},
    "connections that know of congestion": {"protocols": (6,), "tcp_flags": TcpFlags(0xC2, 0xFF)},
    "errors": {"protocols": (1,)},
    "errors by their type": {"icmp_types": (3,)},
    "tunnels": {"protocols": (47, 50)},
    "long packets": {"packet_lengths": (Range(1000, 1500),)},
    "packets that may not be fragmented": {"fragments": ("dont",)},
}


@pytest.mark.parametrize("ordinary", WIDE_AND_ORDINARY)
def test_a_wide_rule_that_takes_ordinary_life_is_refused_from_whoever_asks(ordinary: str) -> None:
    parts = WIDE_AND_ORDINARY[ordinary]
    wide = Match(destination="198.51.100.0/23", **parts)  # type: ignore[arg-type]
    assert "ordinary traffic" in refusal(plan_with(wide, level="senior"))
    assert passes(plan_with(Match(destination="198.51.100.0/24", **parts)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "parts",
    [
        {"protocols": (17,), "source_ports": (Range(53, 53),), "packet_lengths": (Range(1000, 1500),)},
        {"protocols": (17,), "source_ports": (Range(389, 389),)},
        {"protocols": (6,), "destination_ports": (Range(20_000, 20_063),)},
        {"fragments": ("later",)},
        {"protocols": (6,), "tcp_flags": TcpFlags(0x00, 0x3F)},
        {"protocols": (1,), "icmp_types": (8,)},
    ],
)
def test_a_wide_rule_may_match_what_only_attacks_have(parts: dict[str, Any]) -> None:
    assert passes(plan_with(Match(destination="198.51.0.0/16", **parts)))


# 4


@pytest.mark.parametrize("own", ["192.0.2.100", "192.0.2.1", "192.0.2.3", "2001:db8:ffff::1"])
def test_a_rule_that_would_match_our_own_bgp_is_refused(own: str) -> None:
    around = f"{own}/128" if ":" in own else "192.0.2.0/24"
    for bgp in (
        Match(destination=around),
        Match(destination=around, protocols=(6,)),
        Match(destination=around, protocols=(6,), destination_ports=(Range(100, 200),)),
        Match(destination=around, protocols=(6,), source_ports=(Range(0, 1023),)),
        Match(destination=around, protocols=(6,), tcp_flags=SYN),
        Match(destination=around, fragments=("later",)),
    ):
        assert "match BGP to or from" in refusal(plan_with(bgp))


def test_a_rule_for_what_our_own_router_suffers_passes_where_it_spares_bgp() -> None:
    assert passes(plan_with(ntp_to("192.0.2.1/32")))
    assert passes(
        plan_with(
            Match(
                destination="192.0.2.1/32",
                protocols=(6,),
                destination_ports=(Range(80, 80),),
                source_ports=(Range(1024, 65_535),),
            )
        )
    )


def test_what_keeps_our_own_sessions_up_is_held_back_by_no_rule() -> None:
    six = Match(destination="2001:db8:ffff::/64")
    for needed, told in (
        (Match(destination="192.0.2.0/24", protocols=(17,)), "match BFD to or from 192.0.2.100"),
        (
            Match(destination="192.0.2.1/32", protocols=(17,), destination_ports=(Range(3784, 3784),)),
            "match BFD",
        ),
        (host(source="192.0.2.3/32", protocols=(17,), destination_ports=(Range(4784, 4784),)), "match BFD"),
        (msgspec.structs.replace(six, protocols=(58,)), "match the search for neighbours"),
        (msgspec.structs.replace(six, protocols=(58,), icmp_types=(135, 136)), "the search for neighbours"),
    ):
        assert told in refusal(plan_with(needed))
    assert passes(plan_with(msgspec.structs.replace(six, protocols=(58,), icmp_types=(128,))))


def test_a_rule_from_our_own_speaker_is_refused() -> None:
    assert "match BGP to or from 192.0.2.100" in refusal(plan_with(host(source="192.0.2.0/24")))


def test_a_rule_that_aims_at_bgp_of_others_is_refused() -> None:
    assert "carries BGP" in refusal(plan_with(host(protocols=(6,), destination_ports=(Range(179, 179),))))
    assert "carries BGP" in refusal(plan_with(host(source_ports=(Range(179, 179),))))
    for hidden in (
        host(protocols=(6,), destination_ports=(Range(178, 179),)),
        host(protocols=(6, 17), source_ports=(Range(179, 179),)),
        host(protocols=(6,), source_ports=(Range(22, 22), Range(150, 200))),
    ):
        assert "carries BGP" in refusal(plan_with(hidden))
    assert passes(plan_with(host(protocols=(6,), destination_ports=(Range(1, 1023),))))
    assert passes(plan_with(host(protocols=(17,), destination_ports=(Range(179, 179),))))


# 5


def test_the_root_servers_of_the_dns_are_protected_from_the_start() -> None:
    for root in ("198.41.0.4/32", "202.12.27.33/32", "2001:7fd::1/128", "2801:1b8:10::b/128"):
        assert "root-servers.net" in refusal(plan_with(ntp_to(root)))
    assert "a.root-servers.net" in refusal(plan_with(ntp_to("198.41.0.0/24")))
    assert "k.root-servers.net" in refusal(plan_with(host(source="193.0.0.0/16")))


def test_an_operator_protects_destinations_and_services_of_its_own() -> None:
    hospitals = ProtectedDestination("hospitals", ("198.51.100.0/28",))
    calls = ProtectedService("emergency calls", "udp", (5060,), ("198.51.100.0/24",))
    by = settings(protected=Protected((hospitals,), ()))
    assert "hospitals" in refusal(PLAN, by)
    by = settings(protected=Protected((), (calls,)))
    assert "emergency calls" in refusal(PLAN, by)
    past_the_port = match(destination_ports=(Range(0, 5059), Range(5061, 65_535)))
    assert passes(plan_with(past_the_port), by)
    assert passes(plan_with(host(protocols=(6,))), by)
    everywhere = ProtectedService("emergency calls", "udp", (5060,))
    assert "emergency calls" in refusal(PLAN, settings(protected=Protected((), (everywhere,))))


def test_a_protected_list_is_read_whole_or_not_at_all() -> None:
    text = """
    [[destination]]
    name = "a bank"
    prefixes = ["198.51.100.0/24"]

    [[service]]
    name = "calls"
    protocol = "udp"
    ports = [5060]
    """
    assert protected_from(text).service[0].ports == (5060,)
    for odd in (
        text.replace("198.51.100.0/24", "198.51.100.1/24"),
        text.replace("udp", "icmp"),
        text.replace("5060", "65536"),
        text.replace("ports", "port"),
        text.replace("[[service]]", "[[services]]"),
        "not toml",
    ):
        with pytest.raises(NotAllowed):
            protected_from(odd)


# 6


def test_a_plan_has_at_most_eight_different_rules() -> None:
    nine = [ntp_to(f"198.51.100.{last}/32") for last in range(1, 10)]
    assert passes(plan_with(*nine[:8]))
    assert "9 different rules" in refusal(plan_with(*nine))
    assert "at most 2" in refusal(plan_with(*nine[:3]), settings(rules_max=2))


def test_copies_of_a_rule_for_each_border_point_count_once() -> None:
    eight = [ntp_to(f"198.51.100.{last}/32") for last in range(1, 9)]
    everywhere = plan(
        rules=rules(*eight, at=("north", "south", "coast")),
        stages=stages("north", ("south", "coast")),
        targets=("198.51.100.0/24",),
    )
    assert passes(everywhere)


def tight(**profile: Any) -> GuardSettings:
    point = BorderPoint(name="north", routers=(*NORTH.routers, router("n2", "192.0.2.9", **profile)))
    return settings(border_points=(point, SOUTH, COAST))


def test_no_router_gets_more_rules_than_it_holds() -> None:
    two = plan_with(ntp_to("198.51.100.1/32"), ntp_to("198.51.100.2/32"))
    assert passes(two, tight(rule_budget=2))
    assert "2 rules for n2, which holds 1" in refusal(two, tight(rule_budget=1))


def test_no_router_gets_a_rule_that_it_cannot_match() -> None:
    assert passes(
        PLAN, tight(components=frozenset({"destination", "protocols", "source_ports", "packet_lengths"}))
    )
    lacking = tight(components=frozenset({"destination", "protocols", "source_ports"}))
    assert "n2 cannot match by packet_lengths" in refusal(PLAN, lacking)
    assert "no rules for IPv6" in refusal(plan_with(ntp_to("2001:db8::7/128")), tight(ipv6=False))
    blackhole = plan_with(host(), action=BLACKHOLE)
    assert passes(blackhole, tight(components=frozenset()))


def test_a_border_point_without_routers_gets_no_rules() -> None:
    by = settings(border_points=(BorderPoint(name="north"), SOUTH))
    assert "north has no router" in refusal(PLAN, by)


# 7


@pytest.mark.parametrize("lease_s", [0, -1, 9, 3601])
def test_a_lease_is_neither_long_nor_too_short_to_renew(lease_s: int) -> None:
    assert f"a lease of {lease_s} s" in refusal(plan(lease_s=lease_s))
    assert passes(plan(lease_s=3600))
    ten = msgspec.structs.replace(stages(), spot_test_s=10, widen_every_s=1)
    assert passes(plan(lease_s=10, stages=ten))
    assert "it lasts 10 to 60 s" in refusal(PLAN, settings(lease_max_s=60))


def test_a_plan_is_open_for_approval_for_an_hour_and_ends_within_a_day_after() -> None:
    hour_ms, day_ms = 3_600_000, 86_400_000
    assert passes(plan(approve_until_ms=NOW_MS + hour_ms, ends_at_ms=NOW_MS + hour_ms + day_ms))
    assert "approval" in refusal(plan(approve_until_ms=NOW_MS + hour_ms + 1))
    assert "approval" in refusal(plan(approve_until_ms=NOW_MS))
    assert "it ends" in refusal(plan(ends_at_ms=PLAN.approve_until_ms + day_ms + 1))
    assert "it ends" in refusal(plan(ends_at_ms=PLAN.approve_until_ms))


# 8 and 9


def test_redirecting_is_refused_unless_the_operators_file_allows_it() -> None:
    redirect = plan_with(NTP, action=Redirect("64500:1"))
    assert "redirects" in refusal(redirect)
    assert passes(redirect, settings(redirect_allowed=True))
    odd = plan_with(NTP, action=Redirect("elsewhere"))
    assert "route target" in refusal(odd, settings(redirect_allowed=True))


def test_a_blackhole_takes_single_hosts_unless_the_operators_file_allows_more() -> None:
    network = plan_with(Match(destination="198.51.100.0/24"), action=BLACKHOLE)
    assert passes(plan_with(host(), action=BLACKHOLE))
    assert "a blackhole may take /32" in refusal(network)
    assert passes(network, settings(blackhole_min_ipv4=24))
    six = plan_with(Match(destination="2001:db8::/64"), action=Blackhole("2001:db8::fe"))
    assert "a blackhole may take /128" in refusal(six)
    assert passes(six, settings(blackhole_min_ipv6=64))


def test_a_blackhole_says_all_that_it_takes() -> None:
    assert "can match nothing else" in refusal(plan_with(NTP, action=BLACKHOLE))
    for odd in ("nowhere", "2001:db8::1", "224.0.0.1", "0.0.0.0", "127.0.0.1"):
        assert odd in refusal(plan_with(host(), action=Blackhole(odd)))


def test_a_blackhole_leads_nowhere_but_where_the_operators_file_says() -> None:
    elsewhere = plan_with(host(), action=Blackhole("203.0.113.66"))
    assert "203.0.113.66 is none of the operator's next hops" in refusal(elsewhere)
    assert passes(elsewhere, settings(blackhole_next_hops=("203.0.113.66",)))


@pytest.mark.parametrize("zone", ["%eth0", f"%x {ANYTHING}"])
def test_a_next_hop_has_no_zone_in_which_commands_could_be_hidden(zone: str) -> None:
    six = Match(destination="2001:db8::7/128")
    assert passes(plan_with(six, action=Blackhole("2001:db8::fe")))
    assert "without a zone" in refusal(plan_with(six, action=Blackhole(f"2001:db8::fe{zone}")))


# 10


def test_a_plan_that_would_hold_back_much_usual_traffic_asks_for_the_senior_level() -> None:
    assert passes(losing(4 * GBIT))
    much = losing(4 * GBIT + 4)
    assert "more than 5%" in refusal(much)
    assert "more than 5%" in refusal(msgspec.structs.replace(much, level="centre"))
    assert passes(msgspec.structs.replace(much, level="senior"))
    assert "more than 1%" in refusal(losing(GBIT), settings(held_back_max=10_000))


def test_the_guard_says_which_level_a_plan_must_ask_for() -> None:
    assert least_level(losing(4 * GBIT), SETTINGS, USUAL) == "desk"
    assert least_level(losing(5 * GBIT), SETTINGS, USUAL) == "senior"
    assert least_level(PLAN, SETTINGS, {}) == "senior"
    assert least_level(plan(rules=(), stages=None), SETTINGS, {}) == "desk"


def test_the_border_point_with_the_least_traffic_decides() -> None:
    everywhere = wide_plan(("south",), ("coast",))
    held = msgspec.structs.replace(everywhere, forecast=losing(3 * GBIT).forecast)
    assert "at coast" in refusal(held)
    assert passes(held, usual={**USUAL, "coast": 40 * GBIT})


def test_what_is_not_known_to_be_little_asks_for_the_senior_level() -> None:
    assert "what usually comes in at north is not known" in refusal(PLAN, usual={"south": 60 * GBIT})
    silent = plan(forecast=msgspec.structs.replace(FORECAST, by_service=()))
    assert "is not known" in refusal(silent)
    assert passes(msgspec.structs.replace(silent, level="senior"), usual={})
    no_loss = msgspec.structs.replace(silent.forecast, lost_bytes=Share(0, 0, 0))
    assert passes(msgspec.structs.replace(silent, forecast=no_loss))


@pytest.mark.parametrize(
    "made_up",
    [
        {"by_service": (ServiceLoss("tcp/443", Rate(0, 0, 20 * GBIT), Share(0, 0, -MILLION)),)},
        {"by_service": (ServiceLoss("tcp/443", Rate(0, 0, -GBIT), Share(0, 0, MILLION)),)},
        {"by_service": (ServiceLoss("tcp/443", Rate(0, 0, 1), Share(0, 0, 2 * MILLION)),)},
        {"by_service": (), "lost_bytes": Share(0, 0, 0), "sampled_flows": 0},
    ],
)
def test_a_forecast_of_what_cannot_be_makes_no_plan_harmless(made_up: dict[str, Any]) -> None:
    odd = plan(forecast=msgspec.structs.replace(FORECAST, **made_up))
    assert "is not known" in refusal(odd)
    assert passes(msgspec.structs.replace(odd, level="senior"))


# 11


def test_a_match_stands_once_at_each_border_point() -> None:
    twice = plan(rules=(*rules(NTP), *rules(NTP, action=DROP)))
    assert "one match stands twice at north" in refusal(twice)


def test_a_match_written_in_two_ways_is_one_match() -> None:
    one = match(packet_lengths=(Range(100, 200), Range(201, 300)), fragments=("first", "dont"))
    other = match(packet_lengths=(Range(100, 300),), fragments=("dont", "first"))
    assert "stands twice" in refusal(plan_with(one, other))
    apart = match(packet_lengths=(Range(100, 200), Range(202, 300)), fragments=("first", "dont"))
    assert passes(plan_with(apart, other))


# 12


def test_stages_name_known_border_points_once_and_those_of_the_rules() -> None:
    assert "there is no border point east" in refusal(
        plan(rules=rules(NTP, at=("north", "east")), stages=stages("north", ("east",)))
    )
    both = rules(NTP, at=("north", "south"))
    assert "twice" in refusal(plan(rules=both, stages=stages("north", ("south",), ("south",))))
    assert "twice" in refusal(plan(rules=both, stages=stages("north", ("south", "north"))))
    assert "adds no border point" in refusal(plan(rules=both, stages=stages("north", (), ("south",))))
    assert "not those of the rules" in refusal(plan(rules=both))
    assert "not those of the rules" in refusal(plan(stages=stages("north", ("south",))))


@pytest.mark.parametrize("name", ["spot_test_s", "widen_every_s"])
def test_no_stage_outlasts_a_lease(name: str) -> None:
    for length_s in (0, -5, PLAN.lease_s + 1):
        odd = msgspec.structs.replace(stages(), **{name: length_s})
        assert "a lease at most" in refusal(plan(stages=odd))


# 13


def test_a_rule_for_what_is_not_attacked_is_refused() -> None:
    assert "none of the attack's targets" in refusal(plan_with(ntp_to("203.0.113.1/32"), targets=(TARGET,)))
    assert "none of the attack's targets" in refusal(plan_with(ntp_to("2001:db8::1/128"), targets=(TARGET,)))


# 14


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\r", "\n", "\u202e", "\u200b", "\x9b2J", "\u2028"])
def test_no_text_of_a_plan_moves_the_screen_of_whoever_reads_it(hidden: str) -> None:
    for odd in (
        plan(reasons=("it hurts nobody", hidden)),
        plan(proposer=f"planner{hidden}"),
        plan(targets=(TARGET, hidden)),
        plan(ledger_root=hidden),
        plan(forecast=msgspec.structs.replace(FORECAST, by_service=(ServiceLoss(hidden, *LITTLE),))),
    ):
        assert "a screen does not show" in refusal(odd)
    assert passes(plan(reasons=("Größe: 5 µs, 東京",)))


# 15


def test_plans_share_the_routers_budget() -> None:
    others = rules(*(ntp_to(f"203.0.113.{last}/32") for last in range(63)))
    beside(PLAN, others)
    with pytest.raises(NotAllowed, match="65 rules for n1, which holds 64"):
        beside(PLAN, (*others, *rules(ntp_to("203.0.113.99/32"))))


def test_a_plan_does_not_take_the_place_of_another_plans_rule_in_silence() -> None:
    with pytest.raises(NotAllowed, match="stands twice at north"):
        beside(PLAN, rules(NTP, action=DROP))
    beside(PLAN, rules(NTP, action=DROP, at=("south",)))


def test_plans_side_by_side_share_what_may_be_held_back_without_the_senior_level() -> None:
    half, rest = another(11, 2 * GBIT), another(12, 2 * GBIT)
    beside(rest, half.rules, half)
    over = another(12, 2 * GBIT + 4)
    assert passes(over), "alone it is well within"
    words = f"{2 * GBIT + 2} of .* at north, together with plan 11, more than 5%"
    with pytest.raises(NotAllowed, match=words):
        beside(over, half.rules, half)
    beside(msgspec.structs.replace(over, level="senior"), half.rules, half)
    assert least_level(rest, SETTINGS, USUAL, [half]) == "desk"
    assert least_level(over, SETTINGS, USUAL, [half]) == "senior"


def test_what_the_senior_level_agreed_to_leaves_no_room_for_more_at_the_desk() -> None:
    much = msgspec.structs.replace(another(11, 10 * GBIT), level="senior")
    with pytest.raises(NotAllowed, match="together with plan 11"):
        beside(another(12, 4), much.rules, much)


def test_a_plan_beside_one_of_which_nobody_knows_what_it_holds_back_asks_for_the_senior_level() -> None:
    unknown = another(11, 0)
    unknown = msgspec.structs.replace(
        unknown, forecast=msgspec.structs.replace(unknown.forecast, sampled_flows=0), level="senior"
    )
    with pytest.raises(NotAllowed, match="is not known, together with plan 11"):
        beside(another(12, 4), unknown.rules, unknown)


def test_plans_at_other_border_points_and_the_plan_that_is_replaced_do_not_count() -> None:
    elsewhere = another(11, 4 * GBIT, at="south")
    replaced = another(9, 4 * GBIT)
    mine = another(12, 4 * GBIT, replaces=9)
    beside(mine, elsewhere.rules, elsewhere, replaced, mine)
    assert least_level(mine, SETTINGS, USUAL, [elsewhere, replaced, mine]) == "desk"


def test_a_refusal_names_the_rule() -> None:
    second = plan_with(NTP, ntp_to("203.0.112.0/15"), targets=(TARGET, "203.0.113.0/24"))
    assert refusal(second).startswith("rule 2 (203.0.112.0/15 at north): ")
