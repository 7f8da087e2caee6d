"""An accord's file as its writers check it, and a draft as negotiators hold it against what happened."""

import msgspec

from tidegate.accord.lint import Finding, lint, refuse_mistaken
from tidegate.accord.negotiation import Change, compare
from tidegate.app.accord.books import Book
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import accord_digest, decode_accord


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What would be signed, and what is wrong with it."""

    id: str
    version: int
    digest: str
    findings: tuple[Finding, ...]


def check_file(written: bytes) -> Checked:
    """NotAllowed for a file that is no accord at all."""
    accord = decode_accord(written)
    return Checked(
        id=accord.id, version=accord.version, digest=accord_digest(written), findings=tuple(lint(accord))
    )


def compared(book: Book, draft: bytes, now_s: int) -> list[Change]:
    """What would stand otherwise under the draft. NotAllowed for a draft with mistakes, or before the accord
    is in force."""
    proposed = decode_accord(draft)
    refuse_mistaken(proposed)
    if book.force is None:
        raise NotAllowed(f"{book.accord.id} is not in force, so nothing has happened under it")
    return compare(book.accord, proposed, book.force, book.told, now_s)
