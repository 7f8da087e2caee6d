"""Reach by bits is what a plain walk over valley-free paths finds, also after a change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.reach import Link, connected_with, reached_from
from tests.worlds import world_of, worlds
from tidegate.kernels.adjacency import islands
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import Flags, Groups, Relation, World
from tidegate.rehearse import graph as graph_module
from tidegate.rehearse import reach as reach_module
from tidegate.rehearse.graph import NOBODY, Graph, Lists, graph_after, graph_of
from tidegate.rehearse.reach import (
    Reach,
    baseline_of,
    classes_of,
    reach_after,
    reach_between,
    reach_of,
)
from tidegate.rehearse.synthetic import synthetic_world


def lists_of(groups: Groups) -> Lists:
    return Lists(groups.start, groups.member)


def whole(world: World, hubs: Lists = NOBODY) -> Graph:
    return part(world, np.ones(len(world.links), bool), np.ones(len(world), bool), hubs)


def part(world: World, chosen: Flags, alive: Flags, hubs: Lists = NOBODY) -> Graph:
    links = world.links
    hubs = Lists(*living(hubs, alive)) if hubs is not NOBODY else hubs
    return graph_of(links.first, links.second, links.relation, chosen, alive, hubs)


def living(hubs: Lists, alive: Flags) -> tuple[np.ndarray, np.ndarray]:
    sets = [hubs.of(at)[alive[hubs.of(at)]] for at in range(len(hubs.start) - 1)]
    start = np.concatenate(([0], np.cumsum([len(one) for one in sets]))).astype(np.int64)
    return start, np.concatenate([np.empty(0, np.int32), *sets])


def links_of(graph: Graph) -> list[Link]:
    columns = (graph.first, graph.second, graph.relation)
    return [
        (int(a), int(b), int(kind))
        for a, b, kind, chosen in zip(*columns, graph.chosen, strict=True)
        if chosen
    ]


def walked(graph: Graph) -> Flags:
    """bool[n, n] by the naive twin."""
    hubs = [graph.hubs.of(at).tolist() for at in range(len(graph.hubs.start) - 1)]
    found = np.zeros((len(graph), len(graph)), bool)
    for row in np.flatnonzero(graph.alive).tolist():
        found[row, sorted(reached_from(row, links_of(graph), hubs))] = True
    return found


def counted(world: World, bits: Flags) -> Reach:
    """The sums of a matrix of bits, one place after the other."""
    size = len(world.countries)
    networks, people = np.zeros((2, size, size), np.int64)
    of_network = np.zeros((len(world), 2), np.int64)
    rows = list(
        zip(*(getattr(world.places, c).tolist() for c in ("network", "country", "people")), strict=True)
    )
    main = [at == 0 or rows[at - 1][0] != row[0] for at, row in enumerate(rows)]
    for one, (a, from_country, from_people) in enumerate(rows):
        for other, (b, to_country, to_people) in enumerate(rows):
            if bits[a, b]:
                networks[from_country, to_country] += main[one] and main[other]
                people[from_country, to_country] += from_people * to_people
                if main[one]:
                    of_network[a] += (main[other], to_people)
    return Reach(networks, people, of_network)


def same(one: Reach, other: Reach) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Reach.__slots__)


def everybody(world: World) -> np.ndarray:
    return np.arange(len(world), dtype=np.int32)


@settings(max_examples=1500, deadline=None)
@given(worlds(), st.booleans())
def test_reach_is_what_a_walk_finds(world: World, with_exchanges: bool) -> None:
    graph = whole(world, lists_of(world.exchanges) if with_exchanges else NOBODY)
    bits = reach_between(classes_of(graph), everybody(world), everybody(world))
    assert np.array_equal(bits, walked(graph))
    assert np.array_equal(bits, bits.T)
    assert same(reach_of(world, graph), counted(world, bits))


@settings(max_examples=1500, deadline=None)
@given(worlds(), st.data(), st.booleans())
def test_reach_after_a_change_is_the_reach_computed_anew(
    world: World, data: st.DataObject, with_exchanges: bool
) -> None:
    hubs = lists_of(world.exchanges) if with_exchanges else NOBODY
    count = len(world.links)
    masks = [np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count))) for _ in range(2)]
    stays = st.lists(st.sampled_from([True, True, False]), min_size=len(world), max_size=len(world))
    alive = np.array(data.draw(stays))
    before = baseline_of(world, part(world, masks[0], np.ones(len(world), bool), hubs))
    # Somebody may also stay and meet the others no more.
    present = np.array(
        data.draw(st.lists(st.sampled_from([True, True, False]), min_size=len(world), max_size=len(world)))
    )
    there = Lists(*living(hubs, present)) if with_exchanges else NOBODY
    after = part(world, masks[1], alive, there)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reach_module, "INCREMENTAL_SHARE", 1.0)
        assert same(reach_after(world, before, after), reach_of(world, after))


@settings(max_examples=1500, deadline=None)
@given(worlds(), st.data(), st.booleans())
def test_lists_and_classes_edited_after_losses_are_worth_those_made_anew(
    world: World, data: st.DataObject, with_exchanges: bool
) -> None:
    hubs = lists_of(world.exchanges) if with_exchanges else NOBODY
    often = st.sampled_from([True, True, True, False])
    size = len(world.links)
    was, stays = (np.array(data.draw(st.lists(often, min_size=size, max_size=size)), bool) for _ in range(2))
    alive = np.array(data.draw(st.lists(often, min_size=len(world), max_size=len(world))))
    before = baseline_of(world, part(world, was, np.ones(len(world), bool), hubs))
    anew = part(world, was & stays, alive, hubs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_module, "EDITED_SHARE", 1.0)
        patch.setattr(reach_module, "MERGED_AGAIN_SHARE", 1.0)
        patch.setattr(reach_module, "INCREMENTAL_SHARE", 1.0)
        edited = graph_after(before.graph, was & stays, alive, anew.hubs)
        assert same(reach_after(world, before, edited), reach_of(world, anew))
    assert edited.first is before.graph.first
    for name in ("providers", "customers", "peers"):
        one, other = getattr(edited, name), getattr(anew, name)
        assert [sorted(one.of(row)) for row in range(len(world))] == [
            sorted(other.of(row)) for row in range(len(world))
        ]


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_islands_are_what_any_path_connects(world: World) -> None:
    links = world.links
    found = islands(links.first, links.second, np.ones(len(links), bool), len(world))
    for row in range(len(world)):
        assert set(np.flatnonzero(found == found[row]).tolist()) == connected_with(
            row, links_of(whole(world))
        )


@settings(max_examples=300, deadline=None)
@given(worlds(), st.data())
def test_a_further_link_never_loses_physical_reach_or_that_over_peering(
    world: World, data: st.DataObject
) -> None:
    graph = whole(world)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(world.links), max_size=len(world.links))))
    fewer = part(world, kept, np.ones(len(world), bool))
    nodes = everybody(world)
    less = reach_between(classes_of(fewer), nodes, nodes)
    more = reach_between(classes_of(graph), nodes, nodes)
    assert not (less & ~more).any()


@pytest.mark.parametrize("seed", range(4))
def test_a_made_up_world_in_several_blocks_and_threads_is_walked_alike(seed: int) -> None:
    world = synthetic_world(seed, 700)
    graph = whole(world, lists_of(world.exchanges) if seed % 2 else NOBODY)
    bits = walked(graph)
    assert same(reach_of(world, graph), counted(world, bits))
    chosen = np.random.default_rng(seed).random(len(world.links)) < 0.5
    after = part(world, chosen, np.ones(len(world), bool), graph.hubs)
    assert same(reach_after(world, baseline_of(world, graph), after), counted(world, walked(after)))


def test_a_valley_is_not_crossed_and_two_peerings_are_not() -> None:
    world = world_of([(1, 3, -1), (2, 3, -1), (1, 4, 0), (4, 5, 0), (5, 6, -1)])
    bits = reach_between(classes_of(whole(world)), everybody(world), everybody(world))
    reached = {row + 1: set((np.flatnonzero(bits[row]) + 1).tolist()) for row in range(6)}
    assert reached[1] == {1, 3, 4}
    assert reached[3] == {1, 2, 3, 4}
    assert reached[6] == {4, 5, 6}


def test_networks_alike_are_merged() -> None:
    links = [(1, 2, 0), *((1, n, -1) for n in (3, 4, 5)), *((p, n, -1) for p in (1, 2) for n in (6, 7))]
    classes = classes_of(whole(world_of([*links, (3, 8, -1)])))
    assert len(classes) == 3
    assert classes.of.tolist() == [0, 1, 0, 0, 0, 2, 2, 0]


def test_a_removed_network_reaches_nobody_not_even_itself() -> None:
    world = world_of([(1, 2, -1), (1, 3, -1)], people={1: 5, 2: 7, 3: 11})
    alive = np.array([False, True, True])
    reach = reach_of(world, part(world, np.ones(2, bool), alive))
    assert reach.of_network.tolist() == [[0, 0], [1, 7], [1, 11]]
    assert (reach.network_pairs, reach.people_pairs) == (2, 49 + 121)


def test_who_would_become_its_own_provider_is_refused() -> None:
    first, second = np.array([0, 1, 2], np.int32), np.array([1, 2, 0], np.int32)
    relation = np.full(3, Relation.PROVIDER, np.int8)
    with pytest.raises(NotAllowed, match="its own provider"):
        graph_of(first, second, relation, np.ones(3, bool), np.ones(3, bool))
