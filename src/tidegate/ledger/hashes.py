"""The two hashes of a Merkle tree over a log (RFC 9162 section 2.1.1, the same as RFC 6962 section 2.1)."""

import hashlib

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a log without entries."""

# The leading byte keeps leaves and nodes apart: without it, whoever chooses an entry's bytes could
# pass off two joined hashes as an entry, or an entry as a node (second-preimage resistance).
LEAF_MARK = b"\x00"
NODE_MARK = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """The 32-byte hash of one log entry."""
    return hashlib.sha256(LEAF_MARK + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of the node above two hashes; the order matters."""
    return hashlib.sha256(NODE_MARK + left + right).digest()
