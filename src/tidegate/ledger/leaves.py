"""A log's leaf hashes in memory, from which every root and every proof can be made."""

from collections.abc import Iterable

from tidegate.ledger.frontier import Frontier
from tidegate.ledger.hashes import leaf_hash, node_hash
from tidegate.ledger.proofs import Proof, consistency_proof, inclusion_proof


class LeafHashes:
    """A whole log, small enough to hold; a large one is proved from its store instead."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._leaves = list(leaves)

    @classmethod
    def of_entries(cls, entries: Iterable[bytes]) -> "LeafHashes":
        return cls(leaf_hash(entry) for entry in entries)

    def __len__(self) -> int:
        return len(self._leaves)

    def subtree_root(self, level: int, position: int) -> bytes:
        """See `SubtreeRoot`."""
        return complete_root(self._leaves[position << level : (position + 1) << level])

    def frontier(self, size: int | None = None) -> Frontier:
        """Of the first `size` leaves, or of all."""
        frontier = Frontier()
        for leaf in self._leaves[:size]:
            frontier = frontier.append(leaf)
        return frontier

    def inclusion_proof(self, index: int, size: int) -> Proof:
        return inclusion_proof(index, size, self.subtree_root)

    def consistency_proof(self, old_size: int, size: int) -> Proof:
        return consistency_proof(old_size, size, self.subtree_root)


def complete_root(row: list[bytes]) -> bytes:
    """The root above a row of hashes; their count is a power of two, otherwise ValueError."""
    if len(row).bit_count() != 1:
        raise ValueError(f"{len(row)} hashes make no complete subtree")
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]
