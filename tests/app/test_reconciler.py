"""What is wanted beside what is seen: a difference is told, and a rule about to end may be gone before."""

import pytest

from tests.adapters.border.world import ntp, plan
from tidegate.app.reconciler import MAY_BE_GONE_MS, Place, Wanted, differences
from tidegate.ports.border import LiveRule, ReadBack

AT_MS = 1_800_000_000_000


def wanted(left_ms: int) -> dict[Place, Wanted]:
    return {(1, "north"): Wanted(plan(ntp()), (), "north", AT_MS + left_ms)}


def read_back(*rules: object) -> list[ReadBack]:
    return [ReadBack(border_point="north", receiver="our own mirror", rules=rules, why="")]  # type: ignore[arg-type]


LIVE = [LiveRule(plan=1, rule=ntp(), remaining_s=9)]


def test_what_is_wanted_and_seen_is_no_difference() -> None:
    assert not differences(wanted(60_000), LIVE, read_back(ntp()), AT_MS)


@pytest.mark.parametrize("live, back", [([], read_back(ntp())), (LIVE, read_back()), ([], read_back())])
def test_a_rule_that_is_missing_is_a_difference(live: list[LiveRule], back: list[ReadBack]) -> None:
    assert all(one.missing for one in differences(wanted(MAY_BE_GONE_MS + 1), live, back, AT_MS))
    assert differences(wanted(MAY_BE_GONE_MS + 1), live, back, AT_MS)


@pytest.mark.parametrize("live, back", [([], read_back()), (LIVE, read_back()), (LIVE, read_back(ntp()))])
def test_a_rule_about_to_end_may_be_gone_or_there(live: list[LiveRule], back: list[ReadBack]) -> None:
    assert not differences(wanted(MAY_BE_GONE_MS), live, back, AT_MS)


def test_another_action_is_a_difference_also_when_the_lease_is_about_to_end() -> None:
    (one,) = differences(wanted(1), LIVE, read_back(ntp(bytes_per_s=9_000)), AT_MS)
    assert [rule.action for rule in one.extra] == [ntp(bytes_per_s=9_000).action]


def test_a_rule_that_nobody_wants_is_a_difference() -> None:
    (one,) = differences({}, LIVE, [], AT_MS)
    assert (one.border_point, one.seen_at) == ("north", "the speaker")
