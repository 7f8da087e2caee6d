"""Two ledgers of one exchange, reconciled by files that the parties send each other."""

import msgspec
import pytest

from tests.accord.exchange import DAY_S, HOUR_S, START_S, Exchange
from tidegate.app.accord.books import Book
from tidegate.app.accord.reconciling import (
    account_bytes,
    account_in,
    account_of,
    side_by_side,
    span_of_days,
)
from tidegate.hotline.attachments import MEDIA_TYPES
from tidegate.model.refusals import NotAllowed
from tidegate.wire.attached import media_type_of

BEGIN_S, UNTIL_S = START_S, START_S + 30 * DAY_S


def exchange() -> Exchange:
    made = Exchange()
    made.sign("XA", START_S)
    made.sign("XB", START_S + HOUR_S)
    asked = made.say("XA", "clarification-request", START_S + DAY_S, subject="other", question="known-to-you")
    made.say("XB", "clarification-reply", START_S + 2 * DAY_S, answers=asked, finding="not-known")
    made.say("XB", "free-text", START_S + 3 * DAY_S, purpose="thanks")
    return made


def books(made: Exchange) -> tuple[Book, Book]:
    ours, theirs = (made.ledger(party).current("XA-XB-2028", UNTIL_S) for party in ("XA", "XB"))
    return ours, theirs


def test_two_ledgers_of_one_exchange_tell_the_same() -> None:
    ours, theirs = books(exchange())
    sent = account_bytes(account_of(theirs, "XB", BEGIN_S, UNTIL_S))
    found = side_by_side(ours, "XA", "f" * 64, account_in(sent))
    assert (found.theirs, found.differing, found.skewed) == ("XB", (), ())
    assert found.same == len(account_of(ours, "XA", BEGIN_S, UNTIL_S).happened) > 5


def test_the_file_may_travel_with_a_message() -> None:
    _, theirs = books(exchange())
    assert media_type_of(account_bytes(account_of(theirs, "XB", BEGIN_S, UNTIL_S))) in MEDIA_TYPES


def test_what_never_arrived_stands_in_one_account_only() -> None:
    made = exchange()
    made.say("XB", "free-text", START_S + 4 * DAY_S, lag_s=None, purpose="goodwill")
    ours, theirs = books(made)
    found = side_by_side(ours, "XA", "f" * 64, account_of(theirs, "XB", BEGIN_S, UNTIL_S))
    assert [one.agreement for one in found.differing] == ["only theirs"]


def test_a_thing_told_otherwise_is_shown_with_both_facts_and_what_differs() -> None:
    ours, theirs = books(exchange())
    told = account_of(theirs, "XB", BEGIN_S, UNTIL_S)
    changed = msgspec.structs.replace(
        told, happened=tuple(msgspec.structs.replace(one, at_s=one.at_s + 60) for one in told.happened[:1])
        + told.happened[1:]
    )  # fmt: skip
    (row,) = side_by_side(ours, "XA", "f" * 64, changed).differing
    assert (row.agreement, row.differs) == ("different", ("at_s",))
    assert row.ours is not None
    assert row.theirs is not None
    assert row.ours.fact != row.theirs.fact


def test_clocks_that_differ_are_flagged_from_either_account() -> None:
    made = exchange()
    made.say("XA", "free-text", START_S + 5 * DAY_S, lag_s=-600, purpose="thanks")
    ours, theirs = books(made)
    found = side_by_side(ours, "XA", "f" * 64, account_of(theirs, "XB", BEGIN_S, UNTIL_S))
    assert {(one.sender, one.by, one.seconds) for one in found.skewed} == {("XA", "XB", 600)}


def test_days_are_whole_and_in_order() -> None:
    assert span_of_days("2028-01-03", "2028-01-03") == (START_S, START_S + DAY_S)
    with pytest.raises(NotAllowed, match="is before"):
        span_of_days("2028-01-03", "2028-01-01")
    with pytest.raises(NotAllowed, match="no account"):
        account_in(b"{}")
