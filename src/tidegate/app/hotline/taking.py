"""Packages of one round: verified, looked up, stored together in one transaction, and receipted.

The numbered order is that of tidegate.app.hotline.intake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tidegate.app.hotline.needs import Needs, sealed_or_none
from tidegate.hotline.correspondence import (
    Neighbours,
    NotBelieved,
    SerialTaken,
    Signed,
    judge_place,
    place_key,
    read_package,
    verify_package,
)
from tidegate.hotline.deadlines import deadlines, person_asked
from tidegate.hotline.several import sign_receipts
from tidegate.model import purposes
from tidegate.model.canonical import FactRecord
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import (
    ForkFound,
    MessageCameAgain,
    MessageRefused,
    MessageStored,
    Place,
)
from tidegate.model.messages import Package, Receipt, Refusal, SignedReceipt, SignedReceipts, SignedRefusal
from tidegate.model.organisations import SEVERAL_MAX, Digest, OrganisationId
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of

NOTE_KEPT_S = 30 * 86_400
"""A receipt is sealed for a month: a relay or a stick may carry it so long."""

REFUSALS_REMEMBERED_MAX = 1_024
"""Refused packages that are not recorded again when they come again; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one package: the envelope that answers it, and others with it, or why it was refused."""

    sender: OrganisationId | None
    message: Digest | None
    reply: bytes | None
    refusal: Exception | None
    words: str


@dataclass(slots=True)
class Stored:
    """A message that we have: its fact's number, when, and the frames it came in."""

    number: int
    at_s: int
    frames: set[Digest]


@dataclass(frozen=True, slots=True)
class Verified:
    signed: Signed
    body: bytes
    path: str
    attachments: tuple[bytes, ...]
    content: bytes

    def size(self, *, again: bool) -> int:
        """Bytes that are stored of it; of one that came again, the package alone is new."""
        return len(self.body) + (0 if again else len(self.content) + sum(map(len, self.attachments)))


@dataclass(slots=True)
class Known:
    """What is stored about the messages and places of this round, and what this round adds."""

    messages: dict[Digest, Stored]
    places: dict[Digest, Place]
    brought: dict[OrganisationId, int] = field(default_factory=dict)

    def neighbours(self, place: Place) -> Neighbours:
        key = place.correspondence, place.epoch
        here = self.places.get(place_key(*key, place.serial))
        before = self.places.get(place_key(*key, place.serial - 1))
        behind = self.places.get(place_key(*key, place.serial + 1))
        return Neighbours(
            here.frame if here else None,
            before.frame if before else None,
            behind.previous if behind else None,
        )

    def add(self, place: Place) -> None:
        self.places[place_key(place.correspondence, place.epoch, place.serial)] = place


@dataclass(slots=True)
class Round:
    """Packages that came together: those that are refused already, by their place among all; the others, in
    their order, with what is known of them, why one of them is not stored, and what is to be stored."""

    count: int
    results: dict[int, Taken] = field(default_factory=dict)
    verified: list[Verified] = field(default_factory=list)
    known: Known = field(default_factory=lambda: Known({}, {}))
    refused: dict[Digest, Exception] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)


class Taking:
    """Belongs to the node's thread. A round is judged, then stored, then answered: only once what was
    recorded is on disk."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._refused: dict[Digest, None] = {}

    def judge(self, packages: Sequence[tuple[Package, str]]) -> Round:
        round_ = Round(len(packages))
        for at, (package, path) in enumerate(packages):
            try:
                round_.verified.append(self._verified(package, path))
            except (Malformed, NotAllowed) as refusal:
                round_.results[at] = self._refused_taken(package, refusal)
        if round_.verified:
            round_.known = self._known(round_.verified)
            for one in round_.verified:
                self._judge(one, round_)
        return round_

    def _judge(self, one: Verified, round_: Round) -> None:
        try:
            fact = self._fact_for(one, round_.known)
        except (NotBelieved, Full) as refusal:
            round_.refused[one.signed.place.frame] = refusal
            return
        if fact is not None:
            round_.facts.append(fact)
            round_.blobs += [one.body, one.content, *one.attachments]

    def store(self, round_: Round) -> None:  # 1
        """Facts and blobs; of one that the record refuses, the others are stored. OutsideFailed where storing
        failed: nothing is receipted then."""
        if not round_.facts:
            return
        try:
            numbers = self._needs.record.record(*round_.facts, keep=round_.blobs)
        except (NotAllowed, Full):
            self._store_singly(round_)
        else:
            self._number(round_.facts, numbers, round_.known)

    def answer(self, round_: Round) -> list[Taken]:
        """One for each package, in their order."""
        refused, known = round_.refused, round_.known
        taken = [self._taken(one, refused.get(one.signed.place.frame), known) for one in round_.verified]
        answered = iter(self._receipted(round_.verified, taken, known))
        return [round_.results.get(at) or next(answered) for at in range(round_.count)]

    def _verified(self, package: Package, path: str) -> Verified:
        content, _ = read_package(package)
        card = self._needs.cards.of(content.sender)
        own = self._needs.cards.own().organisation
        signed = verify_package(package, own, card, self._needs.holds, self._needs.check, self._needs.now_s())
        return Verified(signed, bytes_of(package), path, package.attachments, package.content)

    def _receipted(self, verified: Sequence[Verified], taken: Sequence[Taken], known: Known) -> list[Taken]:
        """The receipts of one sender go in one envelope, signed at once."""
        owed: dict[OrganisationId, list[int]] = {}
        for at, one in enumerate(taken):
            if one.refusal is None and one.sender is not None:
                owed.setdefault(one.sender, []).append(at)
        results = [*taken]
        for sender, numbers in owed.items():
            for begin in range(0, len(numbers), SEVERAL_MAX):
                some = numbers[begin : begin + SEVERAL_MAX]
                receipts = [self._receipt(verified[at].signed, known) for at in some]
                reply = self._sealed(sign_receipts(self._needs.signer, receipts), sender)
                for at in some:
                    results[at] = replace(taken[at], reply=reply)
        return results

    def _known(self, verified: Sequence[Verified]) -> Known:
        digests: list[Digest] = []
        for one in verified:
            place = one.signed.place
            digests.append(one.signed.about.message)
            digests += [
                place_key(place.correspondence, place.epoch, place.serial + step) for step in (-1, 0, 1)
            ]
        known = Known({}, {})
        found = self._needs.record.mentioning(digests, [MessageStored, MessageCameAgain])
        for _, record in found:
            learn(known, record)
        return known

    def _fact_for(self, one: Verified, known: Known) -> Fact | None:
        """What is new about it; None for a duplicate (2)."""
        about, place = one.signed.about, one.signed.place
        stored = known.messages.get(about.message)
        if stored is not None and place.frame in stored.frames:
            return None
        judge_place(place, known.neighbours(place))
        package, size = digest_of(one.body), one.size(again=stored is not None)
        known.brought[about.sender] = self._with_room(about.sender, size, known)
        known.add(place)
        if stored is not None:
            stored.frames.add(place.frame)
            return MessageCameAgain(about.message, about.sender, place, package, stored.number, size)
        known.messages[about.message] = Stored(-1, 0, {place.frame})
        due = deadlines(about, person_asked(one.signed.content), self._needs.agreed(one.signed.content))
        return MessageStored(about, one.signed.officers, place, package, one.path, due, size)

    def _with_room(self, sender: OrganisationId, size: int, known: Known) -> int:
        """What the sender has brought, with this. Full where its messages take all the room that they may."""
        before = known.brought.get(sender, self._needs.state.brought.get(sender, 0))
        if before + size > self._needs.peer_stored_bytes:
            raise Full("a peer's room on disk", self._needs.peer_stored_bytes)
        return before + size

    def _store_singly(self, round_: Round) -> None:
        for fact in round_.facts:
            try:
                number = self._needs.record.record(fact, keep=round_.blobs)
            except (NotAllowed, Full) as refusal:
                assert isinstance(fact, MessageStored | MessageCameAgain)
                round_.refused[fact.place.frame] = refusal
            else:
                self._number([fact], number, round_.known)

    def _number(self, facts: Sequence[Fact], numbers: Sequence[int], known: Known) -> None:
        for fact, number in zip(facts, numbers, strict=True):
            if isinstance(fact, MessageStored):
                stored = known.messages[fact.about.message]
                received = self._needs.state.find_received(fact.about.message)
                stored.number = number
                stored.at_s = received.stored_at_s if received else self._needs.now_s()

    def _taken(self, one: Verified, refusal: Exception | None, known: Known) -> Taken:
        about = one.signed.about
        if refusal is not None:
            return self._refused_signed(one, refusal)
        stored = known.messages[about.message]
        if stored.number < 0:  # this round could not store it, in whichever frame it came
            return self._refused_signed(one, NotAllowed("it could not be stored now"))
        return Taken(about.sender, about.message, None, None, f"{about.form} {about.reference}")

    def _receipt(self, signed: Signed, known: Known) -> bytes:
        stored = known.messages[signed.about.message]
        return bytes_of(
            Receipt(
                message=signed.about.message,
                frame=signed.place.frame,
                sender=signed.about.sender,
                recipient=self._needs.cards.own().organisation,
                stored_at_s=stored.at_s,
                fact=stored.number,
            )
        )

    def _sealed(
        self, value: SignedReceipt | SignedReceipts | SignedRefusal, recipient: OrganisationId
    ) -> bytes | None:
        card = self._needs.cards.of(recipient)
        assert card is not None, "only a met peer is answered"
        now_s = self._needs.now_s()
        return sealed_or_none(self._needs, value, [card], now_s + NOTE_KEPT_S)

    def _refused_taken(self, package: Package, refusal: Exception) -> Taken:
        """Rules 1 to 6 and 9. What no met station signed is counted, and nothing more."""
        if not isinstance(refusal, NotBelieved) or refusal.rule < 4:
            return Taken(None, None, None, refusal, "")
        content, frame = read_package(package)
        self._note_refusal(content.sender, frame.content, bytes_of(package), refusal)
        if not refusal.final:
            return Taken(content.sender, frame.content, None, refusal, "")
        reply = self._refusal(content.sender, frame.content, digest_of(package.frame), refusal)
        return Taken(content.sender, frame.content, reply, refusal, "")

    def _refused_signed(self, one: Verified, refusal: Exception) -> Taken:
        """Rule 7, or a bound of our own."""
        about, place = one.signed.about, one.signed.place
        if not isinstance(refusal, NotBelieved):
            return Taken(about.sender, about.message, None, refusal, "")
        if isinstance(refusal, SerialTaken):
            self._note_fork(one, refusal)
        else:
            self._note_refusal(about.sender, about.message, one.body, refusal)
        reply = self._refusal(about.sender, about.message, place.frame, refusal)
        return Taken(about.sender, about.message, reply, refusal, "")

    def _refusal(
        self, sender: OrganisationId, message: Digest, frame: Digest, refusal: NotBelieved
    ) -> bytes | None:
        body = bytes_of(
            Refusal(
                message=message,
                frame=frame,
                sender=sender,
                recipient=self._needs.cards.own().organisation,
                refused_at_s=self._needs.now_s(),
                rule=refusal.rule,
                why=refusal.why,
            )
        )
        signed = SignedRefusal(refusal=body, signature=self._needs.signer.sign(purposes.REFUSAL, body))
        return self._sealed(signed, sender)

    def _note_fork(self, one: Verified, refusal: SerialTaken) -> None:
        about, place = one.signed.about, one.signed.place
        if self._is_new(place.frame):
            self._needs.record.record(
                ForkFound(
                    sender=about.sender,
                    correspondence=place.correspondence,
                    epoch=place.epoch,
                    serial=place.serial,
                    known=refusal.known,
                    other=place.frame,
                ),
                keep=[one.body],
            )

    def _note_refusal(
        self, sender: OrganisationId, message: Digest, body: bytes, refusal: NotBelieved
    ) -> None:
        package = digest_of(body)
        if self._is_new(package):
            self._needs.record.record(
                MessageRefused(sender, message, package, refusal.rule, refusal.why, refusal.final, len(body)),
                keep=[body],
            )

    def _is_new(self, digest: Digest) -> bool:
        if digest in self._refused:
            return False
        if len(self._refused) >= REFUSALS_REMEMBERED_MAX:
            self._refused.pop(next(iter(self._refused)))
        self._refused[digest] = None
        return True


def learn(known: Known, record: FactRecord) -> None:
    """A stored fact about a message that came."""
    match record.fact:
        case MessageStored(about=about, place=place):
            stored = Stored(record.number, record.at_ms // 1000, {place.frame})
            known.messages.setdefault(about.message, stored)
            known.add(place)
        case MessageCameAgain(message=message, place=place):
            if message in known.messages:
                known.messages[message].frames.add(place.frame)
            known.add(place)
