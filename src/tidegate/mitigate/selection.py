"""The choice of rules as a small program over groups of records, and a greedy search with exchange for it.

Records that the same candidates meet, at the same border point, form a group. The harm of a choice is the
other traffic that it takes away, what its rules cost by being there, and what it leaves above the limits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.matching import Mask

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MOVES_MAX = 64
"""Additions, exchanges and removals in one search; each lessens the harm, so that it ends long before."""

STARTS_MAX = 5
"""Searches from different first rules; the best result counts."""

PAIRS_MAX = 8
"""First halves of the pairs that are tried, those that relieve most for what they take."""

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


@dataclass(frozen=True, slots=True)
class _Loads:
    """What comes in, by border point: groups in the `order` of their points, each of the `points` that has
    any beginning at one of `starts`; `load` and what of it goes `towards` the targets, in that order."""

    order: Whole
    starts: Whole
    points: Whole
    load: Floats
    towards: Floats


def _loads(choice: Choice) -> _Loads:
    order = np.argsort(choice.point, kind="stable")
    order = order[choice.point[order] >= 0]
    points, starts = np.unique(choice.point[order], return_index=True)
    load = (choice.attack + choice.other)[order]
    return _Loads(order, starts, points, load, load * choice.to_target[order])


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
    return _Search(choice).harm(tuple(chosen))


def excess_of(choice: Choice, chosen: Sequence[int]) -> tuple[Floats, Floats]:
    """(P,): bytes a second above `hold` and above `link`."""
    _, through = first_met(choice, chosen)
    hold, link = _excess(choice, through[None, :], _loads(choice))
    return hold[0], link[0]


def choose(choice: Choice) -> tuple[int, ...]:
    """The candidates of least harm, as far as adding, removing and exchanging one for one or two finds.

    The search starts from nothing, from the candidates that help most alone, and from those that relieve
    most for what they take; the best result counts.
    """
    search = _Search(choice)
    alone, _ = search.with_each(())
    firsts = [one for one in np.argsort(alone, kind="stable").tolist() if np.isfinite(alone[one])]
    starts = dict.fromkeys([(), search.cheap(), *((one,) for one in firsts[: STARTS_MAX - 2])])
    found = [search.improved(first) for first in starts]
    return min(found, key=lambda one: (one[0], one[1]))[1]


Move = tuple[float, tuple[int, ...]]
"""A choice and its harm."""


class _Search:
    """One choice with what every step of the search needs again."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.loads = _loads(choice)

    def improved(self, chosen: tuple[int, ...]) -> Move:
        """The choice once no move lessens the harm."""
        now = (self.harm(chosen), chosen)
        for _ in range(MOVES_MAX):
            better = self.better(now, self.moves(now[1])) or self.better(now, self.pairs(now[1]))
            if better is None:
                break
            now = better
        return now[0], tuple(sorted(now[1]))

    def harm(self, chosen: tuple[int, ...]) -> float:
        _, through = first_met(self.choice, chosen)
        cost = float(self.choice.cost[list(chosen)].sum())
        return cost + float(_harm(self.choice, through[None, :], self.loads)[0])

    def better(self, now: Move, moves: Iterable[Move]) -> Move | None:
        """The best of the moves, if it is worth it."""
        best = min(moves, key=lambda move: move[0], default=now)
        return best if best[0] < now[0] - LEAST_GAIN * max(now[0], 1.0) else None

    def moves(self, chosen: tuple[int, ...]) -> Iterator[Move]:
        """The best addition, and for each chosen one its removal and its best exchange."""
        yield from self.addition(chosen)
        for rest in _without_one(chosen):
            yield self.harm(rest), rest
            yield from self.addition(rest)

    def pairs(self, chosen: tuple[int, ...]) -> Iterator[Move]:
        """The best two added together, or put in the place of one: where neither helps without the other."""
        for rest in (chosen, *_without_one(chosen)):
            for one in self.cheapest(rest)[:PAIRS_MAX]:
                yield from self.addition((*rest, one))

    def addition(self, chosen: tuple[int, ...]) -> Iterator[Move]:
        harms, _ = self.with_each(chosen)
        if len(harms):
            best = int(np.argmin(harms))
            yield float(harms[best]), (*chosen, best)

    def cheap(self) -> tuple[int, ...]:
        """Candidates added one by one, each time that which relieves most for what it takes."""
        chosen: tuple[int, ...] = ()
        while best := self.cheapest(chosen)[:1]:
            chosen = (*chosen, *best)
        return chosen

    def cheapest(self, chosen: tuple[int, ...]) -> list[int]:
        """Those that relieve more than they take, by how many times more."""
        harms, price = self.with_each(chosen)
        relief = self.harm(chosen) - harms + price
        ratio = np.where(np.isfinite(harms), relief / np.maximum(price, 1e-9), 0.0)
        return [one for one in np.argsort(-ratio, kind="stable").tolist() if ratio[one] > 1]

    def with_each(self, chosen: tuple[int, ...]) -> tuple[Floats, Floats]:
        """(K,): the harm with each further candidate, infinite where it may not be added; and its price,
        the other traffic that it takes and what it costs."""
        choice = self.choice
        if len(chosen) >= choice.rules_max:
            return np.full(len(choice.rank), np.inf), np.zeros(len(choice.rank))
        rank, through = first_met(choice, chosen)
        first = choice.meets & (choice.rank[:, None] < rank)
        each = np.where(first, choice.through, through)
        harms = _harm(choice, each, self.loads)
        harms += choice.cost + float(choice.cost[list(chosen)].sum())
        full = choice.held[list(chosen)].sum(axis=0) >= choice.budget
        harms[np.isin(choice.twin, choice.twin[list(chosen)]) | (choice.held & full).any(axis=1)] = np.inf
        return harms, np.maximum((through - each) @ choice.other, 0.0) + choice.cost


def _without_one(chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for one in chosen:
        yield tuple(other for other in chosen if other != one)


def _harm(choice: Choice, through: Floats, loads: _Loads) -> Floats:
    """(N,): the harm of N choices, without their costs; `through` (N, G)."""
    hold, link = _excess(choice, through, loads)
    lost = (1 - through) @ choice.other
    harms: Floats = lost + choice.hold_harm * hold.sum(axis=1) + choice.link_harm * link.sum(axis=1)
    return harms


def _excess(choice: Choice, through: Floats, loads: _Loads) -> tuple[Floats, Floats]:
    """(N, P): bytes a second above both limits."""
    over = [np.zeros((len(through), len(choice.hold))) for _ in range(2)]
    if len(loads.order):
        left = through[:, loads.order]
        for above, load, limit in zip(
            over, (loads.towards, loads.load), (choice.hold, choice.link), strict=True
        ):
            if np.isfinite(limit).any():
                comes_in = np.add.reduceat(left * load, loads.starts, axis=1)
                above[:, loads.points] = np.maximum(comes_in - limit[loads.points], 0.0)
    return over[0], over[1]
