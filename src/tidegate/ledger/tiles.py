"""A log's hashes as tiles, 256 in a row: where each lies, and proofs made out of them (c2sp.org/tlog-tiles).

A tile at level L holds roots of complete subtrees of 256**L entries; level 0 holds leaf hashes. Only the last
tile of a level may be shorter than 256, and it is another file for each width, so that no file ever changes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tidegate.ledger.leaves import complete_root
from tidegate.ledger.proofs import SubtreeRoot

TILE_HEIGHT = 8
"""Levels of the tree from one level of tiles to the next."""
TILE_WIDTH = 1 << TILE_HEIGHT


@dataclass(frozen=True, slots=True)
class Tile:
    """The first `width` hashes of tile `index`, counted from 0 along its level."""

    level: int
    index: int
    width: int

    @property
    def first(self) -> int:
        """The position of its first hash along the level."""
        return self.index << TILE_HEIGHT

    @property
    def tree_level(self) -> int:
        """The level in the tree of what it holds."""
        return self.level * TILE_HEIGHT

    @property
    def is_full(self) -> bool:
        return self.width == TILE_WIDTH

    @property
    def path(self) -> str:
        """`tile/L/N`, with N in groups of three digits, and `.p/W` behind a tile that is not full."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        partial = "" if self.is_full else f".p/{self.width}"
        return f"tile/{self.level}/{'/'.join(reversed(groups))}{partial}"


ReadTile = Callable[[Tile], list[bytes]]
"""The hashes of a tile, exactly as many as its width; what it raises where it has them not comes through."""


def new_tiles(old_size: int, size: int) -> Iterator[Tile]:
    """The tiles of a log of `size` entries that it did not have at `old_size`, lowest level first."""
    level = 0
    while size >> (level * TILE_HEIGHT):
        row, old_row = size >> (level * TILE_HEIGHT), old_size >> (level * TILE_HEIGHT)
        for index in range(old_row >> TILE_HEIGHT, (row >> TILE_HEIGHT) + 1):
            width = min(TILE_WIDTH, row - (index << TILE_HEIGHT))
            if width and (index << TILE_HEIGHT) + width > old_row:
                yield Tile(level, index, width)
        level += 1


def subtrees_in(size: int, read: ReadTile) -> SubtreeRoot:
    """Roots of complete subtrees in a log of `size` entries, out of its tiles; each is read once."""
    have: dict[tuple[int, int], list[bytes]] = {}

    def subtree_root(level: int, position: int) -> bytes:
        tile_level, above = divmod(level, TILE_HEIGHT)
        first = position << above
        index = first >> TILE_HEIGHT
        if (tile_level, index) not in have:
            row = size >> (tile_level * TILE_HEIGHT)
            width = min(TILE_WIDTH, row - (index << TILE_HEIGHT))
            have[tile_level, index] = read(Tile(tile_level, index, width))
        begin = first & (TILE_WIDTH - 1)
        return complete_root(have[tile_level, index][begin : begin + (1 << above)])

    return subtree_root
