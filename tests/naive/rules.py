"""FlowSpec rules over one packet at a time, spelled out from RFC 8955 and RFC 8956."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.model.plans import Blackhole, Match, Range, RateLimit, Rule


@dataclass(frozen=True)
class Packet:
    """What a packet's headers say; ports, flags and type are None where this packet does not carry them."""

    source: str
    destination: str
    length: int
    protocol: int
    ports: tuple[int, int] | None = None
    flags: int | None = None
    icmp_type: int | None = None
    dont_fragment: bool = False
    offset: int = 0
    more: bool = False


def matches(match: Match, packet: Packet) -> bool:
    destination = ipaddress.ip_network(match.destination)
    if ipaddress.ip_address(packet.destination) not in destination:
        return False
    if match.source and ipaddress.ip_address(packet.source) not in ipaddress.ip_network(match.source):
        return False
    if match.protocols and packet.protocol not in match.protocols:
        return False
    first = packet.offset == 0
    ports = packet.ports if first and packet.protocol in (6, 17) else None
    if match.source_ports and (ports is None or not within(ports[0], match.source_ports)):
        return False
    if match.destination_ports and (ports is None or not within(ports[1], match.destination_ports)):
        return False
    if match.icmp_types:
        kind = packet.icmp_type if first else None
        if packet.protocol != (1 if destination.version == 4 else 58) or kind not in match.icmp_types:
            return False
    if match.tcp_flags:
        if not first or packet.protocol != 6 or packet.flags is None:
            return False
        if packet.flags & match.tcp_flags.among != match.tcp_flags.are:
            return False
    if match.packet_lengths and not within(packet.length, match.packet_lengths):
        return False
    return not match.fragments or any(kind in match.fragments for kind in fragment_kinds(packet))


def within(value: int, ranges: Iterable[Range]) -> bool:
    return any(wanted.first <= value <= wanted.last for wanted in ranges)


def fragment_kinds(packet: Packet) -> Iterator[str]:
    if packet.dont_fragment:
        yield "dont"
    if packet.offset:
        yield "later"
    if packet.offset == 0 and packet.more:
        yield "first"
    if packet.offset and not packet.more:
        yield "last"


def precedes(one: Sequence[tuple[int, Any]], other: Sequence[tuple[int, Any]]) -> bool:
    """Section 5.1, its own pseudo-code: `one` has precedence. Components are (type, value); a prefix is a
    network, anything else bytes."""
    for (mine_type, mine), (its_type, its) in zip([*one, (999, b"")], [*other, (999, b"")], strict=False):
        if mine_type != its_type:
            return mine_type < its_type
        if mine == its:
            continue
        if mine_type in (1, 2):
            if mine.overlaps(its):
                return bool(mine.prefixlen > its.prefixlen)
            return bool(mine.network_address < its.network_address)
        common = min(len(mine), len(its))
        if mine[:common] == its[:common]:
            return len(mine) > len(its)
        return bool(mine[:common] < its[:common])
    return False


def let_through(
    rules: Sequence[Rule], arrivals: Iterable[tuple[float, Packet]], burst: Mapping[Rule, float]
) -> list[bool]:
    """Each packet in turn; `rules` in the order in which they are asked, `burst` what a full bucket holds."""
    tokens, filled = dict(burst), {}
    passed = []
    for at_s, packet in arrivals:
        rule = next((rule for rule in rules if matches(rule.match, packet)), None)
        if rule is None:
            passed.append(True)
        elif not isinstance(rule.action, RateLimit) or rule.action.bytes_per_s == 0:
            passed.append(False)
        else:
            gone = at_s - filled.get(rule, at_s)
            tokens[rule] = min(burst[rule], tokens[rule] + gone * rule.action.bytes_per_s)
            filled[rule] = at_s
            passed.append(packet.length <= tokens[rule])
            if passed[-1]:
                tokens[rule] -= packet.length
    return passed


def routes_first(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: not isinstance(rule.action, Blackhole))
