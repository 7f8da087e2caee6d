"""The endpoints of the Hotline screen: the board, messages, and drafts that officers' keys make messages.

None of them says anything in an officer's name: what is laid down waits for signatures that are made where
the keys are. A communication check is the station's own word, and needs none.
"""

from tidegate.app.console.access import Right
from tidegate.app.console.drafting import (
    DraftAsked,
    DrillAsked,
    DrillStarted,
    LaidDown,
    Measured,
    PreviewAsked,
    PreviewView,
    TakeBack,
)
from tidegate.app.console.endpoint import BYTES, Done, Endpoint
from tidegate.app.console.hotline_forms import FormsView
from tidegate.app.console.hotline_views import HotlineView, InboxPage, MessageView, OutboxPage
from tidegate.app.console.witnesses import WitnessesView

DRAFT_BYTES_MAX = 3 << 19
"""Longest draft in a request: a message of a mebibyte has room in it with its files in base64."""

HOTLINE: tuple[Endpoint, ...] = (
    Endpoint(
        "hotline",
        "GET",
        "/api/hotline",
        Right.MESSAGES,
        HotlineView,
        "Peers and paths, and the newest messages.",
    ),
    Endpoint(
        "inbox",
        "GET",
        "/api/hotline/inbox",
        Right.MESSAGES,
        InboxPage,
        "Messages that came, below fact `before`.",
        asks=("before",),
    ),
    Endpoint(
        "outbox",
        "GET",
        "/api/hotline/outbox",
        Right.MESSAGES,
        OutboxPage,
        "Messages of ours, below fact `before`.",
        asks=("before",),
    ),
    Endpoint(
        "message",
        "GET",
        "/api/hotline/messages/{message}",
        Right.MESSAGES,
        MessageView,
        "One message, in `language` beside its sender's; times also in `zone`.",
        asks_text=("language", "zone"),
    ),
    Endpoint(
        "message_bytes",
        "GET",
        "/api/hotline/messages/{message}/bytes",
        Right.MESSAGES,
        BYTES,
        "The exact bytes of a message, whose SHA-256 is its name.",
    ),
    Endpoint(
        "message_bundle",
        "GET",
        "/api/hotline/messages/{message}/bundle",
        Right.MESSAGES,
        BYTES,
        "All evidence about a message in one file, for `tidegate verify`.",
    ),
    Endpoint(
        "witnesses",
        "GET",
        "/api/hotline/witnesses",
        Right.MESSAGES,
        WitnessesView,
        "Our ledger's last checkpoint, and which peers had seen how much of it.",
    ),
    Endpoint(
        "forms",
        "GET",
        "/api/hotline/forms/{language}",
        Right.MESSAGES,
        FormsView,
        "The ten forms, their fields and codes, with labels in one language.",
    ),
    Endpoint(
        "measured",
        "GET",
        "/api/hotline/measured/{number}",
        Right.DRAFT,
        Measured,
        "What was measured of one attack, as fields of an incident notification.",
    ),
    Endpoint(
        "preview",
        "POST",
        "/api/hotline/preview",
        Right.DRAFT,
        PreviewView,
        "A message as its recipients would read it, and what is wrong with it.",
        PreviewAsked,
        body_bytes_max=DRAFT_BYTES_MAX,
    ),
    Endpoint(
        "lay_down",
        "POST",
        "/api/hotline/messages",
        Right.DRAFT,
        LaidDown,
        "Lay a message down, to be signed at the terminal by officers with keys of their own.",
        DraftAsked,
        body_bytes_max=DRAFT_BYTES_MAX,
    ),
    Endpoint(
        "take_back",
        "POST",
        "/api/hotline/messages/{message}/take-back",
        Right.DRAFT,
        Done,
        "Take back what was laid down and nobody has signed.",
        TakeBack,
    ),
    Endpoint(
        "drill",
        "POST",
        "/api/hotline/drills",
        Right.DRAFT,
        DrillStarted,
        "Send a communication check, the station's own word, marked as a drill.",
        DrillAsked,
    ),
)
