"""Tiles: the specification's own examples, and proofs out of tiles against those out of all leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.ledger import (
    Frontier,
    LeafHashes,
    Tile,
    consistency_proof,
    inclusion_proof,
    new_tiles,
    range_root,
    subtrees_in,
)
from tidegate.ledger.hashes import leaf_hash

LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(700)]
LOG = LeafHashes(LEAVES)
FRONTIERS = [Frontier()]
for leaf in LEAVES:
    FRONTIERS.append(FRONTIERS[-1].append(leaf))
SIZES = st.one_of(st.integers(1, len(LEAVES)), st.sampled_from([1, 255, 256, 257, 512]))


def read(tile: Tile) -> list[bytes]:
    """By the definition: the roots of complete subtrees, one after the other."""
    return [LOG.subtree_root(tile.tree_level, tile.first + at) for at in range(tile.width)]


@pytest.mark.parametrize(
    "tile, path",
    [
        (Tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(1, 1_000, 1), "tile/1/x001/000.p/1"),
        (Tile(0, 97_482, 256), "tile/0/x097/482"),
    ],
)
def test_tiles_lie_where_the_specification_says(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_seventy_thousand_entries_are_the_tiles_that_the_specification_counts() -> None:
    tiles = list(new_tiles(0, 70_000))
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile.path for tile in tiles[273:]] == [
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [tile.path for tile in new_tiles(0, 256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(new_tiles(0, 0)) == list(new_tiles(300, 300)) == []


@given(st.lists(SIZES, min_size=1, max_size=6))
def test_what_is_new_step_by_step_is_all_that_a_proof_needs(sizes: list[int]) -> None:
    kept: dict[str, list[bytes]] = {}
    before = 0

    def at_path(tile: Tile) -> list[bytes]:
        return kept[tile.path]

    for size in sorted(sizes):
        new = {tile.path: read(tile) for tile in new_tiles(before, size)}
        assert not new.keys() & kept.keys(), "no file ever changes"
        kept |= new
        before = size
        subtrees = subtrees_in(size, at_path)
        assert range_root(0, size, subtrees) == FRONTIERS[size].root
        assert inclusion_proof(size // 2, size, subtrees) == LOG.inclusion_proof(size // 2, size)


@given(SIZES, st.data())
def test_proofs_out_of_tiles_are_those_out_of_leaves(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    reads: list[Tile] = []

    def counted(tile: Tile) -> list[bytes]:
        reads.append(tile)
        return read(tile)

    assert inclusion_proof(index, size, subtrees_in(size, counted)) == LOG.inclusion_proof(index, size)
    assert len(reads) == len(set(reads)) <= 4, "the entry's own tile and the last of each level"
    old = index + 1
    assert consistency_proof(old, size, subtrees_in(size, read)) == LOG.consistency_proof(old, size)
