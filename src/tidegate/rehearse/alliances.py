"""Countries that stand together: who of their people reach whom when only they remain, and the smallest
sets of countries in which enough people do.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec
import numpy as np

from tidegate.kernels.adjacency import islands
from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import Alliance, Scenario
from tidegate.model.topology import Flags, Rows, World
from tidegate.rehearse.answers import Bounds, people_of
from tidegate.rehearse.graph import Graph, graph_of
from tidegate.rehearse.measuring import Ground, has_more, physical
from tidegate.rehearse.reach import Reach, reach_of
from tidegate.rehearse.scenarios import Left, Places, apply, graph_at_least, graph_at_most

PEOPLE_WANTED = 500_000_000
"""People within reach that a coalition is asked for, where nobody says otherwise."""

COUNTRIES_TRIED_MAX = 40
"""Countries that coalitions are made of: those with most people; that smaller ones are left out is told."""

COALITIONS_TRIED_MAX = 400
"""Coalitions measured, those with most people first; where it ends the search, that is told."""

COALITIONS_TOLD_MAX = 10
"""Coalitions told, those with most people within reach first."""


class Allied(msgspec.Struct, frozen=True):
    """An alliance alone in the world.

    `within_reach` is how many people one of its people reaches on average, by routes; `emergency` the same
    over any path. `missing` are pairs of its countries without any link of their own that is seen.
    """

    countries: tuple[str, ...]
    people: int
    within_reach: Bounds
    emergency: Bounds
    missing: tuple[tuple[str, str], ...]


class Coalitions(msgspec.Struct, frozen=True):
    """The smallest alliances that pass the threshold by links that are seen; none where no set does.

    `complete` says whether every set of that size and smaller was looked at, among the countries tried.
    """

    threshold: int
    size: int
    found: tuple[Allied, ...]
    tried: int
    complete: bool


def allied(ground: Ground, countries: Sequence[str]) -> Allied:
    """What remains to an alliance. NotAllowed for an unknown country."""
    world, places = ground.world, Places(ground.world)
    left = apply(places, Scenario("alliance", (Alliance(tuple(countries)),)))
    codes = sorted(set(places.codes(countries)))
    people = int(people_of(world)[codes].sum())
    graph = graph_at_least(left)
    seen = _alone(world, left, places.mainly_in(codes), graph)
    most = seen
    if has_more(left):
        most = _alone(world, left, places.anywhere_in(codes), graph_at_most(left, graph))
    paths = [
        physical(world, left, chosen, with_hubs=hubs).people[np.ix_(codes, codes)]
        for chosen, hubs in ((left.at_least, False), (left.at_most, True))
    ]
    within = [reach.people[np.ix_(codes, codes)] for reach in (seen, most)]
    per_person = [
        float(sum(int(row.sum()) for row in matrix) / max(1, people)) for matrix in (*within, *paths)
    ]
    return Allied(
        countries=tuple(world.countries[code] for code in codes),
        people=people,
        within_reach=Bounds(*per_person[:2]),
        emergency=Bounds(*per_person[2:]),
        missing=_missing(world, places, left, codes),
    )


def _alone(world: World, left: Left, members: Flags, graph: Graph) -> Reach:
    """Reach of an alliance by itself: all others count as gone, which changes nothing for its members."""
    alive = left.alive & members
    inside = graph_of(graph.first, graph.second, graph.relation, graph.chosen, alive, graph.hubs)
    return reach_of(world, inside)


def _missing(world: World, places: Places, left: Left, codes: Sequence[int]) -> tuple[tuple[str, str], ...]:
    home, away = places.main[left.first[left.at_least]], places.main[left.second[left.at_least]]
    joined = set(zip(home.tolist(), away.tolist(), strict=True))
    return tuple(
        (world.countries[one], world.countries[other])
        for one, other in combinations(codes, 2)
        if (one, other) not in joined and (other, one) not in joined
    )


def coalitions(
    ground: Ground, threshold: int = PEOPLE_WANTED, largest: int = 6
) -> Iterator[tuple[int, Coalitions | None]]:
    """(measured so far, the answer at last): sizes from 1 to `largest`, until one has any that pass."""
    if threshold < 1 or not 1 <= largest <= COUNTRIES_TRIED_MAX:
        raise NotAllowed("A threshold is one person at least, and a coalition has 1 to 40 countries.")
    world = ground.world
    people = people_of(world)
    order = [int(code) for code in np.argsort(-people, kind="stable") if people[code]][:COUNTRIES_TRIED_MAX]
    touching = _touching(world)
    tried, complete = 0, len(order) == int((people > 0).sum())
    for size in range(1, largest + 1):
        hopeful = [
            (-int(people[list(chosen)].sum()), chosen)
            for chosen in _sets(order, size, people.tolist(), threshold)
            if _connected(chosen, touching)
        ]
        found = []
        for _, chosen in sorted(hopeful):
            if tried >= COALITIONS_TRIED_MAX:
                complete = False
                break
            tried += 1
            yield tried, None
            one = allied(ground, [world.countries[code] for code in chosen])
            if one.within_reach.low >= threshold:
                found.append(one)
        if found or tried >= COALITIONS_TRIED_MAX:
            found.sort(key=lambda one: (-one.within_reach.low, one.countries))
            yield tried, Coalitions(threshold, size, tuple(found[:COALITIONS_TOLD_MAX]), tried, complete)
            return
    yield tried, Coalitions(threshold, 0, (), tried, complete)


def _sets(
    order: Sequence[int], size: int, people: Sequence[int], threshold: int
) -> Iterator[tuple[int, ...]]:
    """Sets of countries with enough people at all; `order` is by people, so that the rest can be cut off."""

    def grow(start: int, chosen: tuple[int, ...], total: int) -> Iterator[tuple[int, ...]]:
        missing = size - len(chosen)
        if not missing:
            if total >= threshold:
                yield chosen
            return
        for at in range(start, len(order) - missing + 1):
            if total + sum(people[code] for code in order[at : at + missing]) < threshold:
                return
            yield from grow(at + 1, (*chosen, order[at]), total + people[order[at]])

    yield from grow(0, (), 0)


def _touching(world: World) -> set[tuple[int, int]]:
    """Pairs of countries with a link between networks that are mainly there."""
    main = Places(world).main
    ends = main[world.links.first].tolist(), main[world.links.second].tolist()
    pairs = set(zip(*ends, strict=True))
    return pairs | {(other, one) for one, other in pairs}


def _connected(chosen: Sequence[int], touching: set[tuple[int, int]]) -> bool:
    """Whether the countries hang together by links among themselves; the others cannot be one coalition."""
    pairs = [(a, b) for a, b in combinations(range(len(chosen)), 2) if (chosen[a], chosen[b]) in touching]
    ends: list[Rows] = [np.array([pair[at] for pair in pairs], np.int32) for at in range(2)]
    found: Rows = islands(*ends, np.ones(len(pairs), bool), len(chosen))
    return not found.any()
