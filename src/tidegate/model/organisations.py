"""Who stands at the other end of the hotline: organisations, their cards, and the officers on them.

Every signature of the hotline is a pair, one classical and one post-quantum (FIPS 204), and holds only
where both do. Times are whole seconds since 1970-01-01T00:00:00Z.
"""

from typing import Literal

import msgspec

Level = Literal["desk", "centre", "senior"]
LEVELS: dict[Level, int] = {"desk": 0, "centre": 1, "senior": 2}
"""In the order of climbing; who speaks for one level speaks for no other."""

OrganisationId = str
"""SHA-256, in hex, of the canonical bytes of the first root key: it never changes, whatever name it takes."""

Digest = str
"""SHA-256 in 64 lower-case hex digits."""

NO_DIGEST: Digest = "0" * 64
"""Where nothing came before."""

NAME_MAX = 64
"""Characters of an organisation's or an officer's name: what fits a line."""
OFFICERS_ON_CARD_MAX = 64
"""Officers on one card; a larger staff speaks by names of office."""
ENDPOINTS_MAX = 8
"""Ways in on one card; each is tried for every urgent message."""
ENCRYPTION_KEYS_MAX = 4
"""Encryption keys on one card: the present one, the next, and room for an early change."""
CARD_BYTES_MAX = 1 << 20
"""Room for the largest card that the other bounds allow: each officer's pair of keys is 2.7 KB."""


class PublicPair(msgspec.Struct, frozen=True):
    """The public halves of one hybrid signing key.

    `classical` is an Ed25519 key (RFC 8032, 32 bytes raw) or, for keys in a token, a P-384 point
    (SEC 1, 97 bytes uncompressed, ECDSA with SHA-384); `classical_kind` tells which.
    `post_quantum` is an ML-DSA-65 key (FIPS 204, 1,952 bytes).
    """

    classical_kind: Literal["ed25519", "p384"]
    classical: bytes
    post_quantum: bytes


class SignaturePair(msgspec.Struct, frozen=True):
    """Both signatures over the same bytes; ECDSA as DER."""

    classical: bytes
    post_quantum: bytes


SEVERAL_MAX = 32
"""Byte strings under one pair of signatures: with so many, signing costs next to nothing for each."""


class Among(msgspec.Struct, frozen=True):
    """The place of a byte string among `count` that were signed at once: its number, counted from 0, and its
    inclusion path (RFC 9162 section 2.1.3.1), the nearest sibling first."""

    number: int
    count: int
    path: tuple[bytes, ...]


class StationSignature(msgspec.Struct, frozen=True, omit_defaults=True):
    """A station's signatures over one byte string alone, or `among` others that it signed at once
    (tidegate.hotline.several). Alone it is written as any pair of signatures."""

    classical: bytes
    post_quantum: bytes
    among: Among | None = None


class CardOfficer(msgspec.Struct, frozen=True):
    """An officer speaks for one level. `name` may be a name of office."""

    name: str
    level: Level
    key: PublicPair


class EncryptionKey(msgspec.Struct, frozen=True):
    """One ML-KEM-768 + X25519 key (1,216 bytes) for sealing to this organisation.

    `key_id` is the first 16 bytes of the SHA-256 of `public`, in hex. `suite` is the suite it is for (TG1):
    a sender passes over keys of suites that it does not know. Senders seal to the key with the latest
    `from_s` that has begun; it may open what was sealed before `until_s`.
    """

    key_id: str
    suite: str
    public: bytes
    from_s: int
    until_s: int


class Endpoint(msgspec.Struct, frozen=True):
    """One way in. `host` is an address or a name; a name is a convenience, never a proof."""

    kind: Literal["https", "udp"]
    host: str
    port: int


class Quorum(msgspec.Struct, frozen=True):
    """How many officers of a level sign what that level says."""

    level: Level
    officers: int


class Watch(msgspec.Struct, frozen=True):
    """Hours of the week, Monday 00:00 UTC first, in which the level answers: begin <= hour < end."""

    level: Level
    begin_hour: int
    end_hour: int


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that one organisation says of itself, signed by its root; a higher version replaces a lower one.

    `root` is the root key that signs this card; `former_roots` are those before it, the first of which
    names the organisation. `station` is the key of its machine: it signs receipts, frames and heartbeats,
    never content. `log` is the verifier key of its ledger's checkpoints (C2SP signed note). `certificates`
    are the TLS certificates, DER, that its nodes present, pinned by peers. `languages` are those it reads,
    BCP 47, the preferred one first. An officer or key that is not on the newest card counts no more.
    """

    organisation: OrganisationId
    version: int
    name: str
    country: str
    root: PublicPair
    former_roots: tuple[PublicPair, ...]
    issued_at_s: int
    valid_until_s: int
    station: PublicPair
    log: str
    certificates: tuple[bytes, ...]
    encryption: tuple[EncryptionKey, ...]
    endpoints: tuple[Endpoint, ...]
    relays: tuple[OrganisationId, ...]
    languages: tuple[str, ...]
    watch: tuple[Watch, ...]
    officers: tuple[CardOfficer, ...]
    quorums: tuple[Quorum, ...]


class SignedCard(msgspec.Struct, frozen=True):
    """`card` are the canonical bytes of a Card, `signatures` first the present root's over them, then one of
    each former root, in their order, over its successor: so the line of roots can be followed from any of
    them, whichever card one knew last."""

    card: bytes
    signatures: tuple[SignaturePair, ...]
