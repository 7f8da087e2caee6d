"""The networks and links whose loss costs a country's people most.

Looked at are networks with people of the country, all carriers above them, and the links of both; not the
distant ends of routes, whose loss costs their own people. Those are tried first that people cannot avoid on
their way up, until no other can cost more than the tenth found, or up to a bound that is told.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from tidegate.kernels.adjacency import closure, passed_by_all
from tidegate.model.topology import Flags, Ints, Relation, Rows, World
from tidegate.rehearse.answers import people_by_network
from tidegate.rehearse.graph import Graph, Lists, graph_after
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.reach import THREADS
from tidegate.rehearse.scenarios import Places
from tidegate.rehearse.sweeps import Losses

TRIED_MAX = 200
"""Networks, and links, of which the loss is computed; what is not tried could cost at most `untried`."""

TOLD_MAX = 10
"""Chokepoints told of each kind, the worst first."""

_AT_ONCE = 4 * THREADS


class Chokepoint(msgspec.Struct, frozen=True):
    """A network (`second` is 0) or a link, and the share of the country's pairs of people that is lost
    without it. `worst` is what its place in the tree of carriers allows at most.
    """

    first: int
    second: int
    lost: float
    worst: float


class Chokepoints(msgspec.Struct, frozen=True):
    """By the links that are seen. Of the `candidates`, networks and links, so many were `tried`; no other
    costs more than `untried`, which is 0 where the lists are surely the worst there are.
    """

    country: str
    networks: tuple[Chokepoint, ...]
    links: tuple[Chokepoint, ...]
    tried: int
    candidates: int
    untried: float


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Networks or links by number, the pairs of people that each likely costs, and at most."""

    at: Rows
    likely: Ints
    most: Ints
    without: Callable[[Graph, int], Graph]


def chokepoints(ground: Ground, country: str) -> Iterator[tuple[int, int, Chokepoints | None]]:
    """(tried, to try at most, the answer at last): a step for every few networks and links that are tried."""
    world, graph = ground.world, ground.seen.graph
    worst, losses = _Worst(world, graph, Places(world).code(country)), Losses(ground)
    whole = max(1, worst.whole)
    kinds = worst.networks(), worst.links()
    last = sum(min(TRIED_MAX, len(kind.at)) for kind in kinds)
    found: list[tuple[Chokepoint, ...]] = []
    done, untried = 0, 0.0
    for kind in kinds:
        order = np.lexsort((kind.at, -kind.most, -kind.likely))
        tried: list[Chokepoint] = []
        rest = 0.0
        for first in range(0, min(TRIED_MAX, len(order)), _AT_ONCE):
            yield done + first, last, None
            some = order[first : min(first + _AT_ONCE, TRIED_MAX)].tolist()
            with ThreadPoolExecutor(THREADS) as pool:
                graphs = (kind.without(graph, int(kind.at[at])) for at in some)
                lost = list(pool.map(lambda after: losses.share(country, after), graphs))
            tried += [
                Chokepoint(*worst.ends(kind, at), share, int(kind.most[at]) / whole)
                for at, share in zip(some, lost, strict=True)
            ]
            tried.sort(key=lambda one: (-one.lost, one.first, one.second))
            rest = int(kind.most[order[len(tried) :]].max(initial=0)) / whole
            if rest <= (tried[TOLD_MAX - 1].lost if len(tried) >= TOLD_MAX else 0.0):
                rest = 0.0
                break
        done, untried = done + len(tried), max(untried, rest)
        found.append(tuple(one for one in tried if one.lost > 0)[:TOLD_MAX])
    candidates = sum(len(kind.at) for kind in kinds)
    yield done, last, Chokepoints(country, found[0], found[1], done, candidates, min(1.0, untried))


def _without_network(graph: Graph, row: int) -> Graph:
    alive = graph.alive.copy()
    alive[row] = False
    return graph_after(graph, graph.chosen, alive, graph.hubs)


def _without_link(graph: Graph, link: int) -> Graph:
    chosen = graph.chosen.copy()
    chosen[link] = False
    return graph_after(graph, chosen, graph.alive, graph.hubs)


class _Worst:
    """What losing a network or a link can cost at most: every lost pair has an end below it. And what it
    likely costs: what all below it that cannot get up beside it lose.
    """

    def __init__(self, world: World, graph: Graph, code: int) -> None:
        self._graph = graph
        self._numbers = world.numbers
        self._own = people_by_network(world, [code])
        self._all = people_by_network(world, range(len(world.countries)))
        self._above = np.zeros(len(world), bool)
        sources = np.flatnonzero(self._own).astype(np.int32)
        closure(graph.providers.start, graph.providers.to, sources, self._above)
        self._below: dict[int, tuple[int, int]] = {}
        self._bound_to = self._without_way_round()

    @property
    def whole(self) -> int:
        """Pairs of the country's people and everybody."""
        return int(self._own.sum()) * int(self._all.sum())

    def ends(self, kind: _Candidates, at: int) -> tuple[int, int]:
        """AS numbers; the second is 0 for a network."""
        one = int(kind.at[at])
        if kind.without is _without_network:
            return int(self._numbers[one]), 0
        return int(self._numbers[self._graph.first[one]]), int(self._numbers[self._graph.second[one]])

    def networks(self) -> _Candidates:
        """Those with people of the country, and all above them."""
        rows = np.flatnonzero(self._above)
        most = np.array([self._cost(*self._cone(row)) for row in rows.tolist()], np.int64)
        return _Candidates(rows.astype(np.int32), self._likely(rows), most, _without_network)

    def links(self) -> _Candidates:
        """Links of those."""
        graph = self._graph
        touching = graph.chosen & (self._above[graph.first] | self._above[graph.second])
        links = np.flatnonzero(touching)
        transit = graph.relation[links] == Relation.PROVIDER
        upper, lower = graph.first[links], graph.second[links]
        most = [
            self._cost(*self._cone(b)) if t else self._across(a, b)
            for a, b, t in zip(upper.tolist(), lower.tolist(), transit.tolist(), strict=True)
        ]
        only = transit & (np.diff(graph.providers.start)[lower] == 1)
        likely = np.where(only, self._likely(lower), 0)
        return _Candidates(links.astype(np.int32), likely, np.array(most, np.int64), _without_link)

    def _without_way_round(self) -> Ints:
        """int64[networks, 2]: the country's people, and all, that pass each on every way up."""
        graph = self._graph
        passed = passed_by_all(graph.order, graph.providers.start, graph.providers.to)
        people = np.stack((self._own, self._all), axis=1)
        for row in graph.order[::-1].tolist():
            if passed[row] >= 0:
                people[passed[row]] += people[row]
        return people

    def _likely(self, rows: Rows | Ints) -> Ints:
        found: Ints = self._cost(*self._bound_to[rows].T)
        return found

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

    def _cost(self, own: Any, everybody: Any) -> Any:
        """Pairs from the country's people below to everybody, and from all its others to those below."""
        return own * int(self._all.sum()) + (int(self._own.sum()) - own) * everybody

    def _across(self, one: int, other: int) -> int:
        """Pairs over a peering, both ways."""
        (a_own, a_all), (b_own, b_all) = self._cone(one), self._cone(other)
        return a_own * b_all + b_own * a_all


def _sum(people: Ints, inside: Flags) -> int:
    return int(people[inside].sum())
