"""The collector's time never steps backwards, whatever happens to the host's clock."""

from hypothesis import given
from hypothesis import strategies as st

from tests.stand_ins import HandClock
from tidegate.adapters.clock import SLIGHT_MS, SteadyClock, WallClock

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


class Host:
    """A wall clock that can be set, and a machine whose time only passes."""

    def __init__(self) -> None:
        self.wall = HandClock(START_MS)
        self.passed_ms = 0
        self.steady = SteadyClock(self.wall, lambda: self.passed_ms * 1_000_000)

    def after(self, ms: int, *, set_by_ms: int = 0) -> int:
        """What the steady clock tells after so much time, with the wall clock set in it."""
        self.passed_ms += ms
        self.wall.at_ms += ms + set_by_ms
        return self.steady.now_ms() - START_MS


def test_the_wall_clock_is_followed() -> None:
    host = Host()
    assert [host.after(ms) for ms in (0, 5, 1000)] == [0, 5, 1005]
    assert host.steady.behind_ms == 0


def test_a_step_forward_is_followed_at_once() -> None:
    host = Host()
    told = [host.after(5), host.after(10, set_by_ms=HOUR_MS), host.after(5)]
    assert told == [5, HOUR_MS + 15, HOUR_MS + 20]
    assert host.steady.behind_ms == 0


def test_after_a_step_back_time_goes_on_at_the_machines_pace() -> None:
    host = Host()
    assert [host.after(5), host.after(10, set_by_ms=-HOUR_MS), host.after(1000)] == [5, 15, 1015]
    assert host.steady.behind_ms == HOUR_MS


def test_a_clock_that_is_set_right_again_is_followed_again() -> None:
    host = Host()
    told = [
        host.after(5),
        host.after(10, set_by_ms=-HOUR_MS),
        host.after(10, set_by_ms=HOUR_MS),
        host.after(10),
    ]
    assert told == [5, 15, 25, 35]
    assert host.steady.behind_ms == 0


def test_a_slight_step_back_is_waited_for() -> None:
    host = Host()
    told = [host.after(500), host.after(10, set_by_ms=-SLIGHT_MS // 2), host.after(300), host.after(300)]
    assert told == [500, 500, 500, 610]
    assert host.steady.behind_ms == 0


@given(st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([0, 0, -400, -HOUR_MS, HOUR_MS, 77]))))
def test_no_time_is_before_an_earlier_one_and_none_is_lost(steps: list[tuple[int, int]]) -> None:
    host = Host()
    told = [host.after(0)]
    for ms, set_by_ms in steps:
        told.append(host.after(ms, set_by_ms=set_by_ms))
        assert told[-1] >= told[-2]
        behind_ms = told[-1] - (host.wall.at_ms - START_MS)
        assert behind_ms >= 0
        assert host.steady.behind_ms == behind_ms or behind_ms < SLIGHT_MS
        assert host.steady.behind_ms in (0, behind_ms)


def test_the_real_clocks_go_together() -> None:
    steady, wall = SteadyClock(WallClock()), WallClock()
    before, told, after = wall.now_ms(), steady.now_ms(), wall.now_ms()
    assert before <= told <= after
