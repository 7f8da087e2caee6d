"""An accord's file as its writers check it, and a draft as negotiators hold it against what happened."""

from collections.abc import Sequence

import msgspec

from tidegate.accord.before_sending import Scope, look
from tidegate.accord.lint import Finding, lint, refuse_mistaken
from tidegate.accord.negotiation import Change, compare
from tidegate.app.accord.books import Book
from tidegate.hotline.values import time_of
from tidegate.model.accords import Happening, Occurrence, PartyCode
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


def pledge_fields(book: Book, name: str) -> tuple[str, ...]:
    """The fields of its declaration; NotAllowed for a guarantee that the accord does not have."""
    known = {one.id: one for one in book.accord.guarantee}
    if name not in known or known[name].subject not in GUARANTEES:
        listed = ", ".join(known) or "none"
        raise NotAllowed(f"{book.accord.id} has no guarantee {name} that can be declared; it has {listed}")
    kind = GUARANTEES[known[name].subject]
    return f"declaration={kind}", f"{kind}={known[name].subject}", f"guarantee-id={name}"


def look_before(book: Book, us: PartyCode, form: str, fields: Sequence[str], now_s: int) -> list[str]:
    """Marks, in words, for a notice with these fields; NotAllowed where it must not go out."""
    given: dict[str, list[str]] = {}
    for field in fields:
        name, _, value = field.partition("=")
        given.setdefault(name, []).append(value)
    if form != "notice" or not {"from", "until", "notice"} <= given.keys():
        return []
    scope = Scope(
        begin_s=time_of(given["from"][0]),
        end_s=time_of(given["until"][0]),
        prefixes=tuple(given.get("prefix", ())),
        networks=tuple(int(one.removeprefix("AS")) for one in given.get("network", ())),
        domains=tuple(given.get("domain", ())),
    )
    act: Happening = given["notice"][0]  # type: ignore[assignment]
    notice = Occurrence(
        fact=0, kind="notice", by=us, toward=(), at_s=scope.begin_s, reference="", sent_at_s=now_s, act=act
    )
    remarks = look(book.accord, notice, scope, now_s)
    stops = [f"article {one.article}: {one.what}" for one in remarks if one.kind == "stop"]
    if stops:
        raise NotAllowed("\n".join(stops))
    return [f"article {one.article}: {one.what}" for one in remarks]
