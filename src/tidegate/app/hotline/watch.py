"""What time brings: messages that expire, receipts that are late, and who is told of them."""

from collections.abc import Iterator

from tidegate.app.hotline.needs import Needs
from tidegate.hotline.copies import awaited_of, is_open
from tidegate.hotline.deadlines import Overdue, overdue
from tidegate.hotline.state import Copy, HotlineState, Received, Sent, is_offered
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import Awaited, DeadlinePassed, MessageExpired

WATCHED_AT_ONCE_MAX = 128
"""Facts that one look at the clock makes; what is due beyond follows with the next look."""


class Watch:
    """Belongs to the node's thread; looks once a second at most."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._looked_s: int | None = None

    def turn(self, now_s: int) -> None:
        if now_s == self._looked_s:
            return
        self._looked_s = now_s
        facts = [*due_now(self._needs.state, now_s)][:WATCHED_AT_ONCE_MAX]
        if facts:
            self._needs.record.record(*facts)


def due_now(state: HotlineState, now_s: int) -> Iterator[Fact]:
    for sent in state.sent.values():
        expires_at_s = sent.about.expires_at_s
        if expires_at_s is not None and now_s >= expires_at_s and may_expire(sent):
            yield MessageExpired(sent.about.message)
            continue
        for copy in sent.copies:
            late = overdue_copy(sent, copy, now_s)
            if late is not None:
                yield DeadlinePassed(sent.about.message, copy.recipient, late.awaited, late.due_s, late.level)
    if state.own is not None:
        for received in (*state.inbox.values(), *state.read):
            late = overdue_received(received, now_s)
            if late is not None:
                own = state.own.organisation
                yield DeadlinePassed(received.about.message, own, late.awaited, late.due_s, late.level)


def may_expire(sent: Sent) -> bool:
    return any(sent.place is None or (copy.r1_s is None and is_offered(sent, copy)) for copy in sent.copies)


def overdue_copy(sent: Sent, copy: Copy, now_s: int) -> Overdue | None:
    """Late at the recipient."""
    awaited = awaited_of(copy, sent.deadlines)
    if awaited is None or sent.queued_s is None or not is_open(sent, copy):
        return None
    told = copy.told.level if copy.told is not None and copy.told.awaited == awaited else None
    allowed = {"R1": sent.deadlines.r1_s, "R2": sent.deadlines.r2_s, "R3": sent.deadlines.r3_s}[awaited]
    assert allowed is not None
    return overdue(awaited, began_s(sent, copy, awaited), allowed, sent.about.level, told, now_s)


def began_s(sent: Sent, copy: Copy, awaited: Awaited) -> int:
    """R1 counts from queueing, R2 and R3 from R1."""
    assert sent.queued_s is not None
    return sent.queued_s if awaited == "R1" or copy.r1_s is None else copy.r1_s


def overdue_received(received: Received, now_s: int) -> Overdue | None:
    """Late here: our own officers have not opened it, or not answered it."""
    awaited = owed(received)
    if awaited is None:
        return None
    which, allowed_s = awaited
    told = received.told.level if received.told is not None and received.told.awaited == which else None
    return overdue(which, received.stored_at_s, allowed_s, received.about.level, told, now_s)


def owed(received: Received) -> tuple[Awaited, int] | None:
    """What its sender still awaits of our officers, and in how many seconds since it came."""
    due = received.deadlines
    if due.r2_s is not None and received.opened_s is None:
        return "R2", due.r2_s
    if due.r3_s is not None and received.answered_s is None:
        return "R3", due.r3_s
    return None
