"""The search for the highest lossless rate ends near the truth, and says so when there is none."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.live import PRECISION, Offer, highest_lossless


def collector_that_takes(limit: float, sender_reaches: float = 1e12):  # type: ignore[no-untyped-def]
    def try_rate(rate: float, seconds: float) -> Offer:
        return Offer(
            records_per_s=min(rate, sender_reaches),
            seconds=seconds,
            sent=int(rate * seconds),
            dropped=max(0, int((rate - limit) * seconds)),
            kept_pace=rate <= sender_reaches,
        )

    return try_rate


@given(limit=st.floats(30_000, 7.9e6), start=st.floats(1e5, 3e6))
def test_the_found_rate_is_just_below_what_the_collector_takes(limit: float, start: float) -> None:
    found, tried = highest_lossless(collector_that_takes(limit), start, 8e6, 10.0)
    assert found is not None
    assert limit / (1 + 2 * PRECISION) <= found.records_per_s <= limit + 1
    assert found.seconds == 10.0
    assert found is tried[-1]


def test_a_collector_that_always_loses_has_no_lossless_rate() -> None:
    found, tried = highest_lossless(collector_that_takes(0.0), 1e6, 8e6, 10.0)
    assert found is None
    assert min(offer.records_per_s for offer in tried) <= 2e4


def test_a_rate_that_the_sender_could_not_keep_is_not_claimed() -> None:
    found, _ = highest_lossless(collector_that_takes(1e12, sender_reaches=3e6), 1e6, 8e6, 10.0)
    assert found is not None
    assert found.records_per_s <= 3e6
