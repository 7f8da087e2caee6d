"""Two accounts of one year side by side, clocks that disagree, and reminders that come before their time."""

from tests.accord.exchange import DAY_S, HOUR_S
from tests.accord.year import BEGIN_S, Year
from tidegate.accord.accounts import SKEW_S, reconcile, skews
from tidegate.accord.next_steps import reminders
from tidegate.model.accords import Occurrence
from tidegate.model.value_bytes import bytes_of

NOW_S = BEGIN_S + 366 * DAY_S


def account(year: Year, party: str) -> list[Occurrence]:
    """What a party's ledger tells, but for plain messages."""
    told = year.exchange.ledger(party).current("XA-XB-2028", NOW_S).told
    return [one for one in told if isinstance(one, Occurrence) and one.kind != "message"]


def test_two_ledgers_of_one_exchange_agree_in_every_row() -> None:
    year = Year()
    rows = reconcile(account(year, "XA"), account(year, "XB"))
    assert len(rows) > 50
    assert {row.agreement for row in rows} == {"same"}


def test_what_one_side_lacks_or_tells_otherwise_is_a_row_and_no_verdict() -> None:
    year = Year()
    ours, theirs = account(year, "XA"), account(year, "XB")
    changed = ours[3]
    ours[3] = type(changed)(**{**fields(changed), "at_s": changed.at_s + HOUR_S})
    rows = [row for row in reconcile(ours, theirs[:-1]) if row.agreement != "same"]
    assert {(row.reference, row.agreement, row.differs) for row in rows} == {
        (changed.reference, "different", ("at_s",)),
        (theirs[-1].reference, "only ours", ()),
    }


def fields(one: Occurrence) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_a_receipt_dated_before_its_message_shows_that_clocks_differ() -> None:
    year = Year()
    at_s = BEGIN_S + 100 * DAY_S
    early = year.exchange.say("XA", "free-text", at_s, lag_s=-SKEW_S - 1, purpose="thanks")
    year.exchange.say("XA", "free-text", at_s, lag_s=-SKEW_S, purpose="thanks")
    (found,) = skews(year.exchange.ledger("XA").current("XA-XB-2028", NOW_S).told)
    assert (found.reference, found.sender, found.by, found.seconds) == (early, "XA", "XB", SKEW_S + 1)


def test_reminders_come_at_their_lead_times_to_the_level_that_owns_the_duty() -> None:
    year = Year()
    now_s = BEGIN_S + 10 * DAY_S
    standings = year.exchange.ledger("XA").current("XA-XB-2028", now_s).reckoning().open(now_s)
    review = [one for one in reminders(standings, "XA") if one.instance.startswith("annual-review/")]
    assert {one.level for one in review} == {"senior"}
    assert {one.party for one in review} == {"XA"}
    days = [(one.due_s - one.at_s) // DAY_S for one in review]
    assert days == [60, 14, 0]


def test_the_accounts_are_made_of_the_same_bytes() -> None:
    year = Year()
    ours, theirs = year.exchange.ledger("XA"), year.exchange.ledger("XB")
    assert [bytes_of(book.accord) for book in ours.by_digest.values()] == [
        bytes_of(book.accord) for book in theirs.by_digest.values()
    ]
