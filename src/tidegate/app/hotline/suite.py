"""The one suite there is, behind the hotline's seams: real envelopes and real signatures."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from tidegate.app.hotline.checking import check_message
from tidegate.app.hotline.needs import AgreedOf, Cards, Needs, Record, RemarksOf
from tidegate.app.hotline.sealed import open_value, seal_value
from tidegate.hotline.admission import PEER_STORED_BYTES_MAX
from tidegate.hotline.deadlines import NOTHING_AGREED
from tidegate.hotline.signatures import holds
from tidegate.model import purposes
from tidegate.model.messages import Sealed
from tidegate.model.organisations import Card, OrganisationId, PublicPair, SignaturePair
from tidegate.ports.clock import Clock
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import Anchor, EnvelopeStore, Opener, PairSigner
from tidegate.wire.envelope import decode_envelope

SEVERAL_REMEMBERED_MAX = 64
"""Signatures over several frames or receipts whose check is remembered: each comes with all of those."""


@lru_cache(SEVERAL_REMEMBERED_MAX)
def holds_over_several(pair: PublicPair, signatures: SignaturePair, words: bytes) -> bool:
    return holds(pair, signatures, purposes.SEVERAL, words)


def suite_holds(pair: PublicPair, signatures: SignaturePair, purpose: bytes, message: bytes) -> bool:
    """tidegate.hotline.signatures.holds, asked once for what was signed at once."""
    if purpose == purposes.SEVERAL:
        return holds_over_several(pair, signatures, message)
    return holds(pair, signatures, purpose, message)


class SuiteSeals:
    """tidegate.app.hotline.needs.Seals by suite TG1."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def seal(self, value: Sealed, recipients: Sequence[Card], expires_at_s: int, now_s: int) -> bytes:
        return seal_value(value, recipients, expires_at_s, now_s)

    def recipients(self, envelope: bytes) -> Sequence[OrganisationId]:
        return [wrap.recipient for wrap in decode_envelope(envelope).header.wraps]

    def keys_last(self, envelope: bytes, cards: Sequence[Card], now_s: int) -> bool:
        sealed_to = {wrap.recipient: wrap.key_id for wrap in decode_envelope(envelope).header.wraps}
        return all(
            any(
                key.key_id == sealed_to.get(card.organisation) and now_s < key.until_s
                for key in card.encryption
            )
            for card in cards
        )

    def open(self, envelope: bytes, own: OrganisationId) -> Sealed:
        return open_value(envelope, own, self._opener)


def needs_of(
    record: Record,
    blobs: EnvelopeStore,
    cards: Cards,
    *,
    opener: Opener,
    signer: PairSigner,
    anchor: Anchor,
    clock: Clock,
    nonce: Callable[[], str],
    peer_stored_bytes: int = PEER_STORED_BYTES_MAX,
    archive: FactStore | None = None,
    agreed: AgreedOf = lambda _: NOTHING_AGREED,
    remarks: RemarksOf = lambda _: (),
) -> Needs:
    return Needs(
        record=record,
        blobs=blobs,
        cards=cards,
        seals=SuiteSeals(opener),
        signer=signer,
        holds=suite_holds,
        anchor=anchor,
        clock=clock,
        nonce=nonce,
        check=check_message,
        peer_stored_bytes=peer_stored_bytes,
        archive=archive,
        agreed=agreed,
        remarks=remarks,
    )
