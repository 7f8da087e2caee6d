"""The memory of recent flows: bounded, even, and forgetful."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.app import recent
from tidegate.app.recent import RECENT_ROWS_PER_SECOND_MAX, RECENT_SECONDS_MAX, RecentFlows
from tidegate.model.addresses import MAPPED_IPV4, Prefix
from tidegate.model.flows import FLOW, FlowBatch, empty_rows
from tidegate.ports.collector import SAMPLE_ROWS_MAX

EVERYTHING = Prefix.parse("::/0")
START_MS = 1_700_000_000_000


def batch(count: int, first: int = 0) -> FlowBatch:
    """Rows to consecutive IPv4 addresses from `first`."""
    rows = empty_rows(count)
    rows["dst_low"] = MAPPED_IPV4 + np.arange(first, first + count, dtype=np.uint64)
    return FlowBatch(rows)


def test_few_flows_are_all_remembered_with_weight_one() -> None:
    flows = RecentFlows(seed=1)
    flows.add(batch(10), START_MS)
    flows.add(batch(5, first=10), START_MS + 2000)
    sample = flows.sample(EVERYTHING, 100, START_MS + 2500)
    assert (sample.rows["dst_low"] - np.uint64(MAPPED_IPV4)).tolist() == list(range(15))
    assert sample.weights.tolist() == [1.0] * 15
    assert (sample.from_ms, sample.until_ms) == (START_MS, START_MS + 2500)


def test_packets_told_twice_are_remembered_once() -> None:
    flows = RecentFlows(seed=1)
    rows = batch(8)
    rows.rows["direction"] = [0, 1, 2, 3] * 2
    flows.add(rows, START_MS)
    assert flows.sample(EVERYTHING, 100, START_MS).rows["direction"].tolist() == [0, 1, 2] * 2


def test_only_flows_towards_the_prefix_are_given() -> None:
    flows = RecentFlows(seed=1)
    rows = empty_rows(3)
    prefix = Prefix.parse("2001:db8:1::/48")
    rows["dst_high"] = [prefix.high, prefix.high + 0xFFFF, prefix.high + 0x10000]
    flows.add(FlowBatch(rows), START_MS)
    assert flows.sample(prefix, 10, START_MS).rows["dst_high"].tolist() == [prefix.high, prefix.high + 0xFFFF]


def test_rows_are_copied_because_decoders_use_theirs_again() -> None:
    flows = RecentFlows(seed=1)
    reused = batch(3)
    flows.add(reused, START_MS)
    reused.rows["dst_low"] = 0
    assert flows.sample(EVERYTHING, 3, START_MS).rows["dst_low"].min() >= MAPPED_IPV4


def test_a_flow_is_forgotten_after_a_minute_even_when_nothing_follows_it() -> None:
    flows = RecentFlows(seed=1)
    flows.add(batch(3), START_MS)
    assert len(flows.sample(EVERYTHING, 9, START_MS + (RECENT_SECONDS_MAX - 1) * 1000).rows) == 3
    assert len(flows.sample(EVERYTHING, 9, START_MS + RECENT_SECONDS_MAX * 1000).rows) == 0


def test_what_is_forgotten_is_overwritten() -> None:
    flows = RecentFlows(seed=1)
    flows.add(batch(100), START_MS)
    flows.add(batch(1), START_MS + RECENT_SECONDS_MAX * 1000)
    stored = np.concatenate(flows._rows)
    assert np.count_nonzero(stored["dst_low"]) == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=12), st.integers(0, 2**32))
def test_memory_is_bounded_and_every_kept_row_was_seen(sizes: list[int], seed: int) -> None:
    flows = RecentFlows(seed)
    first = 0
    for size in sizes:
        flows.add(batch(size, first), START_MS)
        first += size
    sample = flows.sample(EVERYTHING, SAMPLE_ROWS_MAX, START_MS)
    found = sample.rows["dst_low"] - np.uint64(MAPPED_IPV4)
    assert len(found) <= RECENT_ROWS_PER_SECOND_MAX
    assert len(np.unique(found)) == len(found)
    assert first == 0 or found.max(initial=0) < first
    assert first == 0 or len(found) > 0
    assert len(set(sample.weights.tolist())) <= 1


def test_thinning_is_even_over_all_places_and_the_weights_add_up() -> None:
    seen = 40_000
    found = np.zeros(seen)
    weights = []
    for seed in range(120):
        flows = RecentFlows(seed)
        for first in range(0, seen, 2_000):
            flows.add(batch(2_000, first), START_MS)
        sample = flows.sample(EVERYTHING, SAMPLE_ROWS_MAX, START_MS)
        found[(sample.rows["dst_low"] - np.uint64(MAPPED_IPV4)).astype(int)] += 1
        weights.append(sample.weights.sum())
    assert np.mean(weights) == pytest.approx(seen, rel=0.01)
    by_place_in_a_datagram = found.reshape(-1, 20).sum(axis=0)
    assert np.allclose(by_place_in_a_datagram, by_place_in_a_datagram.mean(), rtol=0.06)
    by_time = found.reshape(10, -1).sum(axis=1)
    assert np.allclose(by_time, by_time.mean(), rtol=0.05)


def test_a_limit_keeps_the_weights_whole() -> None:
    flows = RecentFlows(seed=2)
    flows.add(batch(1000), START_MS)
    sample = flows.sample(EVERYTHING, 100, START_MS)
    assert len(sample.rows) == len(sample.weights) == 100
    assert sample.weights.sum() == pytest.approx(1000)
    assert len(flows.sample(EVERYTHING, 0, START_MS).rows) == 0


def test_no_sample_is_longer_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "SAMPLE_ROWS_MAX", 7)
    flows = RecentFlows(seed=2)
    flows.add(batch(50), START_MS)
    assert len(flows.sample(EVERYTHING, 10**9, START_MS).rows) == 7


def test_an_empty_memory_gives_an_empty_sample() -> None:
    sample = RecentFlows(seed=1).sample(EVERYTHING, 5, START_MS)
    assert (len(sample.rows), len(sample.weights), sample.from_ms) == (0, 0, START_MS)
    assert sample.rows.dtype == FLOW


def test_flows_of_a_second_that_was_overwritten_are_passed_over() -> None:
    flows = RecentFlows(seed=1)
    flows.add(batch(2), START_MS + RECENT_SECONDS_MAX * 1000)
    flows.add(batch(5), START_MS)
    assert len(flows.sample(EVERYTHING, 9, START_MS + RECENT_SECONDS_MAX * 1000).rows) == 2
