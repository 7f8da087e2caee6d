"""Matches, rules and packets that hit them often, for property tests."""

from hypothesis import strategies as st

from tests.naive.flowspec import Packet
from tidegate.model.plans import Action, Drop, Match, Range, RateLimit, Redirect, Rule, TcpFlags

DESTINATIONS = ("198.51.100.0/24", "198.51.100.77/32", "203.0.113.128/25", "198.51.0.0/16")
SOURCES = ("192.0.2.0/25", "192.0.2.200/32", "0.0.0.0/0", "128.0.0.0/1")
DESTINATIONS6 = ("2001:db8:1::/48", "2001:db8:1::7/128", "2001:db8::/33")
SOURCES6 = ("2001:db8:2::/47", "::/0", "2001:db8:ffff::1/128")
PORTS = (0, 1, 53, 80, 123, 255, 256, 443, 1023, 1024, 65534, 65535)


def ranges(values: tuple[int, ...]) -> st.SearchStrategy[tuple[Range, ...]]:
    one = st.tuples(st.sampled_from(values), st.sampled_from(values)).map(
        lambda pair: Range(min(pair), max(pair))
    )
    return st.lists(one, max_size=4).map(tuple)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    six = draw(st.booleans())
    among = draw(st.integers(1, 0xFFF))
    kinds = ("later", "first", "last") if six else ("dont", "later", "first", "last")
    return Match(
        destination=draw(st.sampled_from(DESTINATIONS6 if six else DESTINATIONS)),
        source=draw(st.none() | st.sampled_from(SOURCES6 if six else SOURCES)),
        protocols=tuple(draw(st.lists(st.sampled_from((1, 6, 17, 47, 58, 255)), max_size=3))),
        source_ports=draw(ranges(PORTS)),
        destination_ports=draw(ranges(PORTS)),
        icmp_types=tuple(draw(st.lists(st.sampled_from((0, 3, 8, 128, 255)), max_size=2))),
        tcp_flags=draw(st.none() | st.integers(0, 0xFFF).map(lambda are: TcpFlags(are & among, among))),
        packet_lengths=draw(ranges((0, 20, 60, 255, 256, 1400, 1500, 65535))),
        fragments=tuple(draw(st.lists(st.sampled_from(kinds), max_size=2))),
    )


def addresses(prefix: str) -> st.SearchStrategy[str]:
    import ipaddress

    network = ipaddress.ip_network(prefix)
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return st.sampled_from((first, last, max(first - 1, 0))).map(lambda number: str(kind(number)))


@st.composite
def packets_near(draw: st.DrawFn, match: Match) -> Packet:
    """Each field is one that the match names, next to one, or any."""

    def near(named: tuple[Range, ...], highest: int) -> st.SearchStrategy[int]:
        edges = [v for r in named for v in (r.first - 1, r.first, r.last, r.last + 1) if 0 <= v <= highest]
        return st.sampled_from(edges or [0]) | st.integers(0, highest)

    ports = draw(st.booleans())
    return Packet(
        destination=draw(addresses(match.destination)),
        source=draw(addresses(match.source or match.destination)),
        protocol=draw(st.sampled_from((*match.protocols, 6, 17))),
        length=draw(near(match.packet_lengths, 65535)),
        destination_port=draw(near(match.destination_ports, 65535)) if ports else None,
        source_port=draw(near(match.source_ports, 65535)) if ports else None,
        icmp_type=draw(st.none() | st.sampled_from((*match.icmp_types, 8))),
        tcp_flags=draw(
            st.none() | st.integers(0, 0xFFF) | st.just(match.tcp_flags.are if match.tcp_flags else 2)
        ),
        fragment=draw(st.integers(0, 15)),
    )


def actions() -> st.SearchStrategy[Action]:
    targets = st.sampled_from(("64500:1", "4200000000:9", "192.0.2.1:65535", "0:0"))
    return st.just(Drop()) | st.integers(0, 1 << 50).map(RateLimit) | targets.map(Redirect)


def rules() -> st.SearchStrategy[Rule]:
    communities = st.lists(st.sampled_from(("64500:1", "64500:666", "0:0")), max_size=2).map(tuple)
    return st.builds(
        Rule, border_point=st.just("north"), match=matches(), action=actions(), communities=communities
    )
