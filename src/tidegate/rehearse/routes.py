"""Best routes, and how much of a country's traffic would cross each network by them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.kernels.adjacency import closure
from tidegate.kernels.routes import crossings, routes_to
from tidegate.model.topology import Bytes, Flags, Rows, World
from tidegate.rehearse.graph import Graph, Lists

THREADS = 2

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Routes:
    """The best route of every network to one origin; `kind` is a class of kernels.routes, 0 where none is."""

    kind: Bytes
    length: Rows
    next_hop: Rows
    equal: Rows


def routes_of(graph: Graph, origin: int) -> Routes:
    """By the rules of kernels.routes; meeting places do not count."""
    return Routes(*routes_to(*_arrays(graph.providers, graph.peers, graph.customers), origin))


def _arrays(*lists: Lists) -> tuple[Any, ...]:
    return tuple(array for one in lists for array in (one.start, one.to))


@dataclass(frozen=True, slots=True)
class Dependency:
    """float64[networks]: the share of pairs of people, one in the country and one outside, whose route
    crosses a network between its ends; inbound where the route leads into the country.

    Pairs without a route count in neither.
    """

    inbound: Shares
    outbound: Shares


def dependency_of(world: World, graph: Graph, country: int) -> Dependency:
    """Compare: AS hegemony, and country transit influence; both weigh addresses where this weighs people."""
    places = world.places
    here = places.country == country
    size = len(world)
    inside, outside = (
        np.bincount(places.network[chosen], weights=places.people[chosen], minlength=size).astype(np.float64)
        for chosen in (here, ~here)
    )
    every = _arrays(graph.providers, graph.peers, graph.customers)
    inbound = _share(every, graph, inside, outside)
    # Routes out of the country need no more than its networks and all above them.
    above = np.zeros(size, bool)
    closure(graph.providers.start, graph.providers.to, np.flatnonzero(inside).astype(np.int32), above)
    part = _arrays(graph.providers, _only(graph.peers, above), _only(graph.customers, above))
    return Dependency(inbound, _share(part, graph, outside, inside))


def _only(lists: Lists, wanted: Flags) -> Lists:
    """Lists without the neighbours that are not wanted."""
    kept = wanted[lists.to]
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
    return Lists(before[lists.start], lists.to[kept])


def _share(arrays: tuple[Any, ...], graph: Graph, to: Shares, source: Shares) -> Shares:
    origins, weight = _alike(graph, to)
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(
            pool.map(lambda at: crossings(*arrays, origins, weight, source, at, THREADS), range(THREADS))
        )
    crossed: Shares = np.sum([part[0] for part in parts], axis=0)
    total = sum(float(part[1]) for part in parts)
    return crossed / total if total else crossed


def _alike(graph: Graph, weight: Shares) -> tuple[Rows, Shares]:
    """Origins with weight; those without customers and peers that have the same providers are taken
    together, since routes of all others to them differ in nothing.
    """
    rows = np.flatnonzero((weight > 0) & graph.alive)
    alone = (np.diff(graph.customers.start) > 0) | (np.diff(graph.peers.start) > 0)
    classes: dict[object, int] = {}
    sums: list[float] = []
    first: list[int] = []
    for row in rows.tolist():
        key = row if alone[row] else np.sort(graph.providers.of(row)).tobytes()
        if key not in classes:
            classes[key] = len(first)
            first.append(row)
            sums.append(0.0)
        sums[classes[key]] += float(weight[row])
    return np.array(first, np.int32), np.array(sums, np.float64)
