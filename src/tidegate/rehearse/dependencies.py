"""On which networks a country's routes depend: the share of its people's routes that cross each."""

import msgspec
import numpy as np

from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.routes import dependency_of
from tidegate.rehearse.scenarios import Places

TOLD_MAX = 20
"""Networks told, those crossed by most first; the rest is left out."""


class Crossed(msgspec.Struct, frozen=True):
    """One network between the ends of routes; `abroad` where it is mainly elsewhere."""

    network: int
    abroad: bool
    inbound: float
    outbound: float


class Dependencies(msgspec.Struct, frozen=True):
    """Shares of pairs of people, one of them in the country, by best routes over links that are seen."""

    country: str
    crossed: tuple[Crossed, ...]


def dependencies(ground: Ground, country: str) -> Dependencies:
    """NotAllowed for a country that the world does not have."""
    places = Places(ground.world)
    code = places.code(country)
    found = dependency_of(ground.world, ground.seen.graph, code)
    weight = np.maximum(found.inbound, found.outbound)
    worst = [row for row in np.argsort(-weight, kind="stable")[:TOLD_MAX].tolist() if weight[row] > 0]
    return Dependencies(
        country,
        tuple(
            Crossed(
                int(ground.world.numbers[row]),
                bool(places.main[row] != code),
                float(found.inbound[row]),
                float(found.outbound[row]),
            )
            for row in worst
        ),
    )
