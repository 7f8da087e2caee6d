"""What the hotline's parts in the node need of each other and of the outside: narrow seams, all replaceable.

The simulation of the tests puts stand-ins behind the same seams.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from tidegate.hotline.admission import PEER_STORED_BYTES_MAX
from tidegate.hotline.correspondence import Check
from tidegate.hotline.courier import Way
from tidegate.hotline.deadlines import NOTHING_AGREED, Agreed
from tidegate.hotline.several import Holds
from tidegate.hotline.state import HotlineState
from tidegate.model.canonical import FactRecord
from tidegate.model.facts import Fact
from tidegate.model.messages import Content, Heartbeat, Sealed, SignedSignalKey
from tidegate.model.organisations import Card, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.model.remarks import Remark
from tidegate.ports.clock import Clock
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import Anchor, EnvelopeStore, PairSigner

log = logging.getLogger("tidegate.hotline")


class Record(Protocol):
    """The node's record as the hotline sees it."""

    @property
    def state(self) -> HotlineState:
        """As of the last stored fact."""

    @property
    def working(self) -> bool:
        """False while facts wait for a store that fails: then nothing is decided, believed or sent."""

    def record(self, *facts: Fact, keep: Sequence[bytes] = ()) -> list[int]:
        """Stored durably when it returns, with their numbers, and with `keep`, the bytes that they name, in
        one transaction. Errors as those of Node.record."""

    def together(self) -> AbstractContextManager[None]:
        """What is recorded inside is stored at the end, in one transaction; until then the state may be ahead
        of what is stored, and nothing of it is told, signed or sent. OutsideFailed at the end, as above."""

    def carry_out(self) -> None:
        """What follows from facts recorded since: people are told. It never raises."""

    def mentioning(self, digests: Sequence[str], kinds: Sequence[type]) -> list[tuple[str, FactRecord]]:
        """Stored facts of these kinds that mention one of these digests, by number, each with the digest."""


class Seals(Protocol):
    """Sealing and opening envelopes (docs/hotline.md, suite TG1)."""

    def seal(self, value: Sealed, recipients: Sequence[Card], expires_at_s: int, now_s: int) -> bytes:
        """NotAllowed where a card has no encryption key for now."""

    def recipients(self, envelope: bytes) -> Sequence[OrganisationId]:
        """As the header says; Malformed where it is none."""

    def keys_last(self, envelope: bytes, cards: Sequence[Card], now_s: int) -> bool:
        """Whether each of these can still open it, by the keys on its newest card. Malformed as above."""

    def open(self, envelope: bytes, own: OrganisationId) -> Sealed:
        """Malformed or NotAllowed where it does not open for us."""


class Cards(Protocol):
    """The newest cards that the state names, read from their blobs."""

    def own(self) -> Card: ...

    def of(self, organisation: OrganisationId) -> Card | None:
        """None of whom was never met."""

    def own_signed(self) -> bytes:
        """Canonical bytes of our own SignedCard."""

    def news(self, signed_card: bytes, now_s: int) -> Sequence[Fact]:
        """The facts that a peer's card makes, its blob stored; none where it is no newer one.

        Malformed or NotAllowed where it does not hold.
        """


AgreedOf = Callable[[Content], Agreed]
RemarksOf = Callable[[Content], Sequence[Remark]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """`signer` is the station's; `nonce` makes 32 hex digits that were never made before.

    `check` raises NotAllowed for content that its form does not allow (tidegate.hotline.content).
    `peer_stored_bytes` is the room of each peer's messages in the store. `archive` is what the record is kept
    in; without it nothing is shown but what is at hand. `agreed` says what accords in force ask of a message,
    and `remarks` what they say against a notice: NotAllowed or OutsideFailed where that is not known now.
    """

    record: Record
    blobs: EnvelopeStore
    cards: Cards
    seals: Seals
    signer: PairSigner
    holds: Holds
    anchor: Anchor
    clock: Clock
    nonce: Callable[[], str]
    check: Check
    peer_stored_bytes: int = PEER_STORED_BYTES_MAX
    archive: FactStore | None = None
    agreed: AgreedOf = lambda _: NOTHING_AGREED
    remarks: RemarksOf = lambda _: ()

    @property
    def state(self) -> HotlineState:
        return self.record.state

    def now_s(self) -> int:
        return self.clock.now_ms() // 1000


def sealed_or_none(
    needs: Needs, value: Sealed, recipients: Sequence[Card], expires_at_s: int
) -> bytes | None:
    """None where one of them has no encryption key that counts now: nothing is ever sent unsealed, and the
    early warnings of cards have told people (tidegate.hotline.card_warnings)."""
    try:
        return needs.seals.seal(value, recipients, expires_at_s, needs.now_s())
    except NotAllowed as refusal:
        log.warning("not sealed: %s", refusal)
        return None


class Relaying(Protocol):
    """Custody of envelopes for third organisations, and what of it is to be handed on."""

    def take(self, envelope: bytes, giver: OrganisationId | None) -> Sequence[bytes]:
        """What is sent back to the giver: sealed custody. NotAllowed or Full where it is not taken."""

    def held_for(self, peer: OrganisationId) -> Sequence[bytes]:
        """Envelopes for this peer that are to be offered now."""

    def took(self, peer: OrganisationId, envelopes: Sequence[bytes]) -> None:
        """A way to this peer took these."""

    def turn(self) -> None: ...


class Witnessing(Protocol):
    """What heartbeats tell of ledgers (tidegate.app.hotline.evidence)."""

    def tell(self, peer: OrganisationId, now_s: int) -> Mapping[str, object]: ...

    def hear(self, card: Card, beat: Heartbeat, signed: bytes, now_s: int) -> None: ...


class Signalling(Protocol):
    """Pairwise keys of the datagram path (tidegate.app.hotline.signal)."""

    def turn(self, now_s: int) -> Iterable[tuple[OrganisationId, bytes]]:
        """Sealed envelopes to be handed over."""

    def came(self, path: str, peer: OrganisationId) -> None:
        """Something came from this peer over the path of this name."""

    def heard(self, signed: SignedSignalKey, now_s: int) -> None: ...


class Wording(Protocol):
    """Coded words over the datagram path (tidegate.app.hotline.wording)."""

    def turn(self, ways: Mapping[OrganisationId, Sequence[Way]], now_ms: int) -> Iterable[OrganisationId]:
        """Says and hears what is due; who showed life by it."""


@dataclass(frozen=True, slots=True)
class Extras:
    """Parts that a station may do without."""

    relay: Relaying | None = None
    evidence: Witnessing | None = None
    signal: Signalling | None = None
    words: Wording | None = None
