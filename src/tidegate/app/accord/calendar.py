"""What falls due, as a calendar that other programs read (iCalendar, RFC 5545)."""

from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta

from tidegate.accord.reckoning import Standing
from tidegate.accord.spans import parse_span
from tidegate.accord.stages import Stage
from tidegate.app.accord.books import Book
from tidegate.app.accord.views import worded
from tidegate.model.accords import PartyCode
from tidegate.model.organisations import Digest

EVENTS_MAX = 5_000
"""Entries of one calendar, the soonest first."""

KEPT_MAX = 20_000
"""Entries kept as written, for calendars that are fetched again and again; beyond them all are forgotten."""

Key = tuple[Digest, str, int, str]
"""An entry of a calendar: the accord, the instance, when it is due, the language."""


def coming(book: Book, party: PartyCode | None, now_s: int) -> list[Standing]:
    """Open instances with a time, the soonest due first, at most EVENTS_MAX."""
    found = [
        one
        for one in book.reckoning().open(now_s)
        if one.due_s is not None and one.stage in (Stage.DUE, Stage.LATE) and party in (None, one.duty)
    ]
    return found[:EVENTS_MAX]


def icalendar(
    book: Book, standings: Sequence[Standing], language: str, kept: MutableMapping[Key, bytes] | None = None
) -> bytes:
    """One event for each, with an alarm for each lead time; the same input makes the same bytes. What `kept`
    holds from an earlier call is not written anew."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//Tidegate//accord//EN")
    calendar.add("version", "2.0")
    written = {} if kept is None else kept
    if len(written) > KEPT_MAX:
        written.clear()
    events = []
    for one in standings:
        assert one.due_s is not None, "only those with a time"
        key = (book.digest, one.name, one.due_s, language)
        if key not in written:
            written[key] = event_of(book, one, one.due_s, language)
        events.append(written[key])
    before, end, after = calendar.to_ical().rpartition(b"END:VCALENDAR")
    return b"".join((before, *events, end, after))


def event_of(book: Book, one: Standing, due_s: int, language: str) -> bytes:
    """Its stamp is when its clock began, so that a calendar that looks again finds the same event."""
    from icalendar import Alarm, Event

    assert book.force is not None, "something is due under it"
    event = Event()
    event.add("uid", f"{book.digest[:16]}/{one.name}")
    event.add("dtstamp", datetime.fromtimestamp(one.began_s or book.force.entered_s, UTC))
    event.add("dtstart", datetime.fromtimestamp(due_s, UTC))
    event.add("summary", f"{one.obligation.article} {one.obligation.id}: {one.duty} to {one.toward}")
    event.add("description", worded(one.obligation.text, language))
    for lead in one.obligation.remind:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", one.obligation.id)
        alarm.add("trigger", -lead_time(lead))
        event.add_component(alarm)
    return bytes(event.to_ical())


def lead_time(lead: str) -> timedelta:
    """About how long: months and years count as 30 and 365 days here, since a calendar asks for a length."""
    span = parse_span(lead)
    days = {"d": 1, "wd": 1, "w": 7, "mo": 30, "y": 365}
    return timedelta(hours=span.count) if span.unit == "h" else timedelta(days=span.count * days[span.unit])
