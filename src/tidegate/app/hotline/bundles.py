"""A bundle of evidence about one message, made out of the node's stores (docs/hotline.md, "A bundle")."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from tidegate.app.hotline.sightings import around
from tidegate.app.hotline.tiles import CHECKPOINT_NAME
from tidegate.app.node import read_state
from tidegate.app.proofs import prove_growth, prove_inclusion
from tidegate.hotline.state import HotlineState
from tidegate.ledger.checkpoints import Head, epoch_of, read_head
from tidegate.ledger.notes import read_note
from tidegate.ledger.verifier import BUNDLE_BYTES_MAX, Refused, verify
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.evidence import Bundle, LedgerRecord, Sighting
from tidegate.model.hotline_facts import (
    MessageCameAgain,
    MessageComposed,
    MessageQueued,
    MessageStored,
    OwnCardIssued,
    PeerCardTaken,
    PeerMet,
    ReceiptCame,
    RefusalCame,
)
from tidegate.model.messages import (
    Heartbeat,
    Package,
    Receipt,
    Refusal,
    SignedHeartbeat,
    SignedReceipt,
    SignedRefusal,
)
from tidegate.model.organisations import Card, Digest, OrganisationId, SignedCard
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.evidence import Shelf
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore
from tidegate.ports.outside import OutsideFailed

DIGEST_DIGITS = 64
BLOB_BYTES_MAX = 1 << 22
"""Bytes of one stored package, card or heartbeat in a bundle: the largest has room for its base64."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a node keeps: its facts, the blobs of the hotline, and what was seen and shown of ledgers."""

    facts: FactStore
    blobs: EnvelopeStore
    shelf: Shelf


@dataclass(frozen=True, slots=True)
class Proved:
    """The bundle's bytes and what they prove, line by line, as the verifier says it."""

    message: Digest
    body: bytes
    lines: Sequence[str]


def prove(kept: Kept, message: str) -> Proved:
    """All evidence about the message whose digest begins so.

    NotAllowed where there is no such message, or the ledger showed no checkpoint since it was recorded;
    OutsideFailed where a store fails, or holds what does not prove anything any more.
    """
    state = read_state(kept.facts).hotline
    if state.own is None:
        raise NotAllowed("this node has no card yet; `tidegate hotline init` founds an organisation")
    return Prover(kept, state.own.organisation).prove(full_digest(state, message))


def full_digest(state: HotlineState, beginning: str) -> Digest:
    """Messages at hand are found by their first digits; an older one is named whole."""
    if len(beginning) == DIGEST_DIGITS:
        return beginning
    sent = {one.about.message for one in (*state.sent.values(), *state.settled)}
    received = {one.about.message for one in (*state.inbox.values(), *state.read)}
    found = [one for one in sent | received if one.startswith(beginning)]
    if len(found) != 1:
        what = "no message at hand begins" if not found else f"{len(found)} messages begin"
        raise NotAllowed(f"{what} with {beginning!r}; give more digits, or all 64 of an older one")
    return found[0]


class Prover:
    """Gathers what there is; whether it holds, the verifier says at the end."""

    def __init__(self, kept: Kept, own: OrganisationId) -> None:
        self._kept = kept
        self._own = own
        self._note, self._head = self._checkpoint()
        self._epoch = epoch_of(own, self._head.origin)

    def prove(self, message: Digest) -> Proved:
        about = self._about(message)
        receipts = tuple(self._receipts(about))
        packages = list(self._packages(about, message, {frame_of(one) for one in receipts}))
        if not packages:
            raise NotAllowed(f"no message {message[:16]} was sent or stored here")
        answers = [one for one in about if is_answer(one, message)]
        replies = [*self._replies(answers)]
        shown = [one for one in about if worth_showing(one, message)]
        whole = Bundle(
            bundle=1,
            cards=(),
            message=tuple(self._read(digest, Package) for digest in packages),
            receipts=receipts,
            answers=tuple(self._read(digest, Package) for _, digest in replies),
            records=tuple(self._record(one) for one in (*shown, *(one for one, _ in replies))),
        )
        return self._with_cards(message, whole)

    def _checkpoint(self) -> tuple[str, Head]:
        """The last that was cut."""
        body = self._kept.shelf.get(CHECKPOINT_NAME)
        if body is None:
            raise NotAllowed("the ledger has shown no checkpoint yet; start `tidegate hotline serve` once")
        return body.decode(), read_head(read_note(body.decode()).text)

    def _about(self, digest: Digest) -> list[FactRecord]:
        kinds = [MessageQueued, MessageStored, MessageCameAgain, ReceiptCame, RefusalCame, MessageComposed]
        found = self._kept.facts.mentioning([digest], [kind.__name__ for kind in kinds])
        return [decode_record(stored.body) for _, stored in found]

    def _packages(
        self, about: Iterable[FactRecord], message: Digest, answered: set[Digest]
    ) -> Iterator[Digest]:
        """One for each frame that was receipted or refused, or that came; else the last that was made."""
        queued: list[MessageQueued] = []
        for record in about:
            match record.fact:
                case MessageQueued(message=found) if found == message:
                    queued.append(record.fact)
                case MessageStored(about=told, package=package) if told.message == message:
                    yield package
                case MessageCameAgain(message=found, package=package) if found == message:
                    yield package
        yield from (one.package for one in queued if one.place.frame in answered)
        if queued and not answered:
            yield queued[-1].package

    def _receipts(self, about: Iterable[FactRecord]) -> Iterator[SignedReceipt | SignedRefusal]:
        for record in about:
            match record.fact:
                case ReceiptCame(receipt=digest):
                    yield self._read(digest, SignedReceipt)
                case RefusalCame(refusal=digest):
                    yield self._read(digest, SignedRefusal)

    def _replies(self, answers: Iterable[FactRecord]) -> Iterator[tuple[FactRecord, Digest]]:
        """The facts and packages of messages that answer it, a peer's or our own."""
        for record in answers:
            match record.fact:
                case MessageStored(package=package):
                    yield record, package
                case MessageComposed(about=told):
                    for found in self._about(told.message)[::-1]:
                        if isinstance(found.fact, MessageQueued) and found.fact.message == told.message:
                            yield found, found.fact.package
                            break

    def _record(self, record: FactRecord) -> LedgerRecord:
        facts, size = self._kept.facts, self._head.size
        if record.number >= size:
            raise NotAllowed("part of this was recorded since the last checkpoint; try again in a minute")
        (stored,) = facts.facts(record.number, record.number + 1)
        return LedgerRecord(
            fact=stored.body,
            organisation=self._own,
            checkpoint=self._note,
            inclusion=tuple(prove_inclusion(facts, record.number, size)),
            sightings=tuple(self._sightings(record.number)),
        )

    def _sightings(self, number: int) -> Iterator[Sighting]:
        for witness in self._kept.shelf.folders("seen"):
            for size, signed in around(self._kept.shelf, witness, self._epoch, number):
                old, new = sorted((size, self._head.size))
                growth = tuple(prove_growth(self._kept.facts, old, new))
                yield Sighting(heartbeat=value_from(SignedHeartbeat, signed, BLOB_BYTES_MAX), growth=growth)

    def _with_cards(self, message: Digest, whole: Bundle) -> Proved:
        """All cards of whoever has a word in it; then only those on which something rests."""
        parties = {self._own, *parties_of(whole)}
        cards = {party: [*self._cards(party)] for party in sorted(parties)}
        full = msgspec.structs.replace(whole, cards=tuple(one for some in cards.values() for one in some))
        _, used = self._checked(bytes_of(full))
        needed = tuple(one for one in full.cards if name_of(one) in used)
        body = bytes_of(msgspec.structs.replace(whole, cards=needed))
        return Proved(message, body, self._checked(body)[0])

    def _checked(self, body: bytes) -> tuple[list[str], set[tuple[str, int]]]:
        try:
            return verify(body)
        except Refused as refused:
            remedy = "See `tidegate ledger verify`; a copy of the database from before may hold it whole."
            raise OutsideFailed(
                f"what is stored proves nothing ({refused})", self._kept.facts.where, remedy
            ) from None

    def _cards(self, organisation: OrganisationId) -> Iterator[SignedCard]:
        """Oldest first, each version once."""
        kinds = [kind.__name__ for kind in (OwnCardIssued, PeerMet, PeerCardTaken)]
        seen: set[int] = set()
        for _, stored in self._kept.facts.mentioning([organisation], kinds):
            fact = decode_record(stored.body).fact
            assert isinstance(fact, OwnCardIssued | PeerMet | PeerCardTaken)
            if fact.version not in seen and fact.version > max(seen, default=-1):
                seen.add(fact.version)
                yield self._read(fact.card, SignedCard)

    def _read(self, digest: Digest, kind: type[Value]) -> Value:
        body = self._kept.blobs.get(digest)
        try:
            if body is not None:
                return value_from(kind, body, BLOB_BYTES_MAX)
        except Malformed:
            pass
        remedy = "Restore the database from a copy of one moment; `tidegate ledger verify` checks it."
        raise OutsideFailed(f"the blob {digest[:16]} is missing or damaged", self._kept.facts.where, remedy)


def joined(ours: Proved, theirs: bytes) -> Proved:
    """Our bundle with the other side's about the same message: then the recipient's own ledger shows the
    entry that its receipt names. NotAllowed where theirs does not hold, or is about another message."""
    try:
        verify(theirs)
    except Refused as refused:
        raise NotAllowed(f"the other bundle does not hold: {refused}") from None
    one, other = (value_from(Bundle, body, BUNDLE_BYTES_MAX) for body in (ours.body, theirs))
    if {package.content for package in one.message} != {package.content for package in other.message}:
        raise NotAllowed("the other bundle is about another message")
    cards = {name_of(card): card for card in (*one.cards, *other.cards)}
    whole = Bundle(
        bundle=1,
        cards=tuple(cards[name] for name in sorted(cards)),
        message=each_once(one.message, other.message),
        receipts=each_once(one.receipts, other.receipts),
        answers=each_once(one.answers, other.answers),
        records=each_once(one.records, other.records),
    )
    body = bytes_of(whole)
    try:
        return Proved(ours.message, body, verify(body)[0])
    except Refused as refused:
        raise NotAllowed(f"the two bundles contradict each other: {refused}") from None


def each_once(ours: tuple[Value, ...], theirs: tuple[Value, ...]) -> tuple[Value, ...]:
    return (*ours, *(one for one in theirs if one not in ours))


def frame_of(word: SignedReceipt | SignedRefusal) -> Digest:
    if isinstance(word, SignedReceipt):
        return value_from(Receipt, word.receipt, BLOB_BYTES_MAX).frame
    return value_from(Refusal, word.refusal, BLOB_BYTES_MAX).frame


def is_answer(record: FactRecord, message: Digest) -> bool:
    fact = record.fact
    return isinstance(fact, MessageStored | MessageComposed) and fact.about.answers == message


def worth_showing(record: FactRecord, message: Digest) -> bool:
    """Facts about the message itself, whose place in the ledger bounds their time."""
    match record.fact:
        case MessageStored(about=about):
            return about.message == message
        case MessageQueued() | ReceiptCame() | RefusalCame():
            return True
    return False


def parties_of(bundle: Bundle) -> Iterator[OrganisationId]:
    for package in (*bundle.message, *bundle.answers):
        content = msgspec.json.decode(package.content)
        yield content["sender"]
        yield from content["recipients"]
    for record in bundle.records:
        for sighting in record.sightings:
            yield msgspec.json.decode(sighting.heartbeat.heartbeat, type=Heartbeat).sender


def name_of(signed: SignedCard) -> tuple[OrganisationId, int]:
    card = msgspec.json.decode(signed.card, type=Card)
    return card.organisation, card.version
