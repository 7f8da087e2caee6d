"""The order in which a router applies FlowSpec rules: RFC 8955 section 5.1, over the bytes it received."""

from collections.abc import Iterable, Iterator
from functools import cmp_to_key, partial
from typing import Literal

from tidegate.model.refusals import Malformed

PREFIX_TYPES = (1, 2)
LAST_IN_LIST = 0x80
NO_COMPONENT = 256

Component = tuple[int, bytes]
Family = Literal[4, 6]


def components(nlri: bytes, family: Family) -> Iterator[Component]:
    """(type, bytes behind it) of each component of an NLRI without its length; Malformed when cut short."""
    at = 0
    while at < len(nlri):
        end = _prefix_end(nlri, at, family) if nlri[at] in PREFIX_TYPES else _operators_end(nlri, at)
        if end > len(nlri):
            raise Malformed("component cut short", at)
        yield nlri[at], nlri[at + 1 : end]
        at = end


def _prefix_end(nlri: bytes, at: int, family: Family) -> int:
    head = nlri[at + 1 : at + 3]
    if family == 4:
        return at + 2 + (head[0] + 7) // 8 if head else at + 2
    return at + 3 + (head[0] - head[1] + 7) // 8 if len(head) == 2 else at + 3


def _operators_end(nlri: bytes, at: int) -> int:
    at += 1
    while at < len(nlri):
        operator = nlri[at]
        at += 1 + (1 << (operator >> 4 & 3))
        if operator & LAST_IN_LIST:
            return at
    return at + 1


def first_applied(family: Family, one: bytes, other: bytes) -> int:
    """Negative where `one` is applied before `other`; zero where they are the same rule."""
    ours, theirs = list(components(one, family)), list(components(other, family))
    for mine, its in zip([*ours, (NO_COMPONENT, b"")], [*theirs, (NO_COMPONENT, b"")], strict=False):
        if mine[0] != its[0]:
            return mine[0] - its[0]
        compare = _compare_prefixes if mine[0] in PREFIX_TYPES else _compare_values
        if different := compare(mine[1], its[1], family):
            return different
    return 0


def _compare_prefixes(one: bytes, other: bytes, family: Family) -> int:
    """The longer of two that overlap comes first, else the lower (IPv6 with offset: RFC 8956 section 4)."""
    if family == 6 and one[1] != other[1]:
        return one[1] - other[1]
    head = 1 if family == 4 else 2
    offset = 0 if family == 4 else one[1]
    common = min(one[0], other[0]) - offset
    mine, its = (
        int.from_bytes(p[head:].ljust(16, b"\0")[:16], "big") >> (128 - common) for p in (one, other)
    )
    if mine != its:
        return -1 if mine < its else 1
    return other[0] - one[0]


def _compare_values(one: bytes, other: bytes, _: Family) -> int:
    """As memcmp; where one begins with the other, the longer comes first."""
    common = min(len(one), len(other))
    if one[:common] != other[:common]:
        return -1 if one[:common] < other[:common] else 1
    return len(other) - len(one)


def in_order(family: Family, nlris: Iterable[bytes]) -> list[bytes]:
    """NLRIs of one family, the first applied first."""
    return sorted(nlris, key=cmp_to_key(partial(first_applied, family)))
