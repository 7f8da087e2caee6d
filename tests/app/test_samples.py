"""Samples for plans: whose border point, which time, how wide around a target; and what usually comes in."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_ins import report_of, summary_of
from tidegate.app.inbound import INBOUND_MINUTES_MIN, Inbound, inbound_of
from tidegate.app.samples import ExportersHeard, Flows, FlowsAsked, apart, surrounding
from tidegate.model.addresses import Prefix
from tidegate.model.exporters import EXPORTER
from tidegate.model.flows import empty_rows
from tidegate.ports.collector import FlowSample
from tidegate.ports.outside import OutsideFailed

POINTS = ("north", "south")


def flows(*spans: tuple[int, int], from_ms: int = 0, until_ms: int = 60_000) -> Flows:
    rows = empty_rows(len(spans))
    rows["start_ms"], rows["end_ms"] = [one for one, _ in spans], [other for _, other in spans]
    received_ms, point_of = rows["end_ms"].copy(), np.zeros(len(spans), np.int16)
    return Flows(rows, np.ones(len(spans)), received_ms, point_of, from_ms, until_ms)


def test_a_record_counts_by_its_part_in_the_time_that_is_measured() -> None:
    part = flows((0, 20_000), (10_000, 10_000), (30_000, 40_000)).between(10_000, 30_000)
    assert part.weights.tolist() == [0.5, 1.0]
    assert (part.from_ms, part.until_ms) == (10_000, 30_000)


@given(
    st.lists(st.tuples(st.integers(0, 59_000), st.integers(1, 30_000)), max_size=20),
    st.lists(st.integers(0, 60_000), min_size=1, max_size=5),
)
def test_the_parts_of_a_time_add_up_to_the_whole(spans: list[tuple[int, int]], cuts: list[int]) -> None:
    told = flows(*((start, start + long) for start, long in spans))
    edges = [0, *sorted(cuts), 60_000]
    parts = sum(told.between(a, b).weights.sum() for a, b in pairwise(edges))
    assert parts == pytest.approx(told.between(0, 60_000).weights.sum())


def test_nothing_is_measured_beyond_what_was_sampled() -> None:
    part = flows((0, 1000), from_ms=500, until_ms=800).between(0, 10_000)
    assert (part.from_ms, part.until_ms) == (500, 800)


class Sampling:
    """A collector with two rows, of exporters 0 and 1; `before` happens before it answers."""

    def __init__(self) -> None:
        self.before = lambda: None
        self.asked: list[tuple[str, int]] = []

    def sample(self, prefix: Prefix, limit: int, timeout_s: float) -> FlowSample:
        self.before()
        self.asked.append((str(prefix), limit))
        rows = empty_rows(3)
        rows["exporter"] = [0, 1, 9]
        return FlowSample(rows, np.ones(3), np.full(3, 60_000), 0, 60_000)


def asked(sampling: Sampling, heard: ExportersHeard) -> FlowsAsked:
    names = {"192.0.2.1#0": "north", "192.0.2.2#0": "south"}
    return FlowsAsked(sampling, heard.now, names.get, POINTS)


def heard(*names: str) -> ExportersHeard:
    ear = ExportersHeard()
    ear(report_of(summary_of(0, exporters=np.zeros(len(names), EXPORTER)), names=names))
    return ear


def test_each_row_belongs_to_its_exporter_s_border_point_and_an_unknown_exporter_to_none() -> None:
    told = asked(Sampling(), heard("192.0.2.2#0", "192.0.2.9#0")).towards([Prefix.parse("0.0.0.0/0")], 10)
    assert told.point_of.tolist() == [1, -1, -1]


def test_rows_of_a_collector_that_was_started_again_are_not_mistaken_for_others() -> None:
    sampling, ear = Sampling(), heard("192.0.2.1#0")

    def again() -> None:
        ear(report_of(summary_of(1, exporters=np.zeros(1, EXPORTER)), names=["192.0.2.2#0"]))

    sampling.before = again
    with pytest.raises(OutsideFailed, match="started again"):
        asked(sampling, ear).towards([Prefix.parse("198.51.100.0/24")], 10)


def test_around_a_target_its_network_is_asked_for_once() -> None:
    around = surrounding(("198.51.100.7/32", "198.51.100.9/32", "2001:db8:1::1/128", "203.0.0.0/16"))
    assert sorted(map(str, around)) == ["198.51.96.0/20", "2001:db8::/44", "203.0.0.0/16"]


PREFIXES = st.builds(
    lambda low, length: Prefix.parse(f"10.0.{low}.0/24").parent(length),
    st.integers(0, 255),
    st.integers(112, 120),
)


@given(st.lists(PREFIXES, max_size=12))
def test_networks_apart_hold_the_same_addresses_and_never_one_twice(prefixes: list[Prefix]) -> None:
    kept = apart(iter(prefixes))  # type: ignore[arg-type]
    for prefix in prefixes:
        assert sum(one.covers(prefix) for one in kept) == 1
    assert set(kept) <= set(prefixes)


def test_what_usually_comes_in_is_a_median_that_a_flood_does_not_move() -> None:
    inbound = Inbound(POINTS)
    for minute in range(INBOUND_MINUTES_MIN - 1):
        inbound.learn({"north": 100, "south": 50}, minute * 60_000)
    assert inbound.usual(INBOUND_MINUTES_MIN * 60_000) == {}, "too early to call anything usual"
    for minute in range(INBOUND_MINUTES_MIN - 1, INBOUND_MINUTES_MIN + 19):
        inbound.learn({"north": 100_000, "south": 50}, minute * 60_000)
    assert inbound.usual(INBOUND_MINUTES_MIN * 60_000 + 19 * 60_000) == {"north": 100, "south": 50}


def test_a_minute_s_value_is_scaled_by_sampling_and_leaves_out_what_cannot_be() -> None:
    told = flows((0, 1), (0, 1), (0, 1))
    told.rows["sampling_rate"], told.rows["bytes"] = [1000, 0, 10], [600, 600, 60]
    told.point_of[:] = [0, 0, 1]
    assert inbound_of(told, POINTS) == {"north": 80_000, "south": 80}
