"""Accords out of messages: signed by all or not in force, and the same standing in both ledgers."""

import pytest

from tests.accord.exchange import DAY_S, FILE, HOUR_S, START_S, Exchange, notice, standings, with_fields
from tidegate.accord.force import force_of
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.model.accords import Occurrence
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import decode_accord


def signed() -> Exchange:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    exchange.sign("XB", START_S + HOUR_S)
    return exchange


def stage(exchange: Exchange, name: str, now_s: int) -> str:
    ours, theirs = (standings(exchange.ledger(party), now_s) for party in ("XA", "XB"))
    assert ours == theirs
    return {known: told for known, told, _ in ours}.get(name, "")


def test_an_accord_is_in_force_when_all_have_signed_its_very_bytes() -> None:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    with pytest.raises(NotAllowed, match="XB has not signed"):
        exchange.ledger("XA").current("XA-XB-2028", START_S).reckoning()
    other = Exchange(FILE.replace(b"72h", b"96h"))
    other.sign("XB", START_S + HOUR_S)
    exchange.said += other.said
    with pytest.raises(NotAllowed, match="has not signed"):
        exchange.ledger("XA").current("XA-XB-2028", START_S + DAY_S).reckoning()
    exchange.sign("XB", START_S + 2 * HOUR_S)
    force = exchange.ledger("XB").current("XA-XB-2028", START_S + DAY_S).force
    assert force is not None
    assert force.entered_s == START_S + 2 * HOUR_S


def test_a_desk_binds_no_state_and_a_stranger_signs_nothing() -> None:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    exchange.say(
        "XB", "declaration", START_S, level="desk", attachments=(FILE,), declaration="accord", act="made",
        accord_digest="0" * 64,
    )  # fmt: skip
    assert exchange.ledger("XA").current("XA-XB-2028", START_S).force is None


def test_an_exercise_in_time_and_one_too_late_stand_the_same_on_both_sides() -> None:
    exchange, begins_s = signed(), START_S + 40 * DAY_S
    notice(exchange, "XA", begins_s - 100 * HOUR_S, begins_s, "7")
    notice(exchange, "XB", begins_s - 71 * HOUR_S, begins_s, "7")
    assert stage(exchange, "notice-of-exercise/XA/XB/XA/7", begins_s) == "met"
    assert stage(exchange, "notice-of-exercise/XB/XA/XB/7", begins_s) == "late"


def test_a_notice_counts_from_its_receipt() -> None:
    exchange, begins_s = signed(), START_S + 40 * DAY_S
    notice(exchange, "XA", begins_s - 73 * HOUR_S, begins_s, "8", lag_s=2 * HOUR_S)
    assert stage(exchange, "notice-of-exercise/XA/XB/XA/8", begins_s) == "late"


def test_a_clarification_is_due_48_hours_after_receipt_and_12_in_an_election() -> None:
    exchange, ordinary_s, vote_s = signed(), START_S + 5 * DAY_S, begin_of_day(parse_day("2028-03-05"))
    for asked_s, hours in ((ordinary_s, 47), (vote_s, 47), (vote_s + DAY_S, 11)):
        asked = exchange.say("XA", "clarification-request", asked_s, subject="other", question="known-to-you")
        exchange.say(
            "XB", "clarification-reply", asked_s + hours * HOUR_S, answers=asked, finding="not-known"
        )  # fmt: skip
        told = stage(exchange, f"clarify/XB/XA/{asked}", asked_s + 60 * HOUR_S)
        assert told == ("late" if (asked_s, hours) == (vote_s, 47) else "met")


def test_under_examination_is_no_answer() -> None:
    exchange, asked_s = signed(), START_S + DAY_S
    asked = exchange.say("XA", "clarification-request", asked_s, subject="other", question="known-to-you")
    exchange.say("XB", "clarification-reply", asked_s + HOUR_S, answers=asked, finding="under-examination")
    assert stage(exchange, f"clarify/XB/XA/{asked}", asked_s + 40 * HOUR_S) == "due"


def test_no_clock_runs_on_a_message_that_never_arrived() -> None:
    exchange = signed()
    asked = exchange.say(
        "XA", "clarification-request", START_S + DAY_S, lag_s=None, subject="other", question="known-to-you"
    )  # fmt: skip
    (told,) = [
        known
        for name, known, _ in standings(exchange.ledger("XA"), START_S + 30 * DAY_S)
        if name == f"clarify/XB/XA/{asked}"
    ]
    assert told == "not due"
    assert not [row for row in standings(exchange.ledger("XB"), START_S + 30 * DAY_S) if "clarify" in row[0]]


def test_a_drill_starts_no_clock() -> None:
    exchange = signed()
    exchange.say("XA", "clarification-request", START_S + DAY_S, subject="other", question="known-to-you")
    by, content, attachments, received_s = exchange.said[-1]
    exchange.said[-1] = (by, with_fields(content, mark="DRILL"), attachments, received_s)
    assert not [row for row in standings(exchange.ledger("XB"), START_S + 9 * DAY_S) if "clarify" in row[0]]


def test_a_higher_version_takes_over_and_leaves_what_was_begun() -> None:
    exchange = signed()
    asked_s = START_S + 10 * DAY_S
    asked = exchange.say("XA", "clarification-request", asked_s, subject="other", question="known-to-you")
    exchange.written = FILE.replace(b"version = 1", b"version = 2").replace(b'"48h"', b'"24h"')
    exchange.sign("XA", asked_s + HOUR_S, "amended")
    exchange.sign("XB", asked_s + 2 * HOUR_S, "amended")
    books = exchange.ledger("XA")
    before, after = (books.by_digest[digest] for digest in books.by_digest)
    assert after.force is not None
    assert before.force is not None
    assert before.force.ended_s == after.force.entered_s == asked_s + 2 * HOUR_S
    (old,) = [one for one in before.reckoning().standing(asked_s + 30 * HOUR_S) if asked in one.name]
    assert old.stage == "due"
    assert not [one for one in after.reckoning().standing(asked_s + 30 * HOUR_S) if asked in one.name]


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ([], None),
        (["2032-07-01"], "2033-01-04"),
        (["2032-07-05"], "2038-01-04"),
        (["2035-01-01"], "2038-01-04"),
    ],
)
def test_a_term_is_renewed_unless_notice_came_half_a_year_before(given: list[str], ends: str | None) -> None:
    accord = decode_accord(FILE)
    signed_s = {"XA": START_S, "XB": START_S}
    force = force_of(accord, signed_s, [begin_of_day(parse_day(day)) for day in given])
    assert force is not None
    assert force.ended_s == (None if ends is None else begin_of_day(parse_day(ends)))


@pytest.mark.parametrize(
    ("named", "concerned"),
    [
        ({"prefix": "192.0.2.7/32"}, ("XB-clinics",)),
        ({"prefix": "192.0.2.0/25"}, ("XB-clinics",)),
        ({"prefix": "192.0.2.0/24"}, ()),
        ({"prefix": "2001:db8::/32"}, ()),
        ({"domain": "mail.clinic.example"}, ("XB-clinics",)),
        ({"domain": "example"}, ()),
    ],
)
def test_a_part_of_a_protected_asset_concerns_it_and_what_lies_around_does_not(
    named: dict[str, str], concerned: tuple[str, ...]
) -> None:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    exchange.sign("XB", START_S)
    exchange.say("XA", "clarification-request", START_S + DAY_S, subject="traffic", **named)
    book = exchange.ledger("XB").current("XA-XB-2028", START_S + DAY_S)
    asked = [one for one in book.told if isinstance(one, Occurrence) and one.kind == "clarification-request"]
    assert [one.assets for one in asked] == [concerned]
