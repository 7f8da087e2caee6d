"""Nobody brings more than its rate and a burst, whatever the clock does, and everybody brings that much."""

from hypothesis import given
from hypothesis import strategies as st

from tidegate.hotline.admission import (
    BYTES_BURST_MAX,
    BYTES_PER_S_MAX,
    MESSAGES_BURST_MAX,
    MESSAGES_PER_S_MAX,
    Bucket,
    full_allowance,
)

steps = st.lists(st.tuples(st.integers(-5_000, 20_000), st.integers(1, 400)), max_size=60)


@given(steps)
def test_no_more_than_the_rate_and_a_burst_is_taken_however_the_clock_jumps(
    given_steps: list[tuple[int, int]],
) -> None:
    now_ms, forward_ms, taken = 10_000_000, 0, 0
    bucket = Bucket(size=500, per_s=20, filled_milli=500_000, at_ms=now_ms)
    for passed_ms, amount in given_steps:
        now_ms += passed_ms
        forward_ms += max(0, passed_ms)
        bucket = bucket.at(now_ms)
        if bucket.holds(amount):
            bucket = bucket.without(amount)
            taken += amount
        else:
            assert bucket.filled_milli < amount * 1_000
    assert taken <= 500 + 20 * forward_ms / 1_000


def test_a_burst_and_then_the_rate_and_no_more() -> None:
    allowance = full_allowance(0)
    admitted = [0, 0]
    for tick in range(1, 6_001):
        allowance, why = allowance.admit(1, tick)
        admitted[tick > MESSAGES_BURST_MAX * 1_000 // (1_000 - MESSAGES_PER_S_MAX)] += not why
    assert admitted[0] >= MESSAGES_BURST_MAX
    assert sum(admitted) <= MESSAGES_BURST_MAX + 6 * MESSAGES_PER_S_MAX


def test_large_messages_are_held_to_the_rate_of_bytes() -> None:
    allowance, size = full_allowance(0), 1 << 20
    admitted = 0
    for _ in range(1_000):
        allowance, why = allowance.admit(size, 0)
        admitted += not why
    assert admitted == BYTES_BURST_MAX // size
    assert allowance.admit(size, 500)[1] == ""
    assert allowance.admit(2 * BYTES_PER_S_MAX, 500)[1] == "this peer brings more than it may"


def test_a_backlog_of_a_thousand_comes_in_at_once_and_the_rate_goes_on() -> None:
    allowance = full_allowance(0)
    for _ in range(1_000):
        allowance, why = allowance.admit(16_384, 0)
        assert why == ""
    for tick in range(2_000):
        allowance, why = allowance.admit(16_384, tick * 5)
        assert why == ""
