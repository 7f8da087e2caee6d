"""What each fact about officers, plans and the border means; the moves are those of tidegate.mitigate.

Every effect on routers follows from one comparison: the border points where a plan is in force before and
after the fact. No fact brings an order of its own along.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from tidegate.app.plan_sentences import session_words
from tidegate.app.state import (
    ENDED_PLANS_MAX,
    PLANS_MAX,
    SCORES_MAX,
    SESSIONS_TROUBLED_MAX,
    PlanLife,
    State,
    Stepped,
)
from tidegate.app.units import count_of
from tidegate.mitigate.moves import (
    advance,
    next_look,
    renewed,
    resuming,
    seen_persisting,
    with_approval,
    with_verdict,
    yielding,
)
from tidegate.mitigate.roster import OFFICERS_MAX
from tidegate.mitigate.stages import FINAL, IN_FORCE, PlanEvent, PlanStage, Standing, may, proposed
from tidegate.model.facts import (
    Alarm,
    Announce,
    ApprovalGiven,
    BorderCleared,
    BorderSessionChanged,
    Effect,
    ForecastScored,
    LeaseRenewed,
    LookEnded,
    OfficerAdded,
    OfficerRevoked,
    PlanAlert,
    PlanApproved,
    PlanExpired,
    PlanFailed,
    PlanHeld,
    PlanLapsed,
    PlanLifted,
    PlanNarrowed,
    PlanProposed,
    PlanRefused,
    PlanRelaxed,
    PlanResumed,
    PlanSuperseded,
    PlanWidened,
    PlanWithdrawn,
    PlanYielded,
    RulesDiffered,
    SpotTestStarted,
    VerdictReached,
    Withdraw,
)
from tidegate.model.mappings import with_entry, without
from tidegate.model.plans import Measured
from tidegate.model.refusals import Full, NotAllowed

TAKES_OVER = (PlanStage.APPROVED, PlanStage.WIDENING)
"""The stages from which a plan comes into force at a further border point."""

EVIDENCE_S_MAX = 3_600
"""Evidence that an attack goes on is at most so old when a lease is renewed on it; settings say less."""


def officer_added(state: State, _: int, fact: OfficerAdded) -> Stepped:
    officer = fact.officer
    if len(state.officers) >= OFFICERS_MAX and officer.name not in state.officers:
        raise Full("officers on record", OFFICERS_MAX)
    told = Alarm("officer added", f"{officer.name} ({officer.level}) with the key {officer.public_key}")
    return replace(state, officers=with_entry(state.officers, officer.name, officer)), (told,)


def officer_revoked(state: State, _: int, fact: OfficerRevoked) -> Stepped:
    if fact.officer not in state.officers:
        raise NotAllowed(f"there is no officer {fact.officer} on record")
    told = Alarm("officer revoked", f"{fact.officer} may no longer approve; plans in force on that word end")
    return replace(state, officers=without(state.officers, fact.officer)), (told,)


def plan_proposed(state: State, at_ms: int, fact: PlanProposed) -> Stepped:
    plan = fact.plan
    if plan.number < state.next_plan:
        raise NotAllowed(f"plan number {plan.number} is taken; the next is {state.next_plan}")
    if plan.attack not in state.open_attacks:
        raise NotAllowed(f"plan {plan.number} is for attack {plan.attack}, which is not open")
    if len(state.plans) >= PLANS_MAX:
        raise Full("plans", PLANS_MAX)
    life = PlanLife(plan, msgspec.structs.replace(proposed(plan), since_ms=at_ms))
    different = count_of(len({(rule.match, rule.action) for rule in plan.rules}), "rule")
    words = f"{different}, waiting for two officers" if plan.rules else ""
    told = plan_alert("proposed", life, words or " ".join(plan.reasons))
    plans = with_entry(state.plans, plan.number, life)
    return replace(state, plans=plans, next_plan=plan.number + 1), (told,)


def approval_given(state: State, _: int, fact: ApprovalGiven) -> Stepped:
    life = open_plan(state, fact.word.plan)
    approved = with_standing(life, with_approval(life.standing, fact.word))
    told = plan_alert("agreed to", approved, f"{fact.word.officer} agrees")
    return moved(state, life, approved, told)


def plan_approved(state: State, at_ms: int, fact: PlanApproved) -> Stepped:
    life = open_plan(state, fact.plan)
    agreed = {word.officer for word in life.standing.approvals}
    if len(set(fact.officers)) < 2 or not agreed.issuperset(fact.officers):
        raise NotAllowed(f"plan {fact.plan} is not approved by two officers")
    words = f"by {' and '.join(fact.officers)} over {fact.digest}"
    return by_event(state, life, PlanEvent.APPROVED, at_ms, "approved", words)


def plan_refused(state: State, at_ms: int, fact: PlanRefused) -> Stepped:
    return ended(state, fact.word.plan, PlanEvent.REFUSED, at_ms, f"{fact.word.officer} refused it")


def plan_withdrawn(state: State, at_ms: int, fact: PlanWithdrawn) -> Stepped:
    return ended(state, fact.word.plan, PlanEvent.WITHDRAWN, at_ms, f"{fact.word.officer} withdrew it")


def plan_expired(state: State, at_ms: int, fact: PlanExpired) -> Stepped:
    return ended(state, fact.plan, PlanEvent.EXPIRED, at_ms, fact.why)


def plan_superseded(state: State, at_ms: int, fact: PlanSuperseded) -> Stepped:
    if fact.by not in state.plans or fact.by == fact.plan:
        raise NotAllowed(f"plan {fact.by} cannot take the place of plan {fact.plan}")
    return ended(state, fact.plan, PlanEvent.SUPERSEDED, at_ms, f"plan {fact.by} takes its place")


def spot_test_started(state: State, at_ms: int, fact: SpotTestStarted) -> Stepped:
    life = measured_before(open_plan(state, fact.plan), fact.before)
    assert life.plan.stages is not None, "a plan without rules is never approved"
    return by_event(state, life, PlanEvent.TRIED, at_ms, "spot test", f"at {life.plan.stages.spot_test}")


def verdict_reached(state: State, at_ms: int, fact: VerdictReached) -> Stepped:
    """A verdict that passes closes the measurement; what a failed one leads to is a fact of its own."""
    life = open_plan(state, fact.plan)
    if life.standing.stage not in IN_FORCE or not fact.verdicts:
        raise NotAllowed(f"plan {fact.plan} is {life.standing.stage}: there is nothing to judge")
    standing = life.standing
    for verdict in fact.verdicts:
        standing = with_verdict(standing, verdict)
    passed = all(verdict.passed for verdict in fact.verdicts)
    if passed and may(standing, PlanEvent.PASSED):
        standing = advance(life.plan, standing, PlanEvent.PASSED, at_ms)
    told = f"{'passed' if passed else 'failed'}: " + " ".join(
        reason.words for verdict in fact.verdicts for reason in verdict.reasons
    )
    after = with_standing(life, standing)
    return moved(state, life, after, plan_alert("verdict", after, told))


def plan_widened(state: State, at_ms: int, fact: PlanWidened) -> Stepped:
    life = measured_before(open_plan(state, fact.plan), fact.before)
    return by_event(state, life, PlanEvent.WIDENED, at_ms, "widened", "by one step")


def plan_narrowed(state: State, at_ms: int, fact: PlanNarrowed) -> Stepped:
    return by_event(state, open_plan(state, fact.plan), PlanEvent.NARROWED, at_ms, "narrowed", fact.why)


def plan_yielded(state: State, at_ms: int, fact: PlanYielded) -> Stepped:
    life, by = open_plan(state, fact.plan), open_plan(state, fact.by)
    if by.plan.replaces != fact.plan or by.standing.stage not in TAKES_OVER:
        raise NotAllowed(f"plan {fact.by} does not take the place of plan {fact.plan} now")
    standing = yielding(life.plan, life.standing, fact.border_points, at_ms)
    after = with_standing(life, standing)
    words = f"at {', '.join(fact.border_points)} to plan {fact.by}"
    return moved(state, life, after, plan_alert("yielded", after, words))


def plan_resumed(state: State, at_ms: int, fact: PlanResumed) -> Stepped:
    life = open_plan(state, fact.plan)
    after = with_standing(life, resuming(life.plan, life.standing, fact.border_points, at_ms))
    return moved(state, life, after, plan_alert("resumed", after, f"at {', '.join(fact.border_points)}"))


def plan_held(state: State, at_ms: int, fact: PlanHeld) -> Stepped:
    life = open_plan(state, fact.plan)
    where = ", ".join(life.standing.in_force)
    return by_event(state, life, PlanEvent.COMPLETED, at_ms, "held", f"in force at {where}")


def lease_renewed(state: State, at_ms: int, fact: LeaseRenewed) -> Stepped:
    """The same orders again: whoever holds them lets their leases begin anew."""
    life = open_plan(state, fact.plan)
    standing = seen_persisting(life.standing, min(fact.persisting_ms, at_ms))
    after = with_standing(life, renewed(life.plan, standing, at_ms, EVIDENCE_S_MAX))
    orders = (Announce(fact.plan, point) for point in after.standing.in_force)
    return put(state, after), tuple(orders)


def plan_relaxed(state: State, at_ms: int, fact: PlanRelaxed) -> Stepped:
    return by_event(state, open_plan(state, fact.plan), PlanEvent.RELAXED, at_ms, None, "")


def look_ended(state: State, at_ms: int, fact: LookEnded) -> Stepped:
    """7 of tidegate.mitigate.stages: only with counters is a plan found quiet that was not relaxed."""
    life = open_plan(state, fact.plan)
    at = None if fact.counters is None else fact.counters.border_point
    if (at is None) == (life.standing.stage is PlanStage.HELD):
        raise NotAllowed(f"plan {fact.plan} is {life.standing.stage}: that is no look at it")
    if at is not None and at != next_look(life.standing):
        raise NotAllowed(f"plan {fact.plan} is not to be looked at in {at} now")
    return by_event(state, life, PlanEvent(fact.found), at_ms, None, "")


def plan_lifted(state: State, at_ms: int, fact: PlanLifted) -> Stepped:
    return ended(state, fact.plan, PlanEvent.LIFTED, at_ms, fact.why)


def plan_lapsed(state: State, at_ms: int, fact: PlanLapsed) -> Stepped:
    return ended(state, fact.plan, PlanEvent.LAPSED, at_ms, fact.why)


def plan_failed(state: State, at_ms: int, fact: PlanFailed) -> Stepped:
    return ended(state, fact.plan, PlanEvent.FAILED, at_ms, fact.why)


def rules_differed(state: State, _: int, fact: RulesDiffered) -> Stepped:
    """An alarm; what it ends is recorded beside it, plan by plan."""
    more = f" and {fact.left_out} more" if fact.left_out else ""
    words = f"{len(fact.missing)} missing and {len(fact.extra)} too many{more}, seen at {fact.seen_at}"
    return state, (Alarm("rules differ", f"{fact.border_point}: {words}"),)


def border_session_changed(state: State, _: int, fact: BorderSessionChanged) -> Stepped:
    """People hear of it; no plan moves by it: what comes in there is measured, and that decides."""
    others = tuple(
        one
        for one in state.sessions_troubled
        if (one.border_point, one.router) != (fact.border_point, fact.router)
    )
    told = (Alarm(f"session {fact.state}", session_words(fact)),)
    if fact.state in ("up", "gone"):
        if len(others) == len(state.sessions_troubled):
            raise NotAllowed(f"nobody was told that the session with {fact.router} is in trouble")
        return replace(state, sessions_troubled=others), told
    if len(others) >= SESSIONS_TROUBLED_MAX:
        raise Full("sessions in trouble", SESSIONS_TROUBLED_MAX)
    return replace(state, sessions_troubled=(*others, fact)), told


def border_cleared(state: State, at_ms: int, fact: BorderCleared) -> Stepped:
    effects: tuple[Effect, ...] = (Alarm("border cleared", f"{fact.by} took back everything"),)
    for number, life in state.plans.items():
        if life.standing.stage in (PlanStage.APPROVED, *IN_FORCE):
            state, more = ended(state, number, PlanEvent.WITHDRAWN, at_ms, f"{fact.by} took back everything")
            effects += more
    return state, effects


def forecast_scored(state: State, _: int, fact: ForecastScored) -> Stepped:
    return replace(state, scores=(*state.scores, fact.score)[-SCORES_MAX:]), ()


PLAN_STEPS: Mapping[type, Callable[[State, int, Any], Stepped]] = {
    OfficerAdded: officer_added,
    OfficerRevoked: officer_revoked,
    PlanProposed: plan_proposed,
    ApprovalGiven: approval_given,
    PlanApproved: plan_approved,
    PlanRefused: plan_refused,
    PlanWithdrawn: plan_withdrawn,
    PlanExpired: plan_expired,
    PlanSuperseded: plan_superseded,
    SpotTestStarted: spot_test_started,
    VerdictReached: verdict_reached,
    PlanWidened: plan_widened,
    PlanNarrowed: plan_narrowed,
    PlanYielded: plan_yielded,
    PlanResumed: plan_resumed,
    PlanHeld: plan_held,
    LeaseRenewed: lease_renewed,
    PlanRelaxed: plan_relaxed,
    LookEnded: look_ended,
    PlanLifted: plan_lifted,
    PlanLapsed: plan_lapsed,
    PlanFailed: plan_failed,
    RulesDiffered: rules_differed,
    BorderSessionChanged: border_session_changed,
    BorderCleared: border_cleared,
    ForecastScored: forecast_scored,
}


def open_plan(state: State, number: int) -> PlanLife:
    life = state.plans.get(number)
    if life is None:
        raise NotAllowed(f"there is no plan {number} that has not ended")
    return life


def with_standing(life: PlanLife, standing: Standing) -> PlanLife:
    return msgspec.structs.replace(life, standing=standing)


def measured_before(life: PlanLife, before: Iterable[Measured]) -> PlanLife:
    return msgspec.structs.replace(life, before=(*life.before, *before))


def by_event(
    state: State, life: PlanLife, event: PlanEvent, at_ms: int, change: str | None, words: str
) -> Stepped:
    """The plan moved by an event of the table; `change` None tells nobody."""
    after = with_standing(life, advance(life.plan, life.standing, event, at_ms, words))
    told = () if change is None else (plan_alert(change, after, words),)
    return moved(state, life, after, *told)


def ended(state: State, number: int, event: PlanEvent, at_ms: int, why: str) -> Stepped:
    return by_event(state, open_plan(state, number), event, at_ms, event.value, why)


def moved(state: State, before: PlanLife, after: PlanLife, *told: PlanAlert) -> Stepped:
    """The state with the plan as it is after, and the orders that follow, withdrawals first."""
    was, now = before.standing.in_force, after.standing.in_force
    number = after.plan.number
    withdrawn = [Withdraw(number, point) for point in was if point not in now]
    announced = [Announce(number, point) for point in now if point not in was]
    return put(state, after), (*withdrawn, *announced, *told)


def put(state: State, life: PlanLife) -> State:
    if life.standing.stage not in FINAL:
        return replace(state, plans=with_entry(state.plans, life.plan.number, life))
    ended_plans = (*state.ended_plans, life)[-ENDED_PLANS_MAX:]
    return replace(state, plans=without(state.plans, life.plan.number), ended_plans=ended_plans)


def plan_alert(change: str, life: PlanLife, words: str) -> PlanAlert:
    return PlanAlert(change, life.plan.number, life.plan.attack, life.plan.targets, words)
