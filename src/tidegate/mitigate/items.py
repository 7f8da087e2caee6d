"""What records of an attack have in common, one property at a time: what candidates are built of."""

import ipaddress
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.intervals import dot
from tidegate.mitigate.matching import FLAGS, Columns, Mask
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.addresses import IPV4_BITS_OFFSET, Prefix, text
from tidegate.model.border import Component
from tidegate.model.plans import Range, TcpFlags

Floats = npt.NDArray[np.float64]
Value = str | int | Range | TcpFlags

ITEMS_MAX = 48
"""Items of one search, the most frequent: a record's items are bits of one word; rarer ones are left out."""

VALUES_MAX = 8
"""Values of one property that become items, the most frequent ones."""

DESTINATIONS_MAX = 16
"""Prefixes around or inside the targets that a rule may name, the narrowest first."""

SUPPORT = 0.02
"""Share of the attack (of its bytes and packets, in equal parts) that an item must have."""

SOURCE_SUPPORT = 0.2
"""The same for source prefixes: narrow ones are many, and forged tomorrow."""

SURE = 3.0
"""Standard deviations by which an item's share must differ from nothing."""

PORT_PARTS = (Range(0, 1023), Range(1024, 65535))
"""Ports of services, and those that clients and most floods use."""

SOURCE_BITS = {4: (24, 16), 6: (48, 32)}


@dataclass(frozen=True, slots=True)
class Item:
    """One property: a component of a match with one value, and the records (n,) that have it."""

    component: Component
    value: Value
    mask: Mask


def destinations(targets: Iterable[str], settings: PlanSettings) -> list[str]:
    """The targets and the prefixes that join some of them, no wider than the settings allow."""
    own = sorted({Prefix.parse(target) for target in targets})
    joined = {_around(one, other) for one, other in combinations(own, 2)}
    least = {4: IPV4_BITS_OFFSET + settings.aggregate_min_ipv4, 6: settings.aggregate_min_ipv6}
    wide = [prefix for prefix in joined - set(own) if prefix.length >= least[_family(prefix)]]
    ordered = sorted(own, key=_length) + sorted(wide, key=lambda prefix: (-prefix.length, prefix))
    return [str(prefix) for prefix in ordered[:DESTINATIONS_MAX]]


def frequent_items(
    columns: Columns, measure: Floats, among: Iterable[str], allowed: frozenset[Component]
) -> list[Item]:
    """The items of the records, those first that hold more of `measure` float64 (n,), at most ITEMS_MAX.

    `measure` is each record's share of the attack and sums to about 1; `among` are destinations to name.
    """
    found = [
        (support, Item(component, value, mask))
        for component, value, mask in _possible(columns, measure, among)
        if component in allowed and (support := _support(component, measure, mask)) > 0
    ]
    found.sort(key=lambda pair: -pair[0])
    return [item for _, item in found[:ITEMS_MAX]]


def _support(component: Component, measure: Floats, mask: Mask) -> float:
    """The share of the attack, 0 where it is too small or may be chance."""
    held = measure[mask]
    support = float(held.sum())
    least = SOURCE_SUPPORT if component == "source" else SUPPORT
    return support if support >= max(least, SURE * math.sqrt(dot(held, held))) else 0.0


def _possible(
    columns: Columns, measure: Floats, among: Iterable[str]
) -> Iterator[tuple[Component, Value, Mask]]:
    rows = columns.rows
    for prefix in among:
        yield "destination", prefix, columns.mask(("destination", prefix))
    for number in _top(rows["protocol"], measure):
        yield "protocols", number, rows["protocol"] == number
    for component, column in (("source_ports", "src_port"), ("destination_ports", "dst_port")):
        yield from _ports(component, rows[column], columns.ports, measure)  # type: ignore[arg-type]
    for number in _top(rows["icmp_type"], measure, columns.icmp):
        yield "icmp_types", number, columns.icmp & (rows["icmp_type"] == number)
    kinds = rows["tcp_flags"] & FLAGS
    for number in _top(kinds, measure, columns.flags):
        yield "tcp_flags", TcpFlags(number, FLAGS), columns.flags & (kinds == number)
    for number in _top(np.minimum(columns.length, 65535), measure):
        yield "packet_lengths", Range(number, number), columns.length == number
    for kind in ("later", "first"):
        yield "fragments", kind, columns.mask(("fragments", (kind,)))
    yield from _sources(columns, measure)


def _ports(
    component: Component, ports: npt.NDArray[np.uint16], told: Mask, measure: Floats
) -> Iterator[tuple[Component, Value, Mask]]:
    for span in (*(Range(n, n) for n in _top(ports, measure, told)), *PORT_PARTS):
        yield component, span, told & (ports >= span.first) & (ports <= span.last)


def _sources(columns: Columns, measure: Floats) -> Iterator[tuple[Component, Value, Mask]]:
    rows = columns.rows
    for family, lengths in SOURCE_BITS.items():
        mine = rows["family"] == family
        if not mine.any():
            continue
        word, size = (rows["src_low"], 32) if family == 4 else (rows["src_high"], 64)
        for length in lengths:
            beginning = np.where(mine, word >> np.uint64(size - length), 0)
            values, inverse = np.unique(beginning, return_inverse=True)
            held = np.bincount(inverse, np.where(mine, measure, 0.0))
            for at in np.argsort(-held)[:VALUES_MAX]:
                if held[at] >= SOURCE_SUPPORT:
                    start = int(values[at]) << (size - length)
                    network = text(0, start) if family == 4 else text(start, 0)
                    yield "source", f"{network}/{length}", mine & (beginning == values[at])


def _top(values: npt.NDArray[np.integer], measure: Floats, told: Mask | None = None) -> list[int]:
    """The values (below 65,536) that hold the most of the measure."""
    if told is not None:
        values, measure = values[told], measure[told]
    held = np.bincount(values, measure, minlength=1)
    most = np.argsort(-held, kind="stable")[:VALUES_MAX]
    return [int(value) for value in most if held[value] >= SUPPORT]


def _around(one: Prefix, other: Prefix) -> Prefix:
    """The longest prefix that covers both."""
    differ = (one.high << 64 | one.low) ^ (other.high << 64 | other.low)
    return one.parent(min(one.length, other.length, 128 - differ.bit_length()))


def _family(prefix: Prefix) -> int:
    return ipaddress.ip_network(str(prefix)).version


def _length(prefix: Prefix) -> int:
    return -prefix.length
