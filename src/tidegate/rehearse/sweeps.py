"""Many scenarios in a row: every country cut, every network of one gone, every pair, random sets."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec
import numpy as np

from tidegate.model.scenarios import CutBetween, CutCountry, RemoveNetworks, Scenario
from tidegate.model.topology import World
from tidegate.rehearse.answers import Bounds, people_of
from tidegate.rehearse.measuring import Ground, has_more
from tidegate.rehearse.reach import Baseline, reach_after, reach_between
from tidegate.rehearse.scenarios import (
    Left,
    Places,
    apply,
    graph_at_least,
    graph_at_most,
    named_countries,
)

SWEEP_MAX = 100_000
"""Scenarios of one sweep; a longer one is refused before it begins."""


class Loss(msgspec.Struct, frozen=True):
    """What one scenario costs: shares of the pairs of people with an end in the countries that it is about
    (in the whole world where it names none) that no longer reach each other; and by networks, everywhere.

    `low` is the loss where peering that may exist unseen helps, `high` the loss by the links that are seen.
    """

    name: str
    people: Bounds
    network_pairs_lost: int


def countries(ground: Ground) -> Iterator[Scenario]:
    """Each country cut off, in order of their codes."""
    for country in ground.world.countries:
        yield Scenario(f"cut {country}", (CutCountry(country),))


def networks(ground: Ground, country: str) -> Iterator[Scenario]:
    """Each network of a country gone, in order of their numbers; told for that country."""
    places = Places(ground.world)
    for row in np.flatnonzero(places.mainly_in([places.code(country)])).tolist():
        number = int(ground.world.numbers[row])
        yield Scenario(f"remove AS{number}", (RemoveNetworks((number,)),), (country,))


def pairs(ground: Ground, chosen: Sequence[str]) -> Iterator[Scenario]:
    """The links between each two of the countries cut."""
    Places(ground.world).codes(chosen)
    for one, other in combinations(chosen, 2):
        yield Scenario(f"cut {one} from {other}", (CutBetween((one,), (other,)),))


def random_sets(ground: Ground, size: int, count: int, seed: int) -> Iterator[Scenario]:
    """Sets of that many networks gone, the same ones for the same seed; told for the whole world."""
    random = np.random.default_rng(seed)
    for at in range(count):
        chosen = np.sort(random.choice(len(ground.world), min(size, len(ground.world)), replace=False))
        numbers = tuple(int(number) for number in ground.world.numbers[chosen])
        yield Scenario(f"random {at + 1}", (RemoveNetworks(numbers),))


def loss(ground: Ground, places: Places, scenario: Scenario) -> Loss:
    """One step of a sweep."""
    left = apply(places, scenario)
    alone = _stub_alone(ground, left)
    if alone is not None:
        return _loss_of_stub(ground, places, scenario, alone)
    codes = places.codes(named_countries(scenario)) or list(range(len(ground.world.countries)))
    seen = reach_after(ground.world, ground.seen, graph_at_least(left))
    most = reach_after(ground.world, ground.most, graph_at_most(left)) if has_more(left) else seen
    people = people_of(ground.world)
    whole = max(1, sum(int(people[code]) for code in codes) * int(people.sum()))
    lost = [
        (_pairs(before.people, codes) - _pairs(after.people, codes)) / whole
        for before, after in ((ground.most.reach, most), (ground.seen.reach, seen))
    ]
    pairs_lost = ground.seen.reach.network_pairs - seen.network_pairs
    return Loss(scenario.name, Bounds(min(lost), max(lost)), pairs_lost)


def _pairs(matrix: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", codes: Sequence[int]) -> int:
    return sum(int(row.sum()) for row in matrix[list(codes)])


def _stub_alone(ground: Ground, left: Left) -> int | None:
    """The network that is gone, where it is one without customers and nothing else changed."""
    gone = np.flatnonzero(~left.alive)
    if len(gone) != 1 or len(left.first) != len(ground.world.links):
        return None
    row = int(gone[0])
    if len(ground.seen.graph.customers.of(row)) or not (left.at_least.all() and left.at_most.all()):
        return None
    return row


def _loss_of_stub(ground: Ground, places: Places, scenario: Scenario, row: int) -> Loss:
    """A network without customers carries nothing for others, so that exactly its own pairs are lost."""
    world = ground.world
    codes = places.codes(named_countries(scenario)) or list(range(len(world.countries)))
    people = people_of(world)
    whole = max(1, sum(int(people[code]) for code in codes) * int(people.sum()))
    own = world.places.network == row
    its_people = int(world.places.people[own].sum())
    its_own = own & np.isin(world.places.country, codes)
    its_here = int(world.places.people[its_own].sum())
    lost = []
    for base in (ground.most, ground.seen):
        reached = int(base.reach.of_network[row, 1])
        here = _people_reached(world, base, row, codes)
        # Pairs that begin in the network's own places here, and those of others here that end in it.
        lost.append((its_here * reached + (here - its_here) * its_people) / whole)
    pairs_lost = 2 * int(ground.seen.reach.of_network[row, 0]) - 1
    return Loss(scenario.name, Bounds(min(lost), max(lost)), pairs_lost)


def _people_reached(world: World, base: Baseline, row: int, codes: Sequence[int]) -> int:
    """People in the countries whom the network reaches."""
    here = np.isin(world.places.country, codes)
    sources = world.places.network[here]
    bits = reach_between(base.classes, sources, np.array([row], np.int32))[:, 0]
    return int(world.places.people[here][bits].sum())
