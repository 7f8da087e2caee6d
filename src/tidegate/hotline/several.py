"""Several byte strings that a station signs at once, so that each of them can still be shown alone.

docs/hotline.md, "Signed at once". They are the entries of a Merkle tree (RFC 9162 section 2.1.1), and the
pair of signatures is over their purpose, their count and its root. One among several holds only where:

1. It is over a frame or a receipt: nothing else is signed so, and no officer and no root ever does.
2. There are two to SEVERAL_MAX of them, and it is one of these.
3. Its path has exactly the hashes that its place asks for, and leads to the root that was signed.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, Protocol

from tidegate.ledger.hashes import leaf_hash
from tidegate.ledger.leaves import LeafHashes
from tidegate.ledger.proofs import inclusion_proof, range_root
from tidegate.ledger.verify import ProofRefused, root_reached
from tidegate.model import purposes
from tidegate.model.messages import SignedReceipt, SignedReceipts
from tidegate.model.organisations import SEVERAL_MAX, Among, PublicPair, SignaturePair, StationSignature
from tidegate.model.refusals import Malformed

SIGNED_AT_ONCE: Final = frozenset({purposes.FRAME, purposes.RECEIPT})
COUNT_BYTES: Final = 4


class Signer(Protocol):
    """The one call of tidegate.ports.hotline.PairSigner that signing needs."""

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair: ...


class Holds(Protocol):
    """Whether both signatures of a pair hold over `purpose`, a zero byte, and `message`."""

    def __call__(
        self, pair: PublicPair, signatures: SignaturePair, purpose: bytes, message: bytes
    ) -> bool: ...


def alone(signatures: SignaturePair) -> StationSignature:
    return StationSignature(signatures.classical, signatures.post_quantum)


def sign_each(signer: Signer, purpose: bytes, bodies: Sequence[bytes]) -> list[StationSignature]:
    """One for each, in their order: under one pair of signatures, or alone where there is but one."""
    if len(bodies) == 1:
        return [alone(signer.sign(purpose, bodies[0]))]
    made = signer.sign(purposes.SEVERAL, words_of(purpose, len(bodies), root_of(bodies)))
    return [StationSignature(made.classical, made.post_quantum, among) for among in places(bodies)]


def sign_receipts(signer: Signer, receipts: Sequence[bytes]) -> SignedReceipt | SignedReceipts:
    """As they are sealed to their sender; at least one and at most SEVERAL_MAX."""
    if len(receipts) == 1:
        return SignedReceipt(receipt=receipts[0], signature=alone(signer.sign(purposes.RECEIPT, receipts[0])))
    words = words_of(purposes.RECEIPT, len(receipts), root_of(receipts))
    return SignedReceipts(receipts=tuple(receipts), signature=signer.sign(purposes.SEVERAL, words))


def each_receipt(several: SignedReceipts) -> list[SignedReceipt]:
    """Each as it can be shown alone. Malformed where they are fewer or more than are signed at once."""
    bodies, made = several.receipts, several.signature
    if not 2 <= len(bodies) <= SEVERAL_MAX:
        raise Malformed("receipts, signed at once, in another number than 2 to 32", 0)
    return [
        SignedReceipt(receipt=body, signature=StationSignature(made.classical, made.post_quantum, among))
        for body, among in zip(bodies, places(bodies), strict=True)
    ]


def station_holds(
    holds: Holds, pair: PublicPair, signature: StationSignature | SignaturePair, purpose: bytes, body: bytes
) -> bool:
    """Whether the station with these keys signed `body`, alone or among several."""
    plain = SignaturePair(signature.classical, signature.post_quantum)
    among = signature.among if isinstance(signature, StationSignature) else None
    if among is None:
        return holds(pair, plain, purpose, body)
    if purpose not in SIGNED_AT_ONCE or not 2 <= among.count <= SEVERAL_MAX:  # 1, 2
        return False
    try:
        root = root_reached(among.number, among.count, leaf_hash(body), among.path)  # 2, 3
    except ProofRefused:
        return False
    return holds(pair, plain, purposes.SEVERAL, words_of(purpose, among.count, root))


def words_of(purpose: bytes, count: int, root: bytes) -> bytes:
    """What is signed, behind the purpose `tidegate/several/1`."""
    return purpose + b"\x00" + count.to_bytes(COUNT_BYTES) + root


def root_of(bodies: Sequence[bytes]) -> bytes:
    return range_root(0, len(bodies), LeafHashes.of_entries(bodies).subtree_root)


def places(bodies: Sequence[bytes]) -> list[Among]:
    subtree_root, count = cache(LeafHashes.of_entries(bodies).subtree_root), len(bodies)
    return [Among(at, count, tuple(inclusion_proof(at, count, subtree_root))) for at in range(count)]
