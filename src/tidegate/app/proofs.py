"""Proofs out of the store, for a peer that holds no more than a root of ours."""

from collections.abc import Callable

from tidegate.ledger import (
    EMPTY_ROOT,
    Proof,
    Tile,
    consistency_proof,
    inclusion_proof,
    range_root,
    subtrees_in,
)
from tidegate.ports.facts import FactStore
from tidegate.ports.outside import OutsideFailed


def prove_inclusion(store: FactStore, number: int, size: int) -> Proof:
    """That fact `number` is among the first `size`; ValueError unless 0 <= number < size.

    OutsideFailed when the store fails or holds fewer than `size` facts.
    """
    return inclusion_proof(number, size, subtrees_in(size, tiles_of(store)))


def prove_growth(store: FactStore, old_size: int, size: int) -> Proof:
    """That the first `old_size` facts are how the first `size` began; errors as for inclusion."""
    return consistency_proof(old_size, size, subtrees_in(size, tiles_of(store)))


def root_at(store: FactStore, size: int) -> bytes:
    """The root that the ledger had when it held `size` facts; errors as for inclusion."""
    return range_root(0, size, subtrees_in(size, tiles_of(store))) if size else EMPTY_ROOT


def tiles_of(store: FactStore) -> Callable[[Tile], list[bytes]]:
    """The store keeps exactly the levels that tiles hold (`tidegate.app.entry.KEPT_LEVEL_STEP`)."""

    def read(tile: Tile) -> list[bytes]:
        row = store.roots(tile.tree_level, tile.first, tile.first + tile.width)
        if len(row) != tile.width:
            begin, end = tile.first << tile.tree_level, (tile.first + tile.width) << tile.tree_level
            raise OutsideFailed(
                f"some hashes of facts {begin} to {end - 1} are missing",
                store.where,
                "See `tidegate ledger verify`.",
            )
        return row

    return read
