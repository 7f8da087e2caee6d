"""The endpoints of accords: reading and downloading; whatever is said under an accord goes by the hotline."""

from tidegate.app.console.access import Right
from tidegate.app.console.accord_incidents import IncidentsView
from tidegate.app.console.accord_views import AccordList, AccordView, DialogueView, PartiesView, PledgesView
from tidegate.app.console.endpoint import CALENDAR, PDF, SHEET, Endpoint

ACCORD: tuple[Endpoint, ...] = (
    Endpoint(
        "accords", "GET", "/api/accords", Right.EVIDENCE, AccordList, "The accords that were signed here."
    ),
    Endpoint(
        "accord",
        "GET",
        "/api/accords/{accord}",
        Right.EVIDENCE,
        AccordView,
        "What is owed under one accord, by clock; with `closed` 1 also what is over.",
        asks=("closed",),
    ),
    Endpoint(
        "accord_parties",
        "GET",
        "/api/accords/{accord}/parties",
        Right.EVIDENCE,
        PartiesView,
        "How each party stands.",
    ),
    Endpoint(
        "accord_incidents",
        "GET",
        "/api/accords/{accord}/incidents",
        Right.EVIDENCE,
        IncidentsView,
        "Incidents as each side sees them.",
    ),
    Endpoint(
        "accord_pledges",
        "GET",
        "/api/accords/{accord}/pledges",
        Right.EVIDENCE,
        PledgesView,
        "Registers of guarantees and pledges.",
    ),
    Endpoint(
        "accord_dialogue",
        "GET",
        "/api/accords/{accord}/dialogue",
        Right.EVIDENCE,
        DialogueView,
        "Tracks of dialogue, each on its own.",
    ),
    Endpoint(
        "accord_calendar",
        "GET",
        "/api/accords/{accord}/calendar/{language}",
        Right.EVIDENCE,
        CALENDAR,
        "What falls due, of `party` or of all, as iCalendar (RFC 5545).",
        asks_text=("party",),
    ),
    Endpoint(
        "accord_review",
        "GET",
        "/api/accords/{accord}/review/{year}/{language}",
        Right.EVIDENCE,
        SHEET,
        "The review pack of a year, as one page of its own.",
    ),
    Endpoint(
        "accord_print",
        "GET",
        "/api/accords/{accord}/review/{year}/{language}/print",
        Right.EVIDENCE,
        PDF,
        "The review pack of a year, for the printer.",
    ),
)
