"""Best routes are those of BGPy (group `oracle`: `uv run --group oracle pytest`), a simulator of others.

Where TIDEGATE_AS_REL names a real file of AS relationships, another test compares that; it takes minutes.
"""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.rehearse.test_reach import links_of, part, whole
from tidegate.adapters.topology_files import read_topology_file
from tidegate.kernels.routes import CUSTOMER, OWN, PEER, PROVIDER
from tidegate.model.topology import World
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.joining import Tables, join
from tidegate.rehearse.reach import classes_of, reach_between
from tidegate.rehearse.routes import routes_of
from tidegate.rehearse.synthetic import synthetic_world
from tidegate.wire.as_rel import decode_as_rel

if os.environ.get("CI") != "true":  # There it must be installed, and its import fails otherwise.
    pytest.importorskip("bgpy", reason="BGPy is not installed: uv sync --group oracle")

PREFIX = "192.0.2.0/24"


def simulator(world: World, graph: Graph) -> Any:
    from bgpy.as_graphs import ASGraphInfo, CustomerProviderLink, PeerLink
    from bgpy.as_graphs.base import ASGraph

    number = world.numbers.tolist()
    links = links_of(graph)
    joined = {row for one in links for row in one[:2]}
    return ASGraph(
        ASGraphInfo(
            customer_provider_links=frozenset(
                CustomerProviderLink(provider_asn=number[a], customer_asn=number[b])
                for a, b, kind in links
                if kind
            ),
            peer_links=frozenset(PeerLink(number[a], number[b]) for a, b, kind in links if not kind),
            unlinked_asns=frozenset(number[row] for row in range(len(world)) if row not in joined),
        ),
        store_customer_cone_size=False,
    )


def simulated(graph: Any, origin: int) -> dict[int, tuple[int, int, int]]:
    """(class, length, next hop) by AS number, of every network that has a route to the origin."""
    from bgpy.shared.enums import Relationships
    from bgpy.simulation_engine import BGP, Announcement, SimulationEngine

    kinds = {
        Relationships.ORIGIN: OWN,
        Relationships.CUSTOMERS: CUSTOMER,
        Relationships.PEERS: PEER,
        Relationships.PROVIDERS: PROVIDER,
    }
    engine = SimulationEngine(graph)
    for network in graph:
        network.policy = BGP(as_=network)
    announced = Announcement(prefix=PREFIX, as_path=(origin,), next_hop_asn=origin, seed_asn=origin)
    engine._seed_announcements((announced,))
    engine.ready_to_run_round = 0
    engine.run(0, scenario=SimpleNamespace())
    found = {}
    for network in graph:
        route = network.policy.local_rib.get(PREFIX)
        if route is not None:
            hop = route.as_path[1] if len(route.as_path) > 1 else origin
            found[network.asn] = kinds[route.recv_relationship], len(route.as_path) - 1, hop
    return found


def compare(world: World, graph: Graph, origins: list[int]) -> None:
    other = simulator(world, graph)
    number = world.numbers
    everybody = np.arange(len(world), dtype=np.int32)
    reached = reach_between(classes_of(graph), everybody, np.array(origins, np.int32))
    for at, origin in enumerate(origins):
        routes = routes_of(graph, origin)
        expected = simulated(other, int(number[origin]))
        ours = {
            int(number[row]): (
                int(routes.kind[row]),
                int(routes.length[row]),
                int(number[routes.next_hop[row]]),
            )
            for row in np.flatnonzero(routes.kind).tolist()
        }
        assert ours == expected
        assert set(number[reached[:, at]].tolist()) == expected.keys()


@pytest.mark.parametrize("seed, networks", [(1, 60), (2, 150), (3, 500), (4, 2_000)])
@pytest.mark.parametrize("kept", [1.0, 0.7])
def test_routes_of_made_up_worlds_are_those_of_bgpy(seed: int, networks: int, kept: float) -> None:
    world = synthetic_world(seed, networks)
    random = np.random.default_rng(seed)
    graph = part(world, random.random(len(world.links)) < kept, np.ones(len(world), bool))
    compare(world, graph, random.choice(networks, 10, replace=False).tolist())


if "TIDEGATE_AS_REL" in os.environ:

    @pytest.mark.parametrize("kept", [1.0, 0.9])
    def test_routes_of_the_real_graph_are_those_of_bgpy(kept: float) -> None:
        data, _ = read_topology_file(Path(os.environ["TIDEGATE_AS_REL"]), "links")
        world = join(Tables(links=[decode_as_rel(data, "as-rel")]))
        random = np.random.default_rng(7)
        graph = whole(world)
        if kept < 1.0:
            graph = part(world, random.random(len(world.links)) < kept, np.ones(len(world), bool))
        compare(world, graph, random.choice(len(world), 5, replace=False).tolist())
