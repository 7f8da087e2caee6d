"""What facts about plans mean: the moves of the table, and orders only from the difference in force."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.mitigate.small_plans import NOW_MS, wide_plan
from tests.stories import an_attack
from tidegate.app.checkpoint import checkpoint_of, tip_from
from tidegate.app.entry import Tip, prepare
from tidegate.app.plan_steps import PLAN_STEPS
from tidegate.app.state import (
    ENDED_PLANS_MAX,
    PLANS_MAX,
    SCORES_MAX,
    SESSIONS_TROUBLED_MAX,
    PlanLife,
    State,
)
from tidegate.app.step import step
from tidegate.mitigate.stages import IN_FORCE, PlanStage, proposed
from tidegate.model.attacks import Rate
from tidegate.model.canonical import FactRecord, canonical_bytes, decode_record
from tidegate.model.facts import (
    Alarm,
    Announce,
    ApprovalGiven,
    AttackDetected,
    BorderCleared,
    BorderSessionChanged,
    Effect,
    Fact,
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
from tidegate.model.plans import Measured, Officer, Score, Share, Signed
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.verdicts import RuleCounters, Verdict, VerdictReason

PLAN = msgspec.structs.replace(wide_plan(("south",), ("coast",)), number=1, attack=1)
RATE = Rate(1, 0, 2)


def word(officer: str, intent: str = "approve", plan: int = 1) -> Signed:
    return Signed(plan=plan, intent=intent, officer=officer, signature="00" * 64)  # type: ignore[arg-type]


def measured(point: str) -> Measured:
    return Measured(
        border_point=point,
        from_ms=0,
        until_ms=1,
        matched_bits_per_s=RATE,
        other_bits_per_s=RATE,
        sampled_flows=100,
    )


def verdict(point: str, *, passed: bool = True) -> Verdict:
    return Verdict(
        plan=1,
        border_point=point,
        passed=passed,
        reasons=(VerdictReason("attack_down", "Words."),),
        removed=None,
        others_kept=None,
        before=measured(point),
        during=measured(point),
        session_up=True,
        counters=None,
    )


TO_APPROVED: list[Fact] = [
    AttackDetected(an_attack(number=1)),
    PlanProposed(PLAN),
    ApprovalGiven(word("anna")),
    ApprovalGiven(word("bo")),
    PlanApproved(1, "d1", ("anna", "bo")),
]
TO_SPOT_TEST = [*TO_APPROVED, SpotTestStarted(1, (measured("north"),))]
TO_HELD = [
    *TO_SPOT_TEST,
    VerdictReached(1, (verdict("north"),)),
    PlanWidened(1, (measured("south"),)),
    VerdictReached(1, (verdict("south"),)),
    PlanWidened(1, (measured("coast"),)),
    VerdictReached(1, (verdict("coast"),)),
    PlanHeld(1),
]


def after(*facts: Fact, state: State | None = None, at_ms: int = NOW_MS) -> State:
    state = state or State()
    for fact in facts:
        state, _ = step(state, FactRecord(state.facts, at_ms, fact))
    return state


def effects_of(fact: Fact, state: State) -> tuple[Effect, ...]:
    return step(state, FactRecord(state.facts, NOW_MS, fact))[1]


def orders_of(fact: Fact, state: State) -> list[Effect]:
    return [effect for effect in effects_of(fact, state) if isinstance(effect, Announce | Withdraw)]


def test_a_plan_s_life_from_proposal_to_its_full_width() -> None:
    stages = []
    state = State()
    for fact in TO_HELD:
        state = after(fact, state=state)
        stages += [life.standing.stage.value for life in state.plans.values()][:1]
    assert list(dict.fromkeys(stages)) == ["proposed", "approved", "spot test", "widening", "held"]
    (life,) = state.plans.values()
    assert life.standing.in_force == ("north", "south", "coast")
    assert [one.border_point for one in life.before] == ["north", "south", "coast"]


def test_nothing_is_ordered_before_the_spot_test_and_then_at_one_border_point() -> None:
    for count in range(1, len(TO_APPROVED)):
        assert orders_of(TO_APPROVED[count], after(*TO_APPROVED[:count])) == []
    assert orders_of(TO_SPOT_TEST[-1], after(*TO_APPROVED)) == [Announce(1, "north")]


def test_a_step_announces_at_its_border_points_and_its_undoing_withdraws_there() -> None:
    state = after(*TO_HELD[:7])
    assert orders_of(PlanWidened(1, (measured("south"),)), state) == [Announce(1, "south")]
    assert orders_of(PlanNarrowed(1, "why"), after(*TO_HELD)) == [Withdraw(1, "coast")]


def counted(border_point: str) -> RuleCounters:
    return RuleCounters(
        border_point=border_point,
        from_ms=NOW_MS,
        until_ms=NOW_MS + 20_000,
        matched_bytes=0,
        dropped_bytes=0,
        ever_matched_bytes=1,
    )


def test_what_counters_find_quiet_orders_nothing_and_is_believed_only_where_it_is_due() -> None:
    held = after(*TO_HELD)
    assert orders_of(LookEnded(1, "found quiet", None, counted("north")), held) == []
    with pytest.raises(NotAllowed, match="not to be looked at in south"):
        after(LookEnded(1, "found quiet", None, counted("south")), state=held)
    with pytest.raises(NotAllowed, match="no look"):
        after(LookEnded(1, "found quiet", None), state=held)
    relaxed = after(PlanRelaxed(1), state=held)
    with pytest.raises(NotAllowed, match="no look"):
        after(LookEnded(1, "found quiet", None, counted("north")), state=relaxed)


def test_a_look_takes_back_one_border_point_and_puts_it_in_force_again() -> None:
    held = after(*TO_HELD)
    assert orders_of(PlanRelaxed(1), held) == [Withdraw(1, "north")]
    relaxed = after(PlanRelaxed(1), state=held)
    assert orders_of(LookEnded(1, "found quiet", measured("north")), relaxed) == [Announce(1, "north")]


def test_a_renewed_lease_is_the_same_orders_again() -> None:
    held = after(*TO_HELD)
    told = orders_of(LeaseRenewed(1, NOW_MS), held)
    assert told == [Announce(1, "north"), Announce(1, "south"), Announce(1, "coast")]


ENDINGS: list[Fact] = [
    PlanLifted(1, "over"),
    PlanLapsed(1, "late"),
    PlanFailed(1, "wrong"),
    PlanWithdrawn(word("anna", "withdraw")),
    BorderCleared("uid 0"),
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda fact: type(fact).__name__)
@pytest.mark.parametrize("count", range(len(TO_SPOT_TEST), len(TO_HELD) + 1))
def test_whatever_ends_a_plan_takes_back_all_that_is_in_force(count: int, ending: Fact) -> None:
    state = after(*TO_HELD[:count])
    in_force = state.plans[1].standing.in_force
    assert orders_of(ending, state) == [Withdraw(1, point) for point in in_force]
    over = after(ending, state=state)
    assert not over.plans
    assert over.ended_plans[-1].standing.in_force == ()
    with pytest.raises(NotAllowed, match="no plan 1 that has not ended"):
        after(LeaseRenewed(1, NOW_MS), state=over)


def test_a_lease_that_is_over_is_never_renewed_and_nothing_widens() -> None:
    held = after(*TO_HELD[:7])
    late = NOW_MS + PLAN.lease_s * 1000
    for fact in (LeaseRenewed(1, late), PlanWidened(1, (measured("south"),))):
        with pytest.raises(NotAllowed, match="lease of plan 1 ended"):
            after(fact, state=held, at_ms=late)


def test_one_officer_is_not_two() -> None:
    one = after(*TO_APPROVED[:3])
    for officers in (("anna", "anna"), ("anna", "bo")):
        with pytest.raises(NotAllowed, match="not approved by two"):
            after(PlanApproved(1, "d1", officers), state=one)
    with pytest.raises(NotAllowed, match="approved plan 1 before"):
        after(ApprovalGiven(word("anna")), state=one)


def test_a_plan_is_proposed_for_an_open_attack_and_numbers_are_used_once() -> None:
    with pytest.raises(NotAllowed, match="not open"):
        after(PlanProposed(PLAN))
    ended = after(*TO_APPROVED[:2], PlanExpired(1, "late"))
    with pytest.raises(NotAllowed, match="is taken"):
        after(PlanProposed(PLAN), state=ended)


def test_a_refused_or_superseded_proposal_is_over() -> None:
    state = after(*TO_APPROVED[:2])
    assert after(PlanRefused(word("bo", "refuse")), state=state).ended_plans[0].standing.stage == "refused"
    second = msgspec.structs.replace(PLAN, number=2, replaces=1)
    both = after(PlanProposed(second), state=state)
    assert list(after(PlanSuperseded(1, 2), state=both).plans) == [2]
    with pytest.raises(NotAllowed, match="cannot take the place"):
        after(PlanSuperseded(1, 3), state=both)


def test_people_are_told_of_what_waits_for_them_and_of_what_became_of_it() -> None:
    state = State()
    changes = []
    for fact in [*TO_HELD, PlanFailed(1, "wrong")]:
        told = [effect for effect in effects_of(fact, state) if isinstance(effect, PlanAlert)]
        changes += [alert.change for alert in told]
        state = after(fact, state=state)
    assert changes == [
        *("proposed", "agreed to", "agreed to", "approved", "spot test", "verdict", "widened", "verdict"),
        *("widened", "verdict", "held", "failed"),
    ]


def test_officers_come_and_go_and_that_is_told() -> None:
    anna = Officer(name="anna", level="desk", public_key="11" * 32)
    assert effects_of(OfficerAdded(anna), State()) == (
        Alarm("officer added", f"anna (desk) with the key {anna.public_key}"),
    )
    state = after(OfficerAdded(anna))
    assert after(OfficerRevoked("anna"), state=state).officers == {}
    with pytest.raises(NotAllowed, match="no officer bo"):
        after(OfficerRevoked("bo"), state=state)


def test_clearing_the_border_leaves_proposals_alone() -> None:
    second = msgspec.structs.replace(PLAN, number=2)
    state = after(*TO_SPOT_TEST, PlanProposed(second), BorderCleared("uid 0"))
    assert list(state.plans) == [2]


def test_bounds_hold() -> None:
    life = PlanLife(PLAN, proposed(PLAN))
    full = replace(after(TO_APPROVED[0]), plans=dict.fromkeys(range(PLANS_MAX), life))
    with pytest.raises(Full, match="plans"):
        after(PlanProposed(PLAN), state=full)
    over = replace(after(*TO_SPOT_TEST), ended_plans=(life,) * ENDED_PLANS_MAX)
    assert len(after(PlanLifted(1, "over"), state=over).ended_plans) == ENDED_PLANS_MAX
    share = Share(0, 0, 0)
    score = Score(
        plan=1,
        attack_removed=share,
        attack_removed_measured=0,
        lost_bytes=share,
        lost_bytes_measured=0,
        attack_held=True,
        others_held=True,
    )
    assert len(after(*[ForecastScored(score)] * (SCORES_MAX + 3)).scores) == SCORES_MAX


def test_differing_rules_are_an_alarm() -> None:
    (alarm,) = effects_of(RulesDiffered("north", "the mirror", PLAN.rules[:1], (), 0), State())
    assert alarm == Alarm("rules differ", "north: 1 missing and 0 too many, seen at the mirror")


def session(state: str, router: str = "r1", why: str = "hold timer expired") -> BorderSessionChanged:
    return BorderSessionChanged("north", router, state, (), why, (1,))  # type: ignore[arg-type]


def test_a_session_in_trouble_is_an_alarm_and_moves_no_plan() -> None:
    held = after(*TO_HELD)
    (alarm,) = effects_of(session("down"), held)
    assert isinstance(alarm, Alarm)
    assert alarm.change == "session down"
    assert alarm.words.startswith("north, where plan 1 is in force: the session with r1 is down (hold timer")
    troubled = after(session("down"), session("unseen"), session("down", "r2"), state=held)
    assert troubled.plans == held.plans
    assert [(one.router, one.state) for one in troubled.sessions_troubled] == [
        ("r1", "unseen"),
        ("r2", "down"),
    ]
    well = after(session("up"), session("gone", "r2"), state=troubled)
    assert well.sessions_troubled == ()
    with pytest.raises(NotAllowed, match="nobody was told"):
        after(session("up"), state=well)


def test_sessions_in_trouble_are_bounded() -> None:
    many = tuple(session("down", f"r{number}") for number in range(SESSIONS_TROUBLED_MAX))
    full = replace(State(), sessions_troubled=many)
    after(session("unseen"), session("down"), state=full)
    with pytest.raises(Full, match="sessions in trouble"):
        after(session("down", "one more"), state=full)


def test_a_plan_yields_only_to_the_one_that_takes_its_place_and_only_where_it_is_in_force() -> None:
    newer = msgspec.structs.replace(PLAN, number=2, replaces=1)
    agreed = [ApprovalGiven(word("anna", plan=2)), ApprovalGiven(word("bo", plan=2))]
    held = after(*TO_HELD, PlanProposed(newer))
    with pytest.raises(NotAllowed, match="does not take the place"):
        after(PlanYielded(1, 2, ("north",)), state=held)
    approved = after(*agreed, PlanApproved(2, "digest", ("anna", "bo")), state=held)
    with pytest.raises(NotAllowed, match="not in force at inland"):
        after(PlanYielded(1, 2, ("inland",)), state=approved)
    assert orders_of(PlanYielded(1, 2, ("north",)), approved) == [Withdraw(1, "north")]
    yielded = after(PlanYielded(1, 2, ("north",)), state=approved)
    assert yielded.plans[1].standing.yielded == ("north",)
    with pytest.raises(NotAllowed, match="yielded nothing at south"):
        after(PlanResumed(1, ("south",)), state=yielded)
    assert orders_of(PlanResumed(1, ("north",)), yielded) == [Announce(1, "north")]
    over = FactRecord(yielded.facts, NOW_MS + PLAN.lease_s * 10_000, PlanResumed(1, ("north",)))
    with pytest.raises(NotAllowed, match="the lease of plan 1 ended"):
        step(yielded, over)


EVERYTHING = [
    *TO_HELD,
    session("down"),
    session("up"),
    *ENDINGS,
    PlanNarrowed(1, "why"),
    PlanRelaxed(1),
    LookEnded(1, "found quiet", None),
    LookEnded(1, "found quiet", None, counted("north")),
    LookEnded(1, "found quiet", None, counted("south")),
    LookEnded(1, "found persisting", measured("north")),
    LeaseRenewed(1, NOW_MS),
    PlanExpired(1, "late"),
    PlanRefused(word("bo", "refuse")),
    VerdictReached(1, (verdict("north", passed=False),)),
]


@given(st.lists(st.tuples(st.sampled_from(EVERYTHING), st.integers(0, 1_000_000)), max_size=40))
def test_whatever_is_tried_rules_are_in_force_only_after_two_agreed_and_orders_follow_the_difference(
    tried: list[tuple[Fact, int]],
) -> None:
    """Orders, applied one by one, always leave at the border what the state says is in force."""
    state, border, now_ms = State(), set[str](), NOW_MS
    for fact, wait_ms in tried:
        now_ms += wait_ms
        try:
            state, effects = step(state, FactRecord(state.facts, now_ms, fact))
        except (NotAllowed, Full):
            continue
        for effect in effects:
            match effect:
                case Announce(1, point):
                    border.add(point)
                case Withdraw(1, point):
                    border.remove(point)
        (life,) = state.plans.values() or state.ended_plans[-1:] or [None]
        assert border == set(life.standing.in_force if life else ())
        if border and life:
            assert life.standing.stage in IN_FORCE
            assert len({one.officer for one in life.standing.approvals}) >= 2


def test_every_fact_about_plans_has_its_bytes_and_comes_back() -> None:
    told = {type(fact) for fact in EVERYTHING} & set(PLAN_STEPS)
    assert len(told) >= 17
    for fact in EVERYTHING:
        record = FactRecord(0, NOW_MS, fact)
        assert decode_record(canonical_bytes(record)) == record


def test_a_state_with_plans_survives_its_checkpoint() -> None:
    tip = Tip()
    for fact in [OfficerAdded(Officer(name="anna", level="desk", public_key="11" * 32)), *TO_HELD]:
        tip = prepare(tip, NOW_MS, fact).tip
    assert tip_from(checkpoint_of(tip)).state == tip.state
    assert tip.state.plans[1].standing.stage is PlanStage.HELD
