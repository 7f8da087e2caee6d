"""Our ledger against the entries, roots and proofs that the reference implementation publishes."""

import json
from pathlib import Path

import pytest

from tests.naive import ledger as naive
from tidegate.ledger import (
    EMPTY_ROOT,
    Frontier,
    LeafHashes,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads(
    (Path(__file__).parent.parent / "data/certificate-transparency/vectors.json").read_text()
)
ENTRIES = [bytes.fromhex(entry) for entry in VECTORS["entries"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]


def hashes(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(item) for item in proof]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_frontier_reaches_the_published_root(size: int) -> None:
    frontier = Frontier()
    for entry in ENTRIES[:size]:
        frontier = frontier.append_entry(entry)
    assert frontier.root == ROOTS[size]
    assert naive.root(ENTRIES[:size]) == ROOTS[size]


def test_the_empty_log_has_the_published_root() -> None:
    assert ROOTS[0] == EMPTY_ROOT


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['leaf_index']} of {v['size']}")
def test_the_published_inclusion_proof_is_ours_and_is_accepted(vector: dict) -> None:
    index, size, proof = vector["leaf_index"], vector["size"], hashes(vector["proof"])
    assert LeafHashes.of_entries(ENTRIES).inclusion_proof(index, size) == proof
    verify_inclusion(index, size, leaf_hash(ENTRIES[index]), proof, ROOTS[size])


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['old_size']} of {v['size']}")
def test_the_published_consistency_proof_is_ours_and_is_accepted(vector: dict) -> None:
    old_size, size, proof = vector["old_size"], vector["size"], hashes(vector["proof"])
    assert LeafHashes.of_entries(ENTRIES).consistency_proof(old_size, size) == proof
    verify_consistency(old_size, ROOTS[old_size], size, ROOTS[size], proof)


def test_the_proofs_drawn_in_the_standard_are_ours() -> None:
    """RFC 9162 section 2.1.5: a log of seven entries, its nodes named by letters."""
    entries = [f"d{number}".encode() for number in range(7)]
    a, b, c, d, e, f, j = (leaf_hash(entry) for entry in entries)
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l_ = node_hash(g, h), node_hash(i, j)
    log = LeafHashes.of_entries(entries)
    assert log.frontier().root == node_hash(k, l_)
    assert log.inclusion_proof(0, 7) == [b, h, l_]
    assert log.inclusion_proof(3, 7) == [c, g, l_]
    assert log.inclusion_proof(4, 7) == [f, j, k]
    assert log.inclusion_proof(6, 7) == [i, k]
    assert log.consistency_proof(3, 7) == [c, d, g, l_]
    assert log.consistency_proof(4, 7) == [l_]
    assert log.consistency_proof(6, 7) == [i, j, k]
