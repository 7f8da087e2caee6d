"""The hotline's part of the Situation screen: messages that wait for somebody, and receipts that are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.hotline_rows import (
    CopyRow,
    MessageHead,
    ReceivedRow,
    SentRow,
    names_on,
    received_row,
    sent_row,
)
from tidegate.app.console.hotline_source import HotlineSource
from tidegate.app.hotline.line import ReceivedView, SentView
from tidegate.model.hotline_facts import Awaited
from tidegate.model.messages import Mark, Precedence
from tidegate.model.organisations import Digest, Level, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

ROWS_MAX = 20
"""Messages, and clocks, of the hotline on the Situation screen, the most urgent first; `left_out` counts the
messages beyond."""

ASKED_MAX = 200
"""Messages looked through for them: unread ones, and ours that something is awaited of."""


class ReceiptClock(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that is due at `due_ms`: of ours for a message that came, or of `name` for one that went."""

    message: Digest
    mark: Mark
    precedence: Precedence
    name: str
    came: bool
    awaited: Awaited
    due_ms: int
    overdue: Level | None


class HotlinePart(msgspec.Struct, frozen=True, kw_only=True):
    """`answers` is whether the node that serves the hotline did. `waiting` are messages to be opened or
    answered, `to_sign` drafts that lack a signature of the viewer's level."""

    answers: bool
    waiting: tuple[ReceivedRow, ...] = ()
    to_sign: tuple[SentRow, ...] = ()
    clocks: tuple[ReceiptClock, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class HotlineMoment:
    """What the hotline told at one moment, for every page that looks."""

    answers: bool
    received: Sequence[ReceivedView] = ()
    sent: Sequence[SentView] = ()
    names: Mapping[OrganisationId, str] | None = None


def hotline_moment(source: HotlineSource) -> HotlineMoment | None:
    """None where no hotline is founded. Asked once a second, however many pages are open."""
    if not source.founded():
        return None
    try:
        board = source.line.board()
        received = source.line.inbox(ASKED_MAX, unread=True, owed=True).messages
        sent = source.line.outbox(ASKED_MAX, pending=True).messages
    except (NotAllowed, OutsideFailed):
        return HotlineMoment(answers=False)
    return HotlineMoment(True, received, sent, names_on(board))


def hotline_part(told: HotlineMoment | None, viewer: Viewer) -> HotlinePart | None:
    """Nothing for the wall, and where no hotline is founded."""
    if told is None or viewer.role is Role.WALL:
        return None
    names = told.names or {}
    received = [received_row(one, names, viewer) for one in told.received]
    sent = [sent_row(one, names, viewer) for one in told.sent]
    waiting = sorted((one for one in received if one.waits), key=urgency)
    to_sign = [one for one in sent if one.waits]
    return HotlinePart(
        answers=told.answers,
        waiting=tuple(waiting[:ROWS_MAX]),
        to_sign=tuple(to_sign[:ROWS_MAX]),
        clocks=tuple(clocks_of(received, sent)[:ROWS_MAX]),
        left_out=max(0, len(waiting) - ROWS_MAX) + max(0, len(to_sign) - ROWS_MAX),
    )


def urgency(row: ReceivedRow) -> tuple[bool, int, int]:
    """Real before drill, what is due before what is not, the soonest first."""
    return row.head.mark == "DRILL", row.due_ms or 1 << 53, row.stored_at_ms


def clocks_of(received: Sequence[ReceivedRow], sent: Sequence[SentRow]) -> list[ReceiptClock]:
    """Every receipt that is awaited until a time, the soonest first: what is late leads."""
    awaited: list[tuple[MessageHead, str, bool, ReceivedRow | CopyRow]] = []
    awaited += [(one.head, one.sender_name, True, one) for one in received]
    awaited += [(one.head, copy.name, False, copy) for one in sent for copy in one.copies]
    found = [
        ReceiptClock(
            message=head.message,
            mark=head.mark,
            precedence=head.precedence,
            name=name,
            came=came,
            awaited=due.awaited,
            due_ms=due.due_ms,
            overdue=due.overdue,
        )
        for head, name, came, due in awaited
        if due.awaited is not None and due.due_ms is not None
    ]
    return sorted(found, key=lambda one: one.due_ms)
