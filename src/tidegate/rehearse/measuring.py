"""Reach at four levels: by routing policy and by any path at all, each with what is seen and what may be.

`seen` and `most` follow policy: routes as networks sell them, over links that are surely left, and over those
that may be, unseen peering included. `any_seen` and `any_most` ask whether a path exists at all: what there
would be if everybody carried everybody, which is called emergency transit.
"""

from dataclasses import dataclass

import numpy as np

from tidegate.kernels.adjacency import islands
from tidegate.model.topology import Flags, Ints, Rows, World
from tidegate.rehearse.reach import Baseline, Reach, baseline_of, reach_after
from tidegate.rehearse.scenarios import Left, graph_at_least, graph_at_most, hub_lists, untouched


@dataclass(frozen=True, slots=True)
class Physical:
    """Islands of networks that any path connects, and the people in pairs inside them, by country."""

    island: Rows
    people: Ints


@dataclass(frozen=True, slots=True)
class Levels:
    """One state of a world, measured."""

    left: Left
    seen: Reach
    most: Reach
    any_seen: Physical
    any_most: Physical


@dataclass(frozen=True, slots=True)
class Ground:
    """A world as it is, measured once, from which every scenario starts."""

    world: World
    seen: Baseline
    most: Baseline
    levels: Levels


def has_more(left: Left) -> bool:
    """Whether what may be left differs from what surely is."""
    return bool(left.hubs) or not np.array_equal(left.at_least, left.at_most)


def ground_of(world: World) -> Ground:
    left = untouched(world)
    graph = graph_at_least(left)
    seen = baseline_of(world, graph)
    most = baseline_of(world, graph_at_most(left, graph)) if has_more(left) else seen
    return Ground(world, seen, most, _levels(world, left, seen.reach, most.reach))


def measure(ground: Ground, left: Left) -> Levels:
    """The reach that is left; only what can have changed is computed again."""
    graph = graph_at_least(left, ground.seen.graph)
    seen = reach_after(ground.world, ground.seen, graph)
    most = seen
    if has_more(left):
        most = reach_after(ground.world, ground.most, graph_at_most(left, graph, ground.most.graph))
    return _levels(ground.world, left, seen, most)


def _levels(world: World, left: Left, seen: Reach, most: Reach) -> Levels:
    any_seen = physical(world, left, left.at_least, with_hubs=False)
    any_most = physical(world, left, left.at_most, with_hubs=True) if has_more(left) else any_seen
    return Levels(left, seen, most, any_seen, any_most)


def physical(world: World, left: Left, chosen: Flags, *, with_hubs: bool) -> Physical:
    """Reach over any path at all. A meeting place connects all its members."""
    first, second = left.first, left.second
    kept = chosen & left.alive[first] & left.alive[second]
    if with_hubs and left.hubs:
        hubs = hub_lists(left)
        centre = hubs.to[np.repeat(hubs.start[:-1], np.diff(hubs.start))]
        first, second = np.concatenate((first, centre)), np.concatenate((second, hubs.to))
        kept = np.concatenate((kept, np.ones(len(centre), bool)))
    found = islands(first, second, kept, len(world))
    return Physical(found, _people_within(world, found, left.alive))


def _people_within(world: World, island: Rows, alive: Flags) -> Ints:
    """int64[countries, countries]: people times people, of places on the same island."""
    places = world.places
    matrix = np.zeros((len(world.countries), len(world.countries)), np.int64)
    living = alive[places.network]
    key = island[places.network[living]].astype(np.int64) * len(matrix) + places.country[living]
    keys, where = np.unique(key, return_inverse=True)
    people = np.zeros(len(keys), np.int64)
    np.add.at(people, where, places.people[living])
    on, country = keys // len(matrix), keys % len(matrix)
    starts = np.flatnonzero(np.concatenate((np.ones(1, bool), on[1:] != on[:-1]))[: len(on)])
    ends = np.append(starts[1:], len(on))
    alone = ends - starts == 1
    np.add.at(matrix, (country[starts[alone]], country[starts[alone]]), people[starts[alone]] ** 2)
    for start, end in zip(starts[~alone].tolist(), ends[~alone].tolist(), strict=True):
        here = country[start:end]
        matrix[np.ix_(here, here)] += np.outer(people[start:end], people[start:end])
    return matrix
