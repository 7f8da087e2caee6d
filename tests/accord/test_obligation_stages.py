"""The table of stages: nothing but evidence meets an obligation, and no clock ever accuses."""

from hypothesis import given
from hypothesis import strategies as st

from tests.accord.standings_page import PAGE, page
from tidegate.accord.stages import MEANING, OPEN, TRANSITIONS, Event, Stage, mark, stage_at

MARKS = st.lists(
    st.builds(mark, st.integers(0, 9), st.sampled_from(list(Event)), st.integers(0, 99)), max_size=12
)


@given(MARKS, st.integers(0, 9))
def test_only_evidence_makes_met_and_only_a_finding_makes_breached(marks: list, now_s: int) -> None:  # type: ignore[type-arg]
    events = {event for at_s, _, event, _ in marks if at_s <= now_s}
    stage = stage_at(marks, now_s)
    assert stage is not Stage.MET or Event.KEPT in events
    assert stage is not Stage.BREACHED or {Event.OVERDUE, Event.FOUND} <= events


@given(MARKS)
def test_what_was_late_is_never_met(marks: list) -> None:  # type: ignore[type-arg]
    stages = [stage_at(marks, now_s) for now_s in range(10)]
    if Stage.LATE in stages:
        assert Stage.MET not in stages[stages.index(Stage.LATE) :]


def test_every_stage_has_a_meaning_and_can_be_reached() -> None:
    assert MEANING.keys() == set(Stage)
    assert set(TRANSITIONS.values()) | {Stage.NOT_DUE} == set(Stage)


def test_whatever_is_open_has_a_way_on() -> None:
    assert {before for (before, _), then in TRANSITIONS.items() if then is not before} >= OPEN


def test_the_page_of_stages_is_what_the_table_says() -> None:
    assert PAGE.read_text() == page()
