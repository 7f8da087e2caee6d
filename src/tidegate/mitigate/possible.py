"""What a rule can say at all: values that exist, written in one way, in components that go together.

Routers have fallen over rules with values that no packet can have, such as a length of 99,971 bytes. One way
of writing lets two people read the same thing, and lets two equal matches be seen as such.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import pairwise

from tidegate.mitigate.kinds import ICMP, ICMPV6, TCP, UDP
from tidegate.model.plans import (
    Action,
    Blackhole,
    Drop,
    FragmentKind,
    Match,
    Range,
    RateLimit,
    Redirect,
    Rule,
    TcpFlags,
)
from tidegate.model.refusals import NotAllowed

Network = IPv4Network | IPv6Network

VALUES_MAX = 64
"""Values of one component of a match; more are NotAllowed. A match must fit one NLRI of 4,095 bytes."""

COMMUNITIES_MAX = 16
"""Communities of one rule; more are NotAllowed."""

RATE_BYTES_PER_S_MAX = 1 << 47
"""A rate limit above this (a petabit a second) limits nothing that exists, and is NotAllowed."""

NETWORKS_MAX = 8_192
"""Prefixes kept parsed, above all those of the protected list; the least used is parsed again."""

PORT_LAST = 65_535
LENGTH_LAST = 65_535
OCTET_LAST = 255
HEADER_BYTES = {4: 20, 6: 40}
"""No packet of the family is shorter."""

LATER_FRAGMENTS: frozenset[FragmentKind] = frozenset({"later", "last"})
"""Fragments without a transport header."""

PLAIN_ADDRESS = re.compile(r"[0-9a-f.:]+")
"""An IPv6 address may also name a zone (RFC 4007 section 11), in any words, a line's end included. A route
has none, and ExaBGP would read those words as commands."""

TWO_NUMBERS = re.compile(r"(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,9})")

NOWHERE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/3",
        "::/32",
        "fe80::/10",
        "ff00::/8",
    )
)
"""Where no traffic from abroad goes: ourselves, one link, groups. Routing protocols talk to these."""


def refuse_impossible(rule: Rule) -> None:
    """NotAllowed, with the reason in words, for a rule whose match or action cannot be meant so."""
    match = rule.match
    family = refuse_odd_prefixes(match)
    refuse_odd_numbers(match, HEADER_BYTES[family.version])
    refuse_odd_flags(match.tcp_flags)
    refuse_odd_fragments(match, family)
    refuse_mixed_protocols(match, family)
    refuse_odd_action(match, rule.action, family)
    refuse_odd_communities(rule.communities)


@lru_cache(maxsize=NETWORKS_MAX)
def network(text: str) -> Network:
    """The prefix. NotAllowed for what is none, for host bits, and for a second way to write it."""
    try:
        parsed = ip_network(text)
    except ValueError as error:
        raise NotAllowed(f"{error}") from None
    if not PLAIN_ADDRESS.fullmatch(str(parsed.network_address)):
        raise NotAllowed(f"{text!r} names a zone; a route has none")
    if str(parsed) != text:
        raise NotAllowed(f"{text!r} is to be written {parsed}")
    if any(parsed.version == other.version and parsed.overlaps(other) for other in NOWHERE):
        raise NotAllowed(f"{text} holds addresses that no traffic from abroad goes to or comes from")
    return parsed


def refuse_odd_prefixes(match: Match) -> Network:
    destination = network(match.destination)
    if match.source is not None and network(match.source).version != destination.version:
        raise NotAllowed(f"{match.source} and {match.destination} are of two families")
    return destination


def refuse_odd_numbers(match: Match, shortest: int) -> None:
    refuse_odd_ranges("source ports", match.source_ports, 0, PORT_LAST)
    refuse_odd_ranges("destination ports", match.destination_ports, 0, PORT_LAST)
    refuse_odd_ranges("packet lengths", match.packet_lengths, 0, LENGTH_LAST)
    if match.packet_lengths and match.packet_lengths[-1].last < shortest:
        raise NotAllowed(f"no packet of this family is as short as {match.packet_lengths[-1].last} bytes")
    for name, values in (("protocols", match.protocols), ("ICMP types", match.icmp_types)):
        refuse_odd_ranges(name, tuple(Range(value, value) for value in values), 0, OCTET_LAST)


def refuse_odd_ranges(name: str, ranges: Sequence[Range], first: int, last: int) -> None:
    """Each range the right way round and within bounds, all in ascending order and apart."""
    if len(ranges) > VALUES_MAX:
        raise NotAllowed(f"{len(ranges)} {name}; {VALUES_MAX} are allowed")
    for one in ranges:
        if not first <= one.first <= one.last <= last:
            raise NotAllowed(
                f"{name} {one.first} to {one.last}: they lie between {first} and {last}, in order"
            )
    for one, other in pairwise(ranges):
        if other.first <= one.last:
            raise NotAllowed(f"{name}: {other.first} follows {one.last}; write them ascending, each once")


def refuse_odd_flags(flags: TcpFlags | None) -> None:
    if flags is None:
        return
    if not 0 < flags.among <= OCTET_LAST or flags.are & ~flags.among:
        raise NotAllowed(f"TCP flags {flags.are:#04x} among {flags.among:#04x}: no segment can carry these")


def refuse_odd_fragments(match: Match, family: Network) -> None:
    kinds = match.fragments
    if len(set(kinds)) != len(kinds):
        raise NotAllowed("a kind of fragment stands there twice")
    if "dont" in kinds and family.version == 6:
        raise NotAllowed("IPv6 has no bit against fragmenting (RFC 8956 section 3.7)")
    has_ports = match.source_ports or match.destination_ports or match.tcp_flags or match.icmp_types
    if kinds and has_ports and LATER_FRAGMENTS.issuperset(kinds):
        raise NotAllowed("later fragments carry no ports, flags or types; this rule matches nothing")


def refuse_mixed_protocols(match: Match, family: Network) -> None:
    """Components of one transport stand only beside that transport."""
    protocols = set(match.protocols)
    ours, theirs = (ICMP, ICMPV6) if family.version == 4 else (ICMPV6, ICMP)
    if theirs in protocols:
        raise NotAllowed(f"protocol {theirs} is the ICMP of the other family")
    for name, given, allowed in (
        ("ports", match.source_ports or match.destination_ports, {TCP, UDP}),
        ("TCP flags", match.tcp_flags, {TCP}),
        ("ICMP types", match.icmp_types, {ours}),
    ):
        if given and not protocols <= allowed:
            raise NotAllowed(f"{name} beside protocol {min(protocols - allowed)}, which has none")
    if match.icmp_types and (match.tcp_flags or match.source_ports or match.destination_ports):
        raise NotAllowed("ICMP types beside ports or TCP flags; this rule matches nothing")


def refuse_odd_action(match: Match, action: Action, family: Network) -> None:
    match action:
        case RateLimit(bytes_per_s) if not 0 < bytes_per_s <= RATE_BYTES_PER_S_MAX:
            raise NotAllowed(f"a rate of {bytes_per_s} bytes/s; to let nothing through, write a drop")
        case Redirect(route_target) if not TWO_NUMBERS.fullmatch(route_target):
            raise NotAllowed(f"{route_target!r} is no route target; write it as 64500:1")
        case Blackhole(next_hop):
            refuse_odd_blackhole(match, next_hop, family)
        case RateLimit() | Redirect() | Drop():
            pass


def refuse_odd_blackhole(match: Match, next_hop: str, family: Network) -> None:
    """A route knows its destination and nothing else."""
    if match != Match(destination=match.destination):
        raise NotAllowed("a blackhole route takes all traffic of its destination; it can match nothing else")
    try:
        hop = ip_address(next_hop)
    except ValueError:
        raise NotAllowed(f"{next_hop!r} is no address of a next hop") from None
    if str(hop) != next_hop or not PLAIN_ADDRESS.fullmatch(next_hop):
        raise NotAllowed(f"{next_hop!r} is to be written plainly, in small letters and without a zone")
    if hop.version != family.version or hop.is_multicast or hop.is_unspecified or hop.is_loopback:
        raise NotAllowed(f"{next_hop} cannot be the next hop of {match.destination}")


def refuse_odd_communities(communities: Sequence[str]) -> None:
    if len(communities) > COMMUNITIES_MAX:
        raise NotAllowed(f"{len(communities)} communities; {COMMUNITIES_MAX} are allowed")
    if len(set(communities)) != len(communities):
        raise NotAllowed("a community stands there twice")
    for community in communities:
        parts = TWO_NUMBERS.fullmatch(community)
        if parts is None or any(int(part) > PORT_LAST for part in parts.groups()):
            raise NotAllowed(f"{community!r} is no community; write it as 64500:666")
