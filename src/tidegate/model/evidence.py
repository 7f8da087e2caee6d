"""A bundle of evidence about one message, as `tidegate.ledger.verifier` checks it years later.

Its bytes are canonical (tidegate.model.value_bytes). Nothing in it is outside of some signature or hash.
"""

from typing import Literal

import msgspec

from tidegate.model.messages import Package, SignedHeartbeat, SignedReceipt, SignedRefusal
from tidegate.model.organisations import OrganisationId, SignedCard


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What a witness had seen of a ledger: its `heartbeat` carries the checkpoint that it cosigned.

    `growth` proves that of this checkpoint and the record's the smaller is how the larger began.
    """

    heartbeat: SignedHeartbeat
    growth: tuple[bytes, ...]


class LedgerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of an organisation's ledger, as its canonical bytes; `inclusion` proves it in `checkpoint`."""

    fact: bytes
    organisation: OrganisationId
    checkpoint: str
    inclusion: tuple[bytes, ...]
    sightings: tuple[Sighting, ...]


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """`message` is one package for each frame that the message was given. `cards` by organisation, oldest
    first. `records` are of the ledger of whoever made the bundle."""

    bundle: Literal[1]
    cards: tuple[SignedCard, ...]
    message: tuple[Package, ...]
    receipts: tuple[SignedReceipt | SignedRefusal, ...]
    answers: tuple[Package, ...]
    records: tuple[LedgerRecord, ...]
