"""The right edge of a Merkle tree: all one must keep of a log to append to it and to know its root."""

from dataclasses import dataclass

from tidegate.ledger.hashes import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash

LOG_SIZE_MAX = (1 << 63) - 1
"""Entries in one log: what a signed 64-bit column of a database holds."""

SIZE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the complete subtrees that a log of `size` entries falls into, largest and leftmost first.

    There is one for each bit set in `size`: a log of 13 = 8 + 4 + 1 entries has three. Appending joins
    equal neighbours, as adding one to a binary number carries.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LOG_SIZE_MAX:
            raise ValueError(f"a log cannot have {self.size} entries")
        if len(self.peaks) != self.size.bit_count():
            raise ValueError(f"a log of {self.size} entries has {self.size.bit_count()} peaks")
        if not {HASH_BYTES}.issuperset(map(len, self.peaks)):
            raise ValueError(f"a peak is a hash of {HASH_BYTES} bytes")

    def grow(self, leaf: bytes) -> tuple["Frontier", tuple[bytes, ...]]:
        """The frontier with one more leaf hash, and the roots of all subtrees which that leaf completes.

        The completed roots stand in order of level: the leaf itself at level 0, then its parent if the
        leaf is a right child, and so on. The root at level k covers the last 2**k leaves.
        """
        completed = [leaf]
        peaks = list(self.peaks)
        carry = self.size
        while carry & 1:
            completed.append(node_hash(peaks.pop(), completed[-1]))
            carry >>= 1
        return Frontier(self.size + 1, (*peaks, completed[-1])), tuple(completed)

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash."""
        return self.grow(leaf)[0]

    def append_entry(self, entry: bytes) -> "Frontier":
        """The frontier with one more entry, given as its bytes."""
        return self.append(leaf_hash(entry))

    @property
    def root(self) -> bytes:
        """The Merkle tree hash of the whole log."""
        return join_peaks(self.peaks) if self.peaks else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """`size` as eight bytes, big-endian, then the peaks."""
        return self.size.to_bytes(SIZE_BYTES) + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, saved: bytes) -> "Frontier":
        """The inverse of `to_bytes`; ValueError unless the bytes are exactly a frontier's."""
        size, body = int.from_bytes(saved[:SIZE_BYTES]), saved[SIZE_BYTES:]
        if len(saved) < SIZE_BYTES or len(body) != HASH_BYTES * size.bit_count():
            raise ValueError(f"{len(saved)} bytes are no frontier")
        return cls(size, tuple(body[at : at + HASH_BYTES] for at in range(0, len(body), HASH_BYTES)))


def join_peaks(peaks: tuple[bytes, ...]) -> bytes:
    """The root above adjoining complete subtrees of falling size; at least one."""
    *others, root = peaks
    for peak in reversed(others):
        root = node_hash(peak, root)
    return root
