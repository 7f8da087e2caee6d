"""The ledger against its naive twin for every log Hypothesis thinks of, and against liars."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.naive import ledger as naive
from tidegate.ledger import (
    EMPTY_ROOT,
    LOG_SIZE_MAX,
    Frontier,
    LeafHashes,
    ProofRefused,
    complete_root,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

ENTRIES = st.lists(st.binary(max_size=4), min_size=1, max_size=70)
WRONG = bytes(32)


@st.composite
def included(draw: st.DrawFn) -> tuple[list[bytes], int]:
    entries = draw(ENTRIES)
    return entries, draw(st.integers(0, len(entries) - 1))


@st.composite
def grown(draw: st.DrawFn) -> tuple[list[bytes], int]:
    """A log and a smaller, not empty size that it once had."""
    entries = draw(ENTRIES.filter(lambda entries: len(entries) > 1))
    return entries, draw(st.integers(1, len(entries) - 1))


def refused_inclusion(*claim: object) -> None:
    with pytest.raises(ProofRefused):
        verify_inclusion(*claim)  # type: ignore[arg-type]


def refused_consistency(*claim: object) -> None:
    with pytest.raises(ProofRefused):
        verify_consistency(*claim)  # type: ignore[arg-type]


@given(ENTRIES)
def test_the_frontier_agrees_with_the_recursive_definition(entries: list[bytes]) -> None:
    assert LeafHashes.of_entries(entries).frontier().root == naive.root(entries)


@given(ENTRIES)
def test_growing_names_every_subtree_that_the_leaf_completes(entries: list[bytes]) -> None:
    frontier = Frontier()
    for number, entry in enumerate(entries):
        frontier, completed = frontier.grow(leaf_hash(entry))
        for level, root in enumerate(completed):
            covered = entries[number + 1 - (1 << level) : number + 1]
            assert root == naive.root(covered)
        assert (number + 1) % (1 << len(completed)) != 0, "a completed subtree was left out"


@given(included())
def test_inclusion_proofs_agree_with_the_recursive_definition(case: tuple[list[bytes], int]) -> None:
    entries, index = case
    proof = LeafHashes.of_entries(entries).inclusion_proof(index, len(entries))
    assert proof == naive.inclusion_proof(index, entries)
    verify_inclusion(index, len(entries), leaf_hash(entries[index]), proof, naive.root(entries))


@given(grown())
def test_consistency_proofs_agree_with_the_recursive_definition(case: tuple[list[bytes], int]) -> None:
    entries, old_size = case
    proof = LeafHashes.of_entries(entries).consistency_proof(old_size, len(entries))
    assert proof == naive.consistency_proof(old_size, entries)
    verify_consistency(old_size, naive.root(entries[:old_size]), len(entries), naive.root(entries), proof)


@given(included(), st.data())
def test_an_inclusion_proof_with_anything_changed_is_refused(
    case: tuple[list[bytes], int], data: st.DataObject
) -> None:
    entries, index = case
    size, leaf, root = len(entries), leaf_hash(entries[index]), naive.root(entries)
    proof = naive.inclusion_proof(index, entries)
    refused_inclusion(index, size, WRONG, proof, root)
    refused_inclusion(index, size, leaf, proof, WRONG)
    refused_inclusion(index, size, leaf, [*proof, WRONG], root)
    refused_inclusion(index, size, leaf, [*proof, root], root)
    refused_inclusion(index, size, leaf, [b"", *proof], root)
    refused_inclusion(index, size, leaf[:-1], proof, root)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        refused_inclusion(index, size, leaf, proof[:at] + proof[at + 1 :], root)
        refused_inclusion(index, size, leaf, [*proof[:at], WRONG, *proof[at + 1 :]], root)
        refused_inclusion(index, size, leaf, [*proof[:at], proof[at] + b"\0", *proof[at + 1 :]], root)


@given(included(), st.data())
def test_an_entry_is_not_accepted_at_another_place(
    case: tuple[list[bytes], int], data: st.DataObject
) -> None:
    entries, index = case
    elsewhere = data.draw(st.integers(-1, len(entries)))
    assume(not 0 <= elsewhere < len(entries) or entries[elsewhere] != entries[index])
    proof = naive.inclusion_proof(index, entries)
    refused_inclusion(elsewhere, len(entries), leaf_hash(entries[index]), proof, naive.root(entries))


@given(grown(), st.data())
def test_a_consistency_proof_with_anything_changed_is_refused(
    case: tuple[list[bytes], int], data: st.DataObject
) -> None:
    entries, old_size = case
    size, old_root, root = len(entries), naive.root(entries[:old_size]), naive.root(entries)
    proof = naive.consistency_proof(old_size, entries)
    refused_consistency(old_size, WRONG, size, root, proof)
    refused_consistency(old_size, old_root, size, WRONG, proof)
    refused_consistency(size, old_root, old_size, root, proof)
    refused_consistency(-old_size, old_root, size, root, proof)
    refused_consistency(old_size, old_root, size, root, [])
    refused_consistency(old_size, old_root, size, root, [*proof, WRONG])
    refused_consistency(old_size, old_root, size, root, [WRONG, *proof])
    at = data.draw(st.integers(0, len(proof) - 1))
    refused_consistency(old_size, old_root, size, root, proof[:at] + proof[at + 1 :])
    refused_consistency(old_size, old_root, size, root, [*proof[:at], WRONG, *proof[at + 1 :]])
    refused_consistency(old_size, old_root, size, root, [*proof[:at], b"", *proof[at + 1 :]])


@given(grown(), st.data())
def test_a_log_that_changed_an_old_entry_has_no_consistency_proof(
    case: tuple[list[bytes], int], data: st.DataObject
) -> None:
    entries, old_size = case
    old_root = naive.root(entries[:old_size])
    at = data.draw(st.integers(0, old_size - 1))
    forged = [*entries[:at], entries[at] + b"!", *entries[at + 1 :]]
    proof = naive.consistency_proof(old_size, forged)
    refused_consistency(old_size, old_root, len(forged), naive.root(forged), proof)


def test_sizes_that_need_no_proof_accept_none() -> None:
    root = naive.root([b"a", b"b"])
    verify_consistency(2, root, 2, root, [])
    verify_consistency(0, EMPTY_ROOT, 2, root, [])
    refused_consistency(2, root, 2, root, [WRONG])
    refused_consistency(0, EMPTY_ROOT, 2, root, [WRONG])
    refused_consistency(2, WRONG, 2, root, [])
    refused_consistency(0, WRONG, 2, root, [])
    refused_consistency(0, EMPTY_ROOT, 0, root, [])


def test_an_empty_log_includes_nothing() -> None:
    refused_inclusion(0, 0, WRONG, [], EMPTY_ROOT)
    refused_inclusion(0, LOG_SIZE_MAX + 1, WRONG, [], EMPTY_ROOT)


def test_joined_hashes_are_not_an_entry() -> None:
    """The leading byte of leaves and nodes differs, so a node cannot be shown as an entry."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    root = naive.root([b"a", b"b"])
    refused_inclusion(0, 1, leaf_hash(left + right), [], root)


def test_proofs_of_what_is_not_there_are_not_built() -> None:
    log = LeafHashes.of_entries([b"a", b"b"])
    for index, size in [(-1, 2), (2, 2), (0, 0)]:
        with pytest.raises(ValueError, match="has no entry"):
            log.inclusion_proof(index, size)
    for old_size, size in [(3, 2), (-1, 2)]:
        with pytest.raises(ValueError, match="never had"):
            log.consistency_proof(old_size, size)
    assert log.consistency_proof(0, 2) == log.consistency_proof(2, 2) == []


@given(ENTRIES)
def test_a_frontier_survives_being_saved(entries: list[bytes]) -> None:
    frontier = LeafHashes.of_entries(entries).frontier()
    saved = frontier.to_bytes()
    assert Frontier.from_bytes(saved) == frontier
    assert len(saved) == 8 + 32 * len(entries).bit_count()


@given(st.binary(max_size=80))
def test_bytes_that_are_no_frontier_are_refused(saved: bytes) -> None:
    try:
        frontier = Frontier.from_bytes(saved)
    except ValueError:
        return
    assert frontier.to_bytes() == saved


def test_a_frontier_with_too_many_or_too_short_peaks_cannot_exist() -> None:
    for size, peaks in [(1, ()), (0, (WRONG,)), (1, (WRONG[:-1],)), (-1, ()), (LOG_SIZE_MAX + 1, (WRONG,))]:
        with pytest.raises(ValueError):
            Frontier(size, peaks)


def test_only_a_complete_row_has_a_complete_root() -> None:
    assert complete_root([WRONG]) == WRONG
    for count in (0, 3, 5):
        with pytest.raises(ValueError, match="no complete subtree"):
            complete_root([WRONG] * count)
