"""The ledger as arithmetic: an append-only Merkle log that anyone can check (RFC 6962, RFC 9162 section 2.1).

Entries go in as bytes; out come a root, and proofs that one entry is in the log or that the log only
grew. Nothing here stores anything, and nothing here knows what an entry means.
"""

from tidegate.ledger.frontier import LOG_SIZE_MAX, Frontier
from tidegate.ledger.hashes import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from tidegate.ledger.leaves import LeafHashes, complete_root
from tidegate.ledger.proofs import Proof, SubtreeRoot, consistency_proof, inclusion_proof, range_root
from tidegate.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, new_tiles, subtrees_in
from tidegate.ledger.verify import ProofRefused, verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "LOG_SIZE_MAX",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "Frontier",
    "LeafHashes",
    "Proof",
    "ProofRefused",
    "SubtreeRoot",
    "Tile",
    "complete_root",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "new_tiles",
    "node_hash",
    "range_root",
    "subtrees_in",
    "verify_consistency",
    "verify_inclusion",
]
