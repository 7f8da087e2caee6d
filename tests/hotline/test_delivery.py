"""The table of deliveries, its page, and the clocks of receipts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hotline.deliveries_page import PAGE, page
from tidegate.hotline.backoff import FIRST_MS, FLASH_MS_MAX, LONGEST_MS, is_due, wait_ms
from tidegate.hotline.deadlines import NOTHING_AGREED, Agreed, deadlines, overdue
from tidegate.hotline.delivery import DELIVERED, ENDED, MEANING, RECEIPTS, TRANSITIONS, Event, Stage, after
from tidegate.model.hotline_facts import About, Deadlines
from tidegate.model.organisations import LEVELS, Level


def test_the_page_of_deliveries_is_what_the_table_says() -> None:
    assert PAGE.read_text() == page(), "run: uv run python -m tests.hotline.deliveries_page"


def test_every_state_has_a_meaning_and_a_way_to_it() -> None:
    assert set(MEANING) == set(Stage)
    assert set(TRANSITIONS.values()) | {Stage.COMPOSED} == set(Stage)


@given(st.lists(st.sampled_from(list(Event))))
def test_no_way_through_the_table_is_delivered_without_a_receipt(events: list[Event]) -> None:
    stage, receipted = Stage.COMPOSED, False
    for event in events:
        before, stage = stage, after(stage, event)
        receipted |= event in RECEIPTS and stage != before
        assert (stage in DELIVERED) <= receipted
        assert not (before in DELIVERED and stage not in DELIVERED), "what was delivered stays so"


def test_what_an_officer_did_outranks_what_a_station_did() -> None:
    order = [Stage.STORED, Stage.OPENED, Stage.ANSWERED]
    for at, stage in enumerate(order):
        for event, then in RECEIPTS.items():
            assert order.index(after(stage, event)) == max(at, order.index(then))


@pytest.mark.parametrize("ended", ENDED)
def test_a_receipt_that_comes_late_is_the_truth(ended: Stage) -> None:
    assert {after(ended, event) for event in RECEIPTS} == set(DELIVERED)
    assert not any((ended, event) in TRANSITIONS for event in Event if event not in RECEIPTS)


@given(st.integers(1, 10_000), st.sampled_from(sorted(LONGEST_MS)))
def test_waits_grow_to_their_longest_and_no_further(tries: int, precedence: str) -> None:
    longest = LONGEST_MS[precedence]  # type: ignore[index]
    assert FIRST_MS <= wait_ms(tries, longest) <= wait_ms(tries + 1, longest) <= longest
    assert LONGEST_MS["FLASH"] == FLASH_MS_MAX == 60_000


@given(st.integers(0, 1 << 40), st.integers(1, 600_000), st.integers(-(1 << 41), 1 << 41))
def test_no_step_of_the_clock_makes_anybody_wait_long(last: int, wait: int, now: int) -> None:
    """However the clock was set: a wait and a second later, by that clock, it is due."""
    assert is_due(last, wait, now) or is_due(last, wait, now + wait + 1_000)
    assert not is_due(last, wait, last)


def about(**changes: object) -> About:
    known = {
        "message": "0" * 64,
        "sender": "a" * 64,
        "recipients": ("b" * 64,),
        "reference": "XA-1",
        "composed_at_s": 0,
        "expires_at_s": None,
        "precedence": "IMMEDIATE",
        "level": "desk",
        "mark": "REAL",
        "form": "incident",
        "accord": "",
        "answers": None,
        "tlp": "TLP:AMBER",
    }
    return About(**(known | changes))  # type: ignore[arg-type]


def test_what_is_awaited_follows_from_form_precedence_and_accord() -> None:
    assert deadlines(about(), False, NOTHING_AGREED) == Deadlines(r1_s=600, r2_s=3_600, r3_s=None)
    assert deadlines(about(form="consultation-call"), False, NOTHING_AGREED).r3_s == 6 * 3_600
    assert deadlines(about(form="check"), False, NOTHING_AGREED) == Deadlines(r1_s=600, r2_s=None, r3_s=None)
    assert deadlines(about(form="check"), True, NOTHING_AGREED).r2_s == 3_600
    under = deadlines(about(accord="XA-XB 2026"), False, Agreed(r2_s=1_800, r3_s=7_200))
    assert under == Deadlines(r1_s=600, r2_s=1_800, r3_s=7_200), "an answer where one is asked for"
    longer = deadlines(about(accord="XA-XB 2026"), False, Agreed(r2_s=9_000, r3_s=None))
    assert longer == Deadlines(r1_s=600, r2_s=3_600, r3_s=None), "and never more time"


@given(st.sampled_from(sorted(LEVELS)), st.integers(1, 100_000), st.integers(0, 1 << 31))
def test_what_is_late_climbs_one_level_at_a_time_and_ends_with_seniors(
    first: Level, allowed_s: int, began_s: int
) -> None:
    told: Level | None = None
    heard = []
    for step in range(1, 6):
        late = overdue("R1", began_s, allowed_s, first, told, began_s + step * allowed_s)
        if late is None:
            break
        assert late.due_s == began_s + step * allowed_s
        assert overdue("R1", began_s, allowed_s, first, told, late.due_s - 1) is None
        told = late.level
        heard.append(late.level)
    assert heard == [level for level in ("desk", "centre", "senior") if LEVELS[level] >= LEVELS[first]]  # type: ignore[index]
