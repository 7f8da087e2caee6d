"""What the hotline needs of the outside: keys, a store for envelopes, and paths to peers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidegate.model.organisations import Card, Digest, Endpoint, OrganisationId, PublicPair, SignaturePair


class PairSigner(Protocol):
    """One hybrid private key: a root's, a station's or an officer's.

    In a file under a passphrase, or its classical half in a token (PKCS#11).
    """

    def public_pair(self) -> PublicPair:
        """NotAllowed where the key may not be used or does not open; OutsideFailed where it is not there."""

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair:
        """Both signatures over `purpose`, a zero byte, and `message`. Errors as above."""


class LogSigner(Protocol):
    """The Ed25519 key (RFC 8032) of the node's ledger: it signs its checkpoints, and cosigns those of peers.

    A key of its own, in a file of the station's folder: C2SP notes are signed without a purpose in front.
    """

    def verifier_key(self) -> str:
        """As it stands on the card (`Card.log`): `tidegate.ledger.notes.NoteKey` as text, whose name is
        `tidegate/` and the organisation. Errors as a PairSigner's."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes over the message as it is."""


class Opener(Protocol):
    """The private halves of the encryption keys that are still kept."""

    def key_ids(self) -> Sequence[str]: ...

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        """The content key (32 bytes) out of a wrap; NotAllowed where the key is gone or does not fit."""


class EnvelopeStore(Protocol):
    """Bytes by their SHA-256: packages that were composed, envelopes that came, custody of relayed ones.

    `put` is durable when it returns, and putting the same bytes twice is once. Facts name what lies here by
    its digest, and are recorded after it, or in one transaction with it (tidegate.ports.facts.Addition). One
    thread uses it. Every call may raise OutsideFailed.
    """

    def put(self, blobs: Sequence[bytes]) -> list[Digest]: ...

    def get(self, digest: Digest) -> bytes | None:
        """None where it was never put, or was dropped."""

    def drop(self, digests: Sequence[Digest]) -> None:
        """Relayed envelopes after their time; nothing else is ever dropped."""

    def bytes_held(self) -> int: ...


@dataclass(frozen=True, slots=True)
class AnchorMark:
    """How far the node had come: its epoch, and how many frames it had made in all."""

    epoch: int
    framed: int


class Anchor(Protocol):
    """A mark beside the database, that tells an older copy of the database from the one that was in use.

    It is written before the facts that it counts. A node whose database does not agree with its mark, or that
    finds none, begins a new epoch: no serial is ever used twice. It is never part of a back-up.
    """

    def read(self) -> AnchorMark | None:
        """None where there is none, or it makes no sense. OutsideFailed where it cannot be read."""

    def write(self, mark: AnchorMark) -> None:
        """Durable when it returns; OutsideFailed where that fails, and then either mark may be there."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Sealed envelopes that came over one path. `peer` is whom the path itself proved to be at the other
    end, None where it proves nobody (files). `answer`, where there is one, sends envelopes back the same
    way; it is called once, soon, and never blocks."""

    path: str
    peer: OrganisationId | None
    envelopes: tuple[bytes, ...]
    answer: Callable[[Sequence[bytes]], None] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one offer went: `why` is empty where the other end took it (which is no receipt). `ticket` is the
    one that the offer was given."""

    path: str
    peer: OrganisationId
    endpoint: Endpoint
    why: str
    round_trip_ms: int
    ticket: int = 0


class Path(Protocol):
    """One kind of way to peers: HTTPS, signal datagrams. Parts of it may run in threads of their own.

    Nothing here is believed: what arrives is sealed and signed, or it is refused. What the other end sends
    back with its answer comes as an Arrival.
    """

    @property
    def name(self) -> str: ...

    def start(self) -> None:
        """OutsideFailed where it cannot listen."""

    def stop(self) -> None: ...

    def know(self, own: Card, peers: Sequence[Card]) -> None:
        """Whom to admit and where they are, from now on. Bytes of anyone else cost constant work."""

    def takes(self, envelopes: Sequence[bytes]) -> int:
        """How many of these, from the first on, one offer takes; 0 where the first is too large for it."""

    def offer(
        self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes], ticket: int = 0
    ) -> bool:
        """Begin to hand these over; never blocks. False where the path is full or has no such endpoint.
        Several offers to one endpoint may be under way; their outcomes bear their tickets.

        Without envelopes it asks whether anybody is there, and for what waits. NotAllowed for more than
        it `takes`.
        """

    def outcomes(self) -> Sequence[Outcome]:
        """What came of offers since the last call."""

    def arrivals(self) -> Sequence[Arrival]:
        """What came since the last call; never waits. One without envelopes asks for what waits."""


class SignalPath(Path, Protocol):
    """A path of datagrams under pairwise keys (model.messages.SignalKey); it carries words beside envelopes.

    A word is coded, short and proved by the pairwise key alone: it announces, and is never believed as a
    message is.
    """

    def use_keys(
        self, receive: Mapping[OrganisationId, Sequence[bytes]], send: Mapping[OrganisationId, bytes]
    ) -> None:
        """From now on: the keys that we gave to peers, and the one that each peer gave to us."""

    def say(self, peer: OrganisationId, endpoint: Endpoint, word: bytes) -> bool:
        """Begin to say a word, again and again until it was heard; how that went, `said` tells.

        False as for `offer`; NotAllowed for a word that is too long.
        """

    def said(self) -> Sequence[tuple[bytes, Outcome]]:
        """What came of words since the last call, each with its word; `why` is empty where it was heard."""

    def words(self) -> Sequence[tuple[OrganisationId, bytes]]:
        """Who said what since the last call."""
