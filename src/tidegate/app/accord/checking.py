"""An accord's file as its writers check it, and a draft as negotiators hold it against what happened."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from tidegate.accord.changes import Amended, amendments
from tidegate.accord.lint import FINDING, Finding, doubt, lint, refuse_mistaken
from tidegate.accord.negotiation import Change, compare
from tidegate.accord.spans import end_of, parse_span
from tidegate.app.accord.books import Book
from tidegate.hotline.values import time_value
from tidegate.model.accords import Accord, Guarantee
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import accord_digest, decode_accord

__all__ = [
    "FINDING",
    "Amendment",
    "Checked",
    "Finding",
    "accord_in",
    "amended",
    "check_file",
    "compared",
    "next_draft",
    "notice_ends",
    "pledge_fields",
    "signable",
    "track_fields",
]

VERSION = re.compile(r"^version *= *\d+", re.MULTILINE)


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


def signable(written: bytes) -> Checked:
    """What is signed; NotAllowed where the file has a mistake."""
    refuse_mistaken(decode_accord(written))
    return check_file(written)


GUARANTEES = {
    "non-interference": "guarantee",
    "electoral-non-interference": "guarantee",
    "no-first-strike": "pledge",
}
"""Of each subject, which declaration it is."""


def accord_in(written: bytes) -> Accord:
    """NotAllowed for a file that is no accord, or has a mistake."""
    accord = decode_accord(written)
    refuse_mistaken(accord)
    return accord


def pledge_fields(accord: Accord, name: str) -> tuple[str, ...]:
    """The fields of its declaration; NotAllowed for a guarantee that the accord does not have."""
    known = guarantee_of(accord, name)
    kind = GUARANTEES[known.subject]
    return f"declaration={kind}", f"{kind}={known.subject}", f"guarantee-id={name}"


def guarantee_of(accord: Accord, name: str) -> Guarantee:
    known = {one.id: one for one in accord.guarantee if one.subject in GUARANTEES}
    if name not in known:
        listed = ", ".join(known) or "none"
        raise NotAllowed(f"{accord.id} has no guarantee {name} that can be declared; it has {listed}")
    return known[name]


def notice_ends(accord: Accord, name: str, now_s: int) -> str:
    """From when a state that leaves now is bound no more: the field `from` of its declaration."""
    return time_value(end_of(parse_span(guarantee_of(accord, name).notice), now_s))


def track_fields(accord: Accord, track: str, act: str, now_s: int) -> tuple[str, ...]:
    """Of a declaration that suspends or resumes a track. NotAllowed for one that the accord does not have,
    and for the experts': that one goes on whatever happens between states."""
    known = {one.id: one for one in accord.track}
    if track not in known:
        raise NotAllowed(f"{accord.id} has no track {track}; it has {', '.join(known) or 'none'}")
    if known[track].experts and act == "suspended":
        raise NotAllowed(
            f"{track} is the experts' track: it goes on when others rest, and is never suspended"
        )
    since = (f"from={time_value(now_s)}",) if act == "suspended" else ()
    return "declaration=track", f"act={act}", f"track={track}", *since


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """A higher version, what it changes article by article, and what its writers may have forgotten."""

    id: str
    before: int
    version: int
    digest: str
    changes: tuple[Amended, ...]
    doubts: tuple[Finding, ...]


def amended(book: Book, written: bytes) -> Amendment:
    """NotAllowed for a file that is mistaken, another accord, or no higher version."""
    told = signable(written)
    changes = amendments(book.accord, decode_accord(written))
    if not changes:
        raise NotAllowed(f"version {told.version} changes nothing but its number")
    return Amendment(
        id=told.id,
        before=book.accord.version,
        version=told.version,
        digest=told.digest,
        changes=tuple(changes),
        doubts=tuple(forgotten(changes)),
    )


def forgotten(changes: Sequence[Amended]) -> Iterator[Finding]:
    """Obligations whose clock is another, and whose words still say what they said."""
    for one in changes:
        parts = {name.partition(".")[0] for name, _, _ in one.fields}
        if one.table == "obligation" and "clock" in parts and "text" not in parts:
            yield doubt(f"obligation {one.id}", "clock-without-text")


def next_draft(book: Book) -> bytes:
    """The file as it was signed, with the next version's number, for people to change."""
    text = book.written.decode()
    drafted, count = VERSION.subn(f"version = {book.accord.version + 1}", text, count=1)
    if count == 0:
        raise NotAllowed("the file writes its version in an unusual way; raise it by hand")
    return drafted.encode()
