"""From candidates and a sample to the choice that is searched: groups, rate limits, limits and costs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.candidates import Candidate, can_hold, supported
from tidegate.mitigate.evidence import Usual
from tidegate.mitigate.intervals import amount_rate
from tidegate.mitigate.matching import Columns, Mask, parts
from tidegate.mitigate.order import match_order
from tidegate.mitigate.sample import Floats, Sample
from tidegate.mitigate.selection import Choice
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.addresses import Prefix
from tidegate.model.border import BorderPoint
from tidegate.model.plans import Action, Blackhole, Drop, Match, RateLimit
from tidegate.model.vectors import NO_VECTOR, VECTORS

RULE_COST, COMPONENT_COST = 0.005, 0.0005
"""What a rule, and each component of it, costs: as losing that share of the targets' other traffic, or as
leaving that share of the attack, whichever is less. Fewer and plainer rules win where little is at stake."""

UNSEEN_RECORDS = 3.0
"""Traffic of which a sample shows nothing may be this many of its records (Hanley and Lippman-Hand, JAMA
249, 1983)."""

PERHAPS_SHARE = 0.1
"""Of connections whose SYN may be met, the share that is taken to begin while the rule is there."""

UNSEEN_SHARE = 0.02
"""Other traffic that a rule must be thought to take though none was seen: as if this share of what the
targets receive were like what the networks around them receive."""

SPARE = 1.25
"""What comes towards the targets is held below this many times what is usual for them."""

LINK_HARM = 10.0
"""A byte above a link's capacity harms as this many bytes lost: it displaces traffic of everybody there."""


BLACKHOLE_COST = 1.0
"""A blackhole costs as much as this share of the attack, besides what it takes: it is the last resort."""

NEVER = np.inf


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a plan could do: a match and, by border point, the action there (None: not held)."""

    match: Match
    actions: tuple[Action | None, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """Records that the same candidates meet, at one border point: columns of equal length (G,).

    `meets` bool (C, G); `attack`, `other` bytes a second and the sum of squares of the records' `other`;
    `point` from -1; `vector` a code of model.vectors.
    """

    meets: Mask
    attack: Floats
    other: Floats
    squares: Floats
    point: npt.NDArray[np.int64]
    to_target: Mask
    vector: npt.NDArray[np.int64]

    def by_point(self, amounts: Floats, points: int) -> Floats:
        """(C, P): the sum of `amounts` (G,) over the groups that each candidate meets at each point."""
        at = (self.point[:, None] == np.arange(points)) * amounts[:, None]
        found: Floats = self.meets.astype(np.float64) @ at
        return found


@dataclass(frozen=True, slots=True)
class Weighed:
    """The choice, and the options that its candidates stand for."""

    choice: Choice
    options: tuple[Option, ...]


def weigh(
    sample: Sample,
    candidates: Sequence[Candidate],
    points: Sequence[BorderPoint],
    usual: Sequence[Usual],
    settings: PlanSettings,
) -> Weighed:
    """The choice among rate limits; also drops and blackholes where a link is above its capacity."""
    groups = grouped(sample, candidates)
    high = {one.vector: (one.high_bits_per_s or one.bits_per_s or 0) / 8 for one in usual}
    load = groups.by_point(groups.attack + groups.other, len(points))
    held = _held(candidates, points) & (groups.by_point(groups.attack, len(points)) > 0)
    limits = usual_high(sample, groups, load, high, settings)
    link = np.array([_capacity(point, settings) for point in points], np.float64)
    costs = _costs(sample, candidates, settings)
    placed = list(_places(held, points))
    which = [at for at, _ in placed]
    options = [Option(candidates[at].match, _rates(limits[at], here, points)) for at, here in placed]
    if np.any(_come_in(groups, len(points)) > link):
        options += [Option(candidates[at].match, _where(here, Drop())) for at, here in placed]
        which += which
        holes = [at for at, one in enumerate(candidates) if settings.blackhole and _host_only(one.match)]
        options += [_blackhole(candidates[at].match, points, settings) for at in holes]
        which += holes
    extra = [_extra(one, limits[at], sample.attack) for one, at in zip(options, which, strict=True)]
    through = np.array([_through(one, load[at], points) for one, at in zip(options, which, strict=True)])
    choice = Choice(
        meets=groups.meets[np.array(which, np.int64)] & _acted_on(options, len(points))[:, groups.point],
        through=through.reshape(len(which), len(points) + 1)[:, groups.point],
        rank=_ranks(options),
        twin=np.array(which, np.int64),
        cost=costs[np.array(which, np.int64)] + np.array(extra, np.float64),
        held=_budgeted(options, len(points)),
        attack=groups.attack,
        other=groups.other,
        point=groups.point,
        to_target=groups.to_target,
        hold=_hold(groups, high, len(points), settings),
        link=link,
        hold_harm=1 / settings.bytes_worth_one,
        link_harm=LINK_HARM,
        budget=np.array([_budget(point) for point in points], np.int64),
        rules_max=settings.rules_max,
    )
    return Weighed(choice, tuple(options))


def grouped(sample: Sample, candidates: Sequence[Candidate]) -> Groups:
    """The sample's records by what meets them; what a negative excess leaves is no attack."""
    signature = np.zeros(len(sample), np.uint64)
    for at, one in enumerate(candidates):
        taken = np.where(sample.suspect, one.met, one.hurt)
        signature |= taken.astype(np.uint64) << np.uint64(at)
    place = (sample.point.astype(np.int64) + 1) << 16 | sample.to_target.astype(np.int64) << 8
    place |= np.where(sample.suspect, sample.vector, NO_VECTOR)
    # Few places and few signatures: number each, and their pairs are small numbers.
    signatures, sign = np.unique(signature, return_inverse=True)
    places, where = np.unique(place, return_inverse=True)
    pairs, group = np.unique(sign * len(places) + where, return_inverse=True)
    signs, wheres = signatures[pairs // len(places)], places[pairs % len(places)]

    def summed(amounts: Floats) -> Floats:
        sums: Floats = np.bincount(group, amounts, minlength=len(pairs)).astype(np.float64)
        return sums

    other = sample.other
    numbers = np.arange(len(candidates), dtype=np.uint64)
    return Groups(
        meets=((signs >> numbers[:, None]) & np.uint64(1)) == 1,
        attack=np.maximum(summed(sample.excess), 0.0),
        other=summed(other),
        squares=summed(other * other),
        point=(wheres >> 16) - 1,
        to_target=(wheres >> 8 & 1) == 1,
        vector=wheres & 255,
    )


def usual_high(
    sample: Sample, groups: Groups, load: Floats, high: Mapping[str, float], settings: PlanSettings
) -> Floats:
    """(C, P): the high quantile of what is usual for each candidate at each border point, bytes a second.

    The upper end of what the sample shows; at least what the baseline knows of its vectors, in proportion
    to what it meets of them; and where nothing was seen, what may have been missed.
    """
    seen, squares = (groups.by_point(one, load.shape[1]) for one in (groups.other, groups.squares))
    shown = np.vectorize(lambda amount, square: amount_rate(amount, square).high, otypes=[np.float64])
    usual = shown(seen, squares) if seen.size else seen
    for code, vector in enumerate(VECTORS):
        if high.get(vector.name):
            mine = np.where(groups.vector == code, groups.other, 0.0)
            if mine.sum() <= 0:
                mine = np.where(groups.vector == code, groups.attack, 0.0)
            usual = np.maximum(usual, high[vector.name] * _parts(groups.by_point(mine, load.shape[1]), mine))
    records = sample.other[sample.to_target]
    records = records[records > 0]
    unseen = UNSEEN_RECORDS * float(np.median(records)) if len(records) else 0.0
    least = max(settings.usual_low_bytes_per_s, unseen)
    spread = load / np.maximum(load.sum(axis=1, keepdims=True), 1e-9)
    highest: Floats = np.maximum(usual, least * spread)
    return highest


def _places(held: Mask, points: Sequence[BorderPoint]) -> Iterator[tuple[int, Mask]]:
    """Each candidate with the border points to hold it: all that can, and those of each ability alone.

    Where border points can do different things, what is best at one is not what is best at another.
    """
    able = [supported(point) if point.routers else None for point in points]
    for at, here in enumerate(held):
        scopes = [here, *(here & np.array([one == ability for one in able]) for ability in set(able))]
        yield from ((at, np.array(scope)) for scope in dict.fromkeys(map(tuple, scopes)) if any(scope))


def _extra(option: Option, limits: Floats, attack: float) -> float:
    """What an action costs besides: a false alarm loses all of what is usual to a drop, or the whole host."""
    cost = 0.0
    for action, limit in zip(option.actions, limits.tolist(), strict=True):
        if isinstance(action, Drop):
            cost += limit
        elif isinstance(action, Blackhole):
            return BLACKHOLE_COST * attack
    return cost


def _parts(amounts: Floats, whole: Floats) -> Floats:
    return amounts / max(float(whole.sum()), 1e-9)


def _held(candidates: Sequence[Candidate], points: Sequence[BorderPoint]) -> Mask:
    held = [[can_hold(point, one.match) for point in points] for one in candidates]
    return np.array(held, np.bool_).reshape(len(candidates), len(points))


def _come_in(groups: Groups, points: int) -> Floats:
    """(P,): bytes a second of all that the sample shows at each border point."""
    load = (groups.attack + groups.other)[:, None] * (groups.point[:, None] == np.arange(points))
    total: Floats = load.sum(axis=0)
    return total


def _capacity(point: BorderPoint, settings: PlanSettings) -> float:
    if point.capacity_bits_per_s is None:
        return NEVER
    return point.capacity_bits_per_s / 8 * settings.capacity_filled


def _hold(groups: Groups, high: Mapping[str, float], points: int, settings: PlanSettings) -> Floats:
    """(P,): what may come towards the targets: what is usual, with room for the vectors' usual highs."""
    if not settings.hold_targets:
        return np.full(points, NEVER)
    at = groups.point[:, None] == np.arange(points)
    usual = SPARE * np.where(groups.to_target, groups.other, 0.0) @ at
    room = 0.0
    for code, vector in enumerate(VECTORS):
        mine = float(groups.other[(groups.vector == code) & groups.to_target].sum())
        room += max(0.0, high.get(vector.name, 0.0) - mine)
    room += settings.usual_low_bytes_per_s
    hold: Floats = usual + room * _parts(groups.attack @ at, groups.attack)
    return hold


def _costs(sample: Sample, candidates: Sequence[Candidate], settings: PlanSettings) -> Floats:
    """(C,): what each candidate costs by being there: plainness, and harm that no record shows.

    The latter is what a rule would take if some of the targets' other traffic were like that of the
    networks around, where the rule without its destination shows its breadth; and new connections, for a
    rule that stops these, because samples hardly ever show a SYN.
    """
    around = ~sample.to_target
    columns = Columns(sample.rows[around])
    other = sample.other[around]
    total = max(float(other.sum()), 1e-9)
    costs = []
    towards = float(sample.other[sample.to_target].sum())
    unseen = UNSEEN_SHARE * towards / total
    plainness = min(sample.attack / settings.bytes_worth_one, towards)
    for one in candidates:
        components = parts(one.match)
        broad = np.ones(len(other), np.bool_)
        for part in components[1:]:
            broad &= columns.mask(part)
        cost = (RULE_COST + COMPONENT_COST * len(components)) * plainness + unseen * float(other[broad].sum())
        costs.append(cost + PERHAPS_SHARE * one.perhaps)
    return np.array(costs, np.float64)


def _rates(limits: Floats, held: Mask, points: Sequence[BorderPoint]) -> tuple[Action | None, ...]:
    """The rate for each router: an equal part of the limit, rounded up to what every router there can do."""
    return tuple(
        RateLimit(_router_rate(limit, point)) if here else None
        for limit, here, point in zip(limits.tolist(), held.tolist(), points, strict=True)
    )


def _router_rate(limit: float, point: BorderPoint) -> int:
    step = max(router.profile.rate_step_bytes_per_s for router in point.routers)
    return max(1, math.ceil(limit / len(point.routers) / step)) * step


def _where(held: Mask, action: Action) -> tuple[Action | None, ...]:
    return tuple(action if here else None for here in held.tolist())


def _host_only(match: Match) -> bool:
    """A whole host: blackholes take no more than that at once."""
    prefix = Prefix.parse(match.destination)
    return prefix.length == 128 and len(parts(match)) == 1


def _blackhole(match: Match, points: Sequence[BorderPoint], settings: PlanSettings) -> Option:
    ipv6 = ":" in match.destination
    action = Blackhole(settings.blackhole_next_hop_ipv6 if ipv6 else settings.blackhole_next_hop_ipv4)
    return Option(match, tuple(action if point.routers else None for point in points))


def _through(option: Option, load: Floats, points: Sequence[BorderPoint]) -> Floats:
    """(P + 1,): the share of its load (P,) that an option lets pass; all where no border point is known."""
    passing = [1.0] * (len(points) + 1)
    for at, (action, point) in enumerate(zip(option.actions, points, strict=True)):
        if isinstance(action, RateLimit):
            limit = action.bytes_per_s * len(point.routers)
            passing[at] = min(1.0, limit / load[at]) if load[at] > 0 else 1.0
        elif action is not None:
            passing[at] = 0.0
    return np.array(passing)


def _acted_on(options: Sequence[Option], points: int) -> Mask:
    """(K, P + 1): whether an option is held at a border point; nowhere where none is known."""
    held = [[action is not None for action in option.actions] + [False] for option in options]
    return np.array(held, np.bool_).reshape(len(options), points + 1)


def _ranks(options: Sequence[Option]) -> npt.NDArray[np.int64]:
    """(K,): the place of each option in the order of rules; blackholes after all filters."""
    order = match_order([option.match for option in options])
    order.sort(key=lambda at: any(isinstance(action, Blackhole) for action in options[at].actions))
    ranks = np.zeros(len(options), np.int64)
    ranks[order] = np.arange(len(options))
    return ranks


def _budgeted(options: Sequence[Option], points: int) -> Mask:
    """(K, P): where an option takes up a rule of the routers' budgets; blackholes are routes, not rules."""
    held = [
        [action is not None and not isinstance(action, Blackhole) for action in o.actions] for o in options
    ]
    return np.array(held, np.bool_).reshape(len(options), points)


def _budget(point: BorderPoint) -> int:
    return min((router.profile.rule_budget for router in point.routers), default=0)
