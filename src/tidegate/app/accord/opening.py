"""Accords out of a ledger: its facts about messages, newest first, a bounded piece at a time.

Facts can be asked for by kind only from the end, so a ledger is read from there; what is told is then put in
the ledger's order.
"""

from collections.abc import Generator, Iterator
from hashlib import sha256

from tidegate.app.accord.books import PIECE_MAX, Books, Message, Receipt, making, whole
from tidegate.model.canonical import decode_record
from tidegate.model.hotline_facts import MessageQueued, MessageStored, ReceiptCame
from tidegate.model.messages import MESSAGE_BYTES_MAX, Content, Package
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Malformed
from tidegate.model.value_bytes import value_from
from tidegate.ports.facts import FactStore, StoredFact
from tidegate.ports.hotline import EnvelopeStore
from tidegate.ports.outside import OutsideFailed

MessageFact = MessageQueued | MessageStored | ReceiptCame
KINDS = [kind.__name__ for kind in (MessageQueued, MessageStored, ReceiptCame)]


def open_books(store: FactStore, envelopes: EnvelopeStore, own: OrganisationId) -> Books:
    """All accords of a ledger. OutsideFailed when the store fails or lacks what its facts name."""
    return whole(reading(store, envelopes, own, store.head().size))


def reading(
    store: FactStore, envelopes: EnvelopeStore, own: OrganisationId, size: int
) -> Generator[None, None, Books]:
    """The accords that the first `size` facts make: yields after each piece, and returns them."""
    pieces: list[list[Message | Receipt]] = []
    for page in pages_of(store, 0, size):
        pieces.append([one for fact in page for one in told_by(envelopes, own, *fact)])
        yield
    told = [one for piece in reversed(pieces) for one in piece]
    messages = [one for one in told if isinstance(one, Message)]
    return (yield from making(messages, [one for one in told if isinstance(one, Receipt)]))


def told_since(
    store: FactStore, envelopes: EnvelopeStore, own: OrganisationId, number: int
) -> Iterator[Message | Receipt]:
    """Messages under accords and their receipts, told by the facts from `number` on, in their order."""
    for fact_number, at_ms, fact in facts_of(store, number):
        yield from told_by(envelopes, own, fact_number, at_ms, fact)


def facts_of(store: FactStore, since: int) -> Iterator[tuple[int, int, MessageFact]]:
    """(number, at ms, fact) of every fact about messages from number `since` on, in order."""
    for page in reversed(list(pages_of(store, since, store.head().size))):
        yield from page


def pages_of(store: FactStore, since: int, before: int) -> Iterator[list[tuple[int, int, MessageFact]]]:
    """The newest page first, each in the ledger's order."""
    while before > since and (page := store.latest(KINDS, before, PIECE_MAX)):
        before = page[-1].number
        yield [
            (stored.number, stored.at_ms, fact_in(stored))
            for stored in reversed(page)
            if stored.number >= since
        ]


def fact_in(stored: StoredFact) -> MessageFact:
    fact = decode_record(stored.body).fact
    assert isinstance(fact, (MessageQueued, MessageStored, ReceiptCame)), "only these were asked for"
    return fact


def told_by(
    envelopes: EnvelopeStore, own: OrganisationId, number: int, at_ms: int, fact: MessageFact
) -> Iterator[Message | Receipt]:
    if isinstance(fact, ReceiptCame):
        yield Receipt(fact.message, fact.recipient, fact.stored_at_s, number)
        return
    if isinstance(fact, MessageStored) and not fact.about.accord:
        return
    message = found(envelopes, fact, number, at_ms, own)
    if message.content.accord:
        yield message
        if not message.ours:
            yield Receipt(message.digest, own, message.at_s, number)


def found(
    envelopes: EnvelopeStore,
    fact: MessageQueued | MessageStored,
    number: int,
    at_ms: int,
    own: OrganisationId,
) -> Message:
    """The message that a fact tells of; OutsideFailed where its bytes are not there, or are not its bytes."""
    body = envelopes.get(fact.package)
    if body is None:
        raise lost(f"the package {fact.package} that fact {number} names")
    try:
        package = value_from(Package, body, 2 * MESSAGE_BYTES_MAX)
        content = value_from(Content, package.content, MESSAGE_BYTES_MAX)
    except Malformed as refusal:
        raise lost(f"the package {fact.package} of fact {number} ({refusal})") from refusal
    digest = sha256(package.content).hexdigest()
    return Message(digest, content, package.attachments, number, at_ms // 1_000, content.sender == own)


def lost(what: str) -> OutsideFailed:
    remedy = "See `tidegate ledger verify`, and restore the database from a copy."
    return OutsideFailed(f"the database lacks {what}", "the envelope store", remedy)
