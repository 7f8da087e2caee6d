"""What is held against a ledger, a peer's or our own, and kept for ever with its evidence."""

from typing import Literal

import msgspec

from tidegate.model.organisations import Digest, OrganisationId

LedgerDoubt = Literal["forked", "shorter", "unproved", "withheld", "restarted"]


class PeerLedgerDoubted(msgspec.Struct, frozen=True, tag=True):
    """A peer's ledger is not what it was, or does not prove that it is (tidegate.ledger.witness).

    `notes` are the digests of checkpoints that the peer signed, kept among the envelopes.
    """

    organisation: OrganisationId
    doubt: LedgerDoubt
    why: str
    notes: tuple[Digest, ...]


class OwnLedgerDoubted(msgspec.Struct, frozen=True, tag=True):
    """A peer shows a checkpoint, signed by our own key, with which this database does not agree: it is an
    older copy, or was changed. `note` is the digest of that checkpoint."""

    witness: OrganisationId
    why: str
    note: Digest


EvidenceFact = PeerLedgerDoubted | OwnLedgerDoubted
