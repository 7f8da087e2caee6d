"""What telemetry says of a plan at a border point, and how its forecast is scored."""

import msgspec
import numpy as np
import pytest

from benchmarks.plans.world import NOW_MS
from tests.mitigate.small_plans import plan as small_plan
from tests.mitigate.test_matching import record
from tidegate.mitigate.measure import measured
from tidegate.mitigate.score import score
from tidegate.model.attacks import Rate
from tidegate.model.flows import DIRECTION_REPETITION, FlowRows
from tidegate.model.plans import Drop, Match, Measured, Plan, Range, Rule, Share
from tidegate.model.refusals import NotAllowed

HERE = "198.51.100.7/32"
DNS = Match(destination=HERE, protocols=(17,), source_ports=(Range(53, 53),))


def plan_for_dns(**forecast: Share) -> Plan:
    plan = small_plan(
        targets=(HERE,), rules=(Rule(border_point="north", match=DNS, action=Drop()),), stages=None
    )
    return msgspec.structs.replace(plan, forecast=msgspec.structs.replace(plan.forecast, **forecast))


def told(rows: list[FlowRows], **where: str) -> Measured:
    every = np.concatenate(rows)
    return measured(
        plan_for_dns(),
        where.get("at", "north"),
        every,
        np.ones(len(every)),
        np.ones(len(every), np.bool_),
        NOW_MS,
        NOW_MS + 10_000,
    )


def test_traffic_that_the_rules_mean_stands_apart_from_the_rest_towards_the_targets() -> None:
    found = told(
        [
            record(sampling_rate=1, bytes=5000, packets=5),
            record(sampling_rate=1, bytes=3000, packets=3, src_port=443),
            record(sampling_rate=1, bytes=9000, packets=9, dst="198.51.100.8"),
        ]
    )
    assert found.matched_bits_per_s == Rate(4000, 4000, 4000)
    assert found.other_bits_per_s.estimate == 2400
    assert found.sampled_flows == 2


def test_other_traffic_is_as_sure_as_its_flows_are_many() -> None:
    def others(flows: int, of_them: int = 1) -> Measured:
        rows = [record(sampling_rate=1, bytes=1000, src_port=443, dst_port=2000 + n) for n in range(flows)]
        return told(rows * of_them)

    one, many, long = others(1), others(100), others(1, of_them=100)
    assert (one.other_flows, many.other_flows, long.other_flows) == (1, 100, 1)
    assert one.other_bits_per_s.low < one.other_bits_per_s.estimate // 10
    assert many.other_bits_per_s.low > many.other_bits_per_s.estimate * 8 // 10
    # A hundred records of one flow are one flow still, though every byte of it is told.
    assert long.other_bits_per_s.low < long.other_bits_per_s.estimate // 10


def test_sampled_packets_stand_for_many_with_an_interval() -> None:
    found = told([record(sampling_rate=1000)] * 100)
    assert found.matched_bits_per_s.estimate == 80_000_000
    assert 64_000_000 < found.matched_bits_per_s.low < 72_000_000
    assert 88_000_000 < found.matched_bits_per_s.high < 96_000_000


def test_repetitions_and_records_that_cannot_be_scaled_are_passed_over() -> None:
    rows = [record(sampling_rate=0), record(sampling_rate=1, direction=DIRECTION_REPETITION)]
    assert told(rows).sampled_flows == 0


def test_where_the_plan_has_no_rule_nothing_is_meant() -> None:
    found = told([record(sampling_rate=1)], at="south")
    assert found.matched_bits_per_s.estimate == 0
    assert found.other_bits_per_s.estimate > 0


def test_a_measurement_takes_time() -> None:
    with pytest.raises(NotAllowed, match="time"):
        measured(plan_for_dns(), "north", record(), np.ones(1), np.ones(1, np.bool_), NOW_MS, NOW_MS)


def seen(matched: int, other: int, at: str = "north") -> Measured:
    def rate(value: int) -> Rate:
        return Rate(value, value * 95 // 100, value * 105 // 100)

    return Measured(
        border_point=at,
        from_ms=NOW_MS,
        until_ms=NOW_MS + 60_000,
        matched_bits_per_s=rate(matched),
        other_bits_per_s=rate(other),
        sampled_flows=1000,
    )


FORESEEN = {
    "attack_matched": Share(980_000, 970_000, 990_000),
    "others_matched": Share(5_000, 1_000, 9_000),
    "attack_removed": Share(970_000, 960_000, 985_000),
    "lost_bytes": Share(5_000, 1_000, 9_000),
}


def test_a_forecast_that_came_true_is_held() -> None:
    told = score(plan_for_dns(**FORESEEN), [seen(1_000_000, 500_000)], [seen(10_000, 490_000)])
    assert (told.attack_removed_measured, told.lost_bytes_measured) == (970_200, 4_950)
    assert told.attack_held
    assert told.others_held


def test_an_attack_that_goes_on_beside_the_rules_is_not_held() -> None:
    told = score(plan_for_dns(**FORESEEN), [seen(1_000_000, 500_000)], [seen(400_000, 500_000)])
    assert told.attack_removed_measured == 588_000
    assert not told.attack_held


def test_other_traffic_that_is_proved_to_fall_counts_as_lost() -> None:
    told = score(plan_for_dns(**FORESEEN), [seen(1_000_000, 500_000)], [seen(10_000, 250_000)])
    assert told.lost_bytes_measured > 490_000
    assert not told.others_held


def test_only_the_same_border_points_are_compared() -> None:
    with pytest.raises(NotAllowed, match="same border points"):
        score(plan_for_dns(), [seen(1, 1)], [seen(1, 1, "south")])
    with pytest.raises(NotAllowed, match="nothing matched"):
        score(plan_for_dns(), [seen(0, 1)], [seen(1, 1)])
