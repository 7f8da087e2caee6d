"""Which few new links would bring most people together again, one after the other.

A new peering of a and b lets everybody below a (a included) reach everybody below b, and back, and nothing
else: sold to peers are only customers' routes. So the pairs gained by a set of peerings are a union of
rectangles, the gain of one more only shrinks, and taking the best each time gains at least 1 - 1/e (63 %)
of what any set of that size could (Nemhauser, Wolsey and Fisher, 1978); `bound` is a tighter one for the
case at hand. A new transit link from provider p to customer c lets everybody below c reach all that p
reaches. For sets with transit links there is no such guarantee, and no bound is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.kernels.adjacency import closure, islands
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.scenarios import NewLink, Scenario
from tidegate.model.topology import Flags, Rows
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.reach import classes_of, reach_between
from tidegate.rehearse.scenarios import Places, apply, graph_at_least

ADVISED_MAX = 4_000
"""Networks among which links are advised; the tables grow with the square. For more it is refused."""

LINKS_MAX = 100
"""Links advised at once; more are refused."""

Candidates = Literal["exchange", "country", "alliance"]
Kind = Literal["peer", "transit"]

Weights = npt.NDArray[np.float64]


class Advised(msgspec.Struct, frozen=True):
    """One new link and what it adds, after those before it: a share of all pairs of people."""

    link: NewLink
    gain: float
    people_pairs: int


class Advice(msgspec.Struct, frozen=True):
    """Shares of the pairs of people in the countries, over the links that are seen. `bound` is what no set
    of so many peerings can exceed; None where transit links were among the candidates.
    """

    countries: tuple[str, ...]
    before: float
    links: tuple[Advised, ...]
    after: float
    bound: float | None
    emergency: float


@dataclass(slots=True)
class _Table:
    """Who of n networks reaches whom, who is below whom, and with how many people each counts."""

    rows: Rows
    people: Weights
    reached: Flags
    below: Flags

    @property
    def missing(self) -> Weights:
        """Pairs of people that do not reach each other, by their networks."""
        lost: Weights = np.where(self.reached, 0.0, self.people[:, None] * self.people[None, :])
        return lost

    def gains(self, kind: Kind) -> Weights:
        """float64[n, n]: pairs of people, in both orders, that a link between row and column would add.

        For transit the row is the provider, and one that has customers already.
        """
        carriers = np.flatnonzero(self.below.sum(axis=1) > 1)
        lower = self.below[carriers].astype(np.float64)
        # [s, c]: pairs missing between s and all below c; most networks have only themselves below.
        towards = self.missing
        towards[:, carriers] = towards @ lower.T
        if kind == "peer":
            # Where two cones overlap nothing is missing: who is below both reaches all below both.
            towards[carriers] = lower @ towards
            return 2.0 * towards
        gains = np.zeros_like(towards)
        gains[carriers] = 2.0 * (self.reached[carriers].astype(np.float64) @ towards)
        return gains

    def add(self, first: int, second: int, kind: Kind) -> None:
        """The first is the provider where the link is transit."""
        if kind == "peer":
            pairs = np.outer(self.below[first], self.below[second])
            self.reached |= pairs | pairs.T
            return
        pairs = np.outer(self.reached[first], self.below[second])
        self.reached |= pairs | pairs.T
        self.below[self.below[:, first]] |= self.below[second]


def advise(
    ground: Ground,
    scenario: Scenario,
    countries: Sequence[str],
    links: int,
    kinds: Sequence[Kind] = ("peer",),
    candidates: Candidates = "country",
) -> Advice:
    """The links to add after the scenario, the most useful first; fewer where none helps any more.

    Candidates join two networks of the countries: any two ("country"), two that meet at an exchange or in
    a building ("exchange"), or two of different countries ("alliance"). Full above ADVISED_MAX networks.
    """
    if not 1 <= links <= LINKS_MAX:
        raise NotAllowed(f"1 to {LINKS_MAX} links can be advised, not {links}.")
    places = Places(ground.world)
    codes = places.codes(countries)
    left = apply(places, scenario)
    graph = graph_at_least(left)
    table = _table(ground, graph, codes)
    allowed = _allowed(places, graph, left.hubs, table.rows, candidates)
    whole = float(table.people.sum()) ** 2 or 1.0
    before = (whole - float(table.missing.sum())) / whole
    bound, chosen = whole, []
    for _ in range(links):
        reached = whole - float(table.missing.sum())
        steps = [_best(table, allowed, kind, links) for kind in kinds]
        bound = min(bound, reached + steps[0].further)
        step = max(steps, key=lambda one: one.gain)
        if step.gain <= 0:
            break
        table.add(step.first, step.second, step.kind)
        allowed[step.first, step.second] = allowed[step.second, step.first] = False
        first, second = (int(ground.world.numbers[table.rows[end]]) for end in (step.first, step.second))
        link = NewLink(first, second, "peer" if step.kind == "peer" else "provider")
        chosen.append(Advised(link, step.gain / whole, round(step.gain)))
    after = (whole - float(table.missing.sum())) / whole
    return Advice(
        countries=tuple(countries),
        before=before,
        links=tuple(chosen),
        after=after,
        bound=None if "transit" in kinds else max(after, bound / whole),
        emergency=_emergency(table, graph) / whole,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """The best link of one kind now, and what the best few would add if nothing overlapped."""

    kind: Kind
    first: int
    second: int
    gain: float
    further: float


def _best(table: _Table, allowed: Flags, kind: Kind, links: int) -> _Step:
    gains = table.gains(kind)
    # A provider that is below its customer would close a circle; a network joined with itself is no link.
    gains[~allowed | (table.below.T if kind == "transit" else np.eye(len(allowed), dtype=bool))] = 0.0
    if kind == "peer":
        gains = np.triu(gains, 1)
    flat = gains.ravel()
    count = min(links, len(flat))
    if not count:
        return _Step(kind, 0, 0, 0.0, 0.0)
    further = float(np.partition(flat, len(flat) - count)[-count:].sum())
    first, second = divmod(int(np.argmax(flat)), len(allowed))
    return _Step(kind, first, second, float(gains[first, second]), further)


def _emergency(table: _Table, graph: Graph) -> float:
    """Pairs of people that any path at all connects, before anything is added."""
    island = islands(graph.first, graph.second, graph.chosen, len(graph))[table.rows]
    together = np.bincount(island, weights=table.people)
    return float((together**2).sum())


def _table(ground: Ground, graph: Graph, codes: Sequence[int]) -> _Table:
    places = Places(ground.world)
    rows = np.flatnonzero(places.mainly_in(codes) & graph.alive).astype(np.int32)
    if len(rows) > ADVISED_MAX:
        raise Full("ADVISED_MAX", ADVISED_MAX)
    here = np.isin(ground.world.places.country, codes)
    people = np.bincount(
        ground.world.places.network[here],
        weights=ground.world.places.people[here],
        minlength=len(ground.world),
    )[rows].astype(np.float64)
    below = np.zeros((len(rows), len(rows)), bool)
    lists = graph.customers
    for at, row in enumerate(rows.tolist()):
        inside = np.zeros(len(graph), bool)
        closure(lists.start, lists.to, np.array([row], np.int32), inside)
        below[at] = inside[rows]
    return _Table(rows, people, reach_between(classes_of(graph), rows, rows), below)


def _allowed(places: Places, graph: Graph, hubs: Sequence[Rows], rows: Rows, candidates: Candidates) -> Flags:
    """bool[n, n], symmetric: pairs that may be joined and are not yet."""
    size = len(rows)
    at = np.full(len(graph), -1, np.int64)
    at[rows] = np.arange(size)
    allowed = np.ones((size, size), bool)
    if candidates == "exchange":
        allowed[:] = False
        for members in hubs:
            met = at[members][at[members] >= 0]
            allowed[np.ix_(met, met)] = True
    elif candidates == "alliance":
        main = places.main[rows]
        allowed = main[:, None] != main[None, :]
    first, second = at[graph.first[graph.chosen]], at[graph.second[graph.chosen]]
    both = (first >= 0) & (second >= 0)
    allowed[first[both], second[both]] = False
    allowed[second[both], first[both]] = False
    np.fill_diagonal(allowed, False)
    return allowed
