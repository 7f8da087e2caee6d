"""The networks and links whose loss costs a country's people most.

Looked at are networks with people of the country, all carriers above them, and the links of both; not the
distant ends of routes, whose loss costs their own people. Those that could cost most at worst are tried
first, until no other can cost more than the tenth found, or up to a bound that is told.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from tidegate.kernels.adjacency import closure
from tidegate.model.topology import Flags, Ints, Relation, Rows, World
from tidegate.rehearse.answers import pairs_of_people, people_by_network, people_of
from tidegate.rehearse.graph import Graph, Lists, graph_of
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.reach import classes_of, reach_of_some, weights_of
from tidegate.rehearse.scenarios import Places

TRIED_MAX = 150
"""Networks, and links, of which the loss is computed; what is not tried could cost at most `untried`."""

TOLD_MAX = 10
"""Chokepoints told of each kind, the worst first."""


class Chokepoint(msgspec.Struct, frozen=True):
    """A network (`second` is 0) or a link, and the share of the country's pairs of people that is lost
    without it. `worst` is what its place in the tree of carriers allows at most.
    """

    first: int
    second: int
    lost: float
    worst: float


class Chokepoints(msgspec.Struct, frozen=True):
    """By the links that are seen. No network or link that was not tried costs more than `untried`."""

    country: str
    networks: tuple[Chokepoint, ...]
    links: tuple[Chokepoint, ...]
    untried: float


def chokepoints(ground: Ground, country: str) -> Iterator[tuple[int, int, Chokepoints | None]]:
    """(tried, to try, the answer at last): a step for each network and link that is tried."""
    world, graph = ground.world, ground.seen.graph
    code = Places(world).code(country)
    people = people_by_network(world, [code])
    rows, weights = np.flatnonzero(people).astype(np.int32), weights_of(world)
    before = pairs_of_people(people[rows], ground.seen.reach.of_network[rows])
    whole = max(1, int(people.sum()) * int(people_of(world).sum()))
    worst = _Worst(world, graph, code)
    found: list[tuple[Chokepoint, ...]] = []
    untried = 0.0
    kinds = (worst.networks(), worst.links())
    for step, (candidates, bound) in enumerate(kinds):
        tried: list[Chokepoint] = []
        order = np.argsort(-bound, kind="stable")[:TRIED_MAX].tolist()
        for done, at in enumerate(order):
            yield step * TRIED_MAX + done, 2 * TRIED_MAX, None
            told = sorted((one.lost for one in tried), reverse=True)[:TOLD_MAX]
            if len(told) == TOLD_MAX and bound[at] / whole <= told[-1]:
                break
            after = _without(graph, candidates[at], network=step == 0)
            reached = reach_of_some(classes_of(after), rows, weights)
            lost = (before - pairs_of_people(people[rows], reached)) / whole
            tried.append(
                _named(world, graph, candidates[at], lost, int(bound[at]) / whole, network=step == 0)
            )
        rest = np.sort(bound)[::-1][len(tried) : len(tried) + 1]
        untried = max(untried, float(rest[0]) / whole if len(rest) else 0.0)
        tried.sort(key=lambda one: (-one.lost, one.first, one.second))
        found.append(tuple(one for one in tried if one.lost > 0)[:TOLD_MAX])
    yield 2 * TRIED_MAX, 2 * TRIED_MAX, Chokepoints(country, found[0], found[1], untried)


def _without(graph: Graph, candidate: int, *, network: bool) -> Graph:
    chosen, alive = graph.chosen.copy(), graph.alive.copy()
    if network:
        alive[candidate] = False
    else:
        chosen[candidate] = False
    return graph_of(graph.first, graph.second, graph.relation, chosen, alive)


def _named(
    world: World, graph: Graph, candidate: int, lost: float, worst: float, *, network: bool
) -> Chokepoint:
    if network:
        return Chokepoint(int(world.numbers[candidate]), 0, lost, worst)
    ends = graph.first[candidate], graph.second[candidate]
    return Chokepoint(int(world.numbers[ends[0]]), int(world.numbers[ends[1]]), lost, worst)


class _Worst:
    """What losing a network or a link can cost at most: every lost pair has an end below it."""

    def __init__(self, world: World, graph: Graph, code: int) -> None:
        self._graph = graph
        self._own = people_by_network(world, [code])
        self._all = people_by_network(world, range(len(world.countries)))
        self._above = np.zeros(len(world), bool)
        sources = np.flatnonzero(self._own).astype(np.int32)
        closure(graph.providers.start, graph.providers.to, sources, self._above)
        self._below: dict[int, tuple[int, int]] = {}

    def networks(self) -> tuple[Rows, Ints]:
        """Rows with people of the country, and all above them."""
        rows = np.flatnonzero(self._above)
        return rows.astype(np.int32), np.array([self._cost(row) for row in rows.tolist()], np.int64)

    def links(self) -> tuple[Rows, Ints]:
        """Links of those."""
        graph = self._graph
        touching = graph.chosen & (self._above[graph.first] | self._above[graph.second])
        rows = np.flatnonzero(touching)
        transit = graph.relation[rows] == Relation.PROVIDER
        lower = graph.second[rows]
        costs = [
            self._cost(b) if t else self._across(a, b)
            for a, b, t in zip(graph.first[rows].tolist(), lower.tolist(), transit.tolist(), strict=True)
        ]
        return rows.astype(np.int32), np.array(costs, np.int64)

    def _cone(self, row: int) -> tuple[int, int]:
        """The country's people, and all people, in a network and below it."""
        if row not in self._below:
            if not len(self._graph.customers.of(row)):
                self._below[row] = int(self._own[row]), int(self._all[row])
            else:
                inside = np.zeros(len(self._above), bool)
                lists: Lists = self._graph.customers
                closure(lists.start, lists.to, np.array([row], np.int32), inside)
                self._below[row] = _sum(self._own, inside), _sum(self._all, inside)
        return self._below[row]

    def _cost(self, row: int) -> int:
        """Pairs from the country's people below it to everybody, and from all its others to those below."""
        own, everybody = self._cone(row)
        return own * int(self._all.sum()) + (int(self._own.sum()) - own) * everybody

    def _across(self, one: int, other: int) -> int:
        """Pairs over a peering, both ways."""
        (a_own, a_all), (b_own, b_all) = self._cone(one), self._cone(other)
        return a_own * b_all + b_own * a_all


def _sum(people: Ints, inside: Flags) -> int:
    return int(people[inside].sum())
