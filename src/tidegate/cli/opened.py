"""The node's database, opened to read what is on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegate.app.parts import Parts, Stores


@contextmanager
def record(parts: "Parts", config_file: Path | None, state_folder: Path | None) -> "Iterator[Stores]":
    """The facts of the node that these options name; NotAllowed where no node has kept any there."""
    from tidegate.app.config import find_state, load_config
    from tidegate.app.places import database_url

    config = load_config(config_file, parts.environ).config
    stores = parts.stores(database_url(config, find_state(state_folder, parts.environ)), "refuse")
    try:
        yield stores
    finally:
        stores.close()
