"""Best routes are what announcing and choosing settles on, and crossings are those of the routes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.routes import best_routes
from tests.rehearse.test_reach import links_of, part, whole
from tests.worlds import world_of, worlds
from tidegate.model.topology import World
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.reach import classes_of, reach_between
from tidegate.rehearse.routes import dependency_of, routes_of
from tidegate.rehearse.synthetic import synthetic_world


def announced(graph: Graph, origin: int) -> list[tuple[int, int, int, int] | None]:
    best = best_routes(origin, range(len(graph)), links_of(graph))
    return [
        (best[row][0].kind, best[row][0].length, best[row][0].next_hop, best[row][1]) if row in best else None
        for row in range(len(graph))
    ]


def found(graph: Graph, origin: int) -> list[tuple[int, int, int, int] | None]:
    routes = routes_of(graph, origin)
    columns = (routes.kind, routes.length, routes.next_hop, routes.equal)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    return [row if row[0] else None for row in rows]


@settings(max_examples=2000, deadline=None)
@given(worlds(), st.data())
def test_best_routes_are_what_announcing_settles_on(world: World, data: st.DataObject) -> None:
    count = len(world.links)
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    graph = part(world, chosen, np.ones(len(world), bool))
    origin = data.draw(st.integers(0, len(world) - 1))
    assert found(graph, origin) == announced(graph, origin)


@settings(max_examples=500, deadline=None)
@given(worlds(), st.data())
def test_a_route_exists_exactly_where_a_valley_free_path_does(world: World, data: st.DataObject) -> None:
    graph = whole(world)
    origin = data.draw(st.integers(0, len(world) - 1))
    everybody = np.arange(len(world), dtype=np.int32)
    reached = reach_between(classes_of(graph), everybody, everybody[origin : origin + 1])[:, 0]
    assert ((routes_of(graph, origin).kind > 0) == reached).all()


@pytest.mark.parametrize("seed", range(3))
def test_best_routes_of_a_made_up_world(seed: int) -> None:
    graph = whole(synthetic_world(seed, 300))
    for origin in np.random.default_rng(seed).choice(300, 5).tolist():
        assert found(graph, origin) == announced(graph, origin)


def crossed(world: World, graph: Graph, country: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares by following every route hop by hop."""
    places = world.places
    here = places.country == country
    size = len(world)
    inside = np.bincount(places.network[here], weights=places.people[here], minlength=size)
    outside = np.bincount(places.network[~here], weights=places.people[~here], minlength=size)
    shares = []
    for to, source in ((inside, outside), (outside, inside)):
        weight, total = np.zeros(size), 0.0
        for origin in np.flatnonzero(to):
            routes = routes_of(graph, int(origin))
            for row in np.flatnonzero(routes.kind):
                total += to[origin] * source[row]
                hop = routes.next_hop[row]
                while origin not in (row, hop):
                    weight[hop] += to[origin] * source[row]
                    hop = routes.next_hop[hop]
        shares.append(weight / total if total else weight)
    return shares[0], shares[1]


@settings(max_examples=500, deadline=None)
@given(worlds(), st.integers(0, 2))
def test_dependency_is_the_share_of_routes_that_cross_a_network(world: World, at: int) -> None:
    country = at % len(world.countries)
    graph = whole(world)
    dependency = dependency_of(world, graph, country)
    inbound, outbound = crossed(world, graph, country)
    assert np.allclose(dependency.inbound, inbound, rtol=1e-9)
    assert np.allclose(dependency.outbound, outbound, rtol=1e-9)


def test_a_country_behind_one_carrier_depends_on_it_wholly() -> None:
    links = [(1, 2, -1), (1, 3, -1), (2, 4, -1), (2, 5, -1)]
    places = {1: "XB", 2: "XA", 3: "XB", 4: "XA", 5: "XA"}
    world = world_of(links, places, {3: 100, 4: 10, 5: 30})
    dependency = dependency_of(world, whole(world), 0)
    assert dependency.inbound.tolist() == dependency.outbound.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
