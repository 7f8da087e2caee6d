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
    folded = _fold(graph)
    inbound = _share(graph, folded, inside, outside, graph.peers, folded.customers)
    # Routes out of the country need no more than its networks and all above them.
    above = np.zeros(size, bool)
    sources = np.flatnonzero(folded.sum(inside)).astype(np.int32)
    closure(graph.providers.start, graph.providers.to, sources, above)
    part = _only(graph.peers, above), _only(folded.customers, above)
    return Dependency(inbound, _share(graph, folded, outside, inside, *part))


def _only(lists: Lists, wanted: Flags) -> Lists:
    """Lists without the neighbours that are not wanted."""
    kept = wanted[lists.to]
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
    return Lists(before[lists.start], lists.to[kept])


@dataclass(frozen=True, slots=True)
class _Folded:
    """Networks without customers and peers, taken together: their routes differ in nothing but their ends.

    One with a single provider is `behind` it; of those with the same providers the first stands for all.
    `to` says who stands for each network (itself for most), and `customers` are without those stood for.
    """

    to: Rows
    behind: Flags
    customers: Lists

    def sum(self, weight: Shares) -> Shares:
        """float64[networks]: of each that stands for others, all their weights."""
        found: Shares = np.bincount(self.to, weight, len(self.to)).astype(np.float64)
        return found


def _fold(graph: Graph) -> _Folded:
    to = np.arange(len(graph), dtype=np.int32)
    leaf = (np.diff(graph.customers.start) == 0) & (np.diff(graph.peers.start) == 0)
    providers = np.diff(graph.providers.start)
    behind = leaf & (providers == 1)
    to[behind] = graph.providers.to[graph.providers.start[:-1][behind]]
    classes: dict[bytes, int] = {}
    for row in np.flatnonzero(leaf & (providers > 1)).tolist():
        to[row] = classes.setdefault(np.sort(graph.providers.of(row)).tobytes(), row)
    return _Folded(to, behind, _only(graph.customers, to == np.arange(len(graph))))


def _share(
    graph: Graph, folded: _Folded, to: Shares, source: Shares, peers: Lists, customers: Lists
) -> Shares:
    """The share of routes from the sources to the origins (`to`) that cross each network."""
    to, source = np.where(graph.alive, to, 0.0), np.where(graph.alive, source, 0.0)
    weights, behind = [folded.sum(one) for one in (to, source)], folded.behind
    hidden = [folded.sum(np.where(behind, one, 0.0)) for one in (to, source)]
    origins = np.flatnonzero(weights[0] > 0).astype(np.int32)
    arrays = _arrays(graph.providers, peers, customers)
    ends = weights[0][origins], hidden[0][origins], weights[1], hidden[1]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda at: crossings(*arrays, origins, *ends, at, THREADS), range(THREADS)))
    crossed: Shares = np.sum([part[0] for part in parts], axis=0)
    crossed += _between_alike(graph, folded, to, source)
    total = sum(float(part[1]) for part in parts)
    return crossed / total if total else crossed


def _between_alike(graph: Graph, folded: _Folded, to: Shares, source: Shares) -> Shares:
    """What routes between those that one stands for add: each crosses their provider, the first of several.
    A network's route to itself was counted as if it crossed its only provider, and crosses none.
    """
    added = np.zeros(len(graph))
    all_to, all_source, own = (folded.sum(one) for one in (to, source, to * source))
    behind = np.flatnonzero(folded.behind)
    np.subtract.at(added, folded.to[behind], (to * source)[behind])
    shared = np.flatnonzero((folded.to != np.arange(len(graph))) & ~folded.behind)
    for row in np.unique(folded.to[shared]).tolist():
        first = int(graph.providers.of(row).min())
        added[first] += all_to[row] * all_source[row] - own[row]
    return added
