"""Whatever plans come and go side by side, the desk lets no more be held back than one plan may alone."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.mitigate.small_plans import FORECAST, GBIT, PLAN, SETTINGS, USUAL, ntp_to, rules, stages
from tidegate.mitigate.guard import least_level, refuse_beside, refuse_unless_safe
from tidegate.model.attacks import Rate
from tidegate.model.plans import MILLION, Plan, ServiceLoss, Share
from tidegate.model.refusals import NotAllowed

POINTS = ("north", "south", "coast")
MEGABIT = GBIT // 1000


@st.composite
def plans_of_many_attacks(draw: st.DrawFn) -> list[Plan]:
    """Their amounts are near the shares, so that a few of them are too much at some border point."""
    numbers = range(1, 1 + draw(st.integers(2, 12)))
    return [draw(plans(number)) for number in numbers]


@st.composite
def plans(draw: st.DrawFn, number: int) -> Plan:
    at = draw(st.permutations(POINTS).flatmap(lambda all_: st.integers(1, 3).map(lambda count: all_[:count])))
    bits_per_s, lost = draw(st.integers(200, 1_200)) * MEGABIT, draw(st.integers(500_000, MILLION))
    loss = ServiceLoss("udp/123", Rate(bits_per_s, 0, bits_per_s), Share(lost, 0, lost))
    target = f"203.0.113.{number}/32"
    return msgspec.structs.replace(
        PLAN,
        number=number,
        attack=number,
        targets=(target,),
        rules=rules(ntp_to(target), at=at),
        stages=stages(at[0], *((point,) for point in at[1:])),
        forecast=msgspec.structs.replace(
            FORECAST, by_service=(loss,), sampled_flows=draw(st.sampled_from((5, 5, 5, 0)))
        ),
        level=draw(st.sampled_from(("desk", "desk", "desk", "senior"))),
        replaces=draw(st.sampled_from((None, None, None, number - 1))),
    )


def held_at(point: str, in_force: Sequence[Plan]) -> int:
    """In millionths of a bit a second, written down anew: each rule's plan, once."""
    total = 0
    for one in in_force:
        if any(rule.border_point == point for rule in one.rules):
            for service in one.forecast.by_service:
                total += service.bits_per_s.high * service.lost.high
    return total


def allowed(one: Plan, in_force: Sequence[Plan]) -> bool:
    others = [other for other in in_force if other.number != one.replaces]
    try:
        refuse_unless_safe(one, SETTINGS, USUAL)
        refuse_beside(one, [rule for other in others for rule in other.rules], in_force, SETTINGS, USUAL)
    except NotAllowed:
        return False
    return True


@given(plans_of_many_attacks())
def test_what_is_in_force_together_holds_back_at_most_the_share_or_a_senior_officer_agreed_to_the_excess(
    coming: list[Plan],
) -> None:
    in_force: list[Plan] = []
    for one in coming:
        if not allowed(one, in_force):
            continue
        in_force = [other for other in in_force if other.number != one.replaces] + [one]
        for point in {rule.border_point for rule in one.rules}:
            share = USUAL[point] * SETTINGS.held_back_max
            assert held_at(point, in_force) <= share or one.level == "senior"
    for point in POINTS:
        share = USUAL[point] * SETTINGS.held_back_max
        assert held_at(point, [one for one in in_force if one.level == "desk"]) <= share


@given(plans_of_many_attacks())
def test_a_plan_at_the_level_that_the_guard_names_comes_into_force(coming: list[Plan]) -> None:
    *in_force, one = coming
    one = msgspec.structs.replace(one, level=least_level(one, SETTINGS, USUAL, in_force))
    assert allowed(one, in_force)
    if one.level == "senior":
        assert not allowed(msgspec.structs.replace(one, level="desk"), in_force)


def test_seven_whole_networks_dropped_side_by_side_are_not_the_desks_to_agree_to() -> None:
    loss = ServiceLoss("all of it", Rate(GBIT, GBIT, 2 * GBIT - 1), Share(MILLION, MILLION, MILLION))
    in_force: list[Plan] = []
    for number in range(7):
        target = f"203.0.113.{number}/32"
        one = msgspec.structs.replace(
            PLAN,
            number=number,
            targets=(target,),
            rules=rules(ntp_to(target)),
            forecast=msgspec.structs.replace(FORECAST, by_service=(loss,)),
        )
        refuse_unless_safe(one, SETTINGS, USUAL)
        in_force += [one] if allowed(one, in_force) else []
    assert len(in_force) == 1
