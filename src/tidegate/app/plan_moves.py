"""From what is due for a plan, and what was measured, to the facts that say so; nothing here acts."""

from collections.abc import Iterator, Sequence

import msgspec

from tidegate.app.state import PlanLife, State
from tidegate.mitigate.due import Due, PaceSettings
from tidegate.mitigate.moves import next_look, stages_of
from tidegate.mitigate.score import score
from tidegate.mitigate.stages import IN_FORCE, PlanStage
from tidegate.mitigate.verdict import is_quiet, judge, judge_look, worth_measuring_on
from tidegate.model.facts import (
    Fact,
    ForecastScored,
    LookEnded,
    PlanExpired,
    PlanFailed,
    PlanHeld,
    PlanLapsed,
    PlanLifted,
    PlanNarrowed,
    PlanRelaxed,
    PlanSuperseded,
    PlanWidened,
    PlanYielded,
    SpotTestStarted,
    VerdictReached,
)
from tidegate.model.plans import Measured, Plan
from tidegate.model.refusals import NotAllowed
from tidegate.model.verdicts import RuleCounters, Verdict

TAKING_HOLD_MS = 3_000
"""From the decision until routers hold the rules, and exporters tell of it: what passed before speaks of
no rule. A flood that still passed for one second of ten would look like a tenth that is not removed."""


def points_to_measure(life: PlanLife, due: Due) -> tuple[str, ...]:
    """The border points whose telemetry the move asks for."""
    stages, standing = stages_of(life.plan), life.standing
    match due:
        case Due.TRY:
            return (stages.spot_test,)
        case Due.WIDEN:
            return stages.widening[standing.steps] if standing.steps < len(stages.widening) else ()
        case Due.JUDGE:
            return last_points(life)
        case Due.LOOK:
            return (standing.relaxing,) if standing.relaxing else ()
    return ()


def last_points(life: PlanLife) -> tuple[str, ...]:
    """The border points that came last: the spot test's, or those of the last step."""
    stages, steps = stages_of(life.plan), life.standing.steps
    return stages.widening[steps - 1] if steps else (stages.spot_test,)


def measure_s(life: PlanLife) -> int:
    """How long the last border points are measured before the verdict."""
    stages = stages_of(life.plan)
    return stages.widen_every_s if life.standing.steps else stages.spot_test_s


def measure_from_ms(life: PlanLife, due: Due, first_seen_ms: int, heard_ms: int) -> int:
    """Since when telemetry speaks of what is asked: the attack without rules, the rules, or the look.

    `heard_ms` is when the border heard the order, which may be later than the decision.
    """
    standing = life.standing
    match due:
        case Due.JUDGE:
            return max(standing.measured_from_ms or standing.since_ms, heard_ms) + TAKING_HOLD_MS
        case Due.LOOK:
            return standing.since_ms + TAKING_HOLD_MS
    return first_seen_ms


def told_by_ms(life: PlanLife, due: Due, pace: PaceSettings, first_seen_ms: int, heard_ms: int) -> int:
    """The moment until which telemetry must have told before the move can be decided."""
    standing = life.standing
    match due:
        case Due.JUDGE:
            return max(standing.measured_from_ms or standing.since_ms, heard_ms) + measure_s(life) * 1000
        case Due.LOOK:
            return standing.since_ms + pace.look_s * 1000
    return first_seen_ms


def is_measured_on(life: PlanLife, during: Sequence[Measured]) -> bool:
    """Whether more time would tell more of other traffic at any of these border points."""
    return any(worth_measuring_on(before_at(life, one.border_point), one) for one in during)


def plans_at(state: State, *stages: PlanStage) -> tuple[Plan, ...]:
    return tuple(life.plan for life in state.plans.values() if life.standing.stage in stages)


def plans_beside(life: PlanLife, state: State) -> tuple[Plan, ...]:
    """The plans in force that the guard counts beside this one.

    One that is in force itself was there before what the senior level agreed to on top of it, or it would
    not have begun; so that must not stop it from widening.
    """
    begun_already = life.standing.stage in IN_FORCE
    there = plans_at(state, *IN_FORCE)
    return tuple(one for one in there if not begun_already or one.level != "senior")


def begun(life: PlanLife, state: State, before: Sequence[Measured]) -> list[Fact]:
    """The spot test; a plan in whose place this one comes yields there."""
    return [*yielded(life, state, before), SpotTestStarted(life.plan.number, unhidden(life, state, before))]


def widened(life: PlanLife, state: State, before: Sequence[Measured]) -> list[Fact]:
    return [*yielded(life, state, before), PlanWidened(life.plan.number, unhidden(life, state, before))]


def completed(life: PlanLife, state: State) -> list[Fact]:
    """As wide as it will be: the plan in whose place it is ends wherever it still is."""
    old = replaced(life, state)
    ended = [] if old is None else [PlanSuperseded(old.plan.number, life.plan.number)]
    return [PlanHeld(life.plan.number), *ended]


def yielded(life: PlanLife, state: State, at: Sequence[Measured]) -> list[Fact]:
    old = replaced(life, state)
    if old is None:
        return []
    here = {one.border_point for one in at}
    points = tuple(point for point in old.standing.in_force if point in here)
    return [PlanYielded(old.plan.number, life.plan.number, points)] if points else []


def unhidden(life: PlanLife, state: State, before: Sequence[Measured]) -> tuple[Measured, ...]:
    """What came in without any rules: an older plan that is in force hides the attack, which then is at least
    what was measured before that one came."""
    old = replaced(life, state)
    if old is None:
        return tuple(before)
    return tuple(
        msgspec.structs.replace(
            one,
            matched_bits_per_s=max(
                one.matched_bits_per_s,
                before_at(old, one.border_point).matched_bits_per_s,
                key=lambda rate: rate.estimate,
            ),
        )
        if one.border_point in old.standing.in_force
        else one
        for one in before
    )


def replaced(life: PlanLife, state: State) -> PlanLife | None:
    """The plan in whose place this one comes, while it is in force somewhere or may be again."""
    old = state.plans.get(life.plan.replaces or 0)
    return old if old is not None and old.standing.stage in IN_FORCE else None


def follower(life: PlanLife, state: State) -> PlanLife | None:
    """The newest plan that takes this one's place, whether or not it has ended."""
    lives = (*state.ended_plans, *state.plans.values())
    return max(
        (one for one in lives if one.plan.replaces == life.plan.number),
        key=lambda one: one.plan.number,
        default=None,
    )


def is_followed(life: PlanLife, state: State) -> bool:
    newer = follower(life, state)
    under_way = (PlanStage.APPROVED, PlanStage.SPOT_TEST, PlanStage.WIDENING)
    return newer is not None and newer.standing.stage in under_way


def resumable(life: PlanLife, state: State) -> tuple[str, ...]:
    """The border points that what took this plan's place left by a failure.

    What a person took back, or what lapsed, lets nothing come into force.
    """
    newer = follower(life, state)
    if newer is None or life.standing.stage is not PlanStage.HELD:
        return ()
    standing, mine = newer.standing, life.standing.yielded
    if standing.stage in IN_FORCE:
        return tuple(one for one in mine if one not in (*standing.in_force, standing.relaxing))
    return mine if standing.stage is PlanStage.FAILED else ()


def judged(
    life: PlanLife,
    during: Sequence[Measured],
    sessions_up: Sequence[bool],
    counters: Sequence[RuleCounters | None],
) -> list[Fact]:
    """The verdict; a failed spot test ends the plan, a failed step is undone."""
    plan, number = life.plan, life.plan.number
    verdicts = tuple(
        judge(plan, before_at(life, one.border_point), one, session_up=up, counters=counted)
        for one, up, counted in zip(during, sessions_up, counters, strict=True)
    )
    facts: list[Fact] = [VerdictReached(number, verdicts)]
    if all(verdict.passed for verdict in verdicts):
        return facts
    why = " ".join(reason.words for verdict in verdicts if not verdict.passed for reason in verdict.reasons)
    if life.standing.stage is PlanStage.WIDENING and life.standing.steps:
        return [*facts, PlanNarrowed(number, why)]
    return [*facts, PlanFailed(number, why), *scored(life, verdicts)]


def looked(life: PlanLife, look: Measured) -> list[Fact]:
    found = judge_look(before_at(life, look.border_point), look).value
    return [LookEnded(life.plan.number, found, look)]  # type: ignore[arg-type]


def relaxed(life: PlanLife, counters: RuleCounters | None) -> list[Fact]:
    """7 of tidegate.mitigate.stages: found quiet by counters, or taken back for a look."""
    number = life.plan.number
    if counters is not None and is_quiet(before_at(life, counters.border_point), counters):
        return [LookEnded(number, "found quiet", None, counters)]
    return [PlanRelaxed(number)]


def before_at(life: PlanLife, border_point: str) -> Measured:
    """What was measured there last without the rules."""
    return next(one for one in reversed(life.before) if one.border_point == border_point)


def ending(life: PlanLife, due: Due, *, attack_seen: bool) -> list[Fact]:
    """What ends by itself, with the score of its forecast where anything was measured."""
    number = life.plan.number
    match due:
        case Due.EXPIRE:
            why = "nobody approved it in time" if attack_seen else "its attack ended"
            return [PlanExpired(number, why)]
        case Due.LIFT:
            quiet = life.standing.stage is not PlanStage.APPROVED and next_look(life.standing) is None
            why = "each border point was found quiet" if quiet else "its attack ended"
            if life.standing.yielded and not life.standing.in_force:
                why = "what took its place is over"
            return [PlanLifted(number, why), *scored(life)]
    return [PlanLapsed(number, lapse_words(life)), *scored(life)]


def lapse_words(life: PlanLife) -> str:
    until_ms = life.standing.lease_until_ms
    whole = until_ms is None or until_ms >= life.plan.ends_at_ms
    return "the plan's own time was over" if whole else "its lease ended and was not renewed"


def scored(life: PlanLife, more: Sequence[Verdict] = ()) -> Iterator[Fact]:
    """The forecast beside the last verdict of each border point; nothing where there was none."""
    last: dict[str, Verdict] = {one.border_point: one for one in (*life.standing.verdicts, *more)}
    verdicts = list(last.values())
    try:
        yield ForecastScored(
            score(life.plan, [one.before for one in verdicts], [one.during for one in verdicts])
        )
    except NotAllowed:  # nothing came in that the rules match: there is nothing to compare
        return


def unmeasured(life: PlanLife, due: Due, why: str) -> list[Fact]:
    """What follows where telemetry gives no answer: nothing comes into force, and nothing unseen stays."""
    number = life.plan.number
    if due is Due.LOOK:
        return [LookEnded(number, "looked in vain", None)]
    return [PlanFailed(number, f"it cannot be measured: {why} ({due.value})")]
