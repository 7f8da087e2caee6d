"""The ledger's hashes on disk as C2SP tiles, for whoever may read the folder; entries themselves stay out.

The folder's checkpoint is written only after its tiles. A ledger that was long before its first tile is taken
up in steps, so that nothing waits for it.
"""

from collections.abc import Sequence

from tidegate.app.proofs import root_at, tiles_of
from tidegate.ledger import TILE_WIDTH, Tile, new_tiles
from tidegate.ledger.checkpoints import Head, read_head
from tidegate.ledger.notes import Note, NoteRefused
from tidegate.ports.evidence import Shelf
from tidegate.ports.facts import FactStore

CHECKPOINT_NAME = "checkpoint"
PROGRESS_NAME = "progress"
"""How far the tiles go: a head's text, for ourselves."""

STEP_TILES_MAX = 64
"""Full tiles of leaves written at once; a ledger that has more goes on with the next checkpoint."""


def publish_tiles(store: FactStore, shelf: Shelf, head: Head, note: Note) -> None:
    """Durably the tiles that are new, and then `note`, which is this head's checkpoint.

    A partial tile goes once it is full. OutsideFailed where the store or the shelf fails.
    """
    old_size = published(store, shelf, head.origin)
    size = min(head.size, old_size + STEP_TILES_MAX * TILE_WIDTH)
    write(store, shelf, list(new_tiles(old_size, size)))
    reached = head if size == head.size else Head(head.origin, size, root_at(store, size))
    shelf.put({PROGRESS_NAME: reached.text.encode()})
    if reached == head:
        shelf.put({CHECKPOINT_NAME: note.whole.encode()})


def write(store: FactStore, shelf: Shelf, tiles: Sequence[Tile]) -> None:
    read = tiles_of(store)
    shelf.put({tile.path: b"".join(read(tile)) for tile in tiles})
    for tile in tiles:
        if tile.is_full:
            partial = f"{tile.path}.p"
            shelf.drop([f"{partial}/{width}" for width in shelf.names(partial)])


def published(store: FactStore, shelf: Shelf, origin: str) -> int:
    """How many entries' tiles are there already; 0 where they are of another log or another past."""
    body = shelf.get(PROGRESS_NAME)
    if body is None:
        return 0
    try:
        old = read_head(body.decode())
    except (NoteRefused, UnicodeDecodeError):
        return 0
    of_this = old.origin == origin and old.size <= store.head().size
    return old.size if of_this and root_at(store, old.size) == old.root else 0
