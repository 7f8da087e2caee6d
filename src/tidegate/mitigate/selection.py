"""The choice of rules as a small program over groups of records, and a greedy search with exchange for it.

Records that the same candidates meet, at the same border point, form a group. The harm of a choice is the
other traffic that it takes away, what its rules cost by being there, and what it leaves above the limits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.matching import Mask

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MOVES_MAX = 64
"""Additions, exchanges and removals in one search; each lessens the harm, so that it ends long before."""

STARTS_MAX = 4
"""Searches with different first rules: none, and those that help most alone; the best result counts."""

LEAST_GAIN = 1e-6
"""A move must lessen the harm by this share of it, or rounding could make the search go round."""


@dataclass(frozen=True, slots=True)
class Choice:
    """K candidates (a match with an action), G groups of records, P border points.

    `meets` bool (K, G); `through` float64 (K, G) is the share of a group that a candidate lets pass where it
    is the first to meet it; `rank` int64 (K,) is the candidates' place in the order in which routers try
    them; `twin` int64 (K,) numbers their matches, of which a plan holds each once; `cost` float64 (K,) is
    the harm of being there; `held` bool (K, P) says whose rule budgets it takes from. `attack` and `other`
    float64 (G,) are bytes a second, `point` int64 (G,) from -1 (none) to P - 1, `to_target` bool (G,).

    Limits, float64 (P,), infinite where there is none: `hold` for what comes towards the targets, each byte
    above which harms as `hold_harm`; `link` for all that comes, each byte above which harms as `link_harm`.
    """

    meets: Mask
    through: Floats
    rank: Whole
    twin: Whole
    cost: Floats
    held: Mask
    attack: Floats
    other: Floats
    point: Whole
    to_target: Mask
    hold: Floats
    link: Floats
    hold_harm: float
    link_harm: float
    budget: Whole
    rules_max: int

    def at_points(self) -> Floats:
        """float64 (G, P): 1 where a group comes in at a border point."""
        ones: Floats = (self.point[:, None] == np.arange(len(self.hold))).astype(np.float64)
        return ones


def first_met(choice: Choice, chosen: Iterable[int]) -> tuple[Whole, Floats]:
    """(G,): the rank of the candidate that acts on each group (K for none), and the share let through."""
    rank = np.full(len(choice.attack), len(choice.rank), np.int64)
    through = np.ones(len(choice.attack))
    for one in chosen:
        first = choice.meets[one] & (choice.rank[one] < rank)
        rank[first] = choice.rank[one]
        through[first] = choice.through[one, first]
    return rank, through


def harm(choice: Choice, chosen: Sequence[int]) -> float:
    """The harm of a choice."""
    _, through = first_met(choice, chosen)
    at_points = choice.at_points()
    cost = float(choice.cost[list(chosen)].sum())
    return cost + float(_harm(choice, through[None, :], at_points)[0])


def excess_of(choice: Choice, chosen: Sequence[int]) -> tuple[Floats, Floats]:
    """(P,): bytes a second above `hold` and above `link`."""
    _, through = first_met(choice, chosen)
    hold, link = _excess(choice, through[None, :], choice.at_points())
    return hold[0], link[0]


def choose(choice: Choice, start: Sequence[int] = ()) -> tuple[int, ...]:
    """The candidates of least harm, as far as adding, exchanging and removing one at a time finds."""
    search = _Search(choice)
    alone = search.with_each(())
    firsts = [one for one in np.argsort(alone, kind="stable").tolist() if np.isfinite(alone[one])]
    starts = [tuple(start), *((one,) for one in firsts[: STARTS_MAX - 1])]
    found = [search.improved(first) for first in starts]
    return min(found, key=lambda one: (one[0], one[1]))[1]


class _Search:
    """One choice with what every step of the search needs again."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.at_points = choice.at_points()

    def improved(self, chosen: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        """The harm and the choice once no move lessens it."""
        least = harm(self.choice, chosen)
        for _ in range(MOVES_MAX):
            better, moved = min(self.moves(chosen), key=lambda move: move[0], default=(least, chosen))
            if better >= least - LEAST_GAIN * max(least, 1.0):
                break
            least, chosen = better, moved
        return least, tuple(sorted(chosen))

    def moves(self, chosen: tuple[int, ...]) -> Iterable[tuple[float, tuple[int, ...]]]:
        """The best addition, and for each chosen one its removal and its best exchange."""
        yield self.addition(chosen)
        for one in chosen:
            rest = tuple(other for other in chosen if other != one)
            yield harm(self.choice, rest), rest
            yield self.addition(rest)

    def addition(self, chosen: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        harms = self.with_each(chosen)
        best = int(np.argmin(harms)) if len(harms) else 0
        return (float(harms[best]), (*chosen, best)) if len(harms) else (np.inf, chosen)

    def with_each(self, chosen: tuple[int, ...]) -> Floats:
        """(K,): the harm with each further candidate, infinite where it may not be added."""
        choice = self.choice
        if len(chosen) >= choice.rules_max:
            return np.full(len(choice.rank), np.inf)
        rank, through = first_met(choice, chosen)
        first = choice.meets & (choice.rank[:, None] < rank)
        harms = _harm(choice, np.where(first, choice.through, through), self.at_points)
        harms += choice.cost + float(choice.cost[list(chosen)].sum())
        full = choice.held[list(chosen)].sum(axis=0) >= choice.budget
        harms[np.isin(choice.twin, choice.twin[list(chosen)]) | (choice.held & full).any(axis=1)] = np.inf
        return harms


def _harm(choice: Choice, through: Floats, at_points: Floats) -> Floats:
    """(N,): the harm of N choices, without their costs; `through` (N, G)."""
    hold, link = _excess(choice, through, at_points)
    lost = (1 - through) @ choice.other
    harms: Floats = lost + choice.hold_harm * hold.sum(axis=1) + choice.link_harm * link.sum(axis=1)
    return harms


def _excess(choice: Choice, through: Floats, at_points: Floats) -> tuple[Floats, Floats]:
    """(N, P): bytes a second above both limits."""
    load = (choice.attack + choice.other)[:, None] * at_points
    towards = through @ (load * choice.to_target[:, None])
    return np.maximum(towards - choice.hold, 0.0), np.maximum(through @ load - choice.link, 0.0)
