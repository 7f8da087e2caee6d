"""What comes in: opened, judged, stored, recorded, and only then receipted.

1. A package's bytes and its fact are stored, in one transaction, and only then a receipt is signed.
2. A duplicate is receipted again, from what was stored, and changes nothing. The very bytes of an envelope
   that was taken lately are answered as they were then, and opened no more: over bad lines and relays most of
   what comes has come before.
3. Of what a path proved to come from a peer, so much is opened as that peer may bring.
4. What does not hold is counted by its reason; only what a met station signed becomes a fact or an answer.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tidegate.app.hotline.admitting import Admission
from tidegate.app.hotline.framing import begin_epoch
from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.taking import Round, Taken, Taking
from tidegate.hotline.correspondence import (
    NOTE_BYTES_MAX,
    NotBelieved,
    believed_custody,
    believed_receipt,
    believed_refusal,
    must_be_valid,
)
from tidegate.hotline.several import each_receipt
from tidegate.hotline.state import Peer, Sent, copy_for
from tidegate.model import purposes
from tidegate.model.hotline_facts import (
    CustodyTaken,
    MessageQueued,
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
)
from tidegate.model.messages import (
    CardNews,
    Custody,
    Heartbeat,
    Package,
    Receipt,
    Refusal,
    SignedCustody,
    SignedHeartbeat,
    SignedReceipt,
    SignedReceipts,
    SignedRefusal,
    SignedSignalKey,
)
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of, value_from
from tidegate.ports.hotline import Arrival
from tidegate.ports.hotline_control import EnvelopeKind

REASONS_MAX = 256
"""Reasons counted apart; further ones are counted as others."""

ANSWERED_MAX = 1_024
"""Envelopes whose answer is remembered; one that was taken before them is opened and judged again."""

SERIAL_RULE = 7

log = logging.getLogger("tidegate.hotline")


@dataclass(slots=True)
class Heard:
    """What one round brought: who showed life, envelopes to send back to whom, heartbeats that hold.

    `told` of each envelope: what it held, the message it was about, and a code of the labels `carried`, or
    words.
    """

    alive: set[OrganisationId] = field(default_factory=set)
    replies: dict[OrganisationId, list[bytes]] = field(default_factory=dict)
    beats: list[tuple[Heartbeat, bytes]] = field(default_factory=list)
    signal_keys: list[SignedSignalKey] = field(default_factory=list)
    cards_changed: bool = False
    told: list[tuple[EnvelopeKind, Digest | None, str]] = field(default_factory=list)


@dataclass(slots=True)
class Brought:
    """A package to be judged, and the envelope that it came in."""

    package: Package
    path: str
    envelope: Digest


@dataclass(slots=True)
class Came:
    """One round between its judging and its answers."""

    heard: Heard
    brought: list[Brought]
    round: Round


class Intake:
    """Belongs to the node's thread. `relay` takes envelopes for others, or says why not."""

    def __init__(
        self, needs: Needs, relay: Callable[[bytes, OrganisationId | None], Sequence[bytes]] | None
    ) -> None:
        self._needs = needs
        self._relay = relay
        self._taking = Taking(needs)
        self._answered: dict[Digest, tuple[Taken, Peer]] = {}
        self._receipts: dict[tuple[Digest, OrganisationId], tuple[ReceiptCame, bytes]] = {}
        self._admission = Admission()
        self.refused: Counter[str] = Counter()

    def take(self, arrivals: Sequence[Arrival]) -> Heard:
        """OutsideFailed where storing failed: nothing of it is answered then, and senders try again."""
        came = self.judge(arrivals)
        with self._needs.record.together():
            self.store(came)
        return self.answer(came)

    def judge(self, arrivals: Sequence[Arrival]) -> Came:
        """Opened, verified and looked up; packages and receipts are not on record yet."""
        heard = Heard()
        packages: dict[Digest, Brought] = {}
        for arrival in arrivals:
            if arrival.peer is not None:
                heard.alive.add(arrival.peer)
            for envelope in arrival.envelopes:
                self._sort(envelope, arrival, packages, heard)
        brought = [*packages.values()]
        return Came(heard, brought, self._taking.judge([(one.package, one.path) for one in brought]))

    def store(self, came: Came) -> None:
        """On record; OutsideFailed as `take`."""
        self._record_receipts()
        self._taking.store(came.round)

    def answer(self, came: Came) -> Heard:
        """Receipts, for what is stored by now."""
        for one, taken in zip(came.brought, self._taking.answer(came.round), strict=True):
            self._remember(one.envelope, taken)
            self._answer(taken, came.heard)
        return came.heard

    def _remember(self, envelope: Digest, taken: Taken) -> None:
        """As long as the sender's card is the same."""
        peer = self._needs.state.peers.get(taken.sender or "")
        if peer is None or taken.refusal is not None or taken.reply is None:
            return
        if len(self._answered) >= ANSWERED_MAX:
            self._answered.pop(next(iter(self._answered)))
        self._answered[envelope] = taken, peer

    def _came_before(self, envelope: Digest, heard: Heard) -> bool:
        """2."""
        known = self._answered.get(envelope)
        if known is None or self._needs.state.peers.get(known[1].organisation) != known[1]:
            return False
        self._answer(known[0], heard)
        return True

    def _sort(self, envelope: bytes, arrival: Arrival, packages: dict[Digest, Brought], heard: Heard) -> None:
        digest = digest_of(envelope)
        own = self._needs.cards.own().organisation
        try:
            if arrival.peer is not None:
                self._admission.admit(arrival.peer, len(envelope), self._needs.clock.now_ms())  # 3
            if digest in packages or self._came_before(digest, heard):
                return
            if own not in self._needs.seals.recipients(envelope):
                self._hand_on(envelope, arrival, heard)
                return
            value = self._needs.seals.open(envelope, own)
            if isinstance(value, Package):
                packages[digest] = Brought(value, arrival.path, digest)
            else:
                self._note(value, heard)
        except (Malformed, NotAllowed, Full) as refusal:
            self._refuse(refusal, heard)

    def _hand_on(self, envelope: bytes, arrival: Arrival, heard: Heard) -> None:
        if self._relay is None or arrival.peer is None:
            raise NotAllowed("it is for somebody else, and nothing is relayed here")
        heard.replies.setdefault(arrival.peer, []).extend(self._relay(envelope, arrival.peer))
        heard.told.append(("relayed", None, "taken-for-others"))

    def _note(self, value: object, heard: Heard) -> None:
        match value:
            case SignedReceipt():
                self._receipt(value, heard)
            case SignedReceipts():
                self._several_receipts(value, heard)
            case SignedRefusal():
                self._refusal(value, heard)
            case SignedCustody():
                self._custody(value, heard)
            case SignedHeartbeat():
                self._heartbeat(value, heard)
            case CardNews():
                facts = self._needs.cards.news(value.card, self._needs.now_s())
                if facts:
                    self._needs.record.record(*facts)
                    heard.cards_changed = True
                heard.told.append(("card", None, "card-newer" if facts else "card-known"))
            case SignedSignalKey():
                heard.signal_keys.append(value)

    def _several_receipts(self, several: SignedReceipts, heard: Heard) -> None:
        """Each by itself: one that is about nothing at hand keeps no other from counting."""
        for signed in each_receipt(several):
            try:
                self._receipt(signed, heard)
            except (Malformed, NotAllowed) as refusal:
                self._refuse(refusal, heard)

    def _receipt(self, signed: SignedReceipt, heard: Heard) -> None:
        claimed = value_from(Receipt, signed.receipt, NOTE_BYTES_MAX)
        sent, card = self._needs.state.find_sent(claimed.message), self._needs.cards.of(claimed.recipient)
        receipt = believed_receipt(signed, sent, self._own, card, self._needs.holds)
        heard.alive.add(receipt.recipient)
        heard.told.append(("receipt", receipt.message, "r1-stored"))
        copy = copy_for(sent, receipt.recipient) if sent else None
        if copy is not None and copy.receipted == receipt.frame:
            return
        body = bytes_of(signed)
        came = ReceiptCame(
            message=receipt.message,
            frame=receipt.frame,
            recipient=receipt.recipient,
            receipt=digest_of(body),
            stored_at_s=receipt.stored_at_s,
            fact=receipt.fact,
        )
        self._receipts[receipt.message, receipt.recipient] = (came, body)

    def _record_receipts(self) -> None:
        """Those of this round in one transaction."""
        came, self._receipts = self._receipts, {}
        if came:
            bodies = [body for _, body in came.values()]
            self._needs.record.record(*(fact for fact, _ in came.values()), keep=bodies)

    def _refusal(self, signed: SignedRefusal, heard: Heard) -> None:
        """Where the recipient has another frame with its serial, the message goes again in a new place."""
        claimed = value_from(Refusal, signed.refusal, NOTE_BYTES_MAX)
        sent, card = self._needs.state.find_sent(claimed.message), self._needs.cards.of(claimed.recipient)
        refusal = believed_refusal(signed, sent, self._own, card, self._needs.holds)
        heard.alive.add(refusal.recipient)
        heard.told.append(("refusal", refusal.message, refusal.why))
        if sent is None or sent.place is None or sent.place.frame != refusal.frame or sent.spoilt:
            return  # it is about an earlier frame
        body = bytes_of(signed)
        blob = digest_of(body)
        if refusal.rule != SERIAL_RULE:
            fact = RefusalCame(refusal.message, refusal.recipient, blob, refusal.rule, refusal.why)
            self._needs.record.record(fact, keep=[body])
            return
        if sent.place.epoch == self._needs.state.epoch:
            begin_epoch(self._needs, "a recipient has another frame with a serial of ours")
        self._needs.record.record(SerialSpoilt(refusal.message, refusal.recipient, blob), keep=[body])

    def _custody(self, signed: SignedCustody, heard: Heard) -> None:
        claimed = value_from(Custody, signed.custody, NOTE_BYTES_MAX)
        sent = self._sent_in(claimed.envelope)
        custody = believed_custody(signed, sent, self._needs.cards.of(claimed.relay), self._needs.holds)
        heard.alive.add(custody.relay)
        assert sent is not None
        heard.told.append(("custody", sent.about.message, "relay-holds"))
        copy = copy_for(sent, custody.recipient)
        if copy is not None and (copy.relay, copy.relay_until_s) == (custody.relay, custody.until_s):
            return
        body = bytes_of(signed)
        message = sent.about.message
        self._needs.record.record(
            CustodyTaken(message, custody.recipient, custody.relay, digest_of(body), custody.until_s),
            keep=[body],
        )

    def _sent_in(self, envelope: Digest) -> Sent | None:
        """The message at hand that this envelope holds."""
        found = self._needs.record.mentioning([envelope], [MessageQueued])
        for _, record in found:
            if isinstance(record.fact, MessageQueued):
                return self._needs.state.find_sent(record.fact.message)
        return None

    def _heartbeat(self, signed: SignedHeartbeat, heard: Heard) -> None:
        beat = value_from(Heartbeat, signed.heartbeat, 1 << 20)
        card = must_be_valid(self._needs.cards.of(beat.sender), beat.sender, self._needs.now_s())
        if beat.recipient != self._own:
            raise NotBelieved(4, "it is for somebody else")
        if not self._needs.holds(card.station, signed.signature, purposes.HEARTBEAT, signed.heartbeat):
            raise NotBelieved(3, "the station's signature does not hold by its newest card")
        heard.alive.add(beat.sender)
        heard.beats.append((beat, bytes_of(signed)))
        heard.told.append(("heartbeat", None, "alive"))

    def _answer(self, taken: Taken, heard: Heard) -> None:
        if taken.refusal is not None:
            self._refuse(taken.refusal, heard)
        if taken.sender is not None:
            heard.alive.add(taken.sender)
        if taken.sender is not None and taken.reply is not None:
            replies = heard.replies.setdefault(taken.sender, [])
            if taken.reply not in replies:  # it may answer several
                replies.append(taken.reply)
        if taken.refusal is None:
            heard.told.append(("message", taken.message, taken.words))

    def _refuse(self, refusal: Exception, heard: Heard) -> None:
        """4."""
        why = refusal.reason if isinstance(refusal, Malformed) else str(refusal)
        key = why if why in self.refused or len(self.refused) < REASONS_MAX else "others"
        self.refused[key] += 1
        heard.told.append(("refused", None, why))
        log.debug("not taken: %s", why)

    @property
    def _own(self) -> OrganisationId:
        return self._needs.cards.own().organisation
