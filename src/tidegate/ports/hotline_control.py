"""What people ask of a running node about the hotline, and what it answers; joined in ports.control.

Whoever may open the control socket may ask. Nothing is said in an officer's name but what that officer
signed: `Compose` fixes the bytes, the officer signs them outside the node, `GiveSignature` brings that in.
R2 is a message of form receipt, R3 any other message, with `answers` set: composed and signed like all.
Messages are named by their digest or by enough of its first digits.
"""

from typing import Literal

import msgspec

from tidegate.model.hotline_facts import About, Awaited, Place
from tidegate.model.messages import CodedField, FormName, Mark, OfficerSignature, Pap, Precedence, Tlp
from tidegate.model.organisations import CardOfficer, Digest, Level, OrganisationId
from tidegate.model.remarks import Remark

LISTED_MAX = 200
"""Messages in one list, the newest; `left_out` counts the others."""


class DraftAttachment(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    body: bytes


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All that a person decides about a message; the desk adds sender, nonce, time and end.

    Without `reference` the desk makes one. `answers` is a message's digest, None for a first word.
    """

    recipients: tuple[OrganisationId, ...]
    reference: str
    expires_at_s: int | None
    precedence: Precedence
    level: Level
    mark: Mark
    form: FormName
    accord: str
    answers: Digest | None
    tlp: Tlp
    pap: Pap
    language: str
    fields: tuple[CodedField, ...]
    remarks: str
    attachments: tuple[DraftAttachment, ...]


class Compose(msgspec.Struct, frozen=True, tag=True):
    draft: Draft


class LookBefore(msgspec.Struct, frozen=True, tag=True):
    """What an accord says against a draft as it is; nothing is composed."""

    draft: Draft


class GiveSignature(msgspec.Struct, frozen=True, tag=True):
    """An officer's signature over the content's bytes; the last one that is needed sends the message."""

    message: Digest
    signature: OfficerSignature


class ListInbox(msgspec.Struct, frozen=True, tag=True):
    """Newest first; `unread` leaves out what an officer has opened, but for that which still awaits an answer
    where `owed`. `before` is a fact's number: of messages stored before it, None for the newest."""

    unread: bool
    limit: int
    before: int | None = None
    owed: bool = False


class ListOutbox(msgspec.Struct, frozen=True, tag=True):
    """Newest first; `pending` leaves out what each recipient has answered, refused or will never have.
    `before` as in `ListInbox`, of messages composed before it."""

    pending: bool
    limit: int
    before: int | None = None


class ShowMessage(msgspec.Struct, frozen=True, tag=True):
    """Its exact bytes, and all that is known of it. Showing is no receipt."""

    message: str


class Recall(msgspec.Struct, frozen=True, tag=True):
    """Offer it no more to whoever has not receipted it."""

    message: str
    why: str


class Drill(msgspec.Struct, frozen=True, tag=True):
    """Send a communication check, signed by the station alone; `human` asks for an officer's answer too.
    `asker` goes on record as whoever asks says it."""

    recipients: tuple[OrganisationId, ...]
    human: bool
    asker: str = ""


class ShowHotline(msgspec.Struct, frozen=True, tag=True):
    """The standing board."""


class ExportEnvelopes(msgspec.Struct, frozen=True, tag=True):
    """What a peer has not receipted, with our receipts for it, to be carried by hand.

    Without `messages` everything that is on its way to this peer.
    """

    recipient: OrganisationId
    messages: tuple[str, ...]


class ImportEnvelopes(msgspec.Struct, frozen=True, tag=True):
    """Envelopes that were carried here; `origin` says by what ("file", "qr")."""

    envelopes: tuple[bytes, ...]
    origin: str


HotlineRequest = (
    Compose
    | LookBefore
    | GiveSignature
    | ListInbox
    | ListOutbox
    | ShowMessage
    | Recall
    | Drill
    | ShowHotline
    | ExportEnvelopes
    | ImportEnvelopes
)


class CopyView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message is with one recipient: `stage` as in docs/deliveries.md, each receipt with its time.

    `due_s` is when the `awaited` receipt is late; `overdue` says that it is, and who was told. `word_s` is
    when its coded word came through, which is no receipt.
    """

    recipient: OrganisationId
    stage: str
    since_s: int
    relay: OrganisationId | None
    r1_s: int | None
    r2_s: int | None
    r3_s: int | None
    due_s: int | None
    overdue: Level | None
    why: str
    word_s: int | None = None
    awaited: Awaited | None = None


class SentView(msgspec.Struct, frozen=True, kw_only=True):
    """`signed` are the officers who have signed so far, of the `officers` that must; `lacking` says in words
    what it still waits for. `word` is the code that it says as a coded word, "" for none."""

    about: About
    stage: str
    signed: tuple[str, ...]
    lacking: str
    copies: tuple[CopyView, ...]
    word: str = ""
    officers: int = 0


class ReceivedView(msgspec.Struct, frozen=True, kw_only=True):
    """`fact` is its number in our ledger. `opened_s` and `answered_s` are when our R2 and R3 went out; its
    sender still awaits `awaited` of our officers. `word` as of a SentView."""

    about: About
    officers: tuple[str, ...]
    stored_at_s: int
    fact: int
    path: str
    opened_s: int | None
    answered_s: int | None
    due_s: int | None
    overdue: Level | None
    word: str = ""
    awaited: Awaited | None = None


class WordView(msgspec.Struct, frozen=True, kw_only=True):
    """A coded word that was heard, and whose message has not come: proved by the pairwise key alone."""

    message: Digest
    sender: OrganisationId
    code: str
    mark: Mark
    level: Level
    reference: str
    composed_at_s: int
    heard_at_s: int


class Composed(msgspec.Struct, frozen=True, tag=True):
    """`content` are the bytes to sign; `officers` so many of `level` must."""

    message: Digest
    content: bytes
    level: Level
    officers: int


class Looked(msgspec.Struct, frozen=True, tag=True):
    """The stops among `remarks` keep the message back, as they would keep back `Compose`."""

    remarks: tuple[Remark, ...]


class SignatureTaken(msgspec.Struct, frozen=True, tag=True):
    """On record now. `lacking` says what the message still waits for; empty where it is on its way."""

    stage: str
    lacking: str


class Inbox(msgspec.Struct, frozen=True, tag=True):
    """`left_out` counts those that are not shown among the unread; `older` is the `before` of the next page,
    None where this is the last."""

    messages: tuple[ReceivedView, ...]
    left_out: int
    words: tuple[WordView, ...] = ()
    older: int | None = None


class Outbox(msgspec.Struct, frozen=True, tag=True):
    """`left_out` and `older` as in an Inbox."""

    messages: tuple[SentView, ...]
    left_out: int
    older: int | None = None


class MessageShown(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One of `sent` and `received` is set. `place` is None before it was queued; `facts` are the numbers of
    all facts about it. `attachments` in the content's order."""

    content: bytes
    attachments: tuple[bytes, ...]
    place: Place | None
    sent: SentView | None
    received: ReceivedView | None
    facts: tuple[int, ...]


class Recalled(msgspec.Struct, frozen=True, tag=True):
    """`too_late` are the recipients that have it."""

    too_late: tuple[OrganisationId, ...]


class DrillSent(msgspec.Struct, frozen=True, tag=True):
    message: Digest


class PathView(msgspec.Struct, frozen=True, kw_only=True):
    """One path to a peer. `state` "untried" before anything was heard on it since the node started.

    `reached_permille` is the share of the last 30 days (as far as the node ran) in which it was alive.
    """

    path: str
    state: Literal["alive", "silent", "untried"]
    last_life_s: int | None
    last_failure: str
    round_trip_ms: int | None
    reached_permille: int | None


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the standing board. Answers to drills of the last 30 days: machines' (R1) and people's."""

    organisation: OrganisationId
    name: str
    country: str
    languages: tuple[str, ...]
    card_version: int
    card_until_s: int
    last_life_s: int | None
    paths: tuple[PathView, ...]
    waiting: int
    overdue: int
    unread: int
    last_drill_s: int | None
    drills: int
    machine_answers: int
    human_asked: int
    human_answers: int


class HotlineShown(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`officers` are those on our own card; `findings` what somebody should do something about, in words;
    `words` are coded words whose messages have not come, newest first."""

    organisation: OrganisationId
    name: str
    card_version: int
    card_until_s: int
    epoch: int
    now_s: int
    peers: tuple[PeerView, ...]
    findings: tuple[str, ...]
    officers: tuple[CardOfficer, ...] = ()
    words: tuple[WordView, ...] = ()


class Exported(msgspec.Struct, frozen=True, tag=True):
    """How many envelopes hold a message each, and how many hold receipts, one or several."""

    envelopes: tuple[bytes, ...]
    messages: int
    receipts: int


EnvelopeKind = Literal["message", "receipt", "refusal", "custody", "heartbeat", "card", "relayed", "refused"]
"""What an envelope turned out to hold; "relayed" is for somebody else, "refused" nobody believes."""


class ImportedOne(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one envelope: `kind` of what it held; the message it was about; `words` for people.

    `code` of the labels `carried` says the same where there is one. The words of a message are its form and
    reference; why something was refused is said in English.
    """

    kind: EnvelopeKind
    message: Digest | None
    words: str
    code: str = ""


class Imported(msgspec.Struct, frozen=True, tag=True):
    """`reply` are envelopes to be carried back: receipts for what was stored."""

    envelopes: tuple[ImportedOne, ...]
    reply: tuple[bytes, ...]


HotlineReply = (
    Composed
    | Looked
    | SignatureTaken
    | Inbox
    | Outbox
    | MessageShown
    | Recalled
    | DrillSent
    | HotlineShown
    | Exported
    | Imported
)
