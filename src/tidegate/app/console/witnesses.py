"""What peers had seen of our ledger, as the console shows it: the last checkpoint, and who cosigned it.

What lies on the shelf was verified when it was put there (tidegate.app.hotline.evidence). Whether all of it
holds, `tidegate ledger verify` and a message's proof say.
"""

from collections.abc import Iterator, Mapping

import msgspec

from tidegate.app.hotline.sightings import SIZE_DIGITS
from tidegate.app.hotline.tiles import CHECKPOINT_NAME
from tidegate.ledger.checkpoints import Head, epoch_of, read_head
from tidegate.ledger.notes import NoteRefused, read_note
from tidegate.model.messages import MESSAGE_BYTES_MAX, Heartbeat, SignedHeartbeat
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Malformed
from tidegate.model.value_bytes import value_from
from tidegate.ports.evidence import Shelf


class WitnessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A peer that had seen the first `size` facts of our ledger at `at_ms`, by its own clock."""

    name: str
    size: int
    at_ms: int


class WitnessesView(msgspec.Struct, frozen=True, kw_only=True):
    """`size` and `root` (hex) are those of our last checkpoint, 0 and "" before the first."""

    at_ms: int
    size: int
    root: str
    witnesses: tuple[WitnessRow, ...]


def witnesses_view(
    shelf: Shelf, own: OrganisationId, names: Mapping[OrganisationId, str], now_ms: int
) -> WitnessesView:
    head = last_head(shelf)
    if head is None:
        return WitnessesView(at_ms=now_ms, size=0, root="", witnesses=())
    rows = sorted(rows_of(shelf, epoch_of(own, head.origin), names), key=lambda row: -row.size)
    return WitnessesView(at_ms=now_ms, size=head.size, root=head.root.hex(), witnesses=tuple(rows))


def last_head(shelf: Shelf) -> Head | None:
    body = shelf.get(CHECKPOINT_NAME)
    try:
        return None if body is None else read_head(read_note(body.decode()).text)
    except (NoteRefused, UnicodeDecodeError):
        return None


def rows_of(shelf: Shelf, epoch: int, names: Mapping[OrganisationId, str]) -> Iterator[WitnessRow]:
    """The newest that each peer had seen in this epoch; what cannot be read is told by nobody."""
    for witness in shelf.folders("newest"):
        body = shelf.get(f"newest/{witness}/{epoch}")
        if body is None or not body[:SIZE_DIGITS].isdigit():
            continue
        try:
            signed = value_from(SignedHeartbeat, body[SIZE_DIGITS:], MESSAGE_BYTES_MAX)
            beat = value_from(Heartbeat, signed.heartbeat, MESSAGE_BYTES_MAX)
        except Malformed:
            continue
        yield WitnessRow(
            name=names.get(witness, witness[:16]), size=int(body[:SIZE_DIGITS]), at_ms=beat.at_s * 1000
        )
