"""Two parties live through a year under the bilateral template, and both ledgers tell the same of it."""

import re

import pytest

from tests.accord.exchange import DAY_S, standings
from tests.accord.year import BEGIN_S, Year
from tidegate.accord.next_steps import Step, next_step
from tidegate.adapters.printing import TypstPrinter
from tidegate.app.accord.calendar import Key, coming, icalendar
from tidegate.app.accord.review import html, review_paper
from tidegate.app.accord.views import status, year_view
from tidegate.model.labels import LANGUAGES, Language

END_S = BEGIN_S + 366 * DAY_S


@pytest.fixture(scope="module")
def year() -> Year:
    return Year()


def test_both_sides_show_the_same_standing_all_the_year_through(year: Year) -> None:
    ours, theirs = year.exchange.ledger("XA"), year.exchange.ledger("XB")
    for day in range(2, 366, 14):
        assert standings(ours, BEGIN_S + day * DAY_S) == standings(theirs, BEGIN_S + day * DAY_S)


@pytest.mark.parametrize(
    ("what", "stage"),
    [
        ("in time", "met"),
        ("too late", "late"),
        ("incident", "late"),
        ("answered", "met"),
        ("never answered", "late"),
    ],
)
def test_each_event_of_the_year_stands_as_the_accord_says(year: Year, what: str, stage: str) -> None:
    known = {name: told for name, told, _ in standings(year.exchange.ledger("XA"), END_S)}
    assert known[year.names[what]] == stage


def test_the_missed_check_is_late_and_the_others_are_met(year: Year) -> None:
    known = {name: told for name, told, _ in standings(year.exchange.ledger("XB"), END_S)}
    late = [name for name, told in known.items() if name.startswith("check-channel/") and told == "late"]
    assert late == ["check-channel/XB/XA/4"]


def test_what_was_never_answered_leads_to_a_consultation_and_to_no_accusation(year: Year) -> None:
    reckoning = year.exchange.ledger("XA").current("XA-XB-2028", END_S).reckoning()
    (one,) = [found for found in reckoning.open(END_S) if found.name == year.names["never answered"]]
    assert next_step(one, "XA") is Step.CALL
    assert next_step(one, "XB") is Step.ACT_LATE
    assert not [found for found in reckoning.standing(END_S) if found.stage == "breached"]


def test_the_pledge_is_in_force_between_both(year: Year) -> None:
    view = status(year.exchange.ledger("XB").current("XA-XB-2028", END_S), "XB", None, END_S, closed=True)
    assert view.in_force["no-first-strike"] == [("XA", "XB")]
    assert view.counts["notice-of-exercise"] == {"met": 1, "late": 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_review_pack_is_whole_in_every_language(year: Year, language: Language) -> None:
    book = year.exchange.ledger("XA").current("XA-XB-2028", END_S)
    paper = review_paper(book, year_view(book, "XA", 2028, END_S), language)
    assert [bool(section.rows) for section in paper.sections] == [True] * 7
    page = html(paper)
    assert "http://" not in page.replace("http-equiv", "")
    assert ('dir="rtl"' in page) == (language in ("fa", "ar"))
    assert page == html(review_paper(book, year_view(book, "XA", 2028, END_S), language))


def test_a_review_before_the_year_is_over_calls_nobody_late_of_what_is_due_later() -> None:
    whole = Year()
    now_s = BEGIN_S + 40 * DAY_S
    whole.exchange.said = [one for one in whole.exchange.said if one[1].composed_at_s <= now_s]
    book = whole.exchange.ledger("XA").current("XA-XB-2028", now_s)
    view = year_view(book, "XA", 2028, now_s)
    assert view.late
    assert all(one.due_s is not None and one.due_s <= now_s for one in view.late)
    assert [one for one in view.open if one.due_s is not None and one.due_s > now_s]
    assert any("February 10, 2028" in line for line in review_paper(book, view, "en").lines)
    after = year_view(book, "XA", 2028, END_S + 2 * DAY_S)
    assert after.late
    assert after.as_of_s is None


def test_the_review_pack_prints_the_same_bytes_twice(year: Year) -> None:
    book = year.exchange.ledger("XA").current("XA-XB-2028", END_S)
    paper = review_paper(book, year_view(book, "XA", 2028, END_S), "fa")
    once, again = TypstPrinter().pdf(paper), TypstPrinter().pdf(paper)
    assert once.startswith(b"%PDF")
    assert once == again


def test_the_calendar_is_read_by_others(year: Year) -> None:
    from icalendar import Calendar

    now_s = BEGIN_S + 100 * DAY_S
    book = year.exchange.ledger("XA").current("XA-XB-2028", now_s)
    due = coming(book, "XA", now_s)
    made = icalendar(book, due, "ru")
    read = Calendar.from_ical(made)
    assert len(read.walk("VEVENT")) == len(due) > 3
    assert made == icalendar(book, due, "ru")
    kept: dict[Key, bytes] = {}
    assert icalendar(book, due[1:], "ru", kept) != made
    first, other = dict(kept), icalendar(book, due, "fa", kept)
    assert icalendar(book, due, "ru", kept) == made
    assert first.items() <= kept.items(), "what was written is not written anew"
    assert other == icalendar(book, due, "fa")
    assert re.search(rb"TRIGGER:-P\d+D", made)
