"""The smallest set of prefixes that holds an attack: hosts, or networks under carpet bombing.

All rates here are of one vector, over the same seconds; a node is a counted prefix.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_network

from tidegate.detect.levels import LEVEL_LENGTHS, wider_length
from tidegate.model.addresses import Prefix, is_ipv4

HOLDS = 0.9
"""Narrower prefixes stand for a wider one when they hold this share of its traffic."""

PARTS_MAX = 8
"""Narrower networks that stand for a wider one, at most; more of them are better named together."""

HOSTS_MAX = 4
"""Hosts, each below its own threshold, that stand for their network, at most."""

MERGES = 0.8
"""Many siblings are named by their parent when they hold this share of its traffic."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One counted prefix's traffic of one vector: amounts in a second, and the thresholds it has."""

    bits: float
    packets: float
    threshold_bits: float
    threshold_packets: float

    def less(self, bits: float, packets: float) -> "Seen":
        return Seen(self.bits - bits, self.packets - packets, self.threshold_bits, self.threshold_packets)

    @property
    def above(self) -> bool:
        return self.bits >= self.threshold_bits or self.packets >= self.threshold_packets


def ipv4(prefix: Prefix) -> bool:
    return prefix.length >= 96 and is_ipv4(prefix.high, prefix.low)


def wider(prefix: Prefix) -> Prefix | None:
    """The next wider prefix that is counted."""
    length = wider_length(prefix.length, ipv4=ipv4(prefix))
    return None if length is None else prefix.parent(length)


def around(prefix: Prefix) -> Iterator[Prefix]:
    """Every counted prefix wider than this one, nearest first."""
    at = wider(prefix)
    while at is not None:
        yield at
        at = wider(at)


def smallest(hot: Iterable[Prefix], seen: Mapping[Prefix, Seen]) -> set[Prefix]:
    """The smallest set of counted prefixes that explains all hot ones; no two of them overlap.

    From hosts to wide networks: a hot prefix is a target of its own if it has none inside, or if what
    is left without those inside is still above its threshold (then it takes their place).
    """
    chosen: set[Prefix] = set()
    inside_bits: dict[Prefix, float] = defaultdict(float)
    inside_packets: dict[Prefix, float] = defaultdict(float)
    inside: dict[Prefix, set[Prefix]] = defaultdict(set)

    def choose(prefix: Prefix) -> None:
        chosen.add(prefix)
        for outer in around(prefix):
            inside[outer].add(prefix)
            inside_bits[outer] += seen[prefix].bits
            inside_packets[outer] += seen[prefix].packets

    def drop(prefix: Prefix) -> None:
        chosen.discard(prefix)
        for outer in around(prefix):
            inside[outer].discard(prefix)
            inside_bits[outer] -= seen[prefix].bits
            inside_packets[outer] -= seen[prefix].packets

    within = _by_parent(seen)
    for prefix in sorted(hot, key=lambda p: (-p.length, p)):
        if inside[prefix] and not seen[prefix].less(inside_bits[prefix], inside_packets[prefix]).above:
            continue
        for part in list(inside[prefix]):
            drop(part)
        for part in _narrowed(prefix, seen, within):
            choose(part)
    return _merged(chosen, seen)


def _by_parent(prefixes: Iterable[Prefix]) -> dict[Prefix, list[Prefix]]:
    groups: dict[Prefix, list[Prefix]] = defaultdict(list)
    for prefix in prefixes:
        outer = wider(prefix)
        if outer is not None:
            groups[outer].append(prefix)
    return groups


def _narrowed(
    prefix: Prefix, seen: Mapping[Prefix, Seen], within: Mapping[Prefix, list[Prefix]]
) -> list[Prefix]:
    """The few narrower prefixes that hold nearly all of it, else the prefix itself."""
    whole = seen[prefix]
    bulk_is_bits = whole.bits * whole.threshold_packets >= whole.packets * whole.threshold_bits

    def weight(part: Prefix) -> float:
        return seen[part].bits if bulk_is_bits else seen[part].packets

    parts = sorted(within.get(prefix, ()), key=weight, reverse=True)
    most = HOSTS_MAX if parts and parts[0].length == 128 else PARTS_MAX
    held, few = 0.0, []
    for part in parts[:most]:
        few.append(part)
        held += weight(part)
        if held >= HOLDS * weight(prefix):
            return [narrow for one in few for narrow in _narrowed(one, seen, within)]
    return [prefix]


def _merged(chosen: set[Prefix], seen: Mapping[Prefix, Seen]) -> set[Prefix]:
    """Many siblings become their parent where they hold most of what it receives."""
    for length in sorted(set(LEVEL_LENGTHS), reverse=True):
        for outer, parts in _by_parent(p for p in chosen if p.length == length).items():
            if len(parts) <= PARTS_MAX or outer not in seen:
                continue
            bits = sum(seen[part].bits for part in parts)
            packets = sum(seen[part].packets for part in parts)
            if bits >= MERGES * seen[outer].bits or packets >= MERGES * seen[outer].packets:
                chosen = {p for p in chosen if not outer.covers(p)} | {outer}
    return chosen


@dataclass(frozen=True, slots=True)
class Pick:
    """A target and one vector that hits it."""

    prefix: Prefix
    vector: int


def groups(picks: Iterable[Pick]) -> list[list[Pick]]:
    """Picks that belong to one attack: overlapping prefixes, or siblings under the same vector."""
    all_picks = sorted(set(picks), key=lambda pick: (pick.prefix, pick.vector))
    leader = list(range(len(all_picks)))

    def root(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    first_of: dict[object, int] = {}
    prefixes = {pick.prefix for pick in all_picks}
    for at, pick in enumerate(all_picks):
        marks: list[object] = [pick.prefix, (wider(pick.prefix), pick.prefix.length, pick.vector)]
        marks += [outer for outer in around(pick.prefix) if outer in prefixes]
        for mark in marks:
            other = first_of.setdefault(mark, at)
            leader[root(at)] = root(other)
    gathered: dict[int, list[Pick]] = defaultdict(list)
    for at, pick in enumerate(all_picks):
        gathered[root(at)].append(pick)
    return list(gathered.values())


def joined(prefixes: Iterable[Prefix]) -> tuple[str, ...]:
    """The same addresses in as few prefixes as can be, as sorted text: two adjacent /24 are one /23."""
    nets4 = [ip_network(str(p)) for p in prefixes if ipv4(p)]
    nets6 = [ip_network(str(p)) for p in prefixes if not ipv4(p)]
    return tuple(map(str, [*collapse_addresses(nets4), *collapse_addresses(nets6)]))  # type: ignore[type-var]


def counted_parts(prefix: Prefix) -> list[Prefix]:
    """The counted prefixes that make up any prefix (the opposite of `joined`), at most 256 of them."""
    lengths = sorted(length for length in LEVEL_LENGTHS if (length > 96) == ipv4(prefix) or length == 128)
    length = next((candidate for candidate in lengths if candidate >= prefix.length), 128)
    if length - prefix.length > 8:
        length = prefix.length
    base = prefix.high << 64 | prefix.low
    step = 1 << (128 - length)
    return [
        Prefix((base + i * step) >> 64, (base + i * step) & 0xFFFF_FFFF_FFFF_FFFF, length)
        for i in range(1 << (length - prefix.length))
    ]
