"""Troubles in the log: each is told when it begins and again after a while, and no flood of them fills it."""

import pytest

from tidegate.app.complaints import PROBLEM_TOLD_AGAIN_MS, PROBLEMS_TOLD_MAX, ProblemLog
from tidegate.app.health import Finding, finding


def silent(number: int) -> Finding:
    return finding("silent", f"192.0.2.1#{number}", seconds=130)


def test_a_problem_is_told_when_it_begins_and_again_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    problems = ProblemLog()
    for now_ms in range(0, 2 * PROBLEM_TOLD_AGAIN_MS, 2000):
        problems.tell([silent(1)], now_ms)
    assert len(caplog.records) == 2
    assert "192.0.2.1#1 has sent nothing" in caplog.text


def test_a_problem_that_comes_and_goes_is_not_told_each_time(caplog: pytest.LogCaptureFixture) -> None:
    problems = ProblemLog()
    for now_ms in range(0, 60_000, 2000):
        problems.tell([silent(1)] if now_ms % 4000 else [], now_ms)
    assert len(caplog.records) == 1


def test_a_notice_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    ProblemLog().tell([finding("small_buffer", wanted=2, granted=1)], 0)
    assert not caplog.records


def test_of_very_many_problems_the_first_are_told_and_then_where_the_rest_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    problems = ProblemLog()
    for now_ms in range(0, 60_000, 2000):
        problems.tell([silent(number) for number in range(1000)], now_ms)
    assert len(caplog.records) == PROBLEMS_TOLD_MAX + 1
    assert "tidegate doctor" in caplog.records[-1].message


def test_a_clock_set_back_silences_no_problem(caplog: pytest.LogCaptureFixture) -> None:
    problems = ProblemLog()
    problems.tell([silent(1)], 10**12)
    problems.tell([silent(1)], 10**12 - PROBLEM_TOLD_AGAIN_MS)
    assert len(caplog.records) == 2
