"""The choice of rules as an exact integer program, and its harm spelled out, to judge the search by."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from tidegate.mitigate.selection import Choice

NOBODY = -1


def harm(choice: Choice, chosen: tuple[int, ...]) -> float:
    """Group by group: the first rule that meets it acts."""
    towards, comes_in = np.zeros(len(choice.hold)), np.zeros(len(choice.hold))
    total = sum(float(choice.cost[one]) for one in chosen)
    for group in range(len(choice.attack)):
        meeting = sorted((one for one in chosen if choice.meets[one, group]), key=lambda k: choice.rank[k])
        through = float(choice.through[meeting[0], group]) if meeting else 1.0
        total += float(choice.other[group]) * (1 - through)
        point = choice.point[group]
        if point >= 0:
            left = through * float(choice.attack[group] + choice.other[group])
            comes_in[point] += left
            towards[point] += left * choice.to_target[group]
    total += choice.hold_harm * float(np.maximum(towards - choice.hold, 0).sum())
    return total + choice.link_harm * float(np.maximum(comes_in - choice.link, 0).sum())


def least_harm(choice: Choice) -> float:
    """The least harm of all choices, by HiGHS.

    Variables: x[k], rule k is chosen; z[g, k], rule k (or NOBODY) acts on group g; and what is above each
    limit. Rule k acts on g only if it is chosen and none before it that meets g is.
    """
    rules, points = len(choice.rank), len(choice.hold)
    acts = [
        (group, rule)
        for group in range(len(choice.attack))
        for rule in (NOBODY, *np.flatnonzero(choice.meets[:, group]).tolist())
    ]
    place = {pair: rules + at for at, pair in enumerate(acts)}
    above = rules + len(acts)
    count = above + 2 * points
    price = np.zeros(count)
    price[:rules] = choice.cost
    price[above : above + points], price[above + points :] = choice.hold_harm, choice.link_harm
    program = _Rows()
    for group, rule in acts:
        let = 1.0 if rule == NOBODY else float(choice.through[rule, group])
        price[place[group, rule]] = choice.other[group] * (1 - let)
        if rule != NOBODY:
            program.at_most({place[group, rule]: 1, rule: -1}, 0)
        for earlier in np.flatnonzero(choice.meets[:, group]).tolist():
            if rule == NOBODY or choice.rank[earlier] < choice.rank[rule]:
                program.at_most({place[group, rule]: 1, earlier: 1}, 1)
    for group in range(len(choice.attack)):
        own = {place[pair]: 1.0 for pair in acts if pair[0] == group}
        program.between(own, 1, 1)
    for point in range(points):
        left = {}
        for group, rule in acts:
            if choice.point[group] == point:
                let = 1.0 if rule == NOBODY else float(choice.through[rule, group])
                left[place[group, rule]] = let * float(choice.attack[group] + choice.other[group])
        towards = {at: load for at, load in left.items() if choice.to_target[acts[at - rules][0]]}
        if np.isfinite(choice.hold[point]):
            program.at_most({**towards, above + point: -1}, float(choice.hold[point]))
        if np.isfinite(choice.link[point]):
            program.at_most({**left, above + points + point: -1}, float(choice.link[point]))
        held = {int(rule): 1.0 for rule in np.flatnonzero(choice.held[:, point])}
        program.at_most(held, float(choice.budget[point]))
    program.at_most(dict.fromkeys(range(rules), 1.0), choice.rules_max)
    for twin in np.unique(choice.twin):
        program.at_most({int(rule): 1.0 for rule in np.flatnonzero(choice.twin == twin)}, 1)
    ends = np.full(count, np.inf)
    ends[:above] = 1
    whole = np.zeros(count)
    whole[:rules] = 1
    solved = milp(price, constraints=program.constraint(count), bounds=Bounds(0, ends), integrality=whole)
    assert solved.success, solved.message
    return float(solved.fun)


class _Rows:
    """Linear constraints, one row at a time."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def between(self, row: dict[int, float], low: float, high: float) -> None:
        self.entries += [(len(self.low), column, value) for column, value in row.items()]
        self.low.append(low)
        self.high.append(high)

    def at_most(self, row: dict[int, float], high: float) -> None:
        self.between(row, -np.inf, high)

    def constraint(self, columns: int) -> LinearConstraint:
        at, column, value = zip(*self.entries, strict=True)
        matrix = coo_array((value, (at, column)), shape=(len(self.low), columns))
        return LinearConstraint(matrix.tocsr(), self.low, self.high)
