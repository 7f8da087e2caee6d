"""What each move makes of a plan's standing: which border points are in force, and until when."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from tidegate.mitigate.stages import (
    ENDINGS,
    FINAL,
    IN_FORCE,
    VERDICTS_MAX,
    PlanEvent,
    PlanStage,
    Standing,
    after,
)
from tidegate.model.plans import Plan, Rule, Signed, Stages
from tidegate.model.refusals import NotAllowed
from tidegate.model.verdicts import Verdict


def advance(plan: Plan, standing: Standing, event: PlanEvent, now_ms: int, why: str = "") -> Standing:
    """The standing after one event at `now_ms`. NotAllowed when the table has no such move, or too late.

    Once a lease is over, nothing but an ending is allowed: what lapsed does not come back.
    """
    stage = after(standing, event)
    if event not in ENDINGS and stage not in FINAL:
        still_running(plan, standing, now_ms)
    changes = CHANGES.get(event, unchanged)(plan, standing, now_ms)
    if stage in FINAL:
        changes = {**NOTHING_IN_FORCE, "why": why}
    return msgspec.structs.replace(standing, stage=stage, since_ms=now_ms, **changes)


def with_approval(standing: Standing, word: Signed) -> Standing:
    """One officer more has agreed; whether they suffice is for `tidegate.mitigate.approval` to say."""
    if standing.stage is not PlanStage.PROPOSED:
        raise NotAllowed(f"plan {standing.plan} is {standing.stage}: it takes no more approvals")
    if any(word.officer == other.officer for other in standing.approvals):
        raise NotAllowed(f"{word.officer} approved plan {standing.plan} before")
    return msgspec.structs.replace(standing, approvals=(*standing.approvals, word))


def with_verdict(standing: Standing, verdict: Verdict) -> Standing:
    """The verdict kept beside the plan; the move that follows from it is an event of its own."""
    return msgspec.structs.replace(standing, verdicts=(*standing.verdicts, verdict)[-VERDICTS_MAX:])


def seen_persisting(standing: Standing, now_ms: int) -> Standing:
    """Telemetry or counters show that the attack goes on."""
    return msgspec.structs.replace(standing, persisting_ms=max(now_ms, standing.persisting_ms))


def yielding(plan: Plan, standing: Standing, points: Sequence[str], now_ms: int) -> Standing:
    """5 of tidegate.mitigate.stages. NotAllowed where it is not in force."""
    if not points or not set(points) <= set(standing.in_force):
        raise NotAllowed(f"plan {plan.number} is not in force at {', '.join(points) or 'no border point'}")
    after_it = advance(plan, standing, PlanEvent.YIELDED, now_ms)
    left = tuple(point for point in standing.in_force if point not in points)
    return msgspec.structs.replace(
        after_it, in_force=left, yielded=(*standing.yielded, *points), quiet=(), looked_ms=now_ms
    )


def resuming(plan: Plan, standing: Standing, points: Sequence[str], now_ms: int) -> Standing:
    """5 of tidegate.mitigate.stages. NotAllowed for a border point that it did not yield."""
    if not points or not set(points) <= set(standing.yielded):
        raise NotAllowed(f"plan {plan.number} yielded nothing at {', '.join(points) or 'no border point'}")
    after_it = advance(plan, standing, PlanEvent.RESUMED, now_ms)
    left = tuple(point for point in standing.yielded if point not in points)
    return msgspec.structs.replace(
        after_it, in_force=(*standing.in_force, *points), yielded=left, quiet=(), looked_ms=now_ms
    )


def renewed(plan: Plan, standing: Standing, now_ms: int, evidence_s: int) -> Standing:
    """The lease begins anew. NotAllowed when it is over, or when nothing in the last `evidence_s` seconds
    shows that the attack goes on."""
    if standing.stage not in IN_FORCE:
        raise NotAllowed(f"plan {plan.number} is {standing.stage}: there is no lease to renew")
    still_running(plan, standing, now_ms)
    if now_ms - standing.persisting_ms > evidence_s * 1000:
        raise NotAllowed(f"plan {plan.number}: nothing has shown for {evidence_s} s that the attack goes on")
    return msgspec.structs.replace(standing, lease_until_ms=lease_end(plan, now_ms))


def rules_in_force(plan: Plan, standing: Standing) -> tuple[Rule, ...]:
    """What routers shall hold of this plan now."""
    return tuple(rule for rule in plan.rules if rule.border_point in standing.in_force)


def lease_end(plan: Plan, now_ms: int) -> int:
    return min(now_ms + plan.lease_s * 1000, plan.ends_at_ms)


def still_running(plan: Plan, standing: Standing, now_ms: int) -> None:
    if now_ms >= plan.ends_at_ms:
        raise NotAllowed(f"plan {plan.number} ended at {plan.ends_at_ms} ms")
    if standing.lease_until_ms is not None and now_ms >= standing.lease_until_ms:
        raise NotAllowed(f"the lease of plan {plan.number} ended at {standing.lease_until_ms} ms")


def stages_of(plan: Plan) -> Stages:
    if plan.stages is None:
        raise NotAllowed(f"plan {plan.number} proposes to do nothing; there is nothing to put in force")
    return plan.stages


Changes = dict[str, object]

NOTHING_IN_FORCE: Changes = {
    "in_force": (),
    "lease_until_ms": None,
    "measured_from_ms": None,
    "relaxing": None,
    "quiet": (),
    "yielded": (),
}


def tried(plan: Plan, _: Standing, now_ms: int) -> Changes:
    return {
        "in_force": (stages_of(plan).spot_test,),
        "lease_until_ms": lease_end(plan, now_ms),
        "measured_from_ms": now_ms,
        "persisting_ms": now_ms,
    }


def passed(_: Plan, __: Standing, ___: int) -> Changes:
    return {"measured_from_ms": None}


def widened(plan: Plan, standing: Standing, now_ms: int) -> Changes:
    widening = stages_of(plan).widening
    if standing.measured_from_ms is not None:
        raise NotAllowed(f"plan {plan.number}: the last step has no verdict yet")
    if standing.steps >= len(widening):
        raise NotAllowed(f"plan {plan.number} is in force everywhere; there is no further step")
    return {
        "in_force": (*standing.in_force, *widening[standing.steps]),
        "steps": standing.steps + 1,
        "measured_from_ms": now_ms,
    }


def narrowed(plan: Plan, standing: Standing, _: int) -> Changes:
    if not standing.steps:
        raise NotAllowed(f"plan {plan.number} is in force at one border point; withdraw it instead")
    undone = stages_of(plan).widening[standing.steps - 1]
    return {
        "in_force": tuple(point for point in standing.in_force if point not in undone),
        "steps": standing.steps - 1,
        "measured_from_ms": None,
        "quiet": (),
    }


def relaxed(_: Plan, standing: Standing, __: int) -> Changes:
    where = next_look(standing)
    if where is None:
        raise NotAllowed(f"plan {standing.plan}: each border point was found quiet; lift it")
    return {
        "in_force": tuple(point for point in standing.in_force if point != where),
        "relaxing": where,
    }


def found_quiet(plan: Plan, standing: Standing, now_ms: int) -> Changes:
    where = standing.relaxing or next_look(standing)
    if where is None:
        raise NotAllowed(f"plan {standing.plan}: each border point was found quiet; lift it")
    return {**put_back(plan, standing, now_ms), "quiet": (*standing.quiet, where)}


def found_persisting(plan: Plan, standing: Standing, now_ms: int) -> Changes:
    return {**put_back(plan, standing, now_ms), "quiet": (), "persisting_ms": now_ms}


def put_back(_: Plan, standing: Standing, now_ms: int) -> Changes:
    back = () if standing.relaxing is None else (standing.relaxing,)
    return {"in_force": (*standing.in_force, *back), "relaxing": None, "looked_ms": now_ms}


def unchanged(_: Plan, __: Standing, ___: int) -> Changes:
    return {}


def next_look(standing: Standing) -> str | None:
    """The border point to relax next: the first not found quiet in this round; None when all were."""
    return next((point for point in standing.in_force if point not in standing.quiet), None)


CHANGES: Mapping[PlanEvent, Callable[[Plan, Standing, int], Changes]] = {
    PlanEvent.TRIED: tried,
    PlanEvent.PASSED: passed,
    PlanEvent.WIDENED: widened,
    PlanEvent.NARROWED: narrowed,
    PlanEvent.RELAXED: relaxed,
    PlanEvent.FOUND_QUIET: found_quiet,
    PlanEvent.FOUND_PERSISTING: found_persisting,
    PlanEvent.LOOKED_IN_VAIN: put_back,
}
"""What a move changes besides the stage; any other changes nothing else, an ending everything."""
