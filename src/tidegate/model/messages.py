"""What goes over the hotline: content that officers sign, the frame that numbers it, and machine notes.

Bytes that are signed are always the canonical bytes (docs/decisions/0004) of one of these values, behind a
purpose that no other signature shares (tidegate.hotline.signatures). Times are whole seconds UTC.
"""

from typing import Final, Literal, get_args

import msgspec

from tidegate.model.organisations import Digest, Level, OrganisationId, SignaturePair, StationSignature

Precedence = Literal["FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE"]
PRECEDENCES: tuple[Precedence, ...] = ("FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE")
Tlp = Literal["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"]
Pap = Literal["PAP:RED", "PAP:AMBER", "PAP:GREEN", "PAP:CLEAR"]
Mark = Literal["REAL", "DRILL"]
FormName = Literal[
    "check",
    "receipt",
    "notice",
    "incident",
    "clarification-request",
    "clarification-reply",
    "assistance-request",
    "consultation-call",
    "declaration",
    "free-text",
]
FORMS: tuple[FormName, ...] = get_args(FormName)

RECIPIENTS_MAX = 16
"""Recipients of one message; each costs 1.6 KB of its envelope's header."""
FIELDS_MAX = 64
"""Coded fields of one message; the longest form has about twenty."""
VALUES_MAX = 64
"""Values of one coded field: prefixes, networks, services that a notice names one by one."""
REMARKS_CHARACTERS_MAX = 8_192
"""Characters of free text, four pages; more belongs into an attachment."""
ATTACHMENTS_MAX = 8
"""Files that travel with one message."""
EXTENSIONS_MAX = 8
"""Fields of later versions in one message."""
GROWTHS_MAX = 4
"""Sizes asked of a peer's ledger at once, and proofs given; whatever is asked beyond waits its turn."""
OTHERS_MAX = 16
"""Checkpoints of third organisations in one heartbeat; further ones are told in later heartbeats."""
MESSAGE_BYTES_MAX = 1 << 20
"""Content, frame, signatures and attachments of one message together, before sealing."""


class CodedField(msgspec.Struct, frozen=True):
    """One field of a form: `values` are codes of its vocabulary, numbers, times or plain identifiers,
    as the form says (tidegate.hotline.forms). Every language renders the same codes."""

    name: str
    values: tuple[str, ...]


class Attachment(msgspec.Struct, frozen=True):
    """A file that travels beside the content, named in it by its hash."""

    name: str
    media_type: str
    size: int
    sha256: Digest


class Extension(msgspec.Struct, frozen=True):
    """A later version's field. A reader that does not know a critical one refuses the message."""

    name: str
    critical: bool
    value: str


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What officers sign: who says what to whom, whole. Its SHA-256 is the message's one identity.

    `recipients` are all of them, sorted, never the sender. `reference` is for people ("XA-CERT/2026/17").
    `nonce`, 32 hex digits, keeps two equal messages apart. `answers` is the digest of the message that this
    one answers. `accord` and its article, where it is sent under one, else empty. `language` is the
    authoritative one of `remarks`. `end` is what the end-of-message line says: the number of bytes of
    `remarks`, plus its fields, plus its attachments; it guards texts that people copy by hand.
    """

    version: Literal[1]
    sender: OrganisationId
    recipients: tuple[OrganisationId, ...]
    reference: str
    nonce: str
    composed_at_s: int
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
    attachments: tuple[Attachment, ...]
    extensions: tuple[Extension, ...]
    end: int


class OfficerSignature(msgspec.Struct, frozen=True):
    """An officer's signature over the content's bytes."""

    officer: str
    signature: SignaturePair


class Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place of one message in a correspondence: one sender and one exact set of recipients.

    `serial` counts from 1 in each `epoch`; `previous` is the digest of the frame before it, NO_DIGEST for
    the first of an epoch. An epoch begins when a node is founded or restored from a copy, and is the time of
    that in seconds: a restored node never uses a serial twice.
    """

    content: Digest
    correspondence: Digest
    epoch: int
    serial: int
    previous: Digest
    framed_at_s: int


class Package(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """A whole message as it is sealed: exact bytes and the signatures over them."""

    content: bytes
    officers: tuple[OfficerSignature, ...]
    frame: bytes
    station: StationSignature
    attachments: tuple[bytes, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """R1: the recipient's station stored this message durably, as fact `fact` of its ledger."""

    message: Digest
    frame: Digest
    sender: OrganisationId
    recipient: OrganisationId
    stored_at_s: int
    fact: int


class SignedReceipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """`receipt` are the canonical bytes of a Receipt, signed by the recipient's station."""

    receipt: bytes
    signature: StationSignature


class SignedReceipts(msgspec.Struct, frozen=True, kw_only=True, tag="receipts"):
    """Several receipts to one sender, signed at once by the recipient's station, as they travel. Whoever
    takes them keeps each by itself, as a SignedReceipt with its place among them."""

    receipts: tuple[bytes, ...]
    signature: SignaturePair


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recipient's station will not take this message, however often it comes: by which rule, and why."""

    message: Digest
    frame: Digest
    sender: OrganisationId
    recipient: OrganisationId
    refused_at_s: int
    rule: int
    why: str


class SignedRefusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """`refusal` are the canonical bytes of a Refusal, signed by the recipient's station."""

    refusal: bytes
    signature: SignaturePair


class Custody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay took an envelope (by the digest of its bytes) and will hand it on until `until_s`."""

    envelope: Digest
    relay: OrganisationId
    recipient: OrganisationId
    taken_at_s: int
    until_s: int


class SignedCustody(msgspec.Struct, frozen=True, kw_only=True, tag="custody"):
    custody: bytes
    signature: SignaturePair


class Heard(msgspec.Struct, frozen=True):
    """What a station has of one correspondence: all serials of `epoch` up to `through`, some `beyond`."""

    correspondence: Digest
    epoch: int
    through: int
    beyond: tuple[int, ...]


class Growth(msgspec.Struct, frozen=True):
    """A consistency proof (RFC 9162 section 2.1.4): the first `size` facts of the ledger are how the
    checkpoint beside which it stands began."""

    size: int
    proof: tuple[bytes, ...]


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign of life from one station to one peer. `checkpoint` is the signed note of its ledger, with the
    witnesses' cosignatures that it has; `witnessed` is the peer's own checkpoint as last cosigned here, ""
    before the first. `asks` are sizes of the peer's ledger from which its next checkpoint shall be proved,
    `grown` are such proofs of the sender's, as the peer asked last. `others` are checkpoints of third
    organisations as the sender saw them: whoever shows two histories to two peers is found by that.
    """

    sender: OrganisationId
    recipient: OrganisationId
    at_s: int
    card_version: int
    checkpoint: str
    grown: tuple[Growth, ...]
    witnessed: str
    asks: tuple[int, ...]
    others: tuple[str, ...]
    heard: tuple[Heard, ...]


class SignedHeartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat"):
    heartbeat: bytes
    signature: SignaturePair


class CardNews(msgspec.Struct, frozen=True, kw_only=True, tag="card"):
    """The sender's newest card, as canonical bytes of a SignedCard."""

    card: bytes


class SignalKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fresh 32-byte key for datagrams from `recipient` to `sender`, until `until_s`."""

    sender: OrganisationId
    recipient: OrganisationId
    key: bytes
    until_s: int


class SignedSignalKey(msgspec.Struct, frozen=True, kw_only=True, tag="signal-key"):
    signal_key: bytes
    signature: SignaturePair


WORD_BYTES_MAX = 1_152
"""A coded word: what one datagram carries beside its seal."""


class FlashWord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coded word, in one datagram under the pairwise key: it announces the message whose digest it names,
    and says the code that stands in that message's field `word`. Canonical bytes, as all else."""

    version: Literal[1]
    code: str
    mark: Mark
    level: Level
    message: Digest
    reference: str
    composed_at_s: int


Sealed = (
    Package
    | SignedReceipt
    | SignedReceipts
    | SignedRefusal
    | SignedCustody
    | SignedHeartbeat
    | CardNews
    | SignedSignalKey
)
"""Whatever is sealed to peers; which of these it is, only they can tell."""


COMMITMENT_BYTES: Final = 32
WRAPPED_BYTES: Final = 1120 + 32 + 16
"""The encapsulation of HPKE, and the content key sealed behind it with its tag."""
BUCKETS: Final = tuple(1 << power for power in range(10, 22))
"""Lengths of a plaintext: whoever listens learns one of these twelve and no more."""
TAG_BYTES: Final = 16


class Wrap(msgspec.Struct, frozen=True):
    """The content key for one recipient: HPKE (RFC 9180, ML-KEM-768 + X25519) to its key `key_id`."""

    recipient: OrganisationId
    key_id: str
    wrapped: bytes


class EnvelopeHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a relay can read. `commitment` binds the one content key that can open it."""

    suite: Literal["TG1"]
    commitment: bytes
    wraps: tuple[Wrap, ...]
    expires_at_s: int


class Envelope(msgspec.Struct, frozen=True):
    """A sealed message: `header` as read, `header_bytes` as they came, and the ciphertext."""

    header: EnvelopeHeader
    header_bytes: bytes
    ciphertext: bytes
