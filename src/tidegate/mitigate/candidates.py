"""Matches that a plan may be chosen from: closed itemsets of the attack, widened, joined and hollowed out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np

from tidegate.mitigate.items import Floats, Item, destinations, frequent_items
from tidegate.mitigate.itemsets import closed_itemsets, words_of
from tidegate.mitigate.matching import Columns, Mask, parts, stops_connections
from tidegate.mitigate.sample import Sample
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.addresses import Prefix
from tidegate.model.border import BorderPoint, Component
from tidegate.model.plans import Match, Range

CANDIDATES_MAX = 64
"""Matches that the choice is made from, the most promising: which of them meet a record is one word."""

ABILITIES_MAX = 4
"""Different sets of components that border points support; beyond it, what all of them support is used."""

HOLES_MAX = 4
"""Ports of other traffic that one match leaves out, those with the most of it."""

HOLE_OTHERS, HOLE_ATTACK, HOLE_RECORDS = 0.03, 0.01, 5
"""A port is left out with this share of the other traffic that is met, in so many records at least, and no
more than that of the attack."""

RANGE_TAIL = 0.002
"""Share of the attack that a range of packet lengths may leave out at each end."""

LONG_BYTES, SHORT_BYTES, LENGTH_STEP = 1400, 64, 16
"""A range of packet lengths ends at multiples of the step, and is open where packets are long or short."""

ANY_LENGTH = (Range(0, 65535),)
JOINED: tuple[Component, ...] = ("source_ports", "destination_ports", "packet_lengths", "protocols")
"""Components whose values may be joined into one match."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match with the records (n,) that it would meet, and those that it would hurt (Columns.hurt).

    `perhaps` is the other traffic (bytes a second) that it may hurt besides (Columns.may_hurt).
    """

    match: Match
    met: Mask
    hurt: Mask
    perhaps: float


def candidate_of(match: Match, columns: Columns, other: Floats) -> Candidate:
    """The match over records whose `other` traffic is given, float64 (n,)."""
    hurt = columns.hurt(match)
    perhaps = float(other[columns.may_hurt(match) & ~hurt].sum()) if stops_connections(match) else 0.0
    return Candidate(match, columns.met(match), hurt, perhaps)


def candidates(
    sample: Sample,
    columns: Columns,
    targets: Iterable[str],
    abilities: Sequence[frozenset[Component]],
    settings: PlanSettings,
) -> list[Candidate]:
    """At most CANDIDATES_MAX, the most promising first. `columns` are of the sample's records."""
    named = destinations(targets, settings)
    possible: dict[Match, None] = {}
    for allowed in abilities:
        possible |= dict.fromkeys(_possible(sample, columns, named, allowed))
    worth = np.where(sample.suspect, sample.excess, 0.0)
    other = sample.other
    scored: dict[str, list[tuple[float, Candidate]]] = {}
    for match in possible:
        one = candidate_of(match, columns, other)
        gain = float(worth[one.met].sum()) / settings.bytes_worth_one - float(other[one.hurt].sum())
        if one.met.any():
            scored.setdefault(match.destination, []).append((gain - one.perhaps, one))
    return _most_promising(list(scored.values()))


def _most_promising(scored: Sequence[list[tuple[float, Candidate]]]) -> list[Candidate]:
    """Half are the best of all, half the best of each destination in turn: the wide ones gain more, but
    several narrow ones may harm less."""
    # Of two that take the same, the one with fewer components comes first.
    ordered = [
        _unlike(sorted(own, key=lambda one: (-one[0], len(parts(one[1].match)), one[1].match)))
        for own in scored
    ]
    best = sorted((one for own in ordered for one in own), key=lambda one: -one[0])[: CANDIDATES_MAX // 2]
    turns = [one for turn in zip_longest(*ordered) for one in turn if one is not None]
    chosen = {candidate.match: candidate for _, candidate in (*best, *turns)}
    return list(chosen.values())[:CANDIDATES_MAX]


def _unlike(ordered: Sequence[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
    """Of those that gain the same to three digits, the plainest and the narrowest: others add nothing."""
    alike: dict[str, list[tuple[float, Candidate]]] = {}
    for one in ordered:
        alike.setdefault(f"{one[0]:.3g}", []).append(one)
    return [one for own in alike.values() for one in (own if len(own) < 3 else (own[0], own[-1]))]


def abilities(points: Iterable[BorderPoint]) -> list[frozenset[Component]]:
    """The sets of components that all routers of a border point support, without repetition."""
    found = dict.fromkeys(supported(point) for point in points if point.routers)
    if len(found) <= ABILITIES_MAX:
        return list(found)
    return [frozenset.intersection(*found)]


def supported(point: BorderPoint) -> frozenset[Component]:
    """What all routers of a border point can match by."""
    return frozenset.intersection(*(router.profile.components for router in point.routers))


def can_hold(point: BorderPoint, match: Match) -> bool:
    """Whether every router of the border point, and there are some, can hold a rule with this match."""
    ipv6 = ":" in match.destination
    return (
        bool(point.routers)
        and {name for name, _ in parts(match)} <= supported(point)
        and all(router.profile.ipv6 or not ipv6 for router in point.routers)
    )


def _possible(
    sample: Sample, columns: Columns, named: list[str], allowed: frozenset[Component]
) -> Iterator[Match]:
    """The matches of one search, in no order and with repetitions."""
    measure = _measure(sample)
    items = frequent_items(columns, measure, named, allowed)
    sets = closed_itemsets(words_of(items, len(sample)), measure, len(items))
    closed = [match for bits in sets if (match := _match(items, bits))]
    for match in dict.fromkeys((*closed, *_joined(closed), *_plainer(closed))):
        yield match
        met = columns.met(match)
        if "packet_lengths" in allowed:
            yield from _by_length(match, columns, measure, met)
        for component, column in (("source_ports", "src_port"), ("destination_ports", "dst_port")):
            if component in allowed and _ported(match) and not _exact(getattr(match, component)):
                yield from _hollow(match, component, column, sample, columns, met)


def _measure(sample: Sample) -> Floats:
    """Each record's share of the attack, of bytes and packets in equal parts."""
    octets, packets = (np.where(sample.suspect, one, 0.0) for one in (sample.excess, sample.excess_packets))
    total, count = max(float(octets.sum()), 1e-9), max(float(packets.sum()), 1e-9)
    measure: Floats = (octets / total + packets / count) / 2
    return measure


def _match(items: list[Item], bits: int) -> Match | None:
    """The match that names every item of a set, by its narrowest values.

    None without a destination, and for a length of whatever protocol, which tells nothing of an attack.
    """
    chosen: dict[str, Any] = {}
    for at, item in enumerate(items):
        if bits >> at & 1:
            held = chosen.get(item.component)
            chosen[item.component] = item.value if held is None else _narrower(held, item.value)
    if "destination" not in chosen or ("packet_lengths" in chosen and "protocols" not in chosen):
        return None
    single = ("destination", "source", "tcp_flags")
    named: dict[str, Any] = {name: one if name in single else (one,) for name, one in chosen.items()}
    return Match(**named)


def _narrower(one: Any, other: Any) -> Any:
    if isinstance(one, Range) and isinstance(other, Range):
        return min(one, other, key=lambda span: span.last - span.first)
    if isinstance(one, str) and "/" in one:
        return max(one, other, key=lambda prefix: Prefix.parse(prefix).length)
    return one


def _plainer(closed: Sequence[Match]) -> Iterator[Match]:
    """Each match without its ports at either end: a closed set names also what only happens to be shared."""
    for match in closed:
        for component in ("source_ports", "destination_ports"):
            if getattr(match, component):
                yield msgspec.structs.replace(match, **{component: ()})


def _joined(closed: Sequence[Match]) -> Iterator[Match]:
    """One match for all that differ in the value of one component only."""
    for component in JOINED:
        alike: dict[Match, set[Any]] = {}
        for match in closed:
            values = getattr(match, component)
            if values and (component == "protocols" or _exact(values)):
                alike.setdefault(msgspec.structs.replace(match, **{component: ()}), set()).update(values)
        for rest, spans in alike.items():
            if len(spans) > 1:
                yield msgspec.structs.replace(rest, **{component: tuple(sorted(spans))})


def _exact(values: tuple[Range, ...]) -> bool:
    return bool(values) and all(span.first == span.last for span in values)


def _by_length(match: Match, columns: Columns, measure: Floats, met: Mask) -> Iterator[Match]:
    """The match without its packet lengths, and with the range that holds almost all of the attack."""
    if match.packet_lengths:
        match = msgspec.structs.replace(match, packet_lengths=())
        met = columns.met(match)
        yield match
    held = np.bincount(np.minimum(columns.length[met], 65535), np.maximum(measure[met], 0.0), minlength=1)
    if held.sum() <= 0:
        return
    before = np.cumsum(held) / held.sum()
    first = int(np.searchsorted(before, RANGE_TAIL)) // LENGTH_STEP * LENGTH_STEP
    last = (int(np.searchsorted(before, 1 - RANGE_TAIL)) // LENGTH_STEP + 1) * LENGTH_STEP - 1
    span = Range(0 if first <= SHORT_BYTES else first, 65535 if last >= LONG_BYTES else last)
    if (span,) != ANY_LENGTH:
        yield msgspec.structs.replace(match, packet_lengths=(span,))


def _ported(match: Match) -> bool:
    """Whether a port can be asked for: not of fragments, nor of protocols without ports."""
    return "later" not in match.fragments and (not match.protocols or match.protocols[0] in (6, 17, 132, 136))


def _hollow(
    match: Match, component: str, column: str, sample: Sample, columns: Columns, met: Mask
) -> Iterator[Match]:
    """The match without the ports that much other traffic and hardly any attack has."""
    told = met & columns.ports
    ports = columns.rows[column]
    other, excess = sample.other[told], np.maximum(sample.excess[told], 0.0)
    others = np.bincount(ports[told], other, minlength=65536)
    attack = np.bincount(ports[told], excess, minlength=65536)
    if others.sum() <= 0 or attack.sum() <= 0:
        return
    counts = np.bincount(ports[told][other > 0], minlength=65536)
    clear = (others >= HOLE_OTHERS * others.sum()) & (attack <= HOLE_ATTACK * attack.sum())
    clear &= counts >= HOLE_RECORDS
    within = getattr(match, component) or (Range(0, 65535),)
    holes = [port for port in np.argsort(-others * clear)[:HOLES_MAX].tolist() if clear[port]]
    spans = without(within, holes)
    if spans and spans != within:
        yield msgspec.structs.replace(match, **{component: spans})


def without(spans: Sequence[Range], holes: Iterable[int]) -> tuple[Range, ...]:
    """The ranges with single values left out."""
    left = list(spans)
    for hole in holes:
        for span in [one for one in left if one.first <= hole <= one.last]:
            left.remove(span)
            left += [Range(span.first, hole - 1)] if span.first < hole else []
            left += [Range(hole + 1, span.last)] if hole < span.last else []
    return tuple(sorted(left))
