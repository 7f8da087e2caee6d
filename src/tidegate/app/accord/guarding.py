"""The one guardian of advance notices under an accord, whichever door they come through.

1. A notice whose scope touches a protected asset, or falls into a protected period of whoever gets it, never
   goes out; the article is named.
2. A late one goes out only where it says so itself: its field `late` is "yes".
3. What cannot be looked at is not let through: while the accords on record are still being read, or cannot
   be, no notice under one goes out.
4. A drill, and a word that something has begun, ended or is cancelled, is no notice, and is never held up.

The node asks it before a message's bytes are fixed, so that no door is without it; a door asks it before, so
that an officer reads what it says in their own language.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from tidegate.accord.before_sending import Scope, look
from tidegate.app.accord.books import Book
from tidegate.app.accord.following import PIECES_MAX, Following
from tidegate.app.accord.readings import accord_named, read
from tidegate.app.accord.remarking import remark_words
from tidegate.app.hotline.line import Draft, HotlineLine
from tidegate.app.hotline.writing import fields_of
from tidegate.hotline.values import time_of
from tidegate.model.accords import Occurrence
from tidegate.model.messages import Content
from tidegate.model.refusals import NotAllowed
from tidegate.model.remarks import Remark
from tidegate.ports.clock import Clock

LATE, YES = "late", "yes"


class Remarks:
    """tidegate.app.hotline.needs.RemarksOf over the accords of a ledger. Belongs to the node's thread."""

    def __init__(self, following: Following, clock: Clock) -> None:
        self._following = following
        self._clock = clock

    def __call__(self, content: Content) -> Sequence[Remark]:
        if not content.accord or content.form != "notice" or content.mark == "DRILL":  # 4
            return ()
        if not self._following.ready(PIECES_MAX):  # 3
            raise NotAllowed("the accords on record are still being read; give the notice again in a moment")
        now_s = self._clock.now_ms() // 1_000
        assert self._following.known is not None, "it is ready"
        try:
            book = self._following.known.current(accord_named(content), now_s)
        except NotAllowed:
            return ()  # nothing was agreed under that name here
        if book.force is None or not book.force.covers(now_s):
            return ()
        return remarks(book, content, now_s)


def remarks(book: Book, content: Content, now_s: int) -> list[Remark]:
    """Of a notice that its recipients' stations would have now."""
    found: list[Remark] = []
    for told in read(book.accord, book.codes, content, content.nonce, 0):
        if told.kind == "notice":  # 4
            found += look(book.accord, told, scope_of(content, told), now_s)
    return found


def scope_of(content: Content, told: Occurrence) -> Scope:
    fields = {field.name: field.values for field in content.fields}
    (until,) = fields["until"]
    return Scope(
        begin_s=told.at_s,
        end_s=time_of(until),
        prefixes=fields.get("prefix", ()),
        networks=tuple(int(one.removeprefix("AS")) for one in fields.get("network", ())),
        domains=fields.get("domain", ()),
    )


def must_be_fit(content: Content, found: Sequence[Remark]) -> None:
    """1, 2. NotAllowed, with each article."""
    fields = {field.name: field.values for field in content.fields}
    against = [one for one in found if one.kind == "stop"]
    if not against and fields.get(LATE) != (YES,):
        against = [one for one in found if one.kind == "mark"]
    if against:
        raise NotAllowed("\n".join(remark_words(one, "en") for one in against))


def looked(line: HotlineLine, draft: Draft) -> tuple[Draft, Sequence[Remark]]:
    """The draft as it would go out, marked where it is late, and all that the node's guardian says of it."""
    if not draft.accord or draft.form != "notice":
        return draft, ()
    found = line.look_before(draft)
    if any(one.kind == "mark" for one in found):
        given = {**{field.name: field.values for field in draft.fields}, LATE: (YES,)}
        draft = replace(draft, fields=fields_of(given, draft.form))
    return draft, found
