"""Checkpoints: a log's size and root in a note that the log signs and witnesses cosign.

c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature. A cosignature says: at that time this was the largest
head of that log that I had seen, and it was consistent with all that I had seen before.
"""

from base64 import b64encode
from dataclasses import dataclass

from tidegate.ledger.frontier import LOG_SIZE_MAX
from tidegate.ledger.hashes import HASH_BYTES
from tidegate.ledger.notes import (
    ED25519,
    Note,
    NoteKey,
    NoteRefused,
    Sign,
    check_signed,
    decoded,
    holds,
    read_note,
    signed_note,
)

TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Head:
    """What a checkpoint says. `origin` names the log; a log that was restored from a copy has a new one."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def log_name(organisation: str) -> str:
    """The name of an organisation's log key, on its card and in its signatures."""
    return f"tidegate/{organisation}"


def log_origin(organisation: str, epoch: int) -> str:
    """The first line of its checkpoints: each epoch, that is each restoring from a copy, is another log."""
    return f"tidegate/{organisation}/{epoch}"


def epoch_of(organisation: str, origin: str) -> int:
    """The inverse; NoteRefused for the origin of any other log."""
    name, _, epoch = origin.rpartition("/")
    if name != log_name(organisation) or not epoch.isascii() or not epoch.isdigit():
        raise NoteRefused("the checkpoint is of another log")
    if str(int(epoch)) != epoch:
        raise NoteRefused("the checkpoint's epoch is not in its one form")
    return int(epoch)


def read_head(text: str) -> Head:
    """What a note's text says. NoteRefused unless it is three lines; extension lines are for nobody here."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise NoteRefused("a checkpoint has three lines")
    origin, size, root = lines[0], lines[1], decoded(lines[2])
    if not origin or not size.isascii() or not size.isdigit() or len(size) > 19 or len(root) != HASH_BYTES:
        raise NoteRefused("a checkpoint is an origin, a size and a root")
    head = Head(origin, int(size), root)
    if head.text != text or head.size > LOG_SIZE_MAX:
        raise NoteRefused("a checkpoint's size is not in its one form")
    return head


def sign_head(head: Head, key: NoteKey, sign: Sign) -> Note:
    return signed_note(head.text, key, sign)


def open_checkpoint(whole: str, key: NoteKey) -> tuple[Note, Head]:
    """The note and what it says; NoteRefused unless the log's key signed it."""
    if key.kind != ED25519:
        raise NoteRefused("a log's key signs; it does not cosign")
    note = read_note(whole)
    check_signed(note, key)
    return note, read_head(note.text)


def cosign(note: Note, key: NoteKey, at_s: int, sign: Sign) -> Note:
    """The note with this key's cosignature; only `tidegate.ledger.witness` says when that is right."""
    cosigner = key.cosigner
    signature = at_s.to_bytes(TIME_BYTES) + sign(cosigned_message(note.text, at_s))
    return note.with_signature(cosigner, signature)


def cosigned_at(note: Note, key: NoteKey) -> int | None:
    """When this key last cosigned the note; None where it did not. NoteRefused where a line does not hold."""
    times = []
    for made in note.made_by(key.cosigner):
        at_s = int.from_bytes(made[:TIME_BYTES])
        if not holds(key, made[TIME_BYTES:], cosigned_message(note.text, at_s)):
            raise NoteRefused(f"a cosignature of {key.name} does not hold")
        times.append(at_s)
    return max(times, default=None)


def cosigned_message(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
