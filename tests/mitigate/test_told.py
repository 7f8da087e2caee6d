"""Until when telemetry has told: as late as the bulk of the bytes comes, and now where nothing is late."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegate.mitigate.told import TOLD_SHARE, told_until_ms
from tidegate.model.flows import FlowRows, empty_rows

NOW_MS = 1_800_000_000_000
RECORDS = st.lists(st.tuples(st.integers(-5, 90_000), st.integers(0, 10**6)), max_size=30)


def records(*told: tuple[int, int]) -> tuple[FlowRows, np.ndarray, np.ndarray, int]:
    """Records by how late they came after they began, and their bytes."""
    rows = empty_rows(len(told))
    received_ms = np.full(len(told), NOW_MS - 500, np.int64)
    rows["start_ms"] = received_ms - np.array([late for late, _ in told], np.int64)
    rows["end_ms"], rows["bytes"], rows["sampling_rate"] = received_ms, [octets for _, octets in told], 1
    return rows, np.ones(len(told)), received_ms, NOW_MS


def test_a_moment_is_told_once_the_latest_of_the_flows_has_come_to_its_end() -> None:
    assert told_until_ms(*records((500, 100), (2_500, 100), (1_500, 100))) == NOW_MS - 2_500


def test_one_connection_that_lasts_for_hours_holds_up_nothing() -> None:
    many = [(1_500, 1_000)] * 200
    assert told_until_ms(*records(*many, (7_200_000, 1_000))) == NOW_MS - 1_500


def test_silence_is_told_until_now() -> None:
    assert told_until_ms(*records()) == NOW_MS
    assert told_until_ms(*records((60_000, 0))) == NOW_MS


@given(RECORDS)
def test_at_most_a_hundredth_of_the_bytes_may_be_later(told: list[tuple[int, int]]) -> None:
    late_ms = NOW_MS - told_until_ms(*records(*told))
    assert late_ms >= 0
    total = sum(octets for _, octets in told)
    assert sum(octets for late, octets in told if late > late_ms) <= (1 - TOLD_SHARE) * total + 1e-6
    assert not total or late_ms in [max(late, 0) for late, _ in told]
