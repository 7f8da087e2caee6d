"""What a scenario does to the people of some countries: before and after, inside and to every other country.

Every share is a pair of bounds. The low one follows the links that are seen; the high one adds peering that
may exist unseen where networks meet. `emergency` is what any path would give, if everybody carried everybody.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from tidegate.model.scenarios import Scenario
from tidegate.model.topology import Flags, Ints, Rows, Source, World
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground, Levels, measure
from tidegate.rehearse.reach import classes_of, reach_between
from tidegate.rehearse.scenarios import (
    Left,
    Places,
    apply,
    graph_at_least,
    graph_at_most,
    named_countries,
)

ISLANDS_MAX = 20
"""Islands listed for a country, those with most people first; the rest are counted."""


class Bounds(msgspec.Struct, frozen=True):
    """A share from 0 to 1, at least and at most."""

    low: float
    high: float


class Counted(msgspec.Struct, frozen=True):
    """Networks, and the people in them with the interval of their estimate."""

    networks: int
    low: int
    people: int
    high: int


class Change(msgspec.Struct, frozen=True):
    """Share of pairs of people that reach each other, and what emergency transit would give after."""

    before: Bounds
    after: Bounds
    emergency: Bounds


class Between(msgspec.Struct, frozen=True):
    """A country's people and those of another one."""

    country: str
    people: int
    reach: Change


class Island(msgspec.Struct, frozen=True):
    """Networks that still have some path to one another, of whatever kind, and to nobody else.

    `inside` are those of the country, `all` everybody there; `largest` is the country's network with most
    people on it.
    """

    inside: Counted
    all: Counted
    largest: int


class Service(msgspec.Struct, frozen=True):
    """Share of the country's people who reach any network of a service."""

    service: str
    before: Bounds
    after: Bounds


class Country(msgspec.Struct, frozen=True):
    """One country after the scenario. `cut_off` reach no other network by the links that are seen;
    `surely_cut_off` also not by any that may be there, and `stranded` not over any path at all.
    """

    country: str
    size: Counted
    inside: Change | None
    outside: Change | None
    cut_off: Counted
    surely_cut_off: Counted
    stranded: Counted
    islands: int
    largest_islands: tuple[Island, ...]
    others: tuple[Between, ...]
    services: tuple[Service, ...]


class Answer(msgspec.Struct, frozen=True):
    """All that is told of one scenario. `pairs_lost` are ordered pairs of networks of the whole world."""

    scenario: Scenario
    countries: tuple[Country, ...]
    pairs_before: Bounds
    pairs_after: Bounds
    sources: tuple[Source, ...]


def answer(ground: Ground, scenario: Scenario, services: Sequence[tuple[str, int]] = ()) -> Answer:
    """Apply, measure, tell. NotAllowed for names that the world does not have."""
    places = Places(ground.world)
    left = apply(places, scenario)
    after = measure(ground, left)
    codes = places.codes(named_countries(scenario))
    by_service = _services(places, services)
    pairs = [
        Bounds(levels.seen.network_pairs, levels.most.network_pairs) for levels in (ground.levels, after)
    ]
    return Answer(
        scenario=scenario,
        countries=tuple(_country(ground, after, places, code, by_service) for code in codes),
        pairs_before=pairs[0],
        pairs_after=pairs[1],
        sources=ground.world.sources,
    )


def people_of(world: World) -> Ints:
    """int64[countries]: the people of each."""
    found = np.zeros(len(world.countries), np.int64)
    np.add.at(found, world.places.country, world.places.people)
    return found


def people_by_network(world: World, codes: Sequence[int]) -> Ints:
    """int64[networks]: the people of each in these countries."""
    here = np.isin(world.places.country, list(codes))
    found = np.zeros(len(world), np.int64)
    np.add.at(found, world.places.network[here], world.places.people[here])
    return found


def pairs_of_people(people: Ints, reached: Ints) -> int:
    """The people of each network times those that it reaches (the second column), in all; of any size."""
    return sum(own * others for own, others in zip(people.tolist(), reached[:, 1].tolist(), strict=True))


def counted(world: World, chosen: Flags, code: int | None = None) -> Counted:
    """The chosen networks; their people in one country, or everywhere."""
    places = world.places
    there = chosen[places.network]
    if code is not None:
        there &= places.country == code
    low, people, high = (int(column[there].sum()) for column in (places.low, places.people, places.high))
    return Counted(len(np.unique(places.network[there])), low, people, high)


def _change(
    before: Levels, after: Levels, rows: int, columns: Sequence[int] | int, whole: int
) -> Change | None:
    """Shares of pairs between a country and one or several others; None where there are no people."""
    if not whole:
        return None

    def bounds(low: Ints, high: Ints) -> Bounds:
        return Bounds(*(int(np.sum(matrix[rows, columns])) / whole for matrix in (low, high)))

    return Change(
        bounds(before.seen.people, before.most.people),
        bounds(after.seen.people, after.most.people),
        bounds(after.any_seen.people, after.any_most.people),
    )


def _country(
    ground: Ground,
    after: Levels,
    places: Places,
    code: int,
    services: Sequence[tuple[str, Rows]],
) -> Country:
    world, people = ground.world, people_of(ground.world)
    here = places.anywhere_in([code])
    alone, surely_alone = (levels.of_network[:, 0] <= 1 for levels in (after.seen, after.most))
    size = np.bincount(after.any_most.island, minlength=len(world))[after.any_most.island]
    stranded = (size == 1) | ~after.left.alive
    own = int(people[code])
    others = [other for other in range(len(people)) if other != code]
    told = [
        Between(world.countries[other], int(people[other]), change)
        for other in others
        if (change := _change(ground.levels, after, code, other, own * int(people[other])))
    ]
    islands = _islands(world, after, here, code)
    return Country(
        country=world.countries[code],
        size=counted(world, here, code),
        inside=_change(ground.levels, after, code, code, own * own),
        outside=_change(ground.levels, after, code, others, own * sum(int(people[o]) for o in others)),
        cut_off=counted(world, here & alone, code),
        surely_cut_off=counted(world, here & surely_alone, code),
        stranded=counted(world, here & stranded, code),
        islands=len(islands),
        largest_islands=tuple(islands[:ISLANDS_MAX]),
        others=tuple(sorted(told, key=lambda one: (one.reach.after.low - one.reach.before.low, -one.people))),
        services=_reach_services(ground, after.left, here, code, services),
    )


def _islands(world: World, after: Levels, here: Flags, code: int) -> list[Island]:
    """Islands of links that are seen and left, with a network of the country; most of its people first."""
    island = after.any_seen.island
    alive = after.left.alive
    people = np.zeros(len(world), np.int64)
    at_home = world.places.country == code
    np.add.at(people, world.places.network[at_home], world.places.people[at_home])
    roots = np.unique(island[here & alive])
    weight = np.zeros(len(world), np.int64)
    np.add.at(weight, island[alive], people[alive])
    roots = roots[np.lexsort((roots, -weight[roots]))]
    found: list[Island] = []
    for at, root in enumerate(roots.tolist()):
        if at >= ISLANDS_MAX:  # The rest is only counted.
            found += [found[-1]] * (len(roots) - at)
            break
        on = (island == root) & alive
        ours = np.flatnonzero(on & here)
        largest = int(world.numbers[ours[np.argmax(people[ours])]])
        found.append(Island(counted(world, on & here, code), counted(world, on), largest))
    return found


def _services(places: Places, services: Sequence[tuple[str, int]]) -> list[tuple[str, Rows]]:
    """Each service with the rows of its networks, in the order in which they were first named."""
    rows: dict[str, list[int]] = {}
    for service, number in services:
        rows.setdefault(service, []).append(places.row(number))
    return [(service, np.array(found, np.int32)) for service, found in rows.items()]


def _reach_services(
    ground: Ground, left: Left, here: Flags, code: int, services: Sequence[tuple[str, Rows]]
) -> tuple[Service, ...]:
    if not services:
        return ()
    world = ground.world
    at_home = (world.places.country == code) & here[world.places.network]
    sources, weight = world.places.network[at_home], world.places.people[at_home]
    whole = max(1, int(weight.sum()))
    targets = np.concatenate([rows for _, rows in services])
    owner = np.repeat(np.arange(len(services)), [len(rows) for _, rows in services])

    def shares(graph: Graph) -> list[float]:
        bits = reach_between(classes_of(graph), sources, targets)
        return [int(weight[bits[:, owner == at].any(axis=1)].sum()) / whole for at in range(len(services))]

    after = graph_at_least(left)
    columns = [
        shares(graph) for graph in (ground.seen.graph, ground.most.graph, after, graph_at_most(left, after))
    ]
    return tuple(
        Service(service, Bounds(columns[0][at], columns[1][at]), Bounds(columns[2][at], columns[3][at]))
        for at, (service, _) in enumerate(services)
    )
