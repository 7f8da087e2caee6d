"""The few changes that help most: second providers, fallbacks and replicas at home, tried against every loss.

A change gives some groups one more member that stands at home, needs nobody, and answers at once. What it is
worth is how many people keep their service under losses of one provider, authority or foreign country each,
summed over these losses, at one moment after them; where that is alike, layers count as services do. Where
changes and losses are few enough, all sets of changes are tried, and the best is told; else one change after
the other is taken, each the most useful after those before. Beside it stand the changes that gain most for
what they cost, one after the other; under a budget only what fits into it is taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb, inf

import msgspec
import numpy as np

from tidegate.audit.auditing import Audit, parents_of
from tidegate.audit.graph import ROOT, Graph, Kind, Nature, Times
from tidegate.audit.losses import FAMILIES, candidates
from tidegate.audit.reasoning import SURELY_FAILS, Columns, columns, needs_of, times_in
from tidegate.kernels.dependencies import NEVER, UNFOUNDED, circles, gains, losses_apart
from tidegate.model.audit_costs import KIND_WORDS, ChangeKind, Costs
from tidegate.model.topology import Ints, Rows

FIXES_MAX = 200
"""Changes that are tried, those first whose failing things hit most people; the rest are counted."""

LOSSES_MAX = 200
"""Losses that changes are tried against, those that hit most people; the rest are counted."""

TRIALS_MAX = 20_000
"""Sets of changes times losses up to which all sets are tried, so that the advice is the best there is."""

THINGS_TRIED_MAX = 2_000
"""Things of a graph up to which that is done."""


CHEAP = 1e-6
"""What a change that costs nothing is taken to cost where gain is divided by cost."""


class Fix(msgspec.Struct, frozen=True):
    """A change: what to have a second one of, at home, and for what."""

    kind: str
    of: str


class Advised(msgspec.Struct, frozen=True):
    """One change, and what it adds to those before: people who keep their service, summed over all losses.

    `caa` are hosts whose CAA records say who may issue, and have to let a second authority do so, too.
    """

    fix: Fix
    gain: int
    layers_gain: int
    cost: float
    caa: tuple[str, ...] = ()


class Advice(msgspec.Struct, frozen=True):
    """Changes, the most useful first. `lost` is what is lost without them, `left` with them; `exact` says
    that no other set of as many changes (or within the budget, where there is one) leaves less.

    `by_cost` are those that gain most for their cost, each after those before, with what these leave.
    """

    home: str
    hours: int
    losses: int
    lost: int
    left: int
    exact: bool
    changes: tuple[Advised, ...]
    tried: int
    not_tried: int
    losses_not_tried: int
    unit: str
    budget: float | None
    by_cost: tuple[Advised, ...]
    left_by_cost: int


@dataclass(frozen=True, slots=True)
class Change:
    """A fix, the groups that it gives one more member, and the rows whose loss it could make good."""

    kind: ChangeKind
    fix: Fix
    groups: tuple[int, ...]
    rows: tuple[int, ...]


_RULES: Mapping[Nature, ChangeKind] = {
    Nature.SERVED: "name_servers",
    Nature.REFRESHED: "name_servers",
    Nature.SIGNED: "name_servers",
    Nature.ADDRESSED: "replica",
    Nature.ALIAS: "replica",
    Nature.RENEWED: "authority",
    Nature.STAPLED: "authority",
    Nature.PART: "page_copy",
    Nature.MAIL: "mail_server",
    Nature.DECLARED: "source",
}


def changes_of(graph: Graph) -> tuple[Change, ...]:
    """Every change that a rule knows, by kind and what it is for."""
    owner = np.repeat(np.arange(len(graph)), np.diff(graph.group_start))
    found: dict[tuple[ChangeKind, str], tuple[list[int], set[int]]] = {}
    for group, nature in enumerate(graph.nature.tolist()):
        kind = _RULES.get(Nature(nature))
        if kind is None:
            continue
        row = int(owner[group])
        of = _what_for(graph, Nature(nature), row, group)
        if of is not None:
            groups, rows = found.setdefault(("root_copy" if of == ROOT else kind, of), ([], set()))
            groups.append(group)
            rows.add(row)
    changes = (
        Change(kind, Fix(KIND_WORDS[kind], of), tuple(groups), tuple(sorted(rows)))
        for (kind, of), (groups, rows) in found.items()
    )
    return tuple(sorted(changes, key=lambda one: (one.fix.kind, one.fix.of)))


def _what_for(graph: Graph, nature: Nature, row: int, group: int) -> str | None:
    """The name by which groups that one change mends are put together; None where no change is meant."""
    kind = Kind(int(graph.kind[row]))
    members = graph.members(group)
    match nature:
        case Nature.SERVED | Nature.REFRESHED | Nature.SIGNED | Nature.MAIL:
            return graph.names[row] if kind is not Kind.LAYER else None
        case Nature.ADDRESSED | Nature.ALIAS:
            return graph.names[row] if kind in (Kind.HOST, Kind.NAME) else None
        case Nature.RENEWED | Nature.STAPLED | Nature.PART | Nature.DECLARED:
            return " or ".join(graph.names[member] for member in members.tolist()) or None
    return None


def mended(graph: Graph, changes: Sequence[Change]) -> tuple[Graph, Rows]:
    """The graph with one more thing for each change, a member of its groups; and these things' rows."""
    first = len(graph)
    pairs = sorted((group, first + at) for at, change in enumerate(changes) for group in change.groups)
    where = np.array([graph.member_start[group + 1] for group, _ in pairs], np.int64)
    member = np.insert(graph.member, where, [row for _, row in pairs]).astype(np.int32)
    more = np.bincount([group for group, _ in pairs], minlength=len(graph.effect))
    member_start = graph.member_start + np.concatenate((np.zeros(1, np.int64), np.cumsum(more)))
    group_start = np.concatenate((graph.group_start, np.full(len(changes), graph.group_start[-1])))
    circle, order, circle_start = circles(group_start, member_start, member)
    grown = replace(
        graph,
        names=(*graph.names, *(f"{change.fix.kind}: {change.fix.of}" for change in changes)),
        kind=np.concatenate((graph.kind, np.full(len(changes), Kind.THING, np.int8))),
        group_start=group_start,
        member_start=member_start,
        member=member,
        circle=circle,
        order=order,
        circle_start=circle_start,
    )
    return grown, np.arange(first, first + len(changes), dtype=np.int32)


def advise(
    audit: Audit, home: str, wanted: int, hours: int, costs: Costs, budget: float | None = None
) -> Advice:
    """At most `wanted` changes. Losses are single: each provider, authority and foreign country alone."""
    every = np.concatenate([candidates(audit, kind, home) for kind, _ in FAMILIES]).astype(np.int32)
    at_moment = min(hours * 3600, NEVER - 1)
    told = columns(audit.graph, SURELY_FAILS, audit.at_s)
    times = times_in(audit.graph, told)
    hit = _people_hit(audit, told, times, [(int(row),) for row in every], at_moment)
    losses = every[np.argsort(-hit, kind="stable")][: min(LOSSES_MAX, int((hit > 0).sum()))]
    changes = changes_of(audit.graph)
    worth = _people_hit(audit, told, times, [change.rows for change in changes], at_moment)
    likely = [changes[at] for at in np.argsort(-worth, kind="stable")[:FIXES_MAX] if worth[at] > 0]
    search = _Search(audit, likely, losses, at_moment, costs, budget)
    exact = len(audit.graph) <= THINGS_TRIED_MAX and search.sets(wanted) * max(1, len(losses)) <= TRIALS_MAX
    chosen = search.best_set(wanted) if exact else None
    taken, lost, left = search.greedy(wanted, chosen)
    by_cost, _, left_by_cost = search.greedy(wanted, None, by_cost=True)
    if budget is not None and not exact and left_by_cost < left:
        taken, left = by_cost, left_by_cost
    return Advice(
        home=home,
        hours=hours,
        losses=len(losses),
        lost=lost,
        left=left,
        exact=exact,
        changes=taken,
        tried=len(likely),
        not_tried=int((worth > 0).sum()) - len(likely),
        losses_not_tried=int((hit > 0).sum()) - len(losses),
        unit=costs.unit,
        budget=budget,
        by_cost=by_cost,
        left_by_cost=left_by_cost,
    )


def _people_hit(
    audit: Audit, told: Columns, times: Times, sets: Sequence[Sequence[int]], at_moment: int
) -> Ints:
    """int64[sets]: people whose service fails when these rows do."""
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(one) for one in sets]))).astype(np.int64)
    rows = np.array([row for one in sets for row in one], np.int32)
    lost, *_ = losses_apart(
        start, rows, np.array([at_moment], np.int32), audit.weights(), needs_of(audit.graph, told),
        audit.graph.circles, audit.parents, told.own_s, times,
    )  # fmt: skip
    found: Ints = lost[:, 0]
    return found


class _Search:
    """The mended graph, and what is lost in it under all losses with some of the changes made."""

    def __init__(
        self,
        audit: Audit,
        changes: Sequence[Change],
        losses: Rows,
        at_moment: int,
        costs: Costs,
        budget: float | None,
    ) -> None:
        self._audit = audit
        self._changes = changes
        self._losses = losses
        self._at_moment = at_moment
        self._costs = [costs.of(one.kind, one.fix.of, len(one.rows)) for one in changes]
        self._budget = inf if budget is None else budget
        self._graph, self._rows = mended(audit.graph, changes)
        self._parents = parents_of(self._graph)
        self._told = columns(self._graph, SURELY_FAILS, audit.at_s)
        self._told.own_s[self._rows] = UNFOUNDED
        self._weight = np.zeros((len(self._graph), 2), np.int64)
        self._weight[: len(audit.graph), 0] = audit.weights()
        for row, told in audit.services():
            for group in self._graph.groups(row):
                layer = self._graph.members(group)[0]
                self._weight[layer, 1] = told.people

    def _gains(self, made: Sequence[int], left: Sequence[int]) -> tuple[Ints, Ints]:
        """What each change of `left` saves when those of `made` are made, and what is lost without it."""
        own = self._told.own_s.copy()
        own[self._rows[list(made)]] = NEVER
        start = np.arange(len(self._losses) + 1, dtype=np.int64)
        saved, lost = gains(
            start, self._losses, self._rows[list(left)], self._at_moment, self._weight,
            needs_of(self._graph, self._told), self._graph.circles, self._parents, own,
            times_in(self._graph, self._told, own),
        )  # fmt: skip
        return saved, lost

    def _sizes(self, wanted: int) -> range:
        """Of sets: the largest ones, since no change does harm; all, where they may be too dear."""
        most = min(wanted, len(self._changes))
        return range(most if self._budget == inf else 0, most + 1)

    def sets(self, wanted: int) -> int:
        """How many there are to try."""
        return sum(comb(len(self._changes), size) for size in self._sizes(wanted))

    def best_set(self, wanted: int) -> tuple[int, ...]:
        """Of all sets within the budget the one that leaves least, people before layers; of equals the
        cheapest, of these the first.
        """
        every = range(len(self._changes))
        sets = (made for size in self._sizes(wanted) for made in combinations(every, size))
        fitting = (made for made in sets if self._cost(made) <= self._budget)
        return min(
            fitting, key=lambda made: (*self._gains(made, ())[1].tolist(), self._cost(made)), default=()
        )

    def _cost(self, made: Iterable[int]) -> float:
        return sum(self._costs[at] for at in made)

    def greedy(
        self, wanted: int, among: Sequence[int] | None, *, by_cost: bool = False
    ) -> tuple[tuple[Advised, ...], int, int]:
        """The most useful of `among` (else of all that fit into the budget) after those before, or the most
        useful for its cost; what is lost before, and after.
        """
        left = list(range(len(self._changes)) if among is None else among)
        made: list[int] = []
        taken: list[Advised] = []
        first: int | None = None
        while True:
            left = [at for at in left if self._cost((*made, at)) <= self._budget]
            saved, lost = self._gains(made, left)
            first = int(lost[0]) if first is None else first

            def use(at: int, saved: Ints = saved, left: Sequence[int] = left) -> tuple[float, ...]:
                people, layers = saved[at].tolist()
                by = max(self._costs[left[at]], CHEAP) if by_cost else 1.0
                return people / by, layers / by, -at

            at = max(range(len(left)), key=use, default=None)
            if at is None or len(made) == wanted or not (saved[at].any() or among is not None):
                return tuple(taken), first, int(lost[0])
            taken.append(self._advised(left[at], *map(int, saved[at])))
            made.append(left.pop(at))

    def _advised(self, at: int, people: int, layers: int) -> Advised:
        change = self._changes[at]
        return Advised(change.fix, people, layers, self._costs[at], self._to_allow(change))

    def _to_allow(self, change: Change) -> tuple[str, ...]:
        """Hosts whose CAA records say who may issue."""
        if change.kind != "authority":
            return ()
        allowed, names = self._audit.observed.allowed, (self._graph.names[row] for row in change.rows)
        return tuple(sorted(name for name in names if name in allowed and allowed[name].authorities))
