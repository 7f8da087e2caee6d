"""Leases with a simulated clock: when they end, what they may hold, and what a clock set back cannot do."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.border.world import ntp, order, plan
from tidegate.adapters.border.leases import RULES_HELD_MAX, SECOND_NS, Leases, Moment, place_of
from tidegate.model.plans import Drop, Match, Plan, Rule
from tidegate.model.refusals import NotAllowed

WALL_MS = 1_800_000_000_000


def at(second: float, wall_shift_s: float = 0) -> Moment:
    return Moment(int(second * SECOND_NS), WALL_MS + int((second + wall_shift_s) * 1000))


def made(*rules: Rule, ends_at_s: int = 600, number: int = 1, lease_s: int = 60) -> Plan:
    proposed = plan(*rules, number=number)
    return msgspec.structs.replace(proposed, ends_at_ms=WALL_MS + ends_at_s * 1000, lease_s=lease_s)


def ends_s(leases: Leases) -> list[float]:
    return [held.ends_ns / SECOND_NS for held in leases.held()]


@given(st.integers(1, 60), st.lists(st.tuples(st.floats(0, 50), st.integers(-3600, 3600)), max_size=6))
def test_whatever_the_wall_clock_does_no_lease_outlives_the_first_told_end_of_its_plan(
    lease_s: int, renewals: list[tuple[float, int]]
) -> None:
    leases, proposed = Leases(), made(ntp(), ends_at_s=40)
    leases.take(order(proposed, lease_s=lease_s), at(0))
    latest = float(lease_s)
    for second, shift_s in sorted(renewals):
        try:
            leases.take(order(proposed, lease_s=lease_s), at(second, shift_s))
        except NotAllowed:
            continue
        latest = second + lease_s
    assert all(end <= 40.001 for end in ends_s(leases))
    assert all(end <= latest + 0.001 for end in ends_s(leases))


def test_it_lapses_early_by_what_is_asked_and_not_before() -> None:
    leases = Leases()
    leases.take(order(made(ntp()), lease_s=10), at(0))
    assert not leases.lapse(8 * SECOND_NS - 1, 2 * SECOND_NS)
    assert [each.plan for each in leases.lapse(8 * SECOND_NS, 2 * SECOND_NS)] == [1]
    assert not leases.held()


def test_a_refused_order_changes_nothing() -> None:
    leases = Leases()
    leases.take(order(made(ntp()), lease_s=10), at(0))
    before = leases.held()
    for wrong in (
        order(made(msgspec.structs.replace(ntp(), action=Drop()), number=2)),
        order(made(ntp("south"))),
        order(made(ntp(), lease_s=5)),
        order(made(ntp(), ends_at_s=1)),
        order(made(Rule(border_point="north", match=Match(destination="nowhere"), action=Drop()))),
    ):
        with pytest.raises(NotAllowed):
            leases.take(wrong, at(2))
    assert leases.held() == before


def test_there_is_room_for_so_many_rules_and_no_more() -> None:
    leases = Leases()
    rules = [
        Rule(border_point="north", match=Match(destination=f"198.51.{n >> 8}.{n & 255}/32"), action=Drop())
        for n in range(RULES_HELD_MAX)
    ]
    leases.take(order(made(*rules, number=1)), at(0))
    leases.take(order(made(*rules, number=1)), at(1))
    with pytest.raises(NotAllowed, match=f"{RULES_HELD_MAX}"):
        leases.take(order(made(ntp(), number=2)), at(1))


def test_of_two_plans_with_one_rule_the_later_lease_counts() -> None:
    leases = Leases()
    leases.take(order(made(ntp(), number=1), lease_s=20), at(0))
    leases.take(order(made(ntp(), number=2), lease_s=10), at(5))
    assert ends_s(leases) == [20]
    leases.release(1, None)
    assert ends_s(leases) == [15]


def test_live_tells_only_what_is_in_force() -> None:
    leases = Leases()
    leases.take(order(made(ntp()), lease_s=20), at(0))
    in_force = {place_of(held) for held in leases.held()}
    assert [each.remaining_s for each in leases.live(in_force, 5 * SECOND_NS)] == [15]
    assert not list(leases.live(set(), 5 * SECOND_NS))
