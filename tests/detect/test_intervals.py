"""Sampling intervals hold the truth as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.naive.flood import START, World, flood
from tidegate.detect.intervals import Z_90, bound, rate
from tidegate.model.facts import AttackDetected


@pytest.mark.parametrize("sampling", [10, 1000, 4096])
@pytest.mark.parametrize("mean_samples", [5, 20, 100, 1000])
@pytest.mark.parametrize("sizes", [(1400,), (60, 1500)])
def test_the_90_percent_interval_holds_the_truth_about_90_times_in_100(
    sampling: int, mean_samples: int, sizes: tuple[int, ...]
) -> None:
    random = np.random.default_rng((sampling, mean_samples, len(sizes)))
    packets = [mean_samples * sampling // len(sizes)] * len(sizes)
    truth = sum(count * size for count, size in zip(packets, sizes, strict=True))
    seen = np.stack([random.binomial(count, 1 / sampling, 4000) for count in packets], axis=1)
    estimate = (seen * np.array(sizes) * sampling).sum(axis=1).astype(float)
    variance = (seen * np.array(sizes) ** 2.0 * sampling * (sampling - 1)).sum(axis=1)
    held = (bound(estimate, variance, -Z_90) <= truth) & (truth <= bound(estimate, variance, Z_90))
    assert 0.87 <= held.mean() <= 0.945


@given(st.floats(0, 1e15), st.floats(0, 1e25))
def test_the_estimate_lies_inside_its_interval(amount: float, variance: float) -> None:
    found = rate(amount, variance, 5)
    assert 0 <= found.low <= found.estimate <= found.high


def test_what_was_not_sampled_is_known_exactly() -> None:
    assert rate(1000, 0, 1).low == rate(1000, 0, 1).high == 1000


def test_what_counting_may_have_missed_widens_the_interval_upwards_only() -> None:
    assert (rate(1000, 0, 1, 500).low, rate(1000, 0, 1, 500).high) == (1000, 1500)


def test_the_first_rate_told_of_a_weak_attack_reaches_down_to_the_truth() -> None:
    """It is told in a moment in which luck has lifted it over the threshold."""
    mbit_per_s, hosts = 110, 60
    sources = [
        flood(mbit_per_s, begin=START + 5, until=START + 45, to=f"10.{n}.0.7", src_port=123, rate=2048 + n)
        for n in range(hosts)
    ]
    world = World(sources).run(START, START + 45)
    first = [fact.attack.bits_per_s for _, fact in world.facts if isinstance(fact, AttackDetected)]
    assert len(first) == hosts
    assert np.mean([rate.estimate for rate in first]) > mbit_per_s * 1e6
    assert sum(rate.low > mbit_per_s * 1e6 for rate in first) <= 0.07 * hosts
    assert sum(rate.low <= mbit_per_s * 1e6 <= rate.high for rate in first) >= 0.9 * hosts
