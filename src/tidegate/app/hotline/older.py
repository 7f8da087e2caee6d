"""Messages that are no longer at hand: read from the store, page by page, as their own facts made them.

The state holds what still matters (tidegate.hotline.state). All else about a message stands in the facts that
mention it; they are heard again, in their order, by the same steps that made the state.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from msgspec.structs import replace

from tidegate.app.hotline.needs import Needs
from tidegate.hotline.state import HotlineState, Line, Peer, Received, Sent
from tidegate.hotline.steps import HOTLINE_STEPS
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.hotline_facts import (
    CopyMissed,
    CustodyTaken,
    DeadlinePassed,
    EnvelopeMadeAnew,
    MessageAuthorised,
    MessageComposed,
    MessageExpired,
    MessageQueued,
    MessageRecalled,
    MessageStored,
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
    SignatureGiven,
    WordCameThrough,
)
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.facts import FactStore

DIGEST_DIGITS = 64

BEGINNINGS_MAX = 16
"""Digests with the same first digits that are looked at; with more, more digits are asked for."""

KINDS = (
    MessageComposed,
    SignatureGiven,
    MessageAuthorised,
    MessageQueued,
    EnvelopeMadeAnew,
    CustodyTaken,
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
    CopyMissed,
    MessageExpired,
    MessageRecalled,
    MessageStored,
    DeadlinePassed,
    WordCameThrough,
)
"""Facts that say what became of one message."""


class Older:
    """Belongs to the node's thread. Every call may raise OutsideFailed."""

    def __init__(self, needs: Needs, store: FactStore) -> None:
        self._needs = needs
        self._store = store

    def composed(self, before: int | None, limit: int) -> tuple[list[Sent], int | None]:
        """Messages of ours, newest first, composed before fact `before`; and where the next page begins."""
        records, after = self._page(MessageComposed, before, limit)
        at_hand = {**self._needs.state.sent, **{one.about.message: one for one in self._needs.state.settled}}
        found: list[Sent] = []
        for record in records:
            assert isinstance(record.fact, MessageComposed)
            message = record.fact.about.message
            sent = at_hand.get(message) or self.sent(message)
            if sent is not None:
                found.append(sent)
        return found, after

    def stored(self, before: int | None, limit: int) -> tuple[list[Received], int | None]:
        """Messages that came, as `composed`."""
        records, after = self._page(MessageStored, before, limit)
        state = self._needs.state
        at_hand = {**state.inbox, **{one.about.message: one for one in state.read}}
        found: list[Received] = []
        for record in records:
            assert isinstance(record.fact, MessageStored)
            message = record.fact.about.message
            received = at_hand.get(message) or self.received(message)
            if received is not None:
                found.append(received)
        return found, after

    def named(self, beginning: str) -> Iterator[Sent | Received]:
        """Messages whose digest begins so."""
        for digest in self._digests(beginning):
            found = self.sent(digest) or self.received(digest)
            if found is not None:
                yield found

    def sent(self, message: Digest) -> Sent | None:
        """A message of ours; None where there is none."""
        state = self._empty()
        for record in self._about(message):
            with suppress(NotAllowed):  # it names it, and was about another
                state = heard(state, record)
        return state.find_sent(message)

    def received(self, message: Digest) -> Received | None:
        """A message that came, with our R2 and R3; None where there is none."""
        received: Received | None = None
        replies: list[MessageComposed] = []
        for record in self._about(message):
            match record.fact:
                case MessageStored(about=about) if about.message == message:
                    state = heard(self._empty(), record)
                    received = state.find_received(message)
                case MessageComposed(about=about) if about.answers == message:
                    replies.append(record.fact)
                case DeadlinePassed() if received is not None:
                    with suppress(NotAllowed):
                        state = heard(state, record)
                        received = state.find_received(message)
        return None if received is None else self._answered(received, replies)

    def _answered(self, received: Received, replies: Sequence[MessageComposed]) -> Received:
        went = {
            record.fact.message: record.at_ms // 1000
            for _, record in self._needs.record.mentioning(
                [reply.about.message for reply in replies], [MessageAuthorised]
            )
            if isinstance(record.fact, MessageAuthorised)
        }
        times = [(went[one.about.message], one.about.form) for one in replies if one.about.message in went]
        if not times:
            return received
        answers = [at_s for at_s, form in times if form != "receipt"]
        opened_s = min(at_s for at_s, _ in times)
        return replace(received, opened_s=opened_s, answered_s=min(answers, default=None), told=None)

    def _about(self, message: Digest) -> list[FactRecord]:
        return [record for _, record in self._needs.record.mentioning([message], KINDS)]

    def _page(self, kind: type, before: int | None, limit: int) -> tuple[list[FactRecord], int | None]:
        begin = self._store.head().size if before is None else before
        found = self._store.latest([kind.__name__], begin, limit + 1)
        shown = [decode_record(one.body) for one in found[:limit]]
        return shown, shown[-1].number if len(found) > limit else None

    def _digests(self, beginning: str) -> Sequence[Digest]:
        if len(beginning) == DIGEST_DIGITS:
            return [beginning]
        found = self._store.digests_beginning(beginning, BEGINNINGS_MAX + 1)
        if len(found) > BEGINNINGS_MAX:
            raise NotAllowed(
                f"more than {BEGINNINGS_MAX} things on record begin with {beginning}; give more digits"
            )
        return found

    def _empty(self) -> HotlineState:
        return HotlineState(own=self._needs.state.own)


def heard(state: HotlineState, record: FactRecord) -> HotlineState:
    """After one more fact. Whom a message is from or for was met, and a serial was the next, when that was
    recorded: here it is taken for granted."""
    fact = record.fact
    match fact:
        case MessageComposed(about=about):
            state = replace(state, peers=met(about.recipients))
        case MessageStored(about=about):
            state = replace(state, peers=met((about.sender,)))
        case MessageQueued(place=place):
            before = Line(place.epoch, place.serial - 1, place.previous)
            lines = {place.correspondence: before} if place.serial > 1 else {}
            state = replace(state, epoch=place.epoch, lines=lines)
        case SerialSpoilt():
            state = replace(state, epoch=state.epoch + 1)
    return HOTLINE_STEPS[type(fact)](state, record.number, record.at_ms, fact)[0]


def met(organisations: Sequence[OrganisationId]) -> dict[OrganisationId, Peer]:
    return {
        one: Peer(organisation=one, name="", card="", version=0, valid_until_s=0, met_at_s=0)
        for one in organisations
    }
