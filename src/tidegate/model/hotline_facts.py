"""What happens on the hotline and is kept for ever: founding and meeting, sending, storing, receipts.

Facts name blobs (signed cards, contents, packages, envelopes, receipts) by the SHA-256 of their bytes; those
lie in the EnvelopeStore before the fact is recorded. Times inside are whole seconds UTC.
"""

from typing import Literal

import msgspec

from tidegate.model.messages import FormName, Mark, OfficerSignature, Precedence, Tlp
from tidegate.model.organisations import Digest, Level, OrganisationId

Awaited = Literal["R1", "R2", "R3"]
"""Stored durably by the recipient's station; opened by an officer; answered."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a node remembers of a message beside its text: the content's own fields (model.messages).

    `message` is the SHA-256 of the content's bytes, under which they lie in the EnvelopeStore.
    """

    message: Digest
    sender: OrganisationId
    recipients: tuple[OrganisationId, ...]
    reference: str
    composed_at_s: int
    expires_at_s: int | None
    precedence: Precedence
    level: Level
    mark: Mark
    form: FormName
    accord: str
    answers: Digest | None
    tlp: Tlp


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a frame stands in its correspondence (model.messages.Frame); `frame` is its own digest."""

    frame: Digest
    correspondence: Digest
    epoch: int
    serial: int
    previous: Digest


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds in which each receipt is due: R1 after queueing, R2 and R3 after R1. None: not awaited."""

    r1_s: int
    r2_s: int | None
    r3_s: int | None


class OwnCardIssued(msgspec.Struct, frozen=True, tag=True):
    """The node speaks for this organisation, by this card, from now on; `card` is a SignedCard's digest."""

    organisation: OrganisationId
    name: str
    card: Digest
    version: int
    valid_until_s: int


class PeerMet(msgspec.Struct, frozen=True, tag=True):
    """Two officers compared `number`, 60 digits, and found it the same on both sides: first trust.

    `officer` compared it here; `how` says over which channel. `card` is the peer's SignedCard's digest.
    """

    organisation: OrganisationId
    name: str
    card: Digest
    version: int
    valid_until_s: int
    number: str
    officer: str
    how: str


class PeerCardTaken(msgspec.Struct, frozen=True, tag=True):
    """A newer card of a peer holds, and replaces the one before; `root_changed` is loud."""

    organisation: OrganisationId
    name: str
    card: Digest
    version: int
    valid_until_s: int
    root_changed: bool


class PeerLeft(msgspec.Struct, frozen=True, tag=True):
    """An officer ended trust in a peer: nothing of it is believed, and nothing is sent to it any more."""

    organisation: OrganisationId
    officer: str
    why: str


class CardExpiryNeared(msgspec.Struct, frozen=True, tag=True):
    """A card, our own or a peer's, ends soon or has ended: told early, and again at the end."""

    organisation: OrganisationId
    version: int
    valid_until_s: int
    days_left: int


class EpochBegun(msgspec.Struct, frozen=True, tag=True):
    """Serials count from 1 again in `epoch`: the node was founded, restored, or doubts its own past."""

    epoch: int
    why: str


class SerialSpoilt(msgspec.Struct, frozen=True, tag=True):
    """A recipient has another frame of ours with this message's serial: it goes again, in a new place."""

    message: Digest
    recipient: OrganisationId
    refusal: Digest


class MessageComposed(msgspec.Struct, frozen=True, tag=True):
    """Its content is fixed to the byte. It waits for `officers` signatures of its level; none for a check.

    `deadlines` are what its precedence and its accord ask of the recipients.
    """

    about: About
    officers: int
    deadlines: Deadlines


class SignatureGiven(msgspec.Struct, frozen=True, tag=True):
    """An officer of the message's level signed its bytes; the signature held when it came."""

    message: Digest
    signature: OfficerSignature


class MessageAuthorised(msgspec.Struct, frozen=True, tag=True):
    """As many officers as the card asks for have signed: it may go out, and will."""

    message: Digest
    officers: tuple[str, ...]


class MessageQueued(msgspec.Struct, frozen=True, tag=True):
    """It has its place, the station's signature and its envelope, and is offered until each recipient has it.

    `package` and `envelope` are digests of blobs.
    """

    message: Digest
    place: Place
    package: Digest
    envelope: Digest


class EnvelopeMadeAnew(msgspec.Struct, frozen=True, tag=True):
    """The same package is sealed again, because a recipient's encryption key changed."""

    message: Digest
    envelope: Digest


class CustodyTaken(msgspec.Struct, frozen=True, tag=True):
    """A relay signed that it holds the envelope for a recipient until `until_s`; `custody` is a blob."""

    message: Digest
    recipient: OrganisationId
    relay: OrganisationId
    custody: Digest
    until_s: int


class ReceiptCame(msgspec.Struct, frozen=True, tag=True):
    """R1, verified: the recipient's station stored the message as fact `fact` of its own ledger.

    It names one of the frames that the message was given; `receipt` is the SignedReceipt's blob.
    """

    message: Digest
    frame: Digest
    recipient: OrganisationId
    receipt: Digest
    stored_at_s: int
    fact: int


class RefusalCame(msgspec.Struct, frozen=True, tag=True):
    """The recipient's station refuses the message for good, over its signature; `refusal` is a blob."""

    message: Digest
    recipient: OrganisationId
    refusal: Digest
    rule: int
    why: str


class MessageExpired(msgspec.Struct, frozen=True, tag=True):
    """Its time ended before all had it: it is offered no more to whoever has not receipted it."""

    message: Digest


class MessageRecalled(msgspec.Struct, frozen=True, tag=True):
    """It is offered no more to whoever has not receipted it. What was delivered stays delivered."""

    message: Digest
    by: str
    why: str


class MessageStored(msgspec.Struct, frozen=True, tag=True):
    """A peer's message is believed and kept: its receipt, R1, names this fact. `package` is a blob.

    Where it answers a message of ours it is that message's R2 (form receipt) or R3 (any other) too. `size`
    are the bytes that are kept of it here, 0 where they were not counted yet.
    """

    about: About
    officers: tuple[str, ...]
    place: Place
    package: Digest
    path: str
    deadlines: Deadlines
    size: int = 0


class MessageCameAgain(msgspec.Struct, frozen=True, tag=True):
    """A message that we have came in another frame, from a sender that was restored. It is not shown again,
    and its receipt names fact `stored`."""

    message: Digest
    sender: OrganisationId
    place: Place
    package: Digest
    stored: int
    size: int = 0


class CopyMissed(msgspec.Struct, frozen=True, tag=True):
    """A recipient that had receipted the message says now that it does not have it (it was restored from an
    older copy): it is offered again."""

    message: Digest
    recipient: OrganisationId


class MessageRefused(msgspec.Struct, frozen=True, tag=True):
    """A listed peer's message is refused by a numbered rule of tidegate.hotline.correspondence.

    `final` tells the peer so over our signature; else it may hold later (a newer card is on its way).
    """

    sender: OrganisationId
    message: Digest
    package: Digest
    rule: int
    why: str
    final: bool
    size: int = 0


class ForkFound(msgspec.Struct, frozen=True, tag=True):
    """A peer signed two frames for one serial: `known` and `other` are both kept as evidence."""

    sender: OrganisationId
    correspondence: Digest
    epoch: int
    serial: int
    known: Digest
    other: Digest


class DeadlinePassed(msgspec.Struct, frozen=True, tag=True):
    """What is awaited did not come in time; who is told is `level`, one above the last who was told.

    Of a message we sent, `party` is the recipient that owes it. Of one we received, `party` is ourselves.
    """

    message: Digest
    party: OrganisationId
    awaited: Awaited
    due_s: int
    level: Level


class PathChanged(msgspec.Struct, frozen=True, tag=True):
    """A path to a peer fell silent, or came alive; `since_s` is the last sign of life, or the first."""

    organisation: OrganisationId
    path: str
    alive: bool
    since_s: int


class DrillBegun(msgspec.Struct, frozen=True, tag=True):
    """A communication check goes to these peers as `message`; `by` is an officer, or the schedule."""

    message: Digest
    recipients: tuple[OrganisationId, ...]
    human: bool
    by: str


class WordHeard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A peer's coded word came over the datagram path, ahead of the message that it announces.

    It is proved by the pairwise key alone: to us, and to nobody else.
    """

    message: Digest
    sender: OrganisationId
    code: str
    mark: Mark
    level: Level
    reference: str
    composed_at_s: int


class WordCameThrough(msgspec.Struct, frozen=True, tag=True):
    """A recipient's station has heard the word of this message. That is no receipt."""

    message: Digest
    recipient: OrganisationId


class EnvelopeKept(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """We hold a sealed envelope of `sender` for `recipient` until `until_s`, and signed that we do."""

    envelope: Digest
    sender: OrganisationId
    recipient: OrganisationId
    size: int
    until_s: int


class EnvelopeLetGo(msgspec.Struct, frozen=True, tag=True):
    """Our custody of an envelope for this recipient ended: the recipient took it, or its time is over."""

    envelope: Digest
    recipient: OrganisationId
    why: Literal["handed over", "time over"]


HotlineFact = (
    OwnCardIssued
    | PeerMet
    | PeerCardTaken
    | PeerLeft
    | CardExpiryNeared
    | EpochBegun
    | SerialSpoilt
    | MessageComposed
    | SignatureGiven
    | MessageAuthorised
    | MessageQueued
    | EnvelopeMadeAnew
    | CustodyTaken
    | ReceiptCame
    | RefusalCame
    | MessageExpired
    | MessageRecalled
    | MessageStored
    | MessageCameAgain
    | CopyMissed
    | MessageRefused
    | ForkFound
    | DeadlinePassed
    | PathChanged
    | DrillBegun
    | WordHeard
    | WordCameThrough
    | EnvelopeKept
    | EnvelopeLetGo
)
"""What happens on the hotline."""
