"""Whose turn it is to get a plan: the strongest first, nothing twice, and a person's no stands."""

from typing import Any

import msgspec
import pytest

from tests.mitigate.small_plans import NOW_MS, plan
from tests.stories import an_attack
from tidegate.app.plan_moves import plans_beside
from tidegate.app.proposing import AGAIN_MS, AGREED_MS, FRESH_MS, next_attack, says_the_same
from tidegate.app.state import PlanLife, State
from tidegate.mitigate.stages import PlanStage, Standing
from tidegate.model.attacks import Attack, Rate
from tidegate.model.plans import Signed

WORD = Signed(plan=7, intent="approve", officer="anna", signature="00" * 64)


def attack(number: int = 3, bits: int = 10, **changes: Any) -> Attack:
    return an_attack(number=number, bits_per_s=Rate(bits, bits, bits), **changes)


def life(
    stage: PlanStage, since_ms: int = NOW_MS, approvals: tuple[Signed, ...] = (), **changes: Any
) -> PlanLife:
    standing = Standing(plan=7, stage=stage, since_ms=since_ms, persisting_ms=since_ms, approvals=approvals)
    return PlanLife(plan(**changes), standing)


def state(*attacks: Attack, open_plan: PlanLife | None = None, ended: PlanLife | None = None) -> State:
    return State(
        open_attacks={one.number: one for one in attacks},
        plans={} if open_plan is None else {7: open_plan},
        ended_plans=() if ended is None else (ended,),
    )


def test_the_strongest_attack_comes_first_and_one_that_cannot_be_scaled_never() -> None:
    weak, strong = attack(1, 10), attack(2, 20)
    unsure = attack(4, 99, actionable=False)
    assert next_attack(state(weak, strong, unsure), {}, NOW_MS) == strong
    assert next_attack(state(weak, strong, unsure), {2: strong}, NOW_MS) == weak
    assert next_attack(state(unsure), {}, NOW_MS) is None


@pytest.mark.parametrize(
    "stage, approvals, rest_ms",
    [
        (PlanStage.PROPOSED, (), FRESH_MS),
        (PlanStage.PROPOSED, (WORD,), AGREED_MS),
        (PlanStage.HELD, (WORD,), AGAIN_MS),
    ],
)
def test_a_changed_attack_gets_another_plan_after_a_while(
    stage: PlanStage, approvals: tuple[Signed, ...], rest_ms: int
) -> None:
    before, now = attack(bits=10), attack(bits=20)
    known = state(now, open_plan=life(stage, approvals=approvals))
    assert next_attack(known, {3: before}, NOW_MS + rest_ms - 1) is None
    assert next_attack(known, {3: before}, NOW_MS + rest_ms) == now
    assert next_attack(known, {3: now}, NOW_MS + rest_ms) is None, "it is as it was"


@pytest.mark.parametrize(
    "stage", [PlanStage.APPROVED, PlanStage.SPOT_TEST, PlanStage.WIDENING, PlanStage.RELAXING]
)
def test_a_plan_under_way_is_not_disturbed(stage: PlanStage) -> None:
    known = state(attack(bits=20), open_plan=life(stage))
    assert next_attack(known, {3: attack(bits=10)}, NOW_MS + 10 * AGREED_MS) is None


@pytest.mark.parametrize("stage", [PlanStage.EXPIRED, PlanStage.LAPSED, PlanStage.FAILED])
def test_after_a_plan_that_ended_by_itself_another_follows(stage: PlanStage) -> None:
    one = attack()
    known = state(one, ended=life(stage))
    assert next_attack(known, {3: one}, NOW_MS + AGAIN_MS - 1) is None
    assert next_attack(known, {3: one}, NOW_MS + AGAIN_MS) == one


@pytest.mark.parametrize("stage", [PlanStage.REFUSED, PlanStage.WITHDRAWN])
def test_a_person_s_no_stands_until_the_attack_changes(stage: PlanStage) -> None:
    one = attack()
    known = state(one, ended=life(stage))
    assert next_attack(known, {3: one}, NOW_MS + 100 * AGAIN_MS) is None
    assert next_attack(known, {3: attack(bits=5)}, NOW_MS) == one


def test_a_plan_says_the_same_when_people_would_agree_to_the_same() -> None:
    assert says_the_same(plan(), plan(number=8, made_at_ms=NOW_MS + 1))
    assert not says_the_same(plan(), plan(rules=plan().rules[:0]))
    longer = msgspec.structs.replace(plan().stages, spot_test_s=99)
    assert not says_the_same(plan(), plan(stages=longer))


def test_what_the_senior_level_adds_later_does_not_stop_a_plan_from_widening() -> None:
    desk = life(PlanStage.HELD, number=8)
    added = life(PlanStage.SPOT_TEST, number=9, level="senior")
    approved = life(PlanStage.APPROVED, number=10)
    known = State(plans={8: desk, 9: added, 10: approved})
    assert plans_beside(approved, known) == (desk.plan, added.plan)
    widening = life(PlanStage.WIDENING)
    assert plans_beside(widening, known) == (desk.plan,)
