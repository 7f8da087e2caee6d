"""What makes an attack: beside a naive twin, and against what luck in sampling does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.detect.decision import SCALES, persistent
from tidegate.detect.intervals import Z_DECISION, bound

SECONDS = 64


def naive(amount: list[float], variance: list[float], threshold: float, needed: int, among: int) -> list[int]:
    """Second by second and step by step, as the words of `persistent` say it."""
    found = []
    for end in range(SECONDS):
        decided = 0
        for scale in SCALES:
            if decided or scale * among > SECONDS:
                continue
            reached = []
            for back in range(among):
                last = end - back * scale
                seconds = [second for second in range(last - scale + 1, last + 1) if second >= 0]
                total = sum(amount[second] for second in seconds)
                if seconds and total >= threshold * scale:
                    reached.append((total, sum(variance[second] for second in seconds)))
            if len(reached) >= needed:
                total, spread = (sum(column) for column in zip(*reached, strict=True))
                if bound(total, spread, -Z_DECISION) >= threshold * scale * len(reached):
                    decided = scale * among
        found.append(decided)
    return found


# Whole numbers, so that both ways of adding give the same sums.
levels = st.lists(st.integers(0, 40), min_size=SECONDS, max_size=SECONDS)


@given(levels, st.sampled_from([0, 1, 64]), st.integers(1, 30), st.integers(1, 5), st.integers(1, 5))
def test_is_what_its_naive_twin_says(
    level: list[int], rate: int, threshold: int, needed: int, among: int
) -> None:
    amount = [float(packets * max(rate, 1)) for packets in level]
    variance = [packets * rate for packets in amount]
    limit = float(threshold * max(rate, 1))
    told = persistent(np.array([amount]), np.array([variance]), np.array([limit]), min(needed, among), among)
    assert told[0].tolist() == naive(amount, variance, limit, min(needed, among), among)


@pytest.mark.parametrize("samples", [1.2, 4, 12, 50, 200])
def test_ordinary_traffic_a_little_below_its_threshold_is_no_attack_by_luck(samples: float) -> None:
    """Four hundred minutes at nine tenths of a threshold that is so many samples a second."""
    rate = 1000.0
    sampled = np.random.default_rng(7).poisson(samples * 0.9, (400, SECONDS)) * rate
    told = persistent(sampled, sampled * rate, np.full(400, samples * rate), 3, 5)
    assert np.count_nonzero(told.any(axis=1)) <= 4


@pytest.mark.parametrize(("samples", "times", "after_s"), [(1.2, 6, 5), (4, 3, 5), (12, 2, 5), (50, 1.5, 5)])
def test_what_is_clearly_above_is_told_at_once(samples: float, times: float, after_s: int) -> None:
    rate = 1000.0
    sampled = np.random.default_rng(7).poisson(samples * times, (400, SECONDS)) * rate
    sampled[:, :-after_s] = 0
    told = persistent(sampled, sampled * rate, np.full(400, samples * rate), 3, 5)
    assert np.count_nonzero(told[:, -1]) >= 380


def test_where_every_packet_is_seen_three_of_five_seconds_suffice() -> None:
    amount = np.zeros((1, SECONDS))
    amount[0, [-5, -3, -1]] = 10.0
    assert persistent(amount, np.zeros_like(amount), np.array([10.0]), 3, 5)[0, -1] == 5
    assert not persistent(amount, np.zeros_like(amount), np.array([10.1]), 3, 5).any()
