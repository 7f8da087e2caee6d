"""Many scenarios in a row: every country cut, every network of one gone, every pair, random sets."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, repeat

import msgspec
import numpy as np

from tidegate.model.refusals import Full
from tidegate.model.scenarios import CutBetween, CutCountry, RemoveNetworks, Scenario
from tidegate.model.topology import Flags, Ints
from tidegate.rehearse.answers import Bounds, pairs_of_people, people_by_network, people_of
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground, has_more
from tidegate.rehearse.reach import (
    THREADS,
    Baseline,
    classes_after,
    reach_after,
    reach_of_some,
    touched_networks,
    weights_of,
)
from tidegate.rehearse.scenarios import (
    Left,
    Places,
    apply,
    graph_at_least,
    graph_at_most,
    named_countries,
)

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


@dataclass(frozen=True, slots=True)
class _About:
    """The countries that a loss is told of: networks with a place there, and their people there."""

    inside: Flags
    people: Ints
    whole: int

    @property
    def weights(self) -> Ints:
        """int64[networks, 2]: as reach.weights_of, of these countries alone."""
        return np.stack((self.inside.astype(np.int64), self.people), axis=1)


class Losses:
    """The losses of one scenario after the other; what they have in common is computed once."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._places = Places(ground.world)
        self._weights = weights_of(ground.world)
        self._about: dict[tuple[int, ...], _About] = {}
        self._near: dict[tuple[int, bool], Ints] = {}

    def of(self, scenario: Scenario) -> Loss:
        """NotAllowed for names that the world does not have."""
        about = self._about_of(scenario)
        left = apply(self._places, scenario)
        stub = _stub_alone(self._ground, left)
        bases = [self._ground.seen, *([self._ground.most] if has_more(left) else [])]
        if stub is not None:
            lost = [self._lost_stub(base, about, stub) for base in bases]
        else:
            seen = graph_at_least(left, self._ground.seen.graph)
            most = [graph_at_most(left, seen, self._ground.most.graph)] if has_more(left) else []
            graphs = [seen, *most]
            lost = [self._lost(*pair) for pair in zip(bases, repeat(about), graphs, strict=False)]
        shares = [people / about.whole for _, people in lost]
        return Loss(scenario.name, Bounds(min(shares), max(shares)), lost[0][0])

    def share(self, country: str, after: Graph) -> float:
        """The share of the country's pairs of people that a changed graph of the seen links loses."""
        about = self._about_of(Scenario("", (), (country,)))
        return self._lost(self._ground.seen, about, after)[1] / about.whole

    def of_all(self, scenarios: Sequence[Scenario]) -> Iterator[Loss]:
        """Each in its turn, two at a time; whoever stops asking loses only what is under way."""
        pool = ThreadPoolExecutor(THREADS)
        try:
            yield from pool.map(self.of, scenarios)
        finally:
            pool.shutdown(cancel_futures=True)

    def _about_of(self, scenario: Scenario) -> _About:
        world = self._ground.world
        codes = tuple(self._places.codes(named_countries(scenario))) or tuple(range(len(world.countries)))
        if codes not in self._about:
            people = people_by_network(world, codes)
            whole = max(1, int(people.sum()) * int(people_of(world).sum()))
            self._about[codes] = _About(self._places.anywhere_in(codes), people, whole)
        return self._about[codes]

    def _lost(self, base: Baseline, about: _About, after: Graph) -> tuple[int, int]:
        """Pairs of networks and of people that begin in the countries and are lost."""
        touched = touched_networks(base.graph, after)
        rows = np.flatnonzero(about.inside).astype(np.int32)
        before = base.reach.of_network
        if touched.sum() < len(rows):
            return self._lost_around(base, about, after, touched)
        if len(rows) > SOME_SHARE * len(about.inside):
            gone = (before - reach_after(self._ground.world, base, after).of_network)[rows]
        else:
            gone = before[rows] - reach_of_some(classes_after(base, after, touched), rows, self._weights)
        return int(gone[:, 0].sum()), pairs_of_people(about.people[rows], gone)

    def _lost_around(self, base: Baseline, about: _About, after: Graph, touched: Flags) -> tuple[int, int]:
        """Only pairs with a touched end can be lost: those that begin there, and others' that end there."""
        rows = np.flatnonzero(touched).astype(np.int32)
        classes = classes_after(base, after, touched)
        gone = base.reach.of_network[rows] - reach_of_some(classes, rows, self._weights)
        others = about.weights * ~touched[:, None]
        missed = reach_of_some(base.classes, rows, others) - reach_of_some(classes, rows, others)
        networks = int(gone[about.inside[rows], 0].sum() + missed[:, 0].sum())
        own, every = about.people[rows], self._weights[rows, 1]
        return networks, pairs_of_people(own, gone) + pairs_of_people(every, missed)

    def _lost_stub(self, base: Baseline, about: _About, stub: int) -> tuple[int, int]:
        """A network without customers carries nothing for others: they lose it alone, and it everything."""
        key = id(about), base is self._ground.seen
        if key not in self._near:
            everybody = np.arange(len(about.inside), dtype=np.int32)
            self._near[key] = reach_of_some(base.classes, everybody, about.weights)
        networks, people = self._near[key][stub].tolist()
        all_networks, all_people = base.reach.of_network[stub].tolist()
        own, inside = int(about.people[stub]), bool(about.inside[stub])
        return (
            networks - inside + inside * all_networks,
            own * all_people + (people - own) * int(self._weights[stub, 1]),
        )


def _stub_alone(ground: Ground, left: Left) -> int | None:
    """The network that is gone, where it is one without customers and nothing else has changed."""
    gone = np.flatnonzero(~left.alive)
    if len(gone) != 1 or len(left.first) != len(ground.world.links):
        return None
    row = int(gone[0])
    hubs = len(left.hubs) == len(ground.levels.left.hubs)
    unchanged = hubs and bool(left.at_least.all() and left.at_most.all())
    return row if unchanged and not len(ground.seen.graph.customers.of(row)) else None
