"""The table of moves, walked: no path leaves a rule in force that should not be."""

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.mitigate.officers import word
from tests.mitigate.small_plans import NOW_MS, PLAN, plan, wide_plan
from tests.mitigate.stages_page import PAGE, page
from tidegate.mitigate.due import Due, PaceSettings, what_is_due
from tidegate.mitigate.moves import (
    advance,
    next_look,
    renewed,
    rules_in_force,
    seen_persisting,
    with_approval,
)
from tidegate.mitigate.stages import (
    ENDINGS,
    FINAL,
    IN_FORCE,
    MEANING,
    TRANSITIONS,
    PlanEvent,
    PlanStage,
    Standing,
    after,
    may,
    proposed,
)
from tidegate.model.plans import Plan
from tidegate.model.refusals import NotAllowed

S, E = PlanStage, PlanEvent
WIDE = wide_plan(("south",), ("coast",))
PACE = PaceSettings(look_every_s=300, look_s=30, settle_s=30, evidence_s=900)


def walk(*events: PlanEvent, of: Plan = WIDE) -> Standing:
    """These events, a second apart."""
    standing = proposed(of)
    for at_s, event in enumerate(events, 1):
        standing = advance(of, standing, event, NOW_MS + at_s * 1000)
    return standing


TRIED = (E.APPROVED, E.TRIED)
HELD = (*TRIED, E.PASSED, E.WIDENED, E.PASSED, E.WIDENED, E.PASSED, E.COMPLETED)


def test_the_page_of_stages_is_what_the_table_says() -> None:
    assert PAGE.read_text() == page(), "run: uv run python -m tests.mitigate.stages_page"


def test_each_stage_has_its_meaning_and_can_be_reached() -> None:
    assert set(MEANING) == set(PlanStage)
    assert {stage for _, stage in TRANSITIONS.items()} | {S.PROPOSED} == set(PlanStage)
    assert {event for _, event in TRANSITIONS} == set(PlanEvent)


def test_rules_come_into_force_only_after_approval() -> None:
    ways_in = {
        before for (before, _), then in TRANSITIONS.items() if then in IN_FORCE and before not in IN_FORCE
    }
    assert ways_in == {S.APPROVED}
    assert {before for (before, _), then in TRANSITIONS.items() if then is S.APPROVED} == {S.PROPOSED}


def test_whatever_was_agreed_can_be_ended_in_the_same_ways_at_each_point() -> None:
    for stage in (S.APPROVED, *IN_FORCE):
        for event, ending in ENDINGS.items():
            assert TRANSITIONS[stage, event] is ending
            assert ending in FINAL


def test_what_ended_stays_ended() -> None:
    for stage in FINAL:
        ended = Standing(plan=7, stage=stage, since_ms=NOW_MS, persisting_ms=NOW_MS)
        for event in PlanEvent:
            assert not may(ended, event)
            with pytest.raises(NotAllowed, match="cannot be"):
                after(ended, event)


def test_a_plan_goes_from_a_spot_test_step_by_step_to_all_border_points() -> None:
    assert walk(*TRIED).in_force == ("north",)
    assert walk(*TRIED, E.PASSED).in_force == ("north",)
    assert walk(*TRIED, E.PASSED, E.WIDENED).in_force == ("north", "south")
    held = walk(*HELD)
    assert held.stage is S.HELD
    assert held.in_force == ("north", "south", "coast")
    assert rules_in_force(WIDE, held) == WIDE.rules


def test_each_step_waits_for_the_verdict_over_the_one_before() -> None:
    with pytest.raises(NotAllowed, match="no verdict yet"):
        walk(*TRIED, E.PASSED, E.WIDENED, E.WIDENED)
    with pytest.raises(NotAllowed, match="no further step"):
        walk(*TRIED, E.PASSED, E.WIDENED, of=PLAN)


def test_each_step_can_be_taken_back() -> None:
    held = walk(*HELD)
    narrower = advance(WIDE, held, E.NARROWED, NOW_MS + 20_000)
    assert narrower.in_force == ("north", "south")
    narrowest = advance(WIDE, narrower, E.NARROWED, NOW_MS + 21_000)
    assert narrowest.in_force == ("north",)
    with pytest.raises(NotAllowed, match="withdraw it instead"):
        advance(WIDE, narrowest, E.NARROWED, NOW_MS + 22_000)


def test_a_step_that_is_taken_back_before_its_verdict_leaves_the_plan_as_it_was() -> None:
    narrowed = walk(*TRIED, E.PASSED, E.WIDENED, E.NARROWED)
    assert (narrowed.stage, narrowed.in_force, narrowed.steps) == (S.HELD, ("north",), 0)


def test_a_plan_to_do_nothing_is_never_in_force() -> None:
    idle = plan(rules=(), stages=None)
    with pytest.raises(NotAllowed, match="nothing to put in force"):
        walk(*TRIED, of=idle)


def test_a_look_takes_the_rules_back_at_one_border_point_and_puts_them_back() -> None:
    relaxed = advance(WIDE, walk(*HELD), E.RELAXED, NOW_MS + 20_000)
    assert relaxed.relaxing == "north"
    assert set(relaxed.in_force) == {"south", "coast"}
    for found in (E.FOUND_QUIET, E.FOUND_PERSISTING, E.LOOKED_IN_VAIN):
        back = advance(WIDE, relaxed, found, NOW_MS + 50_000)
        assert set(back.in_force) == {"north", "south", "coast"}
        assert back.relaxing is None


def test_counters_find_one_border_point_after_the_other_quiet_while_the_rules_stay() -> None:
    standing = walk(*HELD)
    for at in range(1, 4):
        standing = advance(WIDE, standing, E.FOUND_QUIET, NOW_MS + 20_000 + at)
        assert standing.in_force == ("north", "south", "coast")
        assert standing.looked_ms == NOW_MS + 20_000 + at
    assert due(standing, 21, attack_seen=False) == (Due.LIFT,)
    with pytest.raises(NotAllowed, match="lift it"):
        advance(WIDE, standing, E.FOUND_QUIET, NOW_MS + 22_000)


def test_each_border_point_is_found_quiet_before_the_attack_is_over() -> None:
    standing = walk(*HELD)
    seen = []
    for at in range(3):
        assert Due.LIFT not in what_is_due(
            WIDE, standing, PACE, NOW_MS + 9_000, attack_seen=False, followed=False
        )
        standing = advance(WIDE, standing, E.RELAXED, NOW_MS + 20_000 + at)
        seen.append(standing.relaxing)
        standing = advance(WIDE, standing, E.FOUND_QUIET, NOW_MS + 20_000 + at)
    assert sorted(map(str, seen)) == ["coast", "north", "south"]
    assert what_is_due(WIDE, standing, PACE, NOW_MS + 21_000, attack_seen=False, followed=False) == (
        Due.LIFT,
    )
    with pytest.raises(NotAllowed, match="lift it"):
        advance(WIDE, standing, E.RELAXED, NOW_MS + 22_000)


def test_an_attack_that_goes_on_at_one_border_point_begins_the_round_anew() -> None:
    standing = walk(*HELD, E.RELAXED, E.FOUND_QUIET, E.RELAXED, E.FOUND_PERSISTING)
    assert standing.quiet == ()
    assert standing.persisting_ms == standing.since_ms
    assert next_look(standing) is not None


def test_ending_empties_what_is_in_force_and_says_why() -> None:
    for event, ending in ENDINGS.items():
        ended = advance(WIDE, walk(*HELD, E.RELAXED), event, NOW_MS + 30_000, "because")
        assert ended.stage is ending
        assert (ended.in_force, ended.lease_until_ms, ended.relaxing) == ((), None, None)
        assert ended.why == "because"
        assert rules_in_force(WIDE, ended) == ()


def test_a_lease_ends_by_the_clock_and_never_after_the_plan() -> None:
    tried = walk(*TRIED)
    assert tried.lease_until_ms == tried.since_ms + WIDE.lease_s * 1000
    over = tried.lease_until_ms
    assert over is not None
    assert what_is_due(WIDE, tried, PACE, over, attack_seen=True, followed=False) == (Due.LAPSE,)
    with pytest.raises(NotAllowed, match="lease of plan 7 ended"):
        advance(WIDE, tried, E.PASSED, over)
    with pytest.raises(NotAllowed, match="lease of plan 7 ended"):
        renewed(WIDE, tried, over, PACE.evidence_s)
    assert advance(WIDE, tried, E.LAPSED, over).stage is S.LAPSED
    short = msgspec.structs.replace(WIDE, ends_at_ms=NOW_MS + 60_000)
    with pytest.raises(NotAllowed, match="plan 7 ended at"):
        advance(short, walk(E.APPROVED, of=short), E.TRIED, short.ends_at_ms)
    assert walk(*TRIED, of=short).lease_until_ms == short.ends_at_ms


def test_a_lease_is_renewed_only_while_the_attack_is_known_to_go_on() -> None:
    held = walk(*HELD)
    later = NOW_MS + 500_000
    assert held.lease_until_ms is not None
    assert Due.RENEW in what_is_due(WIDE, held, PACE, later, attack_seen=True, followed=False)
    again = renewed(WIDE, held, later, PACE.evidence_s)
    assert again.lease_until_ms == later + WIDE.lease_s * 1000
    too_old = PaceSettings(evidence_s=400)
    assert Due.RENEW not in what_is_due(WIDE, held, too_old, later, attack_seen=True, followed=False)
    with pytest.raises(NotAllowed, match="that the attack goes on"):
        renewed(WIDE, held, later, too_old.evidence_s)
    known = seen_persisting(held, later - 1000)
    assert Due.RENEW in what_is_due(WIDE, known, too_old, later, attack_seen=True, followed=False)


def test_nothing_is_renewed_that_is_not_in_force() -> None:
    for standing in (proposed(WIDE), walk(E.APPROVED), walk(*TRIED, E.WITHDRAWN)):
        with pytest.raises(NotAllowed, match="no lease to renew"):
            renewed(WIDE, standing, NOW_MS + 9_000, PACE.evidence_s)


def test_approvals_gather_while_a_plan_is_proposed_and_never_after() -> None:
    one = with_approval(proposed(PLAN), word("anna", PLAN))
    with pytest.raises(NotAllowed, match="anna approved plan 7 before"):
        with_approval(one, word("anna", PLAN))
    two = with_approval(one, word("boris", PLAN))
    assert len(two.approvals) == 2
    with pytest.raises(NotAllowed, match="no more approvals"):
        with_approval(advance(PLAN, two, E.APPROVED, NOW_MS), word("chen", PLAN))


def due(standing: Standing, at_s: int, *, attack_seen: bool = True) -> tuple[Due, ...]:
    return what_is_due(WIDE, standing, PACE, NOW_MS + at_s * 1000, attack_seen=attack_seen, followed=False)


def test_a_proposal_waits_for_people_and_expires() -> None:
    assert due(proposed(WIDE), 899) == ()
    assert due(proposed(WIDE), 900) == (Due.EXPIRE,)
    assert due(proposed(WIDE), 10, attack_seen=False) == (Due.EXPIRE,)


def test_what_is_approved_is_tried_at_once_unless_its_attack_is_over() -> None:
    approved = walk(E.APPROVED)
    assert due(approved, 2) == (Due.TRY,)
    assert due(approved, 2, attack_seen=False) == (Due.LIFT,)
    assert due(approved, 7200) == (Due.LAPSE,)


def test_a_spot_test_is_judged_after_its_time() -> None:
    tried = walk(*TRIED)
    assert due(tried, 21) == ()
    assert due(tried, 22) == (Due.JUDGE,)


def test_widening_goes_on_after_each_verdict_and_stops_where_the_attack_is_not_seen() -> None:
    passed = walk(*TRIED, E.PASSED)
    assert due(passed, 4) == (Due.WIDEN,)
    assert due(passed, 4, attack_seen=False) == (Due.COMPLETE,)
    widened = walk(*TRIED, E.PASSED, E.WIDENED)
    assert due(widened, 5) == ()
    assert due(widened, 34) == (Due.JUDGE,)
    assert due(walk(*HELD[:-1]), 8) == (Due.COMPLETE,)


def test_a_plan_that_holds_is_relaxed_now_and_then_and_soon_when_the_attack_is_not_seen() -> None:
    held = walk(*HELD)
    assert due(held, 100) == ()
    assert due(held, 100, attack_seen=False) == (Due.RELAX,)
    assert due(held, 8 + 300) == (Due.RENEW, Due.RELAX)
    relaxed = walk(*HELD, E.RELAXED)
    assert due(relaxed, 38) == ()
    assert due(relaxed, 39) == (Due.LOOK,)


def test_a_standing_survives_being_written_down() -> None:
    for standing in (proposed(WIDE), walk(*HELD, E.RELAXED), walk(*HELD, E.WITHDRAWN)):
        assert msgspec.json.decode(msgspec.json.encode(standing), type=Standing) == standing


class PlanUnderAClock(RuleBasedStateMachine):
    """Any events in any order with any time between them, as hostile or confused callers might bring them."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.standing = proposed(WIDE)
        self.was_approved = False
        self.ended = False

    @rule(seconds=st.sampled_from((0, 1, 20, 30, 299, 300, 599, 600, 3600)))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1000
        if self.standing.stage in IN_FORCE:
            self.keep_the_clock()

    def keep_the_clock(self) -> None:
        """What the node does once a second, and the border by itself when the node is dead."""
        if Due.LAPSE in what_is_due(WIDE, self.standing, PACE, self.now_ms, attack_seen=True, followed=False):
            self.standing = advance(WIDE, self.standing, E.LAPSED, self.now_ms)

    @rule(event=st.sampled_from(PlanEvent))
    def something_happens(self, event: PlanEvent) -> None:
        before = self.standing
        try:
            self.standing = advance(WIDE, before, event, self.now_ms)
        except NotAllowed:
            return
        assert before.stage not in FINAL
        self.was_approved |= event is E.APPROVED
        self.ended |= event in ENDINGS

    @rule()
    def somebody_renews(self) -> None:
        before = self.standing
        try:
            self.standing = renewed(WIDE, before, self.now_ms, PACE.evidence_s)
        except NotAllowed:
            return
        assert self.now_ms - before.persisting_ms <= PACE.evidence_s * 1000

    @precondition(lambda self: self.standing.stage in IN_FORCE)
    @rule(seen=st.booleans())
    def what_is_due_is_done(self, seen: bool) -> None:
        done = {
            Due.LAPSE: E.LAPSED,
            Due.JUDGE: E.PASSED,
            Due.WIDEN: E.WIDENED,
            Due.COMPLETE: E.COMPLETED,
            Due.RELAX: E.RELAXED,
            Due.LOOK: E.FOUND_QUIET,
            Due.LIFT: E.LIFTED,
        }
        for due_now in what_is_due(WIDE, self.standing, PACE, self.now_ms, attack_seen=seen, followed=False):
            if due_now is Due.RENEW:
                self.standing = renewed(WIDE, self.standing, self.now_ms, PACE.evidence_s)
            else:
                self.standing = advance(WIDE, self.standing, done[due_now], self.now_ms)

    @invariant()
    def no_rule_is_in_force_without_approval(self) -> None:
        if self.standing.in_force:
            assert self.was_approved
            assert self.standing.stage in IN_FORCE

    @invariant()
    def no_rule_outlives_its_lease_or_its_plan_or_an_ending(self) -> None:
        if self.standing.in_force:
            until = self.standing.lease_until_ms
            assert until is not None
            assert self.now_ms < until <= min(WIDE.ends_at_ms, self.now_ms + WIDE.lease_s * 1000)
        if self.ended or self.standing.stage in FINAL:
            assert self.standing.in_force == ()
            assert rules_in_force(WIDE, self.standing) == ()

    @invariant()
    def each_border_point_is_in_force_once_and_named_by_the_plan(self) -> None:
        points = [*self.standing.in_force, *filter(None, [self.standing.relaxing])]
        assert len(set(points)) == len(points)
        assert set(points) <= {"north", "south", "coast"}


TestPlanUnderAClock = PlanUnderAClock.TestCase
TestPlanUnderAClock.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
