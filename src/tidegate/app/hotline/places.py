"""Where a node keeps its evidence in the state folder, and a proof made out of it by a command."""

import inspect
from pathlib import Path

from tidegate.app.config import find_state, load_config
from tidegate.app.hotline.bundles import Kept, Proved, joined, prove
from tidegate.app.parts import Parts
from tidegate.app.places import database_url
from tidegate.ledger import verifier

EVIDENCE_NAME = "hotline/evidence"
"""What was seen of ledgers, ours and others', and our last checkpoint; part of every back-up."""

TILES_NAME = "hotline/ledger"
"""The ledger's tiles; made anew where they are missing."""


def proved_in(
    parts: Parts, config_file: Path | None, state_folder: Path | None, message: str, theirs: bytes | None
) -> Proved:
    """See `prove` and, where the other side's bundle is at hand, `joined`; of the node that these options
    name, whether it runs or not."""
    config = load_config(config_file, parts.environ).config
    folder = find_state(state_folder, parts.environ)
    stores = parts.stores(database_url(config, folder), "refuse")
    try:
        shelf = parts.shelf(folder / EVIDENCE_NAME)
        ours = prove(Kept(stores.facts, stores.envelopes, shelf), message)
        return ours if theirs is None else joined(ours, theirs)
    finally:
        stores.close()


def read_bundle(file: Path) -> bytes:
    """No more of it than a bundle may have."""
    with file.open("rb") as opened:
        return opened.read(verifier.BUNDLE_BYTES_MAX + 1)


def verifier_source() -> str:
    """The single-file verifier, to be given away."""
    return inspect.getsource(verifier)
