"""Whatever plan passes the guard: it closes no country, no family and no exporter, and spares BGP."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.mitigate.small_plans import FORECAST, PLAN, SETTINGS, stages
from tests.naive.rules import Packet, matches
from tidegate.mitigate.guard import refuse_unless_safe
from tidegate.model.attacks import Rate
from tidegate.model.plans import (
    Action,
    Blackhole,
    Drop,
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

COUNTRIES = ("198.51.0.0/20", "2001:db8::/44")
"""Small ones: sixteen networks each of the length that a rule may close at most."""

CLIENTS = (1_031, 9_977, 20_011, 30_043, 40_009, 51_001, 60_013)
"""Ports of seven people who ask."""


def ordinary_packets(source: str, destination: str, client: int) -> Iterator[Packet]:
    """What a network that lives receives: connections both ways, names, time, a video, a call, an error."""
    six = ":" in destination

    def tcp(one: int, other: int, flags: int, length: int) -> Packet:
        return Packet(source, destination, length, 6, (one, other), flags, dont_fragment=not six)

    def udp(one: int, other: int, length: int) -> Packet:
        return Packet(source, destination, length, 17, (one, other))

    for service in (443, 25):
        yield tcp(service, client, 0x12, 60)
        yield tcp(service, client, 0x10, 1500)
        yield tcp(client, service, 0x02, 60)
        yield tcp(client, service, 0x18, 600)
    yield udp(53, client, 150)
    yield udp(client, 53, 70)
    yield udp(123, client, 76)
    yield udp(443, client, 1280)
    yield udp(16_384, client, 200)
    yield Packet(source, destination, 96, 58 if six else 1, icmp_type=1 if six else 3)


EVERYDAY_LENGTHS = st.sampled_from((0, 28, 40, 76, 400, 512, 513, 1280, 1500, 65_535))
EVERYDAY_PORTS = st.sampled_from((0, 25, 53, 123, 179, 389, 443, 1023, 16_384, 49_999, 50_001, 65_535))


def ranges(values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Range, ...]]:
    one = st.tuples(values, values).map(lambda pair: Range(min(pair), max(pair)))
    return st.one_of(st.just(()), one.map(lambda only: (only,)))


@st.composite
def prefixes(draw: st.DrawFn, country: str, lengths: tuple[int, ...]) -> str:
    network = ip_network(country)
    length = draw(st.sampled_from(lengths))
    host = draw(st.integers(0, network.num_addresses - 1))
    return str(ip_network((int(network.network_address) + host, length), strict=False))


@st.composite
def plausible_matches(draw: st.DrawFn) -> Match:
    country = draw(st.sampled_from(COUNTRIES))
    six = ":" in country
    lengths = (32, 44, 47, 48, 49, 128) if six else (16, 20, 23, 24, 25, 32)
    protocols = draw(st.sampled_from(((), (6,), (17,), (6, 17), (58,) if six else (1,), (47,), (50,))))
    transport = set(protocols) <= {6, 17}
    return Match(
        destination=draw(prefixes(country, lengths)),
        source=draw(st.sampled_from((None, None, "2001:db8:beef::/48" if six else "203.0.113.0/24"))),
        protocols=protocols,
        source_ports=draw(ranges(EVERYDAY_PORTS)) if transport else (),
        destination_ports=draw(ranges(EVERYDAY_PORTS)) if transport else (),
        icmp_types=draw(st.sampled_from(((), (1,), (3,), (8,), (128,))))
        if protocols in ((1,), (58,))
        else (),
        tcp_flags=draw(
            st.sampled_from((None, None, TcpFlags(2, 0x12), TcpFlags(0x10, 0x10), TcpFlags(0, 0x3F)))
        )
        if protocols in ((), (6,))
        else None,
        packet_lengths=draw(ranges(EVERYDAY_LENGTHS)),
        fragments=draw(st.sampled_from(((), (), ("later",), ("first", "later")))),
    )


ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(RateLimit, st.integers(1, 10**9)), st.just(Drop()), st.just(Drop())
)


@st.composite
def plausible_plans(draw: st.DrawFn) -> Plan:
    chosen = draw(st.lists(plausible_matches(), min_size=1, max_size=10))
    rules = tuple(Rule(border_point="north", match=match, action=draw(ACTIONS)) for match in chosen)
    high = draw(st.integers(0, 10**11))
    loss = ServiceLoss("udp/53", Rate(high // 2, 0, high), Share(0, 0, draw(st.integers(0, 1_000_000))))
    return msgspec.structs.replace(
        PLAN,
        rules=rules,
        targets=COUNTRIES,
        stages=stages(),
        level=draw(st.sampled_from(("desk", "centre", "senior"))),
        forecast=msgspec.structs.replace(FORECAST, by_service=(loss,)),
    )


def passes(plan: Plan, usual: int = 10**10) -> bool:
    try:
        refuse_unless_safe(plan, SETTINGS, {"north": usual})
    except NotAllowed:
        return False
    return True


def without_unsafe_rules(plan: Plan) -> Plan:
    """What the guard leaves of a plan, so that most examples say something: rules that pass alone."""
    safe = tuple(
        rule
        for rule in plan.rules[:8]
        if passes(msgspec.structs.replace(plan, rules=(rule,), level="senior"))
    )
    return msgspec.structs.replace(plan, rules=safe)


def sorts_held_back(plan: Plan, source: str, host: str) -> set[int]:
    """Which sorts of ordinary packets, by number, more than half of those at this host who ask go without."""
    near = [rule for rule in plan.rules if ip_address(host) in ip_network(rule.match.destination)]
    held_back = Counter(
        number
        for client in (CLIENTS if near else ())
        for number, packet in enumerate(ordinary_packets(source, host, client))
        if any(matches(rule.match, packet) for rule in near)
    )
    return {number for number, clients in held_back.items() if clients * 2 > len(CLIENTS)}


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@SLOW
@given(plausible_plans())
def test_no_plan_that_passes_closes_a_country_or_a_family_or_what_an_exporter_brings(plan: Plan) -> None:
    safe = without_unsafe_rules(plan)
    assume(safe.rules and passes(safe))
    for country in COUNTRIES:
        source = "2001:db8:beef::1" if ":" in country else "203.0.113.1"
        network = ip_network(country)
        step = network.num_addresses // 16
        hosts = [network.network_address + at * step + 77 for at in range(16)]
        closed = Counter(number for host in hosts for number in sorts_held_back(safe, source, str(host)))
        assert all(count <= 8 < len(hosts) for count in closed.values())


@SLOW
@given(plausible_plans())
def test_no_plan_that_passes_matches_bgp_of_our_own(plan: Plan) -> None:
    moved = msgspec.json.decode(msgspec.json.encode(plan).replace(b"198.51.", b"192.0."), type=Plan)
    safe = without_unsafe_rules(moved)
    assume(safe.rules)
    for own in SETTINGS.own_addresses():
        other = "2001:db8:beef::1" if ":" in own else "203.0.113.1"
        for ports in ((179, 40_000), (40_000, 179)):
            for flags, length in ((0x02, 60), (0x18, 79), (0x10, 1500)):
                bgp = Packet(other, own, length, 6, ports, flags)
                assert not any(matches(rule.match, bgp) for rule in safe.rules)


@given(plausible_plans(), st.integers(1, 10**12))
def test_only_the_senior_level_holds_back_more_than_a_twentieth_of_what_is_usual(
    plan: Plan, usual: int
) -> None:
    few = msgspec.structs.replace(plan, rules=PLAN.rules, targets=PLAN.targets)
    held_back = sum(service.bits_per_s.high * service.lost.high for service in few.forecast.by_service)
    assert passes(few, usual) == (few.level == "senior" or held_back * 20 <= usual * 1_000_000)


ANYTHING = st.one_of(
    st.sampled_from(
        ("", "0.0.0.0/0", "::/0", "198.51.100.7/32", "198.51.100.0/33", "64500:1", "2001:db8::/32")
    ),
    st.text(max_size=6),
)
WILD_RANGES = st.lists(st.builds(Range, st.integers(), st.integers()), max_size=3).map(tuple)
WILD_NUMBERS = st.lists(st.integers(), max_size=3).map(tuple)
WILD_MATCHES = st.builds(
    Match,
    destination=ANYTHING,
    source=st.none() | ANYTHING,
    protocols=WILD_NUMBERS,
    source_ports=WILD_RANGES,
    destination_ports=WILD_RANGES,
    icmp_types=WILD_NUMBERS,
    tcp_flags=st.none() | st.builds(TcpFlags, st.integers(), st.integers()),
    packet_lengths=WILD_RANGES,
    fragments=st.lists(st.sampled_from(("dont", "later", "first", "last")), max_size=3).map(tuple),
)
WILD_ACTIONS = st.one_of(
    st.builds(RateLimit, st.integers()),
    st.just(Drop()),
    st.builds(Redirect, ANYTHING),
    st.builds(Blackhole, ANYTHING),
)
WILD_RULES = st.builds(
    Rule,
    border_point=st.sampled_from(("north", "", "nowhere")),
    match=WILD_MATCHES,
    action=WILD_ACTIONS,
    communities=st.lists(ANYTHING, max_size=2).map(tuple),
)


@given(st.lists(WILD_RULES, min_size=1, max_size=3), st.lists(ANYTHING, max_size=2), st.integers(-10, 10**5))
def test_whatever_comes_is_let_pass_or_refused_in_words(
    rules: list[Rule], targets: list[str], lease_s: int
) -> None:
    wild = msgspec.structs.replace(PLAN, rules=tuple(rules), targets=tuple(targets), lease_s=lease_s)
    why = "it passes, then"
    try:
        refuse_unless_safe(wild, SETTINGS, {"north": 10**10})
    except NotAllowed as refusal:
        why = refusal.why
    assert len(why.split()) >= 3
