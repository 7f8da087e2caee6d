"""Proofs out of the store, for a peer that holds no more than a root of ours."""

from tidegate.app.entry import KEPT_LEVEL_STEP
from tidegate.ledger import Proof, SubtreeRoot, complete_root, consistency_proof, inclusion_proof
from tidegate.ports.facts import FactStore
from tidegate.ports.outside import OutsideFailed


def prove_inclusion(store: FactStore, number: int, size: int) -> Proof:
    """That fact `number` is among the first `size`; ValueError unless 0 <= number < size.

    OutsideFailed when the store fails or holds fewer than `size` facts.
    """
    return inclusion_proof(number, size, kept_subtrees(store))


def prove_growth(store: FactStore, old_size: int, size: int) -> Proof:
    """That the first `old_size` facts are how the first `size` began; errors as for inclusion."""
    return consistency_proof(old_size, size, kept_subtrees(store))


def kept_subtrees(store: FactStore) -> SubtreeRoot:
    """Roots of complete subtrees, each made from the row of the nearest kept level below it."""

    def subtree_root(level: int, position: int) -> bytes:
        above_kept = level % KEPT_LEVEL_STEP
        row = store.roots(level - above_kept, position << above_kept, (position + 1) << above_kept)
        if len(row) != 1 << above_kept:
            raise OutsideFailed(
                f"hashes of facts {position << level} to {((position + 1) << level) - 1} are missing",
                store.where,
                "See `tidegate ledger verify`.",
            )
        return complete_root(row)

    return subtree_root
