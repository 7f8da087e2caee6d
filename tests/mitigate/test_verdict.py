"""Verdicts over one border point: only what was seen to work passes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mitigate.small_plans import NOW_MS, PLAN
from tidegate.mitigate.intervals import amount_rate
from tidegate.mitigate.stages import PlanEvent
from tidegate.mitigate.verdict import (
    ATTACK_DOWN,
    ATTACK_NOT_DOWN,
    NOTHING_MEASURED,
    OTHERS_FELL,
    OTHERS_KEPT,
    OTHERS_UNSEEN,
    SESSION_DOWN,
    SPEAKS_FOR,
    TELEMETRY_CONTRADICTS,
    TOO_FEW_SAMPLES,
    is_quiet,
    judge,
    judge_look,
    worth_measuring_on,
)
from tidegate.model.attacks import Rate
from tidegate.model.plans import Measured, Share
from tidegate.model.refusals import NotAllowed
from tidegate.model.verdicts import RuleCounters, Verdict


def about(estimate: int) -> Rate:
    """A tenth of uncertainty to both sides."""
    return Rate(estimate, estimate * 9 // 10, estimate * 11 // 10)


BEFORE = Measured(
    border_point="north",
    from_ms=NOW_MS - 60_000,
    until_ms=NOW_MS,
    matched_bits_per_s=about(10**10),
    other_bits_per_s=about(10**9),
    sampled_flows=4_000,
)
DURING = Measured(
    border_point="north",
    from_ms=NOW_MS + 1_000,
    until_ms=NOW_MS + 21_000,
    matched_bits_per_s=about(2 * 10**6),
    other_bits_per_s=about(10**9),
    sampled_flows=400,
)
COUNTERS = RuleCounters(
    border_point="north",
    from_ms=NOW_MS,
    until_ms=NOW_MS + 21_000,
    matched_bytes=10**10,
    dropped_bytes=10**10 - 1,
    ever_matched_bytes=2 * 10**10,
)


def during(**changes: Any) -> Measured:
    return msgspec.structs.replace(DURING, **changes)


def verdict(
    now: Measured = DURING, before: Measured = BEFORE, up: bool = True, counters: RuleCounters | None = None
) -> Verdict:
    return judge(PLAN, before, now, session_up=up, counters=counters)


def codes(given: Verdict) -> list[str]:
    return [reason.code for reason in given.reasons]


def test_an_attack_that_is_down_while_others_come_in_as_before_passes() -> None:
    passed = verdict()
    assert passed.passed
    assert codes(passed) == [ATTACK_DOWN, OTHERS_KEPT]
    assert passed.removed is not None
    assert passed.removed.estimate == 999_800


def test_an_attack_that_still_comes_in_fails() -> None:
    failed = verdict(during(matched_bits_per_s=about(3 * 10**9)))
    assert not failed.passed
    assert ATTACK_NOT_DOWN in codes(failed)
    assert "70.0% of the matching traffic at north is removed" in failed.reasons[0].words
    assert "95.0% to 99.0% of the attack was forecast" in failed.reasons[0].words


def test_intervals_that_overlap_are_not_held_against_the_plan() -> None:
    # 93 % removed by estimate, but up to 95 % by the interval: as forecast.
    assert verdict(during(matched_bits_per_s=Rate(7 * 10**8, 5 * 10**8, 9 * 10**8))).passed


def test_others_that_fall_fail() -> None:
    failed = verdict(during(other_bits_per_s=about(5 * 10**8)))
    assert not failed.passed
    assert OTHERS_FELL in codes(failed)
    assert "at least 99.6% was forecast" in failed.reasons[-1].words


def test_a_fall_of_others_within_their_interval_is_not_held_against_the_plan() -> None:
    assert verdict(during(other_bits_per_s=about(9 * 10**8))).passed


def test_a_fall_of_others_that_was_forecast_is_not_held_against_the_plan() -> None:
    forecast = msgspec.structs.replace(
        PLAN.forecast, lost_bytes=msgspec.structs.replace(PLAN.forecast.lost_bytes, high=600_000)
    )
    lossy = msgspec.structs.replace(PLAN, forecast=forecast)
    halved = during(other_bits_per_s=about(5 * 10**8))
    assert judge(lossy, BEFORE, halved, session_up=True, counters=None).passed


def test_a_session_that_is_down_fails_whatever_was_measured() -> None:
    failed = verdict(up=False)
    assert not failed.passed
    assert codes(failed)[0] == SESSION_DOWN


def test_silence_is_no_success() -> None:
    nothing = Rate(0, 0, 0)
    silent = verdict(during(matched_bits_per_s=nothing, other_bits_per_s=nothing, sampled_flows=0))
    assert not silent.passed
    assert NOTHING_MEASURED in codes(silent)
    # All that came in was the attack, and all of it is gone: only the routers' counters can tell.
    only_attack = msgspec.structs.replace(BEFORE, other_bits_per_s=nothing)
    gone = during(matched_bits_per_s=nothing, other_bits_per_s=nothing, sampled_flows=0)
    assert not verdict(gone, only_attack).passed
    assert verdict(gone, only_attack, counters=COUNTERS).passed


def test_counters_decide_where_telemetry_is_taken_before_the_rules_act() -> None:
    unchanged = during(matched_bits_per_s=BEFORE.matched_bits_per_s)
    assert not verdict(unchanged).passed
    assert verdict(unchanged, counters=COUNTERS).passed
    half = msgspec.structs.replace(COUNTERS, dropped_bytes=5 * 10**9)
    assert ATTACK_NOT_DOWN in codes(verdict(counters=half))


def test_telemetry_that_contradicts_counters_is_told_and_counters_decide() -> None:
    unchanged = verdict(during(matched_bits_per_s=BEFORE.matched_bits_per_s), counters=COUNTERS)
    assert codes(unchanged) == [ATTACK_DOWN, OTHERS_KEPT, TELEMETRY_CONTRADICTS]
    assert "by it 0.0% is removed, by them 100.0% is removed" in unchanged.reasons[-1].words
    half = verdict(counters=msgspec.structs.replace(COUNTERS, dropped_bytes=5 * 10**9))
    assert codes(half) == [ATTACK_NOT_DOWN, OTHERS_KEPT, TELEMETRY_CONTRADICTS]
    assert codes(verdict(counters=COUNTERS)) == [ATTACK_DOWN, OTHERS_KEPT], "they agree"


def test_telemetry_alone_decides_about_other_traffic() -> None:
    fell = verdict(during(other_bits_per_s=about(5 * 10**8)), counters=COUNTERS)
    assert OTHERS_FELL in codes(fell)
    assert not fell.passed


def test_counters_find_a_border_point_quiet_below_a_quarter_of_before() -> None:
    def counted(bits_per_s: int, **changes: Any) -> bool:
        seconds = (COUNTERS.until_ms - COUNTERS.from_ms) // 1000
        told = msgspec.structs.replace(COUNTERS, matched_bytes=bits_per_s * seconds // 8, **changes)
        return is_quiet(BEFORE, told)

    assert counted(0)
    assert counted(24 * 10**8)
    assert not counted(25 * 10**8)
    assert not counted(0, ever_matched_bytes=0), "they never counted anything"
    with pytest.raises(NotAllowed, match="say nothing of"):
        counted(0, border_point="south")


def test_rules_that_nothing_matches_do_not_pass() -> None:
    idle = msgspec.structs.replace(COUNTERS, matched_bytes=0, dropped_bytes=0)
    assert codes(verdict(counters=idle)) == [NOTHING_MEASURED, OTHERS_KEPT, TELEMETRY_CONTRADICTS]


def test_little_telemetry_before_the_rules_does_not_pass() -> None:
    assert TOO_FEW_SAMPLES in codes(verdict(before=msgspec.structs.replace(BEFORE, sampled_flows=29)))
    assert verdict(before=msgspec.structs.replace(BEFORE, sampled_flows=30)).passed
    unseen = msgspec.structs.replace(BEFORE, matched_bits_per_s=Rate(10**6, 0, 10**8))
    assert NOTHING_MEASURED in codes(verdict(before=unseen))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (BEFORE, during(border_point="south")),
        (msgspec.structs.replace(BEFORE, border_point="south"), DURING),
        (BEFORE, during(from_ms=NOW_MS - 1)),
        (BEFORE, during(until_ms=DURING.from_ms)),
        (msgspec.structs.replace(BEFORE, from_ms=NOW_MS), DURING),
    ],
)
def test_measurements_that_do_not_belong_together_are_refused(before: Measured, now: Measured) -> None:
    with pytest.raises(NotAllowed):
        verdict(now, before)


def test_counters_of_elsewhere_are_refused() -> None:
    with pytest.raises(NotAllowed, match="north"):
        verdict(counters=msgspec.structs.replace(COUNTERS, border_point="south"))


AMOUNTS = st.integers(0, 10**12)
RATES = st.tuples(AMOUNTS, AMOUNTS, AMOUNTS).map(lambda three: Rate(sorted(three)[1], min(three), max(three)))


@given(RATES, RATES, RATES, RATES, st.integers(0, 100), st.integers(0, 100), st.booleans())
def test_every_verdict_has_reasons_and_passes_by_them_alone(
    matched: Rate, other: Rate, matched_now: Rate, other_now: Rate, flows: int, flows_now: int, up: bool
) -> None:
    before = msgspec.structs.replace(
        BEFORE, matched_bits_per_s=matched, other_bits_per_s=other, sampled_flows=flows
    )
    now = during(matched_bits_per_s=matched_now, other_bits_per_s=other_now, sampled_flows=flows_now)
    given_verdict = verdict(now, before, up)
    assert given_verdict.reasons
    assert all(reason.words.endswith(".") for reason in given_verdict.reasons)
    assert given_verdict.passed == (set(codes(given_verdict)) <= SPEAKS_FOR)
    if given_verdict.passed:
        assert up
        assert flows >= 30
        assert flows_now > 0
    assert msgspec.json.decode(msgspec.json.encode(given_verdict), type=Verdict) == given_verdict


def test_a_look_finds_the_attack_or_its_end_or_nothing_at_all() -> None:
    def look(matched: int, flows: int = 50) -> PlanEvent:
        return judge_look(BEFORE, during(matched_bits_per_s=about(matched), sampled_flows=flows))

    assert look(9 * 10**9) is PlanEvent.FOUND_PERSISTING
    assert look(24 * 10**8) is PlanEvent.FOUND_PERSISTING  # its upper end is above a quarter
    assert look(22 * 10**8) is PlanEvent.FOUND_QUIET
    assert look(0) is PlanEvent.FOUND_QUIET
    assert look(0, flows=0) is PlanEvent.LOOKED_IN_VAIN
    with pytest.raises(NotAllowed, match="says nothing of"):
        judge_look(BEFORE, during(border_point="south"))


def others(bits_per_s: int, flows: int, seconds: int) -> Measured:
    """Other traffic of so many equal flows."""
    rate = amount_rate(bits_per_s, bits_per_s**2 / flows) if flows else Rate(0, 0, 0)
    until_ms = DURING.from_ms + seconds * 1000
    return during(other_bits_per_s=rate, other_flows=flows, until_ms=until_ms)


def before_of(flows: int) -> Measured:
    seen = others(10**9, flows, 20)
    return msgspec.structs.replace(
        BEFORE, other_bits_per_s=seen.other_bits_per_s, other_flows=flows, from_ms=NOW_MS - 20_000
    )


def test_few_flows_of_other_traffic_that_swing_are_no_fall() -> None:
    # Twelve flows, and four a moment later: chance does that. A hundred, and thirty: it does not.
    assert verdict(others(3 * 10**8, 4, 20), before_of(12)).passed
    assert OTHERS_FELL in codes(verdict(others(3 * 10**8, 30, 20), before_of(100)))


def test_a_verdict_says_that_too_little_other_traffic_came_and_does_not_fail_for_it() -> None:
    thin = verdict(others(0, 0, 20), before_of(9))
    assert thin.passed
    assert codes(thin) == [ATTACK_DOWN, OTHERS_UNSEEN]
    assert thin.others_kept is None
    assert "to tell a fall from chance" in thin.reasons[-1].words
    assert not verdict(others(0, 0, 20), before_of(9), up=False).passed


def test_other_traffic_that_is_gone_altogether_is_a_fall() -> None:
    gone = verdict(others(0, 0, 20), before_of(20))
    assert codes(gone) == [ATTACK_DOWN, OTHERS_FELL]
    assert gone.others_kept == Share(0, 0, 115_150)
    # By the byte, from before flows were counted, the same is a fall as well.
    uncounted = msgspec.structs.replace(BEFORE, other_flows=None)
    assert OTHERS_FELL in codes(verdict(during(other_bits_per_s=Rate(0, 0, 0)), uncounted))


@pytest.mark.parametrize(
    ("flows", "seconds", "more"),
    [(100, 1, True), (100, 2, False), (100, 20, False), (9, 1, False), (10, 19, True), (10, 20, False)],
)
def test_measuring_on_is_worth_it_while_it_brings_more_flows(flows: int, seconds: int, more: bool) -> None:
    assert worth_measuring_on(before_of(flows), others(10**8, 1, seconds)) is more


def test_silence_is_measured_on() -> None:
    assert worth_measuring_on(before_of(100), during(sampled_flows=0))
