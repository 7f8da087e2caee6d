"""Reach over a whole graph: who reaches whom, summed over countries, networks and people, exactly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tidegate.kernels.adjacency import closure, renumbered
from tidegate.kernels.quotient import merge_alike
from tidegate.kernels.reach import BLOCK, reach_bits, reach_sums
from tidegate.model.topology import Flags, Ints, Places, Relation, Rows, World
from tidegate.rehearse.graph import NOBODY, Graph, Lists

THREADS = 2
"""Kernels leave the interpreter, so that two threads use two cores; the sums do not depend on how many."""

MERGED_AGAIN_SHARE = 0.1
"""Where more than this share of all networks may have changed, all are merged anew, which leaves fewer."""

INCREMENTAL_SHARE = 0.4
"""Where more than this share of all networks may have changed, everything is computed again."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Ordered pairs that reach each other, and what each network reaches, itself included.

    `networks` and `people`, int64[countries, countries]: from row to column; a pair of people counts their
    numbers multiplied. A network counts in its main country, and its people where they are.
    `of_network`, int64[networks, 2]: networks and people that it reaches; 0 where it is removed.
    """

    networks: Ints
    people: Ints
    of_network: Ints

    @property
    def network_pairs(self) -> int:
        return int(self.of_network[:, 0].sum())

    @property
    def people_pairs(self) -> int:
        return sum(int(row.sum()) for row in self.people)


@dataclass(frozen=True, slots=True)
class Classes:
    """A graph in which networks that reach the same are one (kernels.quotient)."""

    of: Rows
    providers: Lists
    peers: Lists
    hubs: Lists

    def __len__(self) -> int:
        return len(self.providers.start) - 1

    @property
    def arrays(self) -> tuple[Ints, Rows, Ints, Rows, Ints, Rows]:
        return (
            self.providers.start, self.providers.to, self.peers.start, self.peers.to,
            self.hubs.start, self.hubs.to,
        )  # fmt: skip


def classes_of(graph: Graph) -> Classes:
    """All networks, merged as far as it goes."""
    return _merged(graph, graph.order, None)


def _merged(graph: Graph, order: Rows, before: Classes | None) -> Classes:
    """The rows of `order` merged; the others as they were before."""
    solid = np.diff(graph.peers.start) > 0
    solid[graph.hubs.to] = True
    providers = graph.providers
    known = (np.full(len(graph), -1, np.int32), NOBODY) if before is None else (before.of, before.providers)
    found, start, to = merge_alike(
        order, providers.start, providers.to, solid, graph.alive, known[0], known[1].start, known[1].to
    )
    peers = Lists(*renumbered(graph.peers.start, graph.peers.to, found, len(start) - 1))
    return Classes(found, Lists(start, to), peers, Lists(graph.hubs.start, found[graph.hubs.to]))


@dataclass(frozen=True, slots=True)
class _Ends:
    """Places that agree in two keys, as one; sorted by the first key, then the second.

    `of_place` says which of them each place became, -1 where it is left out.
    """

    first: Ints
    second: Rows
    weight: Ints
    of_place: Ints


def _ends(first: Ints, second: Ints, weights: Ints, wanted: Flags) -> _Ends:
    span = int(second.max(initial=0)) + 1
    keys, where = np.unique(first[wanted] * span + second[wanted], return_inverse=True)
    columns = [np.bincount(where, weights=column, minlength=len(keys)) for column in weights[wanted].T]
    of_place = np.full(len(wanted), -1, np.int64)
    of_place[wanted] = where
    weight = np.stack(columns, axis=1).astype(np.int64) if columns else weights
    return _Ends(keys // span, (keys % span).astype(np.int32), weight, of_place)


def _main_places(places: Places) -> Flags:
    """The first place of each network, which counts the network."""
    return np.concatenate((np.ones(1, bool), places.network[1:] != places.network[:-1]))[
        : len(places.network)
    ]


@dataclass(frozen=True, slots=True)
class _Sums:
    """What kernels.reach.reach_sums returns, and which target each place became."""

    matrix: Ints
    of_class: Ints
    of_target: Ints


def _sums(world: World, classes: Classes, chosen: Flags | None) -> tuple[_Sums, Ints]:
    """From every network to the chosen ones, or to all; and the target that each place became."""
    places = world.places
    row = classes.of[places.network].astype(np.int64)
    living = row >= 0
    country = places.country.astype(np.int64)
    weight = np.stack((_main_places(places).astype(np.int64), places.people), axis=1)
    wanted = living if chosen is None else living & chosen[places.network]
    target = _ends(country, row, weight, wanted)
    source = _ends(row, country, np.hstack((weight, weight * wanted[:, None])), living)
    start = np.searchsorted(source.first, np.arange(len(classes) + 1)).astype(np.int64)

    def part(first: int, step: int) -> _Sums:
        found = reach_sums(
            *classes.arrays, target.second, target.first, target.weight,
            start, source.second, source.weight, first, step, chosen is not None, len(world.countries),
        )  # fmt: skip
        return _Sums(*found)

    return _in_threads(part, len(target.first)), target.of_place


def _in_threads(part: Callable[[int, int], _Sums], targets: int) -> _Sums:
    """The sums of all blocks, each thread having every other one."""
    threads = min(THREADS, max(1, -(-targets // BLOCK)))
    if threads == 1:
        return part(0, 1)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda first: part(first, threads), range(threads)))
    columns = ((one.matrix, one.of_class, one.of_target) for one in parts)
    return _Sums(*(np.sum(together, axis=0) for together in zip(*columns, strict=True)))


def weights_of(world: World) -> Ints:
    """int64[networks, 2]: one network each, and its people."""
    people = np.bincount(world.places.network, weights=world.places.people, minlength=len(world))
    return np.stack((np.ones(len(world), np.int64), people.astype(np.int64)), axis=1)


def reach_of_some(classes: Classes, rows: Rows, weights: Ints) -> Ints:
    """int64[rows, 2]: the weights of all that each of these networks reaches; with `weights_of` that is what
    Reach.of_network says. Much less work than `reach_of` where they are few.
    """
    living, count = classes.of >= 0, len(classes)
    columns = [
        np.bincount(classes.of[living], weights=column[living], minlength=count).astype(np.int64)
        for column in weights.T
    ]
    wanted = classes.of[rows]
    targets = np.unique(wanted[wanted >= 0])
    # As reach is symmetric, what reaches a network is what it reaches. Groups and pairs are not asked for.
    source = np.stack((*columns, np.zeros(count, np.int64), np.zeros(count, np.int64)), axis=1)
    start, group = np.arange(count + 1), np.zeros(count, np.int32)
    none, no_weight = np.zeros(len(targets), np.int64), np.zeros((len(targets), 2), np.int64)

    def part(first: int, step: int) -> _Sums:
        return _Sums(
            *reach_sums(*classes.arrays, targets, none, no_weight, start, group, source, first, step, True, 1)
        )

    found = np.zeros((count + 1, 2), np.int64)
    found[targets] = _in_threads(part, len(targets)).of_target
    return found[wanted]


def reach_of(world: World, graph: Graph, classes: Classes | None = None) -> Reach:
    """Everything, from the beginning."""
    classes = classes_of(graph) if classes is None else classes
    sums, _ = _sums(world, classes, None)
    return Reach(sums.matrix[0], sums.matrix[1], _of_networks(classes, sums.of_class))


def _of_networks(classes: Classes, of_class: Ints) -> Ints:
    """By network what was summed by class; 0 for those that are not alive."""
    padded = np.vstack((of_class, np.zeros((1, 2), np.int64)))
    return padded[classes.of]


def reach_between(classes: Classes, sources: Rows, targets: Rows) -> Flags:
    """bool[sources, targets]: which network reaches which. Who is not alive reaches nobody."""
    rows = classes.of[targets]
    if not len(classes):
        return np.zeros((len(sources), len(targets)), bool)
    bits = reach_bits(*classes.arrays, np.maximum(rows, 0))
    from_rows = classes.of[sources]
    found: Flags = bits[np.maximum(from_rows, 0)] & (from_rows >= 0)[:, None] & (rows >= 0)[None, :]
    return found


@dataclass(frozen=True, slots=True)
class Baseline:
    """A graph whose reach is known, from which the reach of a changed one is computed."""

    graph: Graph
    classes: Classes
    reach: Reach


def baseline_of(world: World, graph: Graph) -> Baseline:
    classes = classes_of(graph)
    return Baseline(graph, classes, reach_of(world, graph, classes))


def reach_after(world: World, before: Baseline, after: Graph) -> Reach:
    """What `reach_of(world, after)` gives, from the baseline where little can have changed.

    A path that a link from a provider to its customer c made or broke has one of its ends in the cone of c. A
    path over a peering has an end in the cone of either side, so that the smaller will do. As reach is
    symmetric, it is enough to look at how everybody reaches the networks of those cones, before and after.
    """
    touched = touched_networks(before.graph, after)
    if touched.mean() > INCREMENTAL_SHARE:
        return reach_of(world, after)
    classes = classes_after(before, after, touched)
    was, _ = _sums(world, before.classes, touched)
    now, target_of_place = _sums(world, classes, touched)
    matrix = now.matrix - was.matrix
    # From anybody to the touched, and from the touched to others: the same, turned, less those among them.
    networks, people = (matrix[at] + matrix[at].T - matrix[at + 2] for at in range(2))
    of_network = before.reach.of_network + (
        _of_networks(classes, now.of_class) - _of_networks(before.classes, was.of_class)
    )
    main = _main_places(world.places) & touched[world.places.network] & (target_of_place >= 0)
    of_network[world.places.network[main]] = now.of_target[target_of_place[main]]
    of_network[~after.alive] = 0
    return Reach(before.reach.networks + networks, before.reach.people + people, of_network)


def classes_after(before: Baseline, after: Graph, touched: Flags) -> Classes:
    """Classes in which all that reach the same now are not always one, but all of one reach the same.

    Who is not touched has the providers that it had, and these are not touched either. So it is still like
    those of its class that are not touched. An added peering could give peers to such a one.
    """
    old = before.graph
    added = len(after.first) != len(old.first) or bool((after.chosen & ~old.chosen).any())
    if added or touched.mean() > MERGED_AGAIN_SHARE:
        return classes_of(after)
    return _merged(after, after.order[touched[after.order]], before.classes)


def touched_networks(before: Graph, after: Graph) -> Flags:
    """Networks of which one is an end of every pair that may have changed; closed towards customers."""
    touched: Flags = before.alive != after.alive
    old = len(before.first)
    if len(after.first) < old or not np.array_equal(after.first[:old], before.first):
        return np.ones(len(touched), bool)
    gone = np.flatnonzero(before.chosen & ~after.chosen[:old])
    come = np.flatnonzero(
        after.chosen & ~np.concatenate((before.chosen, np.zeros(len(after.first) - old, bool)))
    )
    for graph, changed in ((before, gone), (after, come)):
        lists = graph.customers
        closure(lists.start, lists.to, np.flatnonzero(touched), touched)
        first, second = graph.first[changed], graph.second[changed]
        transit = graph.relation[changed] == Relation.PROVIDER
        closure(lists.start, lists.to, second[transit], touched)
        first, second = first[~transit], second[~transit]
        open_still = ~(touched[first] | touched[second])
        customers = np.diff(lists.start)
        smaller = np.where(customers[first] <= customers[second], first, second)[open_still]
        closure(lists.start, lists.to, smaller, touched)
        closure(lists.start, lists.to, _members_that_differ(before.hubs, after.hubs), touched)
    return touched


def _members_that_differ(one: Lists, other: Lists) -> Rows:
    """Members of all meeting places that are not the same in both; of all where their number differs."""
    if len(one.start) != len(other.start):
        return np.concatenate((one.to, other.to))
    differ = [at for at in range(len(one.start) - 1) if not np.array_equal(one.of(at), other.of(at))]
    found = [lists.of(at) for at in differ for lists in (one, other)]
    return np.concatenate([np.empty(0, np.int32), *found])
