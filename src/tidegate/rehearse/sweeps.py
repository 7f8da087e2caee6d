"""Many scenarios in a row: every country cut, every network of one gone, every pair, random sets."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec
import numpy as np

from tidegate.model.refusals import Full
from tidegate.model.scenarios import CutBetween, CutCountry, RemoveNetworks, Scenario
from tidegate.model.topology import Ints, Rows, World
from tidegate.rehearse.answers import Bounds, pairs_of_people, people_by_network, people_of
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground, has_more
from tidegate.rehearse.reach import Baseline, classes_of, reach_after, reach_between, reach_of_some
from tidegate.rehearse.scenarios import Places, apply, graph_at_least, graph_at_most, named_countries

SOME_SHARE = 0.2
"""Where a scenario is about more than this share of all networks, whole reach is computed."""

SWEEP_MAX = 100_000
"""Scenarios of one sweep; a longer one is refused before it begins."""


class Loss(msgspec.Struct, frozen=True):
    """What one scenario costs: the share of pairs of people that no longer reach each other, and how many
    pairs of networks; the first of a pair is in the countries that it is about, or anywhere if it names none.

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
    if count > SWEEP_MAX:
        raise Full("SWEEP_MAX", SWEEP_MAX)
    random = np.random.default_rng(seed)
    for at in range(count):
        chosen = np.sort(random.choice(len(ground.world), min(size, len(ground.world)), replace=False))
        numbers = tuple(int(number) for number in ground.world.numbers[chosen])
        yield Scenario(f"random {at + 1}", (RemoveNetworks(numbers),))


def loss(ground: Ground, places: Places, scenario: Scenario) -> Loss:
    """One step of a sweep."""
    world = ground.world
    codes = places.codes(named_countries(scenario)) or list(range(len(world.countries)))
    people = people_by_network(world, codes)
    rows = np.flatnonzero(places.anywhere_in(codes)).astype(np.int32)
    left = apply(places, scenario)
    graphs = [(ground.seen, graph_at_least(left))]
    if has_more(left):
        graphs.append((ground.most, graph_at_most(left)))
    whole = max(1, int(people.sum()) * int(people_of(world).sum()))
    lost = []
    for base, after in graphs:
        gone = _gone(world, base, after, rows)
        lost.append((pairs_of_people(people[rows], gone) / whole, int(gone[:, 0].sum())))
    shares = [share for share, _ in lost]
    return Loss(scenario.name, Bounds(min(shares), max(shares)), lost[0][1])


def _gone(world: World, base: Baseline, after: Graph, rows: Rows) -> Ints:
    """int64[rows, 2]: networks and people that each row no longer reaches."""
    before = base.reach.of_network[rows]
    stub = _stub_alone(base.graph, after)
    if stub is not None:
        return _gone_with_stub(world, base, stub, rows)
    if len(rows) > SOME_SHARE * len(world):
        return before - reach_after(world, base, after).of_network[rows]
    return before - reach_of_some(world, classes_of(after), rows)


def _stub_alone(before: Graph, after: Graph) -> int | None:
    """The network that is gone, where it is one without customers and nothing else has changed."""
    dead = np.flatnonzero(before.alive & ~after.alive)
    if len(dead) != 1 or len(before.first) != len(after.first):
        return None
    row = int(dead[0])
    changed = np.flatnonzero(before.chosen != after.chosen)
    own = (before.first[changed] == row) | (before.second[changed] == row)
    return None if len(before.customers.of(row)) or not own.all() else row


def _gone_with_stub(world: World, base: Baseline, stub: int, rows: Rows) -> Ints:
    """A network without customers carries nothing for others: they lose it alone, and it loses everything."""
    reaching = reach_between(base.classes, rows, np.array([stub], np.int32))
    people = int(world.places.people[world.places.network == stub].sum())
    gone: Ints = reaching.astype(np.int64) * np.array([[1, people]])
    gone[rows == stub] = base.reach.of_network[stub]
    return gone
