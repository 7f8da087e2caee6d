"""The endpoints of the Hotline screen: the board, messages, and drafts that officers' keys make messages.

None of them says anything in an officer's name: what is laid down waits for signatures that are made where
the keys are. A communication check is the station's own word, and needs none.
"""

from tidegate.app.console.access import Right
from tidegate.app.console.endpoint import BYTES, Endpoint
from tidegate.app.console.hotline_views import HotlineView, InboxPage, MessageView, OutboxPage

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
)
