"""How much of a country's demand still fits over its border points when one is throttled or lost."""

from collections.abc import Sequence

import msgspec
import numpy as np

from tidegate.kernels.flow_limits import most_carried
from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import Border, Scenario, Throttle
from tidegate.model.topology import Ints
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.reach import classes_of, reach_between
from tidegate.rehearse.scenarios import Places, apply, graph_at_least


class PointLoad(msgspec.Struct, frozen=True):
    """One border point, before and after; loads are of one of the ways to carry the most."""

    border_point: str
    capacity_before: int
    capacity_after: int
    load_before: int
    load_after: int


class Throttled(msgspec.Struct, frozen=True):
    """Bits per second that are wanted, and the most that fits before and after."""

    demand: int
    carried_before: int
    carried_after: int
    points: tuple[PointLoad, ...]


def throttled(ground: Ground, scenario: Scenario) -> Throttled | None:
    """None where the scenario names no border points. A demand can use a point if its network reaches one of
    those that lead to it, over links that are seen. NotAllowed for a point or network that is not known.
    """
    if not scenario.border_point:
        return None
    places = Places(ground.world)
    capacity = {point.name: point.capacity_bits_per_s for point in scenario.border_point}
    after = dict(capacity)
    for change in scenario.change:
        if isinstance(change, Throttle):
            if change.border_point not in capacity:
                known = ", ".join(capacity)
                raise NotAllowed(f"There is no border point {change.border_point!r}; known are {known}.")
            after[change.border_point] = min(after[change.border_point], change.capacity_bits_per_s)
    demand = np.array([one.bits_per_s for one in scenario.demand], np.int64)
    left = graph_at_least(apply(places, scenario))
    flows = [
        _flow(places, graph, scenario, np.array(list(room.values()), np.int64), demand)
        for graph, room in ((ground.seen.graph, capacity), (left, after))
    ]
    points = [
        PointLoad(name, capacity[name], after[name], *(int(flow[:, at].sum()) for flow in flows))
        for at, name in enumerate(capacity)
    ]
    return Throttled(int(demand.sum()), int(flows[0].sum()), int(flows[1].sum()), tuple(points))


def _flow(places: Places, graph: Graph, scenario: Scenario, capacity: Ints, demand: Ints) -> Ints:
    sources = np.array([places.row(one.network) for one in scenario.demand], np.int32)
    gates = _gates(places, scenario.border_point)
    targets = np.concatenate(gates).astype(np.int32)
    owner = np.repeat(np.arange(len(gates)), [len(rows) for rows in gates])
    bits = reach_between(classes_of(graph), sources, targets)
    columns = [bits[:, owner == at].any(axis=1) for at in range(len(gates))]
    flow: Ints = most_carried(demand, capacity, np.stack(columns, axis=1))
    return flow


def _gates(places: Places, points: Sequence[Border]) -> list[Ints]:
    return [np.array([places.row(number) for number in point.networks], np.int64) for point in points]
