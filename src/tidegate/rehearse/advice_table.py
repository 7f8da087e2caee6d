"""Who of some countries' networks reaches whom, by groups that reach the same, and what a link would add.

Networks that reach the same are one group; a new link splits those groups of which it helps only a part.
What lies below the end of a link are networks, and so a share of the people of each group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tidegate.kernels.adjacency import closure
from tidegate.model.refusals import Full
from tidegate.model.topology import Flags, Ints, Relation, Rows
from tidegate.rehearse.answers import people_by_network
from tidegate.rehearse.graph import Graph
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.reach import classes_of, reach_between
from tidegate.rehearse.scenarios import Places

GROUPS_MAX = 15_000
"""Groups of networks among which links are advised; the table grows with their square. More are refused."""

ENDS_MAX = 2_000
"""Networks tried as ends of new links, those with most people below them; how many are left out is told."""

_ROWS_AT_ONCE = 1_024

Kind = Literal["peer", "transit"]
Weights = npt.NDArray[np.float64]


@dataclass(slots=True)
class Table:
    """`rows` are n networks with their `people`, each in one of m groups; `reached[i, j]` is of groups.

    `ends` are the e of them that are tried as ends of links, and `below[e, n]` says what lies below each,
    itself included. `left_out` could have been ends too, with at most `people_left_out` below each.
    """

    rows: Rows
    people: Weights
    group: Ints
    reached: Flags
    ends: Ints
    below: Flags
    left_out: int
    people_left_out: float

    @property
    def whole(self) -> float:
        return float(self.people.sum()) ** 2

    @property
    def missing(self) -> float:
        """Pairs of people that do not reach each other."""
        weight, size = self._people_of_groups(), len(self.reached)
        parts = (slice(first, first + _ROWS_AT_ONCE) for first in range(0, size, _ROWS_AT_ONCE))
        return self.whole - sum(float(weight[part] @ (self.reached[part] @ weight)) for part in parts)

    def rows_of(self, first: int, second: int) -> Rows:
        """Rows of the world, of two ends."""
        return self.rows[self.ends[[first, second]]]

    def gains(self, kinds: Sequence[Kind]) -> dict[Kind, Weights]:
        """float64[e, e] by kind: pairs of people, in both orders, that a link between row and column would
        add. For transit the row is the provider, and one that has customers already.
        """
        share = self._people_below()
        lone = self.below.sum(axis=1) == 1
        at, many = self.group[self.ends[lone]], np.flatnonzero(~lone)
        own = self.people[self.ends[lone]]
        # [m, e]: pairs missing between a group's people and all below an end; most have only themselves.
        towards = np.empty((len(self.reached), len(self.ends)))
        for first in range(0, len(towards), _ROWS_AT_ONCE):
            lost = ~self.reached[first : first + _ROWS_AT_ONCE]
            towards[first : first + len(lost), lone] = lost[:, at] * own
            towards[first : first + len(lost), many] = lost.astype(np.float64) @ share[many].T
        found: dict[Kind, Weights] = {}
        for kind in kinds:
            gains = found[kind] = np.zeros((len(self.ends), len(self.ends)))
            if kind == "peer":
                # Where two cones overlap nothing is missing: who is below both reaches all below both.
                gains[lone] = 2.0 * own[:, None] * towards[at]
                gains[many] = 2.0 * share[many] @ towards
            else:
                reach = self.reached[self.group[self.ends[many]]] * self._people_of_groups()
                gains[many] = 2.0 * reach @ towards
        return found

    def peering(self, first: int, second: int) -> float:
        """What `gains` has for the peering of two ends."""
        sums = [np.bincount(self.group[below], self.people[below]) for below in self.below[[first, second]]]
        one, other = (np.flatnonzero(people) for people in sums)
        lost = ~self.reached[np.ix_(one, other)]
        return 2.0 * float(sums[0][one] @ (lost @ sums[1][other]))

    def add(self, first: int, second: int, kind: Kind) -> None:
        """Joins two ends; the first is the provider where the link is transit."""
        lower = self.below[second].copy()
        if kind == "peer":
            self._meet(self.below[first], lower)
            return
        provider = int(self.ends[first])
        self._meet(self.reached[self.group[provider]][self.group], lower)
        self.below[self.below[:, provider]] |= lower

    def _meet(self, one: Flags, other: Flags) -> None:
        """Everybody of the one reaches everybody of the other, and back."""
        keys, where = np.unique(self.group * 4 + one * 2 + other, return_inverse=True)
        if len(keys) > len(self.reached):
            self.reached = self.reached[np.ix_(keys >> 2, keys >> 2)]
        self.group = where.astype(np.int64)
        pairs = np.outer(keys & 2 > 0, keys & 1 > 0)
        self.reached |= pairs
        self.reached |= pairs.T

    def _people_of_groups(self) -> Weights:
        found: Weights = np.bincount(self.group, self.people, len(self.reached)).astype(np.float64)
        return found

    def _people_below(self) -> Weights:
        """float64[e, m]: people of each group that lie below an end."""
        size = len(self.reached)
        return np.array(
            [np.bincount(self.group[below], self.people[below], size) for below in self.below]
        ).reshape(len(self.ends), size)


def table_of(ground: Ground, graph: Graph, codes: Sequence[int], may_end: Flags) -> Table:
    """Of the networks mainly in the countries; `may_end`, bool[networks], are those that links may join.

    Full where they are more than GROUPS_MAX groups.
    """
    places = Places(ground.world)
    rows = np.flatnonzero(places.mainly_in(codes) & graph.alive).astype(np.int32)
    people = people_by_network(ground.world, codes)[rows].astype(np.float64)
    classes = classes_of(graph)
    of, first, group = np.unique(classes.of[rows], return_index=True, return_inverse=True)
    if len(of) > GROUPS_MAX:
        raise Full("GROUPS_MAX", GROUPS_MAX)
    ends = np.flatnonzero(may_end[rows])
    weight = _people_below(graph, rows, people, ends)
    order = np.lexsort((ends, -weight))
    chosen = np.sort(order[:ENDS_MAX])
    return Table(
        rows=rows,
        people=people,
        group=group.astype(np.int64),
        reached=reach_between(classes, rows[first], rows[first]),
        ends=ends[chosen],
        below=np.array([_below(graph, row)[rows] for row in rows[ends[chosen]]]).reshape(-1, len(rows)),
        left_out=max(0, len(ends) - ENDS_MAX),
        people_left_out=float(weight[order[ENDS_MAX:]].max(initial=0.0)),
    )


def without_provider_among(graph: Graph, chosen: Flags) -> Flags:
    """bool[networks]: the chosen ones that buy from no other. All below any other lies below one of these,
    so that a peering of others adds no more than one of theirs.
    """
    bought = graph.chosen & (graph.relation == Relation.PROVIDER) & chosen[graph.first]
    found = chosen.copy()
    found[graph.second[bought]] = False
    return found


def _below(graph: Graph, row: int) -> Flags:
    inside = np.zeros(len(graph), bool)
    closure(graph.customers.start, graph.customers.to, np.array([row], np.int32), inside)
    return inside


def _people_below(graph: Graph, rows: Rows, people: Weights, ends: Ints) -> Weights:
    """float64[ends]: people in and below each; most networks have only themselves below."""
    weight = people[ends]
    for at in np.flatnonzero(np.diff(graph.customers.start)[rows[ends]]).tolist():
        weight[at] = people[_below(graph, int(rows[ends[at]]))[rows]].sum()
    return weight
