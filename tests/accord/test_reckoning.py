"""The engine of clocks agrees with its slow twin over random accords, tellings and times."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.accord.small_accords import ENTERED_S, LONG_S, MOMENTS, accords, tellings
from tests.naive import standing as naive
from tidegate.accord.reckoning import Force, Reckoning, standing
from tidegate.model.accords import Accord, Told

ENDS = st.sampled_from([None, ENTERED_S + LONG_S // 2])


def as_said(found: list) -> dict[str, naive.Answer]:  # type: ignore[type-arg]
    return {one.name: (str(one.stage), one.due_s, one.kept_s) for one in found}


@st.composite
def stories(draw: st.DrawFn) -> tuple[Accord, list[Told], int, int | None]:
    accord = draw(accords())
    return accord, draw(tellings(accord)), draw(MOMENTS), draw(ENDS)


@settings(max_examples=400, deadline=None)
@given(stories())
def test_every_standing_is_what_the_slow_model_says(
    story: tuple[Accord, list[Told], int, int | None],
) -> None:
    accord, told, now_s, ended_s = story
    found = as_said(standing(accord, Force(ENTERED_S, ended_s), told, now_s))
    assert found == naive.standing(accord, ENTERED_S, ended_s, told, now_s)


@settings(max_examples=150, deadline=None)
@given(stories(), st.lists(MOMENTS, min_size=1, max_size=4))
def test_asking_in_between_changes_no_later_answer(
    story: tuple[Accord, list[Told], int, int | None], asked: list[int]
) -> None:
    accord, told, now_s, ended_s = story
    force = Force(ENTERED_S, ended_s)
    curious = Reckoning(accord, force)
    for number, one in enumerate(told):
        curious.hear(one)
        curious.standing(asked[number % len(asked)])
    expected = as_said(standing(accord, force, told, now_s))
    found = as_said(curious.standing(now_s))
    assert {name: found[name] for name in expected} == expected
    # Windows made for a later question stay, and have not begun at an earlier one.
    assert all(found[name][0] == "not due" for name in found.keys() - expected.keys())
