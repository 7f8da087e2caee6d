"""Which few new links would bring most people together again, one after the other.

A new peering of a and b lets everybody below a (a included) reach everybody below b, and back, and nothing
else: sold to peers are only customers' routes. So the pairs gained by a set of peerings are a union of
rectangles, the gain of one more only shrinks, and taking the best each time gains at least 1 - 1/e (63 %)
of what any set of that size could (Nemhauser, Wolsey and Fisher, 1978); `bound` is a tighter one for the
case at hand, which holds for networks too that were left out. Since gains only shrink, those found for an
earlier link bound those for the next (Minoux, 1978), and only the most hopeful are computed again.

A new transit link from provider p to customer c lets everybody below c reach all that p reaches. For sets
with transit links there is no such guarantee, and no bound is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from tidegate.kernels.adjacency import islands
from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import NewLink, Scenario
from tidegate.model.topology import Flags, Rows
from tidegate.rehearse.advice_table import Kind, Table, Weights, table_of, without_provider_among
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.scenarios import Places, apply, graph_at_least

LINKS_MAX = 100
"""Links advised at once; more are refused."""

Candidates = Literal["exchange", "country", "alliance"]


class Advised(msgspec.Struct, frozen=True):
    """One new link and what it adds, after those before it: a share of all pairs of people."""

    link: NewLink
    gain: float
    people_pairs: int


class Advice(msgspec.Struct, frozen=True):
    """Shares of the pairs of people in the countries, over the links that are seen. `bound` is what no set
    of as many peerings as were `asked` for can exceed; None where transit links were among the candidates.
    `left_out` counts the networks that were not tried as ends of links; they have fewest people below them.
    """

    countries: tuple[str, ...]
    asked: int
    before: float
    links: tuple[Advised, ...]
    after: float
    bound: float | None
    emergency: float
    left_out: int


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
    a building ("exchange"), or two of different countries ("alliance"). Full where there are too many.
    """
    if not 1 <= links <= LINKS_MAX:
        raise NotAllowed(f"1 to {LINKS_MAX} links can be advised, not {links}.")
    places = Places(ground.world)
    codes = places.codes(countries)
    left = apply(places, scenario)
    graph = graph_at_least(left)
    may_end = _may_end(places, graph, left.hubs, codes, kinds, candidates)
    table = table_of(ground, graph, codes, may_end)
    allowed = _allowed(places, graph, left.hubs, table.rows[table.ends], candidates)
    whole = table.whole or 1.0
    before = (whole - table.missing) / whole
    emergency = _emergency(table, graph) / whole
    search = _Search(table, allowed, kinds)
    bound, chosen = whole, []
    for _ in range(links):
        reached = whole - table.missing
        step = search.best()
        bound = min(bound, reached + search.further(links))
        if step.gain <= 0:
            break
        search.take(step)
        first, second = (int(ground.world.numbers[row]) for row in table.rows_of(step.first, step.second))
        link = NewLink(first, second, "peer" if step.kind == "peer" else "provider")
        chosen.append(Advised(link, step.gain / whole, round(step.gain)))
    after = (whole - table.missing) / whole
    return Advice(
        countries=tuple(countries),
        asked=links,
        before=before,
        links=tuple(chosen),
        after=after,
        bound=None if "transit" in kinds else max(after, bound / whole),
        emergency=emergency,
        left_out=table.left_out,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    kind: Kind
    first: int
    second: int
    gain: float


class _Search:
    """The best link, again and again. `_gains` are never too small; of peerings they may be out of date."""

    def __init__(self, table: Table, allowed: Flags, kinds: Sequence[Kind]) -> None:
        self._table = table
        self._allowed = allowed
        self._kinds = kinds
        self._gains = self._all()

    def _all(self) -> dict[Kind, Weights]:
        table, found = self._table, self._table.gains(self._kinds)
        for kind, gains in found.items():
            # A provider that is below its customer would close a circle; of peerings each is counted once.
            circle = table.below[:, table.ends].T if kind == "transit" else np.tri(len(gains), dtype=bool)
            gains[~self._allowed | circle] = 0.0
        return found

    def best(self) -> _Step:
        steps = [self._best(kind) for kind in self._kinds]
        return max(steps, key=lambda one: one.gain)

    def _best(self, kind: Kind) -> _Step:
        """The first of the best. What a peering would add is computed again until the best is up to date."""
        gains = self._gains[kind]
        if not gains.size:
            return _Step(kind, 0, 0, 0.0)
        while True:
            first, second = divmod(int(np.argmax(gains)), len(gains))
            hoped = float(gains[first, second])
            if kind == "transit" or hoped <= 0:
                return _Step(kind, first, second, hoped)
            gains[first, second] = now = self._table.peering(first, second)
            if now >= hoped * (1 - 1e-12):
                return _Step(kind, first, second, now)

    def further(self, links: int) -> float:
        """What no so many more peerings add, those included whose ends were left out."""
        if "peer" not in self._kinds:
            return 0.0
        flat = self._gains["peer"].ravel()
        count = min(links, len(flat))
        most = np.partition(flat, len(flat) - count)[len(flat) - count :] if count else flat
        unseen = 2.0 * self._table.people_left_out * float(self._table.people.sum())
        most = np.concatenate((most, np.zeros(links - count)))
        return float(np.maximum(most, unseen).sum())

    def take(self, step: _Step) -> None:
        self._table.add(step.first, step.second, step.kind)
        self._allowed[step.first, step.second] = self._allowed[step.second, step.first] = False
        if tuple(self._kinds) == ("peer",):
            self._gains["peer"][step.first, step.second] = 0.0
        else:  # A transit link can make others add more.
            self._gains = self._all()


def _emergency(table: Table, graph: Graph) -> float:
    """Pairs of people that any path at all connects, before anything is added."""
    island = islands(graph.first, graph.second, graph.chosen, len(graph))[table.rows]
    together = np.bincount(island, weights=table.people)
    return float((together**2).sum())


def _may_end(
    places: Places,
    graph: Graph,
    hubs: Sequence[Rows],
    codes: Sequence[int],
    kinds: Sequence[Kind],
    candidates: Candidates,
) -> Flags:
    """bool[networks]: the ends that can matter."""
    here = places.mainly_in(codes) & graph.alive
    if candidates == "exchange":
        met = np.zeros(len(graph), bool)
        for members in hubs:
            met[members] = True
        return here & met
    if candidates == "country" and tuple(kinds) == ("peer",):
        return without_provider_among(graph, here)
    return here


def _allowed(places: Places, graph: Graph, hubs: Sequence[Rows], ends: Rows, candidates: Candidates) -> Flags:
    """bool[e, e], symmetric: pairs of ends that may be joined and are not yet."""
    size = len(ends)
    at = np.full(len(graph), -1, np.int64)
    at[ends] = np.arange(size)
    allowed = np.ones((size, size), bool)
    if candidates == "exchange":
        allowed[:] = False
        for members in hubs:
            met = at[members][at[members] >= 0]
            allowed[np.ix_(met, met)] = True
    elif candidates == "alliance":
        main = places.main[ends]
        allowed = main[:, None] != main[None, :]
    first, second = at[graph.first[graph.chosen]], at[graph.second[graph.chosen]]
    both = (first >= 0) & (second >= 0)
    allowed[first[both], second[both]] = False
    allowed[second[both], first[both]] = False
    np.fill_diagonal(allowed, False)
    return allowed
