"""Which attack gets a plan next, and how its plan is made: evidence, planner, guard, in this order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from tidegate.app.samples import PLAN_ROWS_MAX, FlowsAsked, surrounding
from tidegate.app.state import PlanLife, State
from tidegate.detect.baseline import DAY_HOURS, HOURS, USUAL, Baselines, Key
from tidegate.mitigate.evidence import Evidence, Usual
from tidegate.mitigate.guard import GuardSettings, allows, least_level, refuse_unless_safe
from tidegate.mitigate.planner import propose
from tidegate.mitigate.settings import PlanSettings
from tidegate.mitigate.stages import IN_FORCE, PlanStage
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack
from tidegate.model.plans import Plan, UsualInbound
from tidegate.model.vectors import CODE_OF

FRESH_MS = 20_000
"""A proposal stands so long before a changed attack may supersede it: people must be able to read it."""

AGREED_MS = 300_000
"""And so long once an officer has agreed to it, so that no signature is lost to a passing change."""

AGAIN_MS = 60_000
"""After a plan that expired, lapsed or failed, while its attack goes on, another may come after this."""

COMES_BACK = (PlanStage.EXPIRED, PlanStage.LAPSED, PlanStage.FAILED)
"""After these another plan may follow by itself; after a person's no only when the attack changes."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan is asked for, as of one moment; `usual_inbound` in bits a second by border point.

    `beside` are the plans that are in force, or agreed to and about to be.
    """

    attack: Attack
    node: str
    number: int
    made_at_ms: int
    ledger_size: int
    ledger_root: str
    replaces: int | None
    usual: tuple[Usual, ...]
    usual_inbound: Mapping[str, int]
    beside: tuple[Plan, ...] = ()


def next_attack(state: State, planned: Mapping[int, Attack], now_ms: int) -> Attack | None:
    """The strongest attack whose present shape nothing was proposed for, and whose turn has come."""
    plans = {life.plan.attack: life for life in state.plans.values()}
    ended = {life.plan.attack: life for life in state.ended_plans}
    waiting = [
        attack
        for number, attack in state.open_attacks.items()
        if attack.actionable and may_propose(attack, planned, plans.get(number), ended.get(number), now_ms)
    ]
    return max(waiting, key=lambda attack: attack.bits_per_s.estimate, default=None)


def may_propose(
    attack: Attack,
    planned: Mapping[int, Attack],
    life: PlanLife | None,
    ended: PlanLife | None,
    now_ms: int,
) -> bool:
    changed = planned.get(attack.number) != attack
    if life is None:
        if ended is None or changed:
            return changed
        comes_back = ended.standing.stage in COMES_BACK
        return comes_back and now_ms - ended.standing.since_ms >= AGAIN_MS
    standing = life.standing
    match standing.stage:
        case PlanStage.PROPOSED:
            rest_ms = AGREED_MS if standing.approvals else FRESH_MS
        case PlanStage.HELD:
            rest_ms = AGAIN_MS
        case _:  # under way: it is measured first
            return False
    return changed and now_ms - standing.since_ms >= rest_ms


def to_be_replaced(state: State, attack: int) -> int | None:
    """The attack's plan in whose place another would come: the one in force, or the newest that waits."""
    mine = [life for life in state.plans.values() if life.plan.attack == attack]
    in_force = [life for life in mine if life.standing.stage in IN_FORCE]
    return max((life.plan.number for life in in_force or mine), default=None)


def make_plan(
    asked: FlowsAsked,
    question: Question,
    settings: PlanSettings,
    guard: GuardSettings,
) -> Plan:
    """The plan that the guard lets pass. NotAllowed where it does not; OutsideFailed without a sample."""
    attack = question.attack
    flows = asked.towards(surrounding(attack.targets), PLAN_ROWS_MAX)
    evidence = Evidence(
        attack=attack,
        rows=flows.rows,
        weights=flows.weights,
        from_ms=flows.from_ms,
        until_ms=flows.until_ms,
        border_point_of=flows.point_of,
        border_points=guard.border_points,
        usual=question.usual,
    )
    plan = propose(
        evidence,
        settings,
        node=question.node,
        number=question.number,
        made_at_ms=question.made_at_ms,
        ledger_size=question.ledger_size,
        ledger_root=question.ledger_root,
        replaces=question.replaces,
        allowed=lambda match: allows(match, attack.targets, guard),
    )
    level = least_level(plan, guard, question.usual_inbound, question.beside)
    known = sorted({rule.border_point for rule in plan.rules} & question.usual_inbound.keys())
    usual = tuple(UsualInbound(point, question.usual_inbound[point]) for point in known)
    plan = msgspec.structs.replace(plan, level=level, usual_inbound=usual)
    refuse_unless_safe(plan, guard, question.usual_inbound)
    return plan


def says_the_same(plan: Plan, other: Plan) -> bool:
    """Whether people would agree to the same thing: the same rules at the same places in the same order."""
    return (plan.rules, plan.stages, plan.targets) == (other.rules, other.stages, other.targets)


def usual_of(baselines: Baselines, attack: Attack, second: int) -> tuple[Usual, ...]:
    """What is usual for each vector towards the targets at this hour of the week, as far as it is known."""
    targets = [Prefix.parse(target) for target in attack.targets]
    return tuple(usual_of_vector(baselines, targets, part.vector, second) for part in attack.vectors)


def usual_of_vector(baselines: Baselines, targets: Sequence[Prefix], vector: str, second: int) -> Usual:
    """Added up over the targets; a target that was never heavy while others were learned is quiet."""
    if baselines.observed_hours < DAY_HOURS or vector not in CODE_OF:
        return Usual(vector, None, None)
    keys = [Key(one.high, one.low, one.length, CODE_OF[vector]) for one in targets]
    rows = baselines.known(keys)
    high = baselines.history(rows, second).usual_high[:, 0].sum()
    at = rows[rows >= 0]
    hour = second // 3600 % HOURS
    learned = baselines.weeks[at, hour] > 0
    middles = baselines.quantiles[at, :, 0, USUAL]
    middle = np.where(learned, middles[:, hour], middles.max(axis=1, initial=0))
    return Usual(vector, round(float(middle.sum())), round(float(high)))
