"""What is wanted beside what is seen: compared by meaning, and nothing wanted that is over."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.test_plan_steps import TO_HELD, TO_SPOT_TEST, after
from tests.mitigate.small_plans import NOW_MS
from tidegate.app.reconciler import difference, differences, endings, wanted_now
from tidegate.app.state import State
from tidegate.model.facts import RULES_TOLD_MAX, PlanProposed
from tidegate.model.plans import Drop, Range, RateLimit, Rule
from tidegate.ports.border import LiveRule, ReadBack

HELD = after(*TO_HELD)
PLAN = HELD.plans[1].plan
LEASE_MS = PLAN.lease_s * 1000


def live(state: State, now_ms: int = NOW_MS) -> list[LiveRule]:
    wanted = wanted_now(state, now_ms)
    return [
        LiveRule(plan=number, rule=rule, remaining_s=9)
        for (number, _), one in wanted.items()
        for rule in one.rules
    ]


def read(point: str, rules: tuple[Rule, ...] | None) -> ReadBack:
    return ReadBack(border_point=point, receiver="the mirror", rules=rules, why="")


def test_what_is_in_force_is_wanted_until_its_lease_ends() -> None:
    assert wanted_now(after(*TO_SPOT_TEST[:-1]), NOW_MS) == {}
    assert list(wanted_now(after(*TO_SPOT_TEST), NOW_MS)) == [(1, "north")]
    assert set(wanted_now(HELD, NOW_MS + LEASE_MS - 1)) == {(1, "north"), (1, "south"), (1, "coast")}
    assert wanted_now(HELD, NOW_MS + LEASE_MS) == {}


def test_nothing_is_wanted_of_a_plan_whose_own_time_is_over() -> None:
    (life,) = HELD.plans.values()
    endless = msgspec.structs.replace(life.standing, lease_until_ms=PLAN.ends_at_ms + 1)
    state = State(plans={1: msgspec.structs.replace(life, standing=endless)})
    assert wanted_now(state, PLAN.ends_at_ms - 1)
    assert wanted_now(state, PLAN.ends_at_ms) == {}


def test_what_agrees_is_no_difference() -> None:
    wanted = wanted_now(HELD, NOW_MS)
    mirrored = [read(point, one.rules) for (_, point), one in wanted.items()]
    assert differences(wanted, live(HELD), mirrored, NOW_MS) == []
    assert differences(wanted, live(HELD), [read("north", None)], NOW_MS) == [], (
        "who cannot be asked says nothing"
    )


def test_a_rule_that_a_router_refuses_is_missing_there_and_what_to_do_is_told() -> None:
    wanted = wanted_now(HELD, NOW_MS)
    why = "it refuses them: let them in"
    refusing = ReadBack(border_point="north", receiver="edge (birdc)", rules=(), why=why)
    (told,) = differences(wanted, live(HELD), [refusing], NOW_MS)
    assert told.seen_at == f"edge (birdc) ({why})"
    assert told.missing
    (failed,) = endings(HELD, [told])
    assert why in failed.why


def test_a_missing_rule_an_extra_one_and_another_action_are_differences() -> None:
    wanted = wanted_now(HELD, NOW_MS)
    north = next(one.rules for (_, point), one in wanted.items() if point == "north")
    other = msgspec.structs.replace(north[0], action=Drop())
    for seen, missing, extra in ((north[1:], 1, 0), ((*north, other), 0, 1), ((other, *north[1:]), 1, 1)):
        (told,) = differences(wanted, live(HELD), [read("north", seen)], NOW_MS)
        assert (told.border_point, len(told.missing), len(told.extra)) == ("north", missing, extra)
        assert [fact.plan for fact in endings(HELD, [told])] == [1]


def test_a_rule_where_nothing_is_wanted_is_a_difference_and_ends_no_plan() -> None:
    elsewhere = msgspec.structs.replace(PLAN.rules[0], border_point="west")
    seen = [*live(HELD), LiveRule(plan=5, rule=elsewhere, remaining_s=9)]
    (told,) = differences(wanted_now(HELD, NOW_MS), seen, [], NOW_MS)
    assert (told.border_point, told.seen_at) == ("west", "the speaker")
    assert list(endings(HELD, [told])) == []


def test_of_many_differing_rules_some_are_told_and_the_rest_counted() -> None:
    many = [
        msgspec.structs.replace(PLAN.rules[0], action=RateLimit(1_000 * number)) for number in range(1, 101)
    ]
    told = difference("north", "the mirror", [], many)
    assert told is not None
    assert (len(told.extra), told.left_out) == (RULES_TOLD_MAX, 100 - RULES_TOLD_MAX)


RULE = PLAN.rules[0]


@given(st.permutations([Range(1, 5), Range(6, 9), Range(20, 20)]), st.permutations([17, 6, 1]))
def test_how_a_match_is_written_makes_no_difference(ranges: list[Range], protocols: list[int]) -> None:
    def rule(ranges: tuple[Range, ...], protocols: tuple[int, ...]) -> Rule:
        match = msgspec.structs.replace(RULE.match, destination_ports=ranges, protocols=protocols)
        return msgspec.structs.replace(RULE, match=match)

    ours = rule((Range(1, 9), Range(20, 20)), (1, 6, 17))
    theirs = rule(tuple(ranges), tuple(protocols))
    assert difference("north", "the mirror", [ours], [theirs]) is None


@pytest.mark.parametrize("rate", [1_000_000, 123_456_789])
def test_a_rate_is_compared_as_bgp_can_carry_it(rate: int) -> None:
    from tidegate.wire.bgp_routes import rate_on_wire

    ours = msgspec.structs.replace(RULE, action=RateLimit(rate))
    theirs = msgspec.structs.replace(RULE, action=RateLimit(rate_on_wire(rate)))
    assert difference("north", "the mirror", [ours], [theirs]) is None


def test_a_proposal_wants_nothing() -> None:
    state = after(*TO_HELD[:1], PlanProposed(PLAN))
    assert wanted_now(state, NOW_MS) == {}
