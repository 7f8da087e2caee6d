"""What is due for a plan at a moment: pure answers from its standing, for whoever carries them out."""

from enum import StrEnum

import msgspec

from tidegate.mitigate.moves import next_look, stages_of
from tidegate.mitigate.stages import IN_FORCE, PlanStage, Standing
from tidegate.model.plans import Plan


class Due(StrEnum):
    EXPIRE = "expire"
    TRY = "try at one border point"
    JUDGE = "judge"
    WIDEN = "widen by one step"
    COMPLETE = "stay as wide as it is"
    RENEW = "renew the lease"
    RELAX = "relax at one border point"
    LOOK = "look whether the attack goes on"
    LIFT = "lift"
    LAPSE = "lapse"


class PaceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often a plan that holds is relaxed at one border point, and how long evidence counts.

    `look_every_s` lies between two rounds of looks, `look_s` is how long one takes, `settle_s` lies between
    two looks of one round. Leases are not renewed `evidence_s` after the attack was last known to go on.
    """

    look_every_s: int = 300
    look_s: int = 30
    settle_s: int = 30
    evidence_s: int = 900


def what_is_due(
    plan: Plan, standing: Standing, pace: PaceSettings, now_ms: int, *, attack_seen: bool, followed: bool
) -> tuple[Due, ...]:
    """All that is due now, the most pressing first; nothing for a plan that has ended.

    `followed` is whether a plan that takes this one's place is agreed to or under way.
    `attack_seen` is whether the detector sees the attack under way. While rules are in force, an attack that
    it does not see may still go on outside; a plan that holds then looks at once.
    """
    match standing.stage:
        case PlanStage.PROPOSED:
            over = now_ms >= plan.approve_until_ms or not attack_seen
            return (Due.EXPIRE,) if over else ()
        case PlanStage.APPROVED:
            return (due_when_approved(plan, now_ms, attack_seen=attack_seen),)
        case stage if stage in IN_FORCE:
            if now_ms >= min(plan.ends_at_ms, standing.lease_until_ms or 0):
                return (Due.LAPSE,)
            step = due_in_force(plan, standing, pace, now_ms, attack_seen=attack_seen)
            if followed:  # 6 of tidegate.mitigate.stages
                step = tuple(one for one in step if one not in (Due.RELAX, Due.LIFT))
            return (*renewal(plan, standing, pace, now_ms), *step)
    return ()


def due_when_approved(plan: Plan, now_ms: int, *, attack_seen: bool) -> Due:
    if now_ms >= plan.ends_at_ms:
        return Due.LAPSE
    return Due.TRY if attack_seen else Due.LIFT


def due_in_force(
    plan: Plan, standing: Standing, pace: PaceSettings, now_ms: int, *, attack_seen: bool
) -> tuple[Due, ...]:
    stages = stages_of(plan)
    match standing.stage:
        case PlanStage.SPOT_TEST:
            return judgement(standing, stages.spot_test_s, now_ms)
        case PlanStage.WIDENING if standing.measured_from_ms is not None:
            return judgement(standing, stages.widen_every_s, now_ms)
        case PlanStage.WIDENING:
            goes_on = standing.steps < len(stages.widening) and attack_seen
            return (Due.WIDEN,) if goes_on else (Due.COMPLETE,)
        case PlanStage.RELAXING:
            return (Due.LOOK,) if now_ms >= standing.since_ms + pace.look_s * 1000 else ()
    return look(standing, pace, now_ms, attack_seen=attack_seen)


def judgement(standing: Standing, measure_s: int, now_ms: int) -> tuple[Due, ...]:
    from_ms = standing.measured_from_ms
    return (Due.JUDGE,) if from_ms is not None and now_ms >= from_ms + measure_s * 1000 else ()


def look(standing: Standing, pace: PaceSettings, now_ms: int, *, attack_seen: bool) -> tuple[Due, ...]:
    """A round of looks begins after `look_every_s`, or at once when the attack is not seen any more; within
    a round only `settle_s` lie between two."""
    if next_look(standing) is None:
        return (Due.LIFT,)
    in_a_round = bool(standing.quiet) or not attack_seen
    wait_s = pace.settle_s if in_a_round else pace.look_every_s
    last_ms = standing.since_ms if standing.looked_ms is None else max(standing.looked_ms, standing.since_ms)
    return (Due.RELAX,) if now_ms >= last_ms + wait_s * 1000 else ()


def renewal(plan: Plan, standing: Standing, pace: PaceSettings, now_ms: int) -> tuple[Due, ...]:
    """A lease is renewed from its half on, while the evidence is fresh and the plan goes on beyond it."""
    until_ms = standing.lease_until_ms
    if until_ms is None or until_ms >= plan.ends_at_ms:
        return ()
    fresh = now_ms - standing.persisting_ms <= pace.evidence_s * 1000
    return (Due.RENEW,) if fresh and until_ms - now_ms <= plan.lease_s * 500 else ()
