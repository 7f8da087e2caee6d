"""Which targets are one attack: rules 5 to 8 of detect.targets, for new targets beside the open attacks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.detect.targets import HOST_LENGTH, TOGETHER_SECONDS, around, begun_together, wider
from tidegate.model.addresses import Prefix

SHARED = 0.5
"""Part of each neighbour's traffic that must be of vectors that both have."""


@dataclass(frozen=True, slots=True)
class Place:
    """One target with the vectors that hit it: bits and packets per second of each.

    `attack`: the number of the open attack that it belongs to, or None.
    """

    prefix: Prefix
    vectors: Mapping[int, tuple[float, float]]
    first_second: int
    attack: int | None = None

    @property
    def is_network(self) -> bool:
        return self.prefix.length < HOST_LENGTH

    def together(self, other: "Place") -> bool:
        return abs(self.first_second - other.first_second) <= TOGETHER_SECONDS


@dataclass(frozen=True, slots=True)
class Joined:
    """New places of one attack: an open one's number, or None for a new attack."""

    attack: int | None
    places: list[Place]


def join(found: Sequence[Place], open_places: Sequence[Place]) -> list[Joined]:
    """The new places by attack. `found` has one place for each prefix; of several open attacks the oldest
    takes a place."""
    near = _Nearby(open_places)
    of_open: dict[int, list[Place]] = defaultdict(list)
    apart: list[Place] = []
    for place in found:
        number = near.same_or_overlapping(place)  # 5, 6
        (apart if number is None else of_open[number]).append(place)
    fresh: list[list[Place]] = []
    for cluster in _clusters(apart):  # 7
        number = _oldest(near.alike(place) for place in cluster)
        if number is None:
            fresh.append(cluster)
        else:
            of_open[number] += cluster
    fresh = _overlapping_joined(fresh, of_open, near)  # 8
    return [Joined(number, places) for number, places in of_open.items()] + [
        Joined(None, cluster) for cluster in fresh
    ]


def alike(a: Place, b: Place) -> bool:
    """Rule 7 for two siblings."""
    return a.together(b) and _shares(a, b) and _shares(b, a)


def _shares(a: Place, b: Place) -> bool:
    """Whether the vectors that both have are at least half of what `a` receives."""
    common = a.vectors.keys() & b.vectors.keys()
    bits, packets = _total(a.vectors, common)
    all_bits, all_packets = _total(a.vectors, a.vectors.keys())
    return bool(common) and (bits >= SHARED * all_bits or packets >= SHARED * all_packets)


def _total(vectors: Mapping[int, tuple[float, float]], of: Iterable[int]) -> tuple[float, float]:
    chosen = [vectors[vector] for vector in of]
    return sum(bits for bits, _ in chosen), sum(packets for _, packets in chosen)


def _oldest(numbers: Iterable[int | None]) -> int | None:
    return min((number for number in numbers if number is not None), default=None)


class _Nearby:
    """The open attacks' places, found by where they lie."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._at: dict[Prefix, list[Place]] = defaultdict(list)
        self._inside: dict[Prefix, list[Place]] = defaultdict(list)
        self._siblings: dict[tuple[Prefix | None, int], list[Place]] = defaultdict(list)
        for place in places:
            self._at[place.prefix].append(place)
            self._siblings[wider(place.prefix), place.prefix.length].append(place)
            for outer in around(place.prefix):
                self._inside[outer].append(place)

    def overlapping(self, place: Place) -> Iterator[Place]:
        """Open places around or inside this one."""
        for outer in around(place.prefix):
            yield from self._at.get(outer, ())
        yield from self._inside.get(place.prefix, ())

    def networks(self, place: Place) -> Iterator[Place]:
        """Networks that overlap this one, if it is one, and began together with it."""
        if place.is_network:
            for other in self.overlapping(place):
                if other.is_network and place.together(other):
                    yield other

    def same_or_overlapping(self, place: Place) -> int | None:
        same = _oldest(other.attack for other in self._at.get(place.prefix, ()))
        overlapping = (
            other.attack for other in self.overlapping(place) if other.vectors.keys() & place.vectors.keys()
        )
        return _oldest((same, *overlapping))

    def alike(self, place: Place) -> int | None:
        siblings = self._siblings.get((wider(place.prefix), place.prefix.length), ())
        return _oldest(other.attack for other in siblings if alike(place, other))


def _clusters(places: Sequence[Place]) -> list[list[Place]]:
    """Siblings that are alike, directly or by way of others. Most neighbours have the same vectors: those
    are taken as one before any two are compared."""
    families: dict[tuple[Prefix | None, int], list[Place]] = defaultdict(list)
    for place in places:
        families[wider(place.prefix), place.prefix.length].append(place)
    return [cluster for family in families.values() for cluster in _family_clusters(family)]


def _family_clusters(family: Sequence[Place]) -> list[list[Place]]:
    by_vectors: dict[frozenset[int], dict[Prefix, Place]] = defaultdict(dict)
    for place in family:
        by_vectors[frozenset(place.vectors)][place.prefix] = place
    clusters: list[list[Place]] = []
    for same in by_vectors.values():
        for prefixes in begun_together({prefix: place.first_second for prefix, place in same.items()}):
            cluster = [same[prefix] for prefix in prefixes]
            alikes = [other for other in clusters if alike(cluster[0], other[0])]
            for other in alikes:
                clusters.remove(other)
                cluster = other + cluster
            clusters.append(cluster)
    return clusters


def _overlapping_joined(
    fresh: list[list[Place]], of_open: dict[int, list[Place]], near: _Nearby
) -> list[list[Place]]:
    """Rule 8, by numbers: clusters from 0 up, open attacks as theirs below 0. Returns what stays new."""
    found = _Nearby([place for cluster in (*fresh, *of_open.values()) for place in cluster])
    owner = {place.prefix: -number for number, own in of_open.items() for place in own}
    for at, cluster in enumerate(fresh):
        owner |= dict.fromkeys((place.prefix for place in cluster), at)
    beside: dict[int, set[int]] = defaultdict(set)
    for at, cluster in enumerate(fresh):
        for place in cluster:
            others = {-other.attack for other in near.networks(place) if other.attack is not None}
            others |= {owner[other.prefix] for other in found.networks(place)}
            for other in others - {at}:
                beside[at].add(other)
                beside[other].add(at)
    for at in range(len(fresh)):
        if _bridges(at, beside):
            continue
        home = min((other for other in beside[at] if not _bridges(other, beside)), default=at)
        if home < 0:
            of_open[-home] += fresh[at]
            fresh[at] = []
        elif home < at:
            fresh[home] += fresh[at]
            fresh[at] = []
    return [cluster for cluster in fresh if cluster]


def _bridges(at: int, beside: Mapping[int, set[int]]) -> bool:
    """Whether two that this one overlaps do not overlap each other: then it is no part of either."""
    others = sorted(beside.get(at, ()))
    return any(b not in beside[a] for i, a in enumerate(others) for b in others[i + 1 :])
