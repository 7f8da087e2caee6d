"""In which order a router tries the rules that it holds: RFC 8955 section 5.1 and RFC 8956 section 4.

A rule with a component that the other lacks is tried first, lower component types deciding; of two prefixes
that overlap the longer comes first, else the lower; every other component is compared as the bytes that
carry it, where of two that begin alike the longer comes first. The first rule that matches acts.
"""

from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from itertools import zip_longest

from tidegate.model.addresses import Prefix, is_ipv4
from tidegate.model.plans import Blackhole, Match, Range, Rule

DESTINATION, SOURCE, PROTOCOL, DESTINATION_PORT, SOURCE_PORT, ICMP_TYPE = 1, 2, 3, 5, 6, 7
TCP_FLAGS, PACKET_LENGTH, FRAGMENT = 9, 10, 12
"""Component types of RFC 8955 section 4.2.2."""

END, AND, LESS, GREATER, EQUAL = 0x80, 0x40, 0x04, 0x02, 0x01
"""Bits of the numeric operator; a bitmask operator has END, AND and the same lowest bit for "match"."""

FRAGMENT_BITS = {"dont": 1, "later": 2, "first": 4, "last": 8}

Component = tuple[int, Prefix | bytes]


def flow_order(rules: Iterable[Rule]) -> list[Rule]:
    """The rules as a router tries them, IPv4 before IPv6 (they never meet); blackhole routes come last.

    A blackhole is no FlowSpec rule: it takes what the filters before it let through.
    """
    return sorted(rules, key=cmp_to_key(_compare_rules))


def match_order(matches: Sequence[Match]) -> list[int]:
    """The places of the matches in the order in which a router tries them; equal ones keep their order."""
    parts = [(_family(match), components(match)) for match in matches]

    def compare(one: int, other: int) -> int:
        return _compare(parts[one], parts[other])

    return sorted(range(len(matches)), key=cmp_to_key(compare))


def components(match: Match) -> list[Component]:
    """The components that a match has, by type, each as the prefix or the bytes that decide its order."""
    found: list[Component] = [(DESTINATION, Prefix.parse(match.destination))]
    if match.source is not None:
        found.append((SOURCE, Prefix.parse(match.source)))
    numeric = (
        (PROTOCOL, tuple(Range(number, number) for number in match.protocols)),
        (DESTINATION_PORT, match.destination_ports),
        (SOURCE_PORT, match.source_ports),
        (ICMP_TYPE, tuple(Range(number, number) for number in match.icmp_types)),
    )
    found += [(kind, _numbers(ranges)) for kind, ranges in numeric if ranges]
    if match.tcp_flags is not None:
        found.append((TCP_FLAGS, _flags(match.tcp_flags.are, match.tcp_flags.among)))
    if match.packet_lengths:
        found.append((PACKET_LENGTH, _numbers(match.packet_lengths)))
    if match.fragments:
        found.append((FRAGMENT, _masks([(FRAGMENT_BITS[kind], EQUAL) for kind in match.fragments])))
    return found


def _compare_rules(one: Rule, other: Rule) -> int:
    later = isinstance(one.action, Blackhole) - isinstance(other.action, Blackhole)
    return later or _compare(
        (_family(one.match), components(one.match)), (_family(other.match), components(other.match))
    )


def _compare(one: tuple[int, list[Component]], other: tuple[int, list[Component]]) -> int:
    """Below zero where `one` is tried first."""
    if one[0] != other[0]:
        return one[0] - other[0]
    for mine, theirs in zip_longest(one[1], other[1]):
        if mine is None or theirs is None:
            return 1 if mine is None else -1
        if mine[0] != theirs[0]:
            return int(mine[0] - theirs[0])
        verdict = _compare_values(mine[1], theirs[1])
        if verdict:
            return verdict
    return 0


def _compare_values(mine: Prefix | bytes, theirs: Prefix | bytes) -> int:
    if isinstance(mine, Prefix) and isinstance(theirs, Prefix):
        if mine.covers(theirs) or theirs.covers(mine):
            return theirs.length - mine.length
        return -1 if (mine.high, mine.low) < (theirs.high, theirs.low) else 1
    assert isinstance(mine, bytes)
    assert isinstance(theirs, bytes)
    common = min(len(mine), len(theirs))
    if mine[:common] != theirs[:common]:
        return -1 if mine[:common] < theirs[:common] else 1
    return len(theirs) - len(mine)


def _family(match: Match) -> int:
    prefix = Prefix.parse(match.destination)
    return 4 if is_ipv4(prefix.high, prefix.low) else 6


def _numbers(ranges: Sequence[Range]) -> bytes:
    """Any of the ranges, as operators and values of one or two octets (section 4.2.1.1)."""
    parts: list[tuple[int, int]] = []
    for span in ranges:
        if span.first == span.last:
            parts.append((EQUAL, span.first))
        else:
            parts += [(GREATER | EQUAL, span.first), (AND | LESS | EQUAL, span.last)]
    return _operators(parts)


def _flags(are: int, among: int) -> bytes:
    """Those set, and not those unset: two bitmask operators joined by AND (section 4.2.1.2)."""
    unset = among & ~are
    parts = [(EQUAL, are)] if are else []
    if unset:
        parts.append((2 | (AND if are else 0), unset))
    return _operators(parts)


def _masks(parts: list[tuple[int, int]]) -> bytes:
    return _operators([(operator, value) for value, operator in parts])


def _operators(parts: list[tuple[int, int]]) -> bytes:
    written = b""
    for at, (operator, value) in enumerate(parts):
        length = 1 if value < 1 << 8 else 2
        last = END if at == len(parts) - 1 else 0
        written += bytes([operator | last | (0x10 if length == 2 else 0)]) + value.to_bytes(length, "big")
    return written
