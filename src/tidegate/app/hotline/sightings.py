"""What peers had seen of our ledger, and when: kept where it bounds the time of something on the hotline.

For each witness the newest heartbeat that cosigns our checkpoint is at hand. When one newly covers facts of
the hotline, it is kept for ever, together with the last that did not: between the two they were recorded.
"""

from collections.abc import Iterator
from typing import get_args

from tidegate.model.hotline_facts import HotlineFact, PathChanged
from tidegate.model.organisations import OrganisationId
from tidegate.ports.evidence import Shelf
from tidegate.ports.facts import FactStore

WITNESSED_KINDS = tuple(kind.__name__ for kind in get_args(HotlineFact) if kind is not PathChanged)
"""Facts whose time is worth bounding: all of the hotline but the comings and goings of its paths."""

SIZE_DIGITS = 19


def name_of(witness: OrganisationId, epoch: int, size: int) -> str:
    return f"{folder_of(witness, epoch)}/{size:0{SIZE_DIGITS}}"


def folder_of(witness: OrganisationId, epoch: int) -> str:
    return f"seen/{witness}/{epoch}"


def keep_sighting(
    shelf: Shelf, store: FactStore, witness: OrganisationId, epoch: int, size: int, signed: bytes
) -> None:
    """`signed` are the bytes of the witness's SignedHeartbeat that cosigns our first `size` facts."""
    newest = f"newest/{witness}/{epoch}"
    before = shelf.get(newest)
    before_size = int(before[:SIZE_DIGITS]) if before is not None else 0
    if size < before_size:
        return
    files = {newest: b"%019d" % size + signed}
    last = store.latest(WITNESSED_KINDS, size, 1)
    if last and last[0].number >= before_size and size > before_size:
        if before is not None:
            files[name_of(witness, epoch, before_size)] = before[SIZE_DIGITS:]
        files[name_of(witness, epoch, size)] = signed
    shelf.put(files)


def newest_size(shelf: Shelf) -> int:
    """Of how many of our facts a peer holds the newest checkpoint that it cosigned; 0 where none did."""
    sizes = [0]
    for witness in shelf.folders("newest"):
        for epoch in shelf.names(f"newest/{witness}"):
            kept = shelf.get(f"newest/{witness}/{epoch}")
            sizes.append(int(kept[:SIZE_DIGITS]) if kept else 0)
    return max(sizes)


def around(shelf: Shelf, witness: OrganisationId, epoch: int, number: int) -> Iterator[tuple[int, bytes]]:
    """What this witness had seen last before fact `number` and first with it: sizes and heartbeats."""
    sizes = [int(name) for name in shelf.names(folder_of(witness, epoch))]
    wanted = [max((size for size in sizes if size <= number), default=None)]
    wanted.append(min((size for size in sizes if size > number), default=None))
    for size in wanted:
        signed = shelf.get(name_of(witness, epoch, size)) if size else None
        if size and signed is not None:
            yield size, signed
    newest = shelf.get(f"newest/{witness}/{epoch}")
    if wanted[1] is None and newest is not None and int(newest[:SIZE_DIGITS]) > number:
        yield int(newest[:SIZE_DIGITS]), newest[SIZE_DIGITS:]
