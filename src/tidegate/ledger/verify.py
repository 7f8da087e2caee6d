"""Checking proofs, as a stranger to the log would (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

What refuses a proof raises `ProofRefused`, so that no caller can overlook it. The
shape of a proof follows from the sizes alone: a proof of any other length is refused before a hash is
computed, which leaves no room for hashes that are carried along but not checked.
"""

from collections.abc import Sequence

from tidegate.ledger.frontier import LOG_SIZE_MAX
from tidegate.ledger.hashes import EMPTY_ROOT, HASH_BYTES, node_hash


class ProofRefused(ValueError):
    """The proof does not show what it was given for; `why` is a phrase."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """That the leaf hash `leaf` stands at `index` in the log of `size` entries with this `root`."""
    check_hashes((root,))
    if root_reached(index, size, leaf, proof) != root:
        raise ProofRefused("the proof leads to another root")


def root_reached(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root of the only log of `size` entries that has the leaf hash `leaf` at `index`, by this proof."""
    if not 0 <= index < size <= LOG_SIZE_MAX:
        raise ProofRefused(f"a log of {size} entries has no entry {index}")
    check_hashes((leaf, *proof))
    sides = siblings_on_the_left(index, size)
    if len(proof) != len(sides):
        raise ProofRefused(f"the proof has {len(proof)} hashes, not {len(sides)}")
    reached = leaf
    for sibling, on_the_left in zip(proof, sides, strict=True):
        reached = node_hash(sibling, reached) if on_the_left else node_hash(reached, sibling)
    return reached


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """That the log (old_size, old_root) is how the log (size, root) began."""
    if not 0 <= old_size <= size <= LOG_SIZE_MAX:
        raise ProofRefused(f"a log of {size} entries never had {old_size}")
    check_hashes((old_root, root, *proof))
    if old_size in (0, size):
        check_trivial(old_size, old_root, size, root, proof)
        return
    # The subtree at the old log's right edge: the largest complete one that ends there.
    level = trailing_zeros(old_size)
    sides = siblings_on_the_left((old_size - 1) >> level, ((size - 1) >> level) + 1)
    known = [old_root] if old_size.bit_count() == 1 else []
    if len(known) + len(proof) != 1 + len(sides):
        raise ProofRefused(f"the proof has {len(proof)} hashes, not {1 + len(sides) - len(known)}")
    start, *siblings = (*known, *proof)
    old_reached = reached = start
    for sibling, on_the_left in zip(siblings, sides, strict=True):
        if on_the_left:
            old_reached = node_hash(sibling, old_reached)
            reached = node_hash(sibling, reached)
        else:
            reached = node_hash(reached, sibling)
    if old_reached != old_root:
        raise ProofRefused("the proof leads to another old root")
    if reached != root:
        raise ProofRefused("the proof leads to another root")


def siblings_on_the_left(index: int, size: int) -> list[bool]:
    """For each step from node `index` of a row of `size` nodes up to the root, whether its sibling is left.

    At the right edge a node without a sibling rises unchanged, and takes no step.
    """
    sides = []
    last = size - 1
    while last > 0:
        if index & 1:
            sides.append(True)
        elif index < last:
            sides.append(False)
        index >>= 1
        last >>= 1
    return sides


def check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(item) != HASH_BYTES for item in hashes):
        raise ProofRefused(f"a hash is not of {HASH_BYTES} bytes")


def check_trivial(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """The two cases that need no proof: an empty old log, and two logs of one size."""
    if proof:
        raise ProofRefused(f"the proof has {len(proof)} hashes, not 0")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ProofRefused("an empty log has another root")
    if old_size == size and old_root != root:
        raise ProofRefused("two logs of one size have different roots")


def trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
