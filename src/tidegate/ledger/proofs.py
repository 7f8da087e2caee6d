"""Proofs that an entry is in a log, and that a log only grew (RFC 9162 sections 2.1.3.1 and 2.1.4.1).

A proof is a list of hashes. Building one asks for the roots of complete subtrees only, through a
callback, so that a store may keep the leaves, all nodes, or any levels between.
"""

from collections.abc import Callable

from tidegate.ledger.frontier import join_peaks

SubtreeRoot = Callable[[int, int], bytes]
"""`(level, position)` -> the root of the complete subtree over the 2**level leaves from position << level."""

Proof = list[bytes]


def inclusion_proof(index: int, size: int, subtree_root: SubtreeRoot) -> Proof:
    """That the entry `index`, counted from 0, is in the log of `size` entries; nearest sibling first.

    ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"a log of {size} entries has no entry {index}")
    proof: Proof = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            proof.append(range_root(middle, end, subtree_root))
            end = middle
        else:
            proof.append(range_root(begin, middle, subtree_root))
            begin = middle
    return proof[::-1]


def consistency_proof(old_size: int, size: int, subtree_root: SubtreeRoot) -> Proof:
    """That the log of `old_size` entries is how the log of `size` entries began.

    Empty when the two are of one size, or the old log is empty: then there is nothing to prove.
    ValueError unless 0 <= old_size <= size.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a log of {size} entries never had {old_size}")
    if old_size in (0, size):
        return []
    proof: Proof = []
    begin, end = 0, size
    # Walk down to the smallest subtree whose right edge is the old log's right edge.
    while old_size != end:
        middle = begin + split(end - begin)
        if old_size <= middle:
            proof.append(range_root(middle, end, subtree_root))
            end = middle
        else:
            proof.append(range_root(begin, middle, subtree_root))
            begin = middle
    # The verifier knows that subtree's root already when it is the whole old log.
    if begin > 0:
        proof.append(range_root(begin, end, subtree_root))
    return proof[::-1]


def range_root(begin: int, end: int, subtree_root: SubtreeRoot) -> bytes:
    """The root over leaves [begin, end), a range that stands on its own in some log.

    Such a range begins at a multiple of a power of two that is no smaller than its length; every range
    that the splits of RFC 9162 produce does.
    """
    peaks = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        peaks.append(subtree_root(level, begin >> level))
        begin += 1 << level
    return join_peaks(tuple(peaks))


def split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2: how many leaves go to the left."""
    return 1 << ((count - 1).bit_length() - 1)
