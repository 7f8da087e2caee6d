"""The engine of clocks agrees with its slow twin over random accords, tellings and times."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.accord.small_accords import ENTERED_S, LONG_S, MOMENTS, TEXT, accords, tellings
from tests.naive import standing as naive
from tidegate.accord.reckoning import Force, Reckoning, standing
from tidegate.model.accords import Accord, Every, Languages, Obligation, Occurrence, Party, Receipted, Told
from tidegate.model.accords import Force as InForce

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


@pytest.mark.parametrize("days", [(20,), (3, 20), (20, 3)])
def test_a_check_is_kept_in_the_window_of_its_earliest_receipt_alone(days: tuple[int, ...]) -> None:
    accord = Accord(
        format=1, id="small", version=1, title=TEXT, force=InForce(enters="signature", notice="6mo"),
        languages=Languages(authentic=("fa",)),
        party=(Party(code="XA", name=TEXT), Party(code="XB", name=TEXT)),
        obligation=(Obligation(id="o", article="1", text=TEXT, clock=Every(span="1w"), evidence="check"),),
    )  # fmt: skip
    told: list[Told] = [
        Occurrence(
            fact=0, kind="check", by="XA", toward=("XB",), at_s=ENTERED_S, reference="m", sent_at_s=ENTERED_S
        )
    ]
    for fact, day in enumerate(days, 1):
        told.append(Receipted(fact=fact, reference="m", by="XB", at_s=ENTERED_S + day * 86_400))
    now_s = ENTERED_S + 30 * 86_400
    found = as_said(standing(accord, Force(ENTERED_S), told, now_s))
    assert found == naive.standing(accord, ENTERED_S, None, told, now_s)
    assert [name for name, (stage, _, _) in found.items() if stage == "met"] == [
        "o/XA/XB/2" if days == (20,) else "o/XA/XB/0"
    ]
