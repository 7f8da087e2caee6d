"""What the Hotline screen is made of, asked of the node that serves the hotline and of its record."""

from tidegate.app.console.access import Viewer
from tidegate.app.console.gathering import SILENT, NoSuchThing, Sources, silent
from tidegate.app.console.hotline_rows import names_on, received_row, sent_row, word_rows
from tidegate.app.console.hotline_views import (
    HotlineView,
    InboxPage,
    MessageView,
    OfficerRow,
    OutboxPage,
    ReplyTo,
)
from tidegate.app.console.letters import letter_view, zone_of
from tidegate.app.console.rows import NodeStanding
from tidegate.app.console.witnesses import WitnessesView, witnesses_view
from tidegate.app.hotline.bundles import Prover
from tidegate.app.hotline.line import HotlineShown, MessageShown
from tidegate.app.hotline.reading import Letter, letter_of
from tidegate.app.hotline.writing import Answered, reply_handling
from tidegate.hotline.values import is_value
from tidegate.model.labels import Language
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed

CARRIED = frozenset({"incident", "notice-number", "obligation"})
"""Fields that an answer takes over."""

LISTED_ROWS_MAX = 50
"""Messages that came, and messages of ours, in one list; the page asks for those before the last."""


def hotline_view(sources: Sources, viewer: Viewer) -> HotlineView:
    """The board and the newest messages. A node that does not serve the hotline is told as one that is
    silent, with its own words."""
    source, now_ms = sources.hotline, sources.clock.now_ms()
    if not source.founded():
        return HotlineView(at_ms=now_ms, node=NodeStanding(answers=True), founded=False)
    try:
        board = source.line.board()
        inbox = source.line.inbox(LISTED_ROWS_MAX, unread=False)
        outbox = source.line.outbox(LISTED_ROWS_MAX, pending=False)
    except SILENT as failure:
        return HotlineView(at_ms=now_ms, node=silent(failure), founded=True)
    names = names_on(board)
    return HotlineView(
        at_ms=now_ms,
        node=NodeStanding(answers=True),
        founded=True,
        organisation=board.organisation,
        name=board.name,
        card_until_ms=board.card_until_s * 1000,
        officers=tuple(OfficerRow(name=one.name, level=one.level) for one in board.officers),
        peers=board.peers,
        findings=board.findings,
        words=word_rows(board.words, names, viewer),
        inbox=tuple(received_row(one, names, viewer) for one in inbox.messages),
        inbox_older=inbox.older,
        outbox=tuple(sent_row(one, names, viewer) for one in outbox.messages),
        outbox_older=outbox.older,
        may_draft=viewer.is_officer,
        option=source.option,
    )


def inbox_page(sources: Sources, viewer: Viewer, before: int | None) -> InboxPage:
    must_be_founded(sources)
    names = names_on(sources.hotline.line.board())
    found = sources.hotline.line.inbox(LISTED_ROWS_MAX, unread=False, before=before)
    rows = tuple(received_row(one, names, viewer) for one in found.messages)
    return InboxPage(at_ms=sources.clock.now_ms(), messages=rows, older=found.older)


def outbox_page(sources: Sources, viewer: Viewer, before: int | None) -> OutboxPage:
    must_be_founded(sources)
    names = names_on(sources.hotline.line.board())
    found = sources.hotline.line.outbox(LISTED_ROWS_MAX, pending=False, before=before)
    rows = tuple(sent_row(one, names, viewer) for one in found.messages)
    return OutboxPage(at_ms=sources.clock.now_ms(), messages=rows, older=found.older)


def message_view(
    sources: Sources, viewer: Viewer, message: Digest, language: Language, zone: str
) -> MessageView:
    """NoSuchThing for one that is not on record. Who may not read it gets what lists show of it."""
    board, shown = told_of(sources, message)
    names = names_on(board)
    received = None if shown.received is None else received_row(shown.received, names, viewer)
    sent = None if shown.sent is None else sent_row(shown.sent, names, viewer)
    row = received or sent
    assert row is not None, "a message came, or went"
    head = row.head
    letter = letter_of(shown, board, zone_of(zone)) if head.readable else None
    return MessageView(
        at_ms=sources.clock.now_ms(),
        message=head.message,
        received=received,
        sent=sent,
        letter=letter_view(letter, language) if letter else None,
        reply=reply_to(letter, board) if letter and received else None,
        facts=shown.facts,
        same_node=sources.hotline.same_node,
        may_draft=viewer.is_officer,
        option=sources.hotline.option,
    )


def reply_to(letter: Letter, board: HotlineShown) -> ReplyTo:
    answered = Answered(letter.known.message, letter.content)
    handling = reply_handling(answered, board, letter.content.level)
    return ReplyTo(
        recipients=handling.recipients,
        mark=handling.mark,
        precedence=handling.precedence,
        tlp=handling.tlp,
        pap=handling.pap,
        accord=handling.accord,
        carried=tuple(one for one in letter.content.fields if one.name in CARRIED),
    )


def bytes_of_message(sources: Sources, viewer: Viewer, message: Digest) -> bytes:
    """The exact bytes that officers sign: their SHA-256 is the message's name. NotAllowed for who may not
    read it."""
    return readable_by(sources, viewer, message)[1].content


def bundle_of_message(sources: Sources, viewer: Viewer, message: Digest) -> bytes:
    """All evidence about it in one file, as `tidegate hotline prove` writes it."""
    board, _ = readable_by(sources, viewer, message)
    return Prover(sources.hotline.kept(), board.organisation).prove(message).body


def witnesses(sources: Sources) -> WitnessesView:
    """Who had seen how much of our ledger. NotAllowed where the node has kept nothing yet."""
    must_be_founded(sources)
    board = sources.hotline.line.board()
    shelf = sources.hotline.kept().shelf
    return witnesses_view(shelf, board.organisation, names_on(board), sources.clock.now_ms())


def readable_by(sources: Sources, viewer: Viewer, message: Digest) -> tuple[HotlineShown, MessageShown]:
    board, shown = told_of(sources, message)
    names = names_on(board)
    rows = (
        None if shown.received is None else received_row(shown.received, names, viewer),
        None if shown.sent is None else sent_row(shown.sent, names, viewer),
    )
    if not any(row.head.readable for row in rows if row is not None):
        raise NotAllowed(f"{viewer.name} came in as {viewer.role}; this message is for others to read")
    return board, shown


def told_of(sources: Sources, message: Digest) -> tuple[HotlineShown, MessageShown]:
    """By its whole digest and nothing else: what a page names is one message."""
    must_be_founded(sources)
    if not is_value("digest", message):
        raise NoSuchThing(f"{message[:64]} names no message: that is 64 hex digits")
    board = sources.hotline.line.board()
    try:
        return board, sources.hotline.line.message(message)
    except NotAllowed as refusal:
        raise NoSuchThing(refusal.why) from None


def must_be_founded(sources: Sources) -> None:
    if not sources.hotline.founded():
        raise NoSuchThing("no hotline is founded here: see `tidegate hotline init`")
