"""Tables of many sources become one world; what contradicts itself is decided by numbered rules and counted.

The rules do not depend on the order of lines or files, save where they say so:

1. A link of a network with itself is left out.
2. Links of an exchange's route server are left out: it carries nothing itself. Which numbers are route
   servers, the relationship file says.
3. A link told twice is kept once. Told privately and observed, it is private; where both say different
   things, the private word holds.
4. A pair told both as transit and as peering is transit: transit carries all that peering does.
5. A pair told as transit in both directions is a pair of siblings.
6. Of siblings, the one with more neighbours is taken for the provider; of two alike, the lower number.
7. Where providers form a circle, the links inside it that lead from a network with fewer neighbours to one
   with more (of two alike: from the higher number to the lower) become peering, and no circle is left.
8. Of several words on a network's country, only those with the strongest evidence count (override, operation,
   presence, registration). A network that nobody places is in ZZ.
9. People of a network and country that no source places there put the network there too, as present.
10. Where no network of a country has people of its own, the country's users are shared out over its networks
    in proportion to one plus the number of their neighbours, at most fifty; each share may be a quarter or
    four times that. Where any has, the country's total is not used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tidegate.model.refusals import Full
from tidegate.model.topology import (
    COUNTRIES_MAX,
    LINKS_MAX,
    NETWORKS_MAX,
    NOWHERE,
    PEOPLE_MAX,
    Bytes,
    Cable,
    Evidence,
    Flags,
    Groups,
    Ints,
    LinkOrigin,
    Links,
    LinkTable,
    Members,
    Note,
    Numbers,
    People,
    Place,
    Places,
    Relation,
    Rows,
    Source,
    World,
)

SHARE_DEGREE = 50
"""Neighbours beyond which a network's share of a country's users no longer grows (rule 10)."""

SPREAD = 4
"""A share of rule 10 may be this many times too large or too small."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What all sources told; each field may be empty."""

    links: Sequence[LinkTable] = ()
    places: Sequence[Place] = ()
    people: Sequence[People] = ()
    exchanges: Sequence[Members] = ()
    buildings: Sequence[Members] = ()
    cables: Sequence[Cable] = ()
    names: Sequence[tuple[int, str]] = ()
    sources: Sequence[Source] = ()


@dataclass(slots=True)
class _Notes:
    """Counts by what was met, in the order of the rules."""

    found: list[Note] = field(default_factory=list)

    def add(self, what: str, count: int, rule: str) -> None:
        if count:
            self.found.append(Note(what, count, rule))


def join(tables: Tables) -> World:
    """One world of all tables. Full where a bound is passed; nothing else is refused."""
    notes = _Notes()
    first, second, relation, origin = _stacked(tables.links, notes)
    numbers = np.unique(np.concatenate((first, second)).astype(np.uint32))
    _bound("NETWORKS_MAX", len(numbers), NETWORKS_MAX)
    _bound("LINKS_MAX", len(first), LINKS_MAX)
    links = _joined(
        np.searchsorted(numbers, first), np.searchsorted(numbers, second), relation, origin, notes
    )
    links = _without_circles(links, len(numbers), notes)
    countries, places = _placed(tables, numbers, _degrees(links, len(numbers)), notes)
    names = dict(tables.names) | {place.number: place.name for place in tables.places if place.name}
    return World(
        numbers=numbers,
        names=tuple(names.get(number, "") for number in numbers.tolist()),
        links=links,
        countries=countries,
        places=places,
        exchanges=_member_groups(tables.exchanges, numbers),
        buildings=_member_groups(tables.buildings, numbers),
        organisations=_organisations(tables.places, numbers),
        cables=_cable_groups(tables.cables, numbers, links, notes),
        sources=tuple(tables.sources),
        notes=tuple(notes.found),
    )


def _bound(name: str, count: int, limit: int) -> None:
    if count > limit:
        raise Full(name, limit)


def _stacked(tables: Sequence[LinkTable], notes: _Notes) -> tuple[Numbers, Numbers, Bytes, Bytes]:
    """All links by AS number, without those of rules 1 and 2."""
    empty = np.empty(0, np.uint32)
    first = np.concatenate([empty, *(table.first for table in tables)])
    second = np.concatenate([empty, *(table.second for table in tables)])
    relation = np.concatenate([np.empty(0, np.int8), *(table.relation for table in tables)])
    origin = np.repeat(
        np.array([int(table.origin) for table in tables], np.int8), [len(table.first) for table in tables]
    )
    servers = np.concatenate([empty, *(table.exchanges for table in tables)])
    own = first == second
    notes.add("links of a network with itself", int(own.sum()), "rule 1: left out")
    served = (np.isin(first, servers) | np.isin(second, servers)) & ~own
    notes.add("links of exchanges' route servers", int(served.sum()), "rule 2: left out")
    kept = ~(own | served)
    return first[kept], second[kept], relation[kept], origin[kept]


def _joined(first: Ints, second: Ints, relation: Bytes, origin: Bytes, notes: _Notes) -> Links:
    """One link for each pair (rules 3 to 6), sorted by its lower and then its higher row."""
    degree = np.bincount(np.concatenate((first, second)), minlength=1)
    low, high = np.minimum(first, second), np.maximum(first, second)
    transit = relation == Relation.PROVIDER
    # What is said of the pair, as bits: 1 the lower row is provider, 2 the higher one, 4 peers, 8 siblings.
    said = np.where(transit, np.where(first == low, 1, 2), np.where(relation == Relation.PEER, 4, 8))
    pair = low.astype(np.int64) << 32 | high
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.r_[True, pair[order][1:] != pair[order][:-1]]) if len(pair) else order
    private = np.where(origin == LinkOrigin.PRIVATE, said, 0)
    any_said = _or_at(said[order], starts)
    own_said = _or_at(private[order], starts)
    several = np.diff(np.append(starts, len(pair)))
    notes.add("repeated links", int((several - 1).sum()), "rule 3: kept once")
    overruled = (own_said != 0) & (any_said != own_said)
    notes.add("links on which private word differs", int(overruled.sum()), "rule 3: the private word holds")
    told = np.where(own_said != 0, own_said, any_said)
    mixed = (told & 3 != 0) & (told & 4 != 0)
    notes.add("pairs told as transit and as peering", int(mixed.sum()), "rule 4: transit")
    both = told & 3 == 3
    notes.add("pairs told as transit both ways", int(both.sum()), "rule 5: siblings")
    sibling = both | ((told & 8 != 0) & (told & 3 == 0))
    notes.add("siblings", int(sibling.sum()), "rule 6: the one with more neighbours is the provider")
    low, high = low[order][starts], high[order][starts]
    low_leads = np.where(sibling, degree[low] >= degree[high], told & 1 != 0) if len(low) else sibling
    kind = np.where(sibling | (told & 3 != 0), int(Relation.PROVIDER), int(Relation.PEER))
    upside_down = (kind == Relation.PROVIDER) & ~low_leads
    by = np.where(own_said != 0, int(LinkOrigin.PRIVATE), origin[order][starts])
    return Links(
        np.where(upside_down, high, low).astype(np.int32),
        np.where(upside_down, low, high).astype(np.int32),
        kind.astype(np.int8),
        by.astype(np.int8),
    )


def _or_at(values: Ints, starts: Ints) -> Ints:
    return np.bitwise_or.reduceat(values, starts) if len(starts) else values


def _degrees(links: Links, networks: int) -> Ints:
    return np.bincount(np.concatenate((links.first, links.second)), minlength=networks)


def in_circles(links: Links, networks: int) -> Flags:
    """Which networks may be in a circle of providers: those left when all others are taken away, from the
    bottom (no customer is left) and from the top (no provider is left).
    """
    transit = links.relation == Relation.PROVIDER
    first, second = links.first[transit], links.second[transit]
    left = np.ones(networks, bool)
    while True:
        alive = left[first] & left[second]
        leads = np.bincount(first[alive], minlength=networks) > 0
        follows = np.bincount(second[alive], minlength=networks) > 0
        inside = left & leads & follows
        if inside.sum() == left.sum():
            return inside
        left = inside


def _without_circles(links: Links, networks: int, notes: _Notes) -> Links:
    """Rule 7. What lies between two circles on a way of providers is inside, too, and treated alike."""
    inside = in_circles(links, networks)
    if not inside.any():
        return links
    degree = _degrees(links, networks)
    first, second = links.first, links.second
    within = (links.relation == Relation.PROVIDER) & inside[first] & inside[second]
    # Rank by neighbours, then by the lower number: a provider must rank above its customer.
    below = (degree[first] < degree[second]) | ((degree[first] == degree[second]) & (first > second))
    turned = within & below
    notes.add("networks in circles of providers", int(inside.sum()), "rule 7")
    notes.add("links of circles of providers", int(turned.sum()), "rule 7: become peering")
    relation = np.where(turned, np.int8(Relation.PEER), links.relation)
    return Links(first, second, relation, links.origin)


def _placed(tables: Tables, numbers: Numbers, degree: Ints, notes: _Notes) -> tuple[tuple[str, ...], Places]:
    """Countries in order of their codes, and each network's places (rules 8 to 10)."""
    row_of = {number: row for row, number in enumerate(numbers.tolist())}
    strongest: dict[int, Evidence] = {}
    for place in tables.places:
        if (row := row_of.get(place.number)) is not None:
            strongest[row] = max(strongest.get(row, Evidence.UNKNOWN), place.evidence)
    found: dict[tuple[int, str], Evidence] = {}
    weaker = 0
    for place in tables.places:
        if (row := row_of.get(place.number)) is not None:
            if place.evidence == strongest[row]:
                found[row, place.country] = place.evidence
            else:
                weaker += 1
    notes.add("places with weaker evidence than another", weaker, "rule 8: passed over")
    missing = [row for row in range(len(numbers)) if row not in strongest]
    people = {(row_of[one.number], one.country): one for one in tables.people if one.number in row_of}
    added = [key for key in people if key not in found]
    found |= dict.fromkeys(added, Evidence.PRESENCE)
    notes.add("networks with people where nobody places them", len(added), "rule 9: present there")
    unplaced = [row for row in missing if not any(key[0] == row for key in added)] if added else missing
    found |= {(row, NOWHERE): Evidence.UNKNOWN for row in unplaced}
    notes.add("networks that nobody places", len(unplaced), "rule 8: in ZZ")
    countries = tuple(sorted({country for _, country in found}))
    _bound("COUNTRIES_MAX", len(countries), COUNTRIES_MAX)
    return countries, _place_rows(found, people, countries, tables.people, degree, notes)


def _place_rows(
    found: dict[tuple[int, str], Evidence],
    people: dict[tuple[int, str], People],
    countries: tuple[str, ...],
    told: Sequence[People],
    degree: Ints,
    notes: _Notes,
) -> Places:
    code_of = {country: at for at, country in enumerate(countries)}
    # The main country of a network comes first: strongest evidence, then most people, then its code.
    keys = sorted(found, key=lambda key: (key[0], -found[key], -_estimate(people.get(key)), key[1]))
    network = np.array([row for row, _ in keys], np.int32)
    country = np.array([code_of[code] for _, code in keys], np.int32)
    counts = np.array(
        [(one.low, one.estimate, one.high) if (one := people.get(key)) else (0, 0, 0) for key in keys],
        np.int64,
    ).reshape(-1, 3)
    measured = {code for _, code in people}
    shared = 0
    for whole in told:
        if whole.number or whole.country in measured or whole.country not in code_of:
            continue
        rows = np.flatnonzero(country == code_of[whole.country])
        weight = 1 + np.minimum(degree[network[rows]], SHARE_DEGREE)
        counts[rows] = shares(whole.estimate, weight)
        shared += 1
    notes.add("countries whose users are shared out", shared, "rule 10")
    totals = np.bincount(country, weights=counts[:, 2], minlength=1)
    _bound("PEOPLE_MAX", int(totals.max()), PEOPLE_MAX * SPREAD)
    evidence = np.array([int(found[key]) for key in keys], np.int8)
    low, estimate, high = (np.ascontiguousarray(counts[:, at]) for at in range(3))
    _bound("PEOPLE_MAX", int(np.bincount(country, weights=estimate, minlength=1).max()), PEOPLE_MAX)
    return Places(network, country, evidence, low, estimate, high)


def _estimate(people: People | None) -> int:
    return people.estimate if people else 0


def shares(total: int, weight: Ints) -> Ints:
    """Columns low, estimate, high; the estimates add up to the total exactly (largest remainders first)."""
    whole = int(weight.sum())
    exact = [total * int(part) for part in weight.tolist()]
    floor = np.array([part // whole for part in exact], np.int64)
    rest = total - int(floor.sum())
    remainder = np.array([part % whole for part in exact], np.int64)
    floor[np.argsort(-remainder, kind="stable")[:rest]] += 1
    return np.stack((floor // SPREAD, floor, np.minimum(floor * SPREAD, total)), axis=1)


def groups_of(named: Iterable[tuple[str, Sequence[int]]]) -> Groups:
    """Named sets of rows, each sorted and without repetition."""
    names, sets = [], []
    for name, members in named:
        names.append(name)
        sets.append(np.unique(np.array(members, np.int32)))
    start = np.concatenate(([0], np.cumsum([len(one) for one in sets]))).astype(np.int64)
    return Groups(tuple(names), start, np.concatenate([np.empty(0, np.int32), *sets]))


def rows_of(numbers: Numbers, wanted: Sequence[int]) -> Rows:
    """Rows of those of the wanted AS numbers that are in the world."""
    if not len(numbers):
        return np.empty(0, np.int32)
    asked = np.array(wanted, np.int64)
    at = np.minimum(np.searchsorted(numbers, asked), len(numbers) - 1)
    rows: Rows = at[numbers[at] == asked].astype(np.int32)
    return rows


def _member_groups(sets: Sequence[Members], numbers: Numbers) -> Groups:
    found = ((one.name, rows_of(numbers, one.numbers).tolist()) for one in sets)
    return groups_of((name, rows) for name, rows in found if len(rows) > 1)


def _organisations(places: Sequence[Place], numbers: Numbers) -> Groups:
    holders: dict[str, list[int]] = {}
    for place in places:
        if place.organisation:
            holders.setdefault(place.organisation, []).append(place.number)
    found = ((name, rows_of(numbers, holders[name]).tolist()) for name in sorted(holders))
    return groups_of((name, rows) for name, rows in found if rows)


def _cable_groups(cables: Sequence[Cable], numbers: Numbers, links: Links, notes: _Notes) -> Groups:
    """Cables as sets of links' rows; a pair that is no link of the world is counted and passed over."""
    link_of: dict[tuple[int, int], int] = {}
    if cables:
        ends = zip(links.first.tolist(), links.second.tolist(), strict=True)
        link_of = {(min(pair), max(pair)): at for at, pair in enumerate(ends)}
    row_of = {number: row for row, number in enumerate(numbers.tolist())} if cables else {}
    missing, sets = 0, []
    for cable in cables:
        rows = []
        for first, second in cable.links:
            ends_rows = sorted((row_of.get(first, -1), row_of.get(second, -1)))
            at = link_of.get((ends_rows[0], ends_rows[1]))
            missing += at is None
            rows += [at] if at is not None else []
        sets.append((cable.name, rows))
    notes.add("links of cables that the world does not have", missing, "passed over")
    return groups_of(sets)
