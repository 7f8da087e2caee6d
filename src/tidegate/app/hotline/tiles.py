"""The ledger's hashes on disk as C2SP tiles, for whoever may read the folder; entries themselves stay out."""

from collections.abc import Iterable

from tidegate.app.proofs import root_at, tiles_of
from tidegate.ledger import Tile, new_tiles
from tidegate.ledger.checkpoints import Head, read_head
from tidegate.ledger.notes import NoteRefused, read_note
from tidegate.ports.evidence import Shelf
from tidegate.ports.facts import FactStore

CHECKPOINT_NAME = "checkpoint"

TILES_AT_ONCE_MAX = 256
"""Tiles read and written together; a folder that has none yet takes many such rounds."""


def publish_tiles(store: FactStore, shelf: Shelf, head: Head) -> None:
    """All tiles of the ledger at this head, durably; only those that are new since the last are written.

    A partial tile goes once it is full. OutsideFailed where the store or the shelf fails.
    """
    tiles = list(new_tiles(published(store, shelf, head), head.size))
    for at in range(0, len(tiles), TILES_AT_ONCE_MAX):
        write(store, shelf, tiles[at : at + TILES_AT_ONCE_MAX])


def write(store: FactStore, shelf: Shelf, tiles: Iterable[Tile]) -> None:
    read = tiles_of(store)
    shelf.put({tile.path: b"".join(read(tile)) for tile in tiles})
    for tile in tiles:
        if tile.is_full:
            partial = f"{tile.path}.p"
            shelf.drop([f"{partial}/{width}" for width in shelf.names(partial)])


def published(store: FactStore, shelf: Shelf, head: Head) -> int:
    """How many entries' tiles are there already; 0 where they are of another ledger or another past."""
    body = shelf.get(CHECKPOINT_NAME)
    if body is None:
        return 0
    try:
        old = read_head(read_note(body.decode()).text)
    except (NoteRefused, UnicodeDecodeError):
        return 0
    of_this = old.origin == head.origin and old.size <= head.size
    return old.size if of_this and root_at(store, old.size) == old.root else 0
