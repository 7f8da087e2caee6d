"""Organisations with roots, cards, officers and ledgers, whose exchanges are whole enough to be proved."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.hotline.people import pair, seed
from tidegate.hotline.cards import succession
from tidegate.hotline.several import alone
from tidegate.hotline.signatures import organisation_of
from tidegate.ledger import LeafHashes, leaf_hash
from tidegate.ledger.checkpoints import Head, cosign, log_name, log_origin, sign_head
from tidegate.ledger.notes import Note, NoteKey
from tidegate.model import purposes
from tidegate.model.canonical import Json, canonical_json
from tidegate.model.messages import (
    CodedField,
    Content,
    Frame,
    Heartbeat,
    OfficerSignature,
    Package,
    Receipt,
    SignedHeartbeat,
    SignedReceipt,
)
from tidegate.model.organisations import NO_DIGEST, Card, CardOfficer, Quorum, SignedCard
from tidegate.model.value_bytes import bytes_of, digest_of

NOON_S = 1_790_000_000
EPOCH = 1_789_000_000


@dataclass
class Party:
    """One organisation: `officers` are (name, level). Its ledger is a list of facts' bytes."""

    name: str
    officers: Sequence[tuple[str, str]] = ()
    version: int = 1
    roots: int = 1
    entries: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.organisation = organisation_of(pair(f"{self.name} root 1").public_pair())
        self.log_secret = Ed25519PrivateKey.from_private_bytes(seed(f"{self.name} log"))
        public = self.log_secret.public_key().public_bytes_raw()
        self.log_key = NoteKey(log_name(self.organisation), public)
        self.station = pair(f"{self.name} station")

    def card(self) -> Card:
        roots = tuple(pair(f"{self.name} root {at}").public_pair() for at in range(1, self.roots + 1))
        return Card(
            organisation=self.organisation,
            version=self.version,
            name=self.name,
            country=self.name[:2],
            root=roots[-1],
            former_roots=roots[:-1],
            issued_at_s=NOON_S - 86_400,
            valid_until_s=NOON_S + 86_400 * 365,
            station=self.station.public_pair(),
            log=self.log_key.text,
            certificates=(),
            encryption=(),
            endpoints=(),
            relays=(),
            languages=("en",),
            watch=(),
            officers=tuple(
                CardOfficer(name, level, pair(f"{self.name} {name}").public_pair())  # type: ignore[arg-type]
                for name, level in self.officers
            ),
            quorums=(Quorum("desk", 1), Quorum("centre", 1), Quorum("senior", 2)),
        )

    def signed_card(self) -> SignedCard:
        body = bytes_of(self.card())
        signatures = [pair(f"{self.name} root {self.roots}").sign(purposes.CARD, body)]
        for at in range(1, self.roots):
            words = succession(self.organisation, pair(f"{self.name} root {at + 1}").public_pair())
            signatures.append(pair(f"{self.name} root {at}").sign(purposes.ROOT_CHANGE, words))
        return SignedCard(body, tuple(signatures))

    def content(self, *recipients: "Party", **changes: object) -> Content:
        content = Content(
            version=1,
            sender=self.organisation,
            recipients=tuple(sorted(one.organisation for one in recipients)),
            reference=f"{self.name}/2026/17",
            nonce="0" * 32,
            composed_at_s=NOON_S,
            expires_at_s=None,
            precedence="FLASH",
            level="desk",
            mark="REAL",
            form="free-text",
            accord="",
            answers=None,
            tlp="TLP:AMBER",
            pap="PAP:AMBER",
            language="en",
            fields=(CodedField("purpose", ("information",)),),
            remarks="Flood from your networks towards our name servers.",
            attachments=(),
            extensions=(),
            end=0,
        )
        changed = msgspec.structs.replace(content, **changes)
        counted = len(changed.remarks.encode()) + len(changed.fields) + len(changed.attachments)
        return msgspec.structs.replace(changed, end=counted)

    def package(
        self, content: Content, officers: Sequence[str], serial: int = 1, attachments: Sequence[bytes] = ()
    ) -> Package:
        body = bytes_of(content)
        frame = bytes_of(
            Frame(
                content=digest_of(body),
                correspondence=digest_of(canonical_json([content.sender, sorted(content.recipients)])),
                epoch=EPOCH,
                serial=serial,
                previous=NO_DIGEST,
                framed_at_s=content.composed_at_s + 5,
            )
        )
        signed = tuple(
            OfficerSignature(name, pair(f"{self.name} {name}").sign(purposes.CONTENT, body))
            for name in officers
        )
        return Package(
            content=body,
            officers=signed,
            frame=frame,
            station=alone(self.station.sign(purposes.FRAME, frame)),
            attachments=tuple(attachments),
        )

    def receipt(self, package: Package, sender: "Party", at_s: int = NOON_S + 9) -> SignedReceipt:
        body = bytes_of(
            Receipt(
                message=digest_of(package.content),
                frame=digest_of(package.frame),
                sender=sender.organisation,
                recipient=self.organisation,
                stored_at_s=at_s,
                fact=len(self.entries),
            )
        )
        return SignedReceipt(receipt=body, signature=alone(self.station.sign(purposes.RECEIPT, body)))

    def records(self, kind: str, at_s: int, **told: Json) -> int:
        """The number of the fact in the ledger; only its bytes matter to whoever verifies."""
        number = len(self.entries)
        entry = {"number": number, "at_ms": at_s * 1000, "fact": {"type": kind, **told}}
        self.entries.append(canonical_json(entry))
        return number

    def ledger(self) -> LeafHashes:
        return LeafHashes(leaf_hash(entry) for entry in self.entries)

    def checkpoint(self, size: int | None = None, epoch: int = EPOCH) -> Note:
        frontier = self.ledger().frontier(size)
        head = Head(log_origin(self.organisation, epoch), frontier.size, frontier.root)
        return sign_head(head, self.log_key, self.log_secret.sign)

    def heartbeat(self, peer: "Party", at_s: int, note: Note | None = None) -> SignedHeartbeat:
        """That it has seen the peer's checkpoint `note`, the present one if none is given."""
        seen = cosign(note or peer.checkpoint(), self.log_key, at_s, self.log_secret.sign)
        beat = Heartbeat(
            sender=self.organisation,
            recipient=peer.organisation,
            at_s=at_s,
            card_version=self.version,
            checkpoint=self.checkpoint().whole,
            grown=(),
            witnessed=seen.whole,
            asks=(),
            others=(),
            heard=(),
        )
        body = bytes_of(beat)
        return SignedHeartbeat(heartbeat=body, signature=self.station.sign(purposes.HEARTBEAT, body))
