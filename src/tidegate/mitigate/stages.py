"""The stages of a plan: one table of all moves, and what is due next.

Guardian of invariant 2 of the house, together with the leases at the border. `TRANSITIONS` is the law:
docs/stages.md and the doors' choices are made from it. A move that is not in it cannot be recorded.

1. Rules are in force in four stages only (`IN_FORCE`), which are reached only from APPROVED.
2. Whatever ends a plan empties what is in force: no final stage has a move out of it.
3. A lease is set by a move and by a renewal, never beyond the plan's end.
4. A lease is renewed only while there is fresh evidence that the attack persists.

5. A plan that takes the place of another does so border point by border point: the older one yields where the
   newer comes into force and nowhere else, takes up again what the newer leaves by a failure, and is
   superseded once the newer is as wide as it will be. At no border point are both in force.
6. While a newer one is agreed to or under way, the older is not relaxed and not lifted: only its leases go
   on, or end.
7. Where its routers count what their rules match, a border point of a plan that is held is found quiet by
   counters alone (tidegate.mitigate.verdict.is_quiet), and the rules stay there meanwhile. Counters find
   nothing else: where they do not find it quiet, or there are none, it is relaxed.

A mitigated attack is invisible downstream. So the rules are taken back at one border point for a short time
(nothing but the approved rules may be announced, hence no looser limit), and what comes in then is measured:
`RELAXING`. The attack is over when each border point, in its turn, was found quiet.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from tidegate.model.plans import Plan, Signed
from tidegate.model.refusals import NotAllowed
from tidegate.model.verdicts import Verdict

VERDICTS_MAX = 16
"""Verdicts that a plan's standing keeps, the newest; all of them are facts in the ledger."""


class PlanStage(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    SPOT_TEST = "spot test"
    WIDENING = "widening"
    HELD = "held"
    RELAXING = "relaxing"
    LIFTED = "lifted"
    LAPSED = "lapsed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class PlanEvent(StrEnum):
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    TRIED = "tried"
    PASSED = "passed"
    WIDENED = "widened"
    COMPLETED = "completed"
    NARROWED = "narrowed"
    YIELDED = "yielded"
    RESUMED = "resumed"
    RELAXED = "relaxed"
    FOUND_QUIET = "found quiet"
    FOUND_PERSISTING = "found persisting"
    LOOKED_IN_VAIN = "looked in vain"
    LIFTED = "lifted"
    LAPSED = "lapsed"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


S, E = PlanStage, PlanEvent

MEANING: Mapping[PlanStage, str] = MappingProxyType(
    {
        S.PROPOSED: "The planner made it and the guard let it pass; nobody has agreed, or one person has.",
        S.APPROVED: "Two officers agreed over its exact bytes; nothing is announced yet.",
        S.SPOT_TEST: "In force at one border point, and measured.",
        S.WIDENING: "The spot test passed; border points are added step by step, each step measured.",
        S.HELD: "In force as wide as it will be.",
        S.RELAXING: "Taken back at one border point for a short time, to see whether the attack goes on.",
        S.LIFTED: "The attack is over; nothing is in force.",
        S.LAPSED: "A lease or the plan itself ended; nothing is in force.",
        S.REFUSED: "An officer said no before it was approved.",
        S.WITHDRAWN: "An officer took it back.",
        S.FAILED: "A measurement, a session or what routers hold spoke against it; nothing is in force.",
        S.SUPERSEDED: "Another plan takes its place.",
        S.EXPIRED: "Nobody approved it in time, or its attack ended first.",
    }
)
"""What each stage says; a test holds that none is missing."""

ENDINGS: Mapping[PlanEvent, PlanStage] = {
    E.LIFTED: S.LIFTED,
    E.LAPSED: S.LAPSED,
    E.FAILED: S.FAILED,
    E.WITHDRAWN: S.WITHDRAWN,
    E.SUPERSEDED: S.SUPERSEDED,
}
IN_FORCE = (S.SPOT_TEST, S.WIDENING, S.HELD, S.RELAXING)
"""1. The only stages with rules in force."""

TRANSITIONS: Mapping[tuple[PlanStage, PlanEvent], PlanStage] = MappingProxyType(
    {
        (S.PROPOSED, E.APPROVED): S.APPROVED,
        (S.PROPOSED, E.REFUSED): S.REFUSED,
        (S.PROPOSED, E.WITHDRAWN): S.WITHDRAWN,
        (S.PROPOSED, E.EXPIRED): S.EXPIRED,
        (S.PROPOSED, E.SUPERSEDED): S.SUPERSEDED,
        (S.APPROVED, E.TRIED): S.SPOT_TEST,
        (S.SPOT_TEST, E.PASSED): S.WIDENING,
        (S.WIDENING, E.WIDENED): S.WIDENING,
        (S.WIDENING, E.PASSED): S.WIDENING,
        (S.WIDENING, E.COMPLETED): S.HELD,
        (S.WIDENING, E.NARROWED): S.HELD,
        (S.HELD, E.NARROWED): S.HELD,
        (S.HELD, E.YIELDED): S.HELD,
        (S.HELD, E.RESUMED): S.HELD,
        (S.HELD, E.RELAXED): S.RELAXING,
        (S.HELD, E.FOUND_QUIET): S.HELD,  # 7
        (S.RELAXING, E.FOUND_QUIET): S.HELD,
        (S.RELAXING, E.FOUND_PERSISTING): S.HELD,
        (S.RELAXING, E.LOOKED_IN_VAIN): S.HELD,
        # 2. Whatever was agreed can be ended in the same ways at each point.
        **{(stage, event): ending for stage in (S.APPROVED, *IN_FORCE) for event, ending in ENDINGS.items()},
    }
)
"""All moves of a plan."""

FINAL = frozenset(PlanStage) - {stage for stage, _ in TRANSITIONS}
"""The stages that nothing leads out of."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a plan stands since `since_ms`.

    `in_force` are the border points whose routers shall hold its rules now, and `steps` counts the steps of
    widening taken. `lease_until_ms` is when all of that ends unless it is renewed; None while nothing is in
    force. `measured_from_ms` is when the last border points were added, None once a verdict let them pass.
    `persisting_ms` is when the attack was last known to go on, `looked_ms` when a look last ended.
    `relaxing` is the border point where the rules are taken back for a look, and `quiet` are those found
    quiet in this round of looks. `yielded` are border points that another plan took over. `why` is set by
    what ended the plan.
    """

    plan: int
    stage: PlanStage = PlanStage.PROPOSED
    since_ms: int
    approvals: tuple[Signed, ...] = ()
    in_force: tuple[str, ...] = ()
    steps: int = 0
    lease_until_ms: int | None = None
    measured_from_ms: int | None = None
    persisting_ms: int
    looked_ms: int | None = None
    relaxing: str | None = None
    quiet: tuple[str, ...] = ()
    yielded: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    why: str = ""


def proposed(plan: Plan) -> Standing:
    """How every plan begins."""
    return Standing(plan=plan.number, since_ms=plan.made_at_ms, persisting_ms=plan.made_at_ms)


def may(standing: Standing, event: PlanEvent) -> bool:
    """Whether the table has this move."""
    return (standing.stage, event) in TRANSITIONS


def after(standing: Standing, event: PlanEvent) -> PlanStage:
    """The stage that the event leads to. NotAllowed when the table has no such move."""
    if not may(standing, event):
        raise NotAllowed(f"plan {standing.plan} is {standing.stage}: it cannot be {event}")
    return TRANSITIONS[standing.stage, event]
