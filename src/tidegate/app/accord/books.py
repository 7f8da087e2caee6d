"""The accords that a ledger's messages made: who signed what, since when it is in force, what was told.

An accord is signed by a declaration of the senior level that carries its file; the officers' signatures over
the message are signatures over the file's digest. A higher version that every party signed takes the place of
the one before: what began under that one is still answered under it.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from tidegate.accord.dialogue import Meeting, must_be_minutes
from tidegate.accord.force import force_of
from tidegate.accord.lint import lint
from tidegate.accord.reckoning import Force, Reckoning
from tidegate.app.accord.readings import Codes, accord_named, read
from tidegate.model.accords import ACCORD_BYTES_MAX, Accord, Occurrence, PartyCode, Receipted, Told
from tidegate.model.messages import Content
from tidegate.model.minutes import Minutes
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import accord_digest, decode_accord, decode_minutes

ACCORDS_MAX = 256
"""Versions of accords in one ledger; a file beyond them is passed over, and `Books.left_out` counts it."""

MEETINGS_MAX = 4_096
"""Meetings under one accord whose minutes are at hand; those of later ones are passed over."""

PIECE_MAX = 128
"""Messages that are read at once, so that a node with a large ledger answers heartbeats in between."""

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is out or came in; `at_s` is when this ledger recorded it, as `fact`."""

    digest: Digest
    content: Content
    attachments: tuple[bytes, ...]
    fact: int
    at_s: int
    ours: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """`by` signed that it has a message (R1), told by our fact `fact`."""

    message: Digest
    by: OrganisationId
    at_s: int
    fact: int


@dataclass(slots=True)
class Book:
    """One version of one accord.

    `signed` are the fact and the time of each party's signature; `force` is None until all have signed.
    `told` is all that happened under the accord's id, whichever version, and `under` are the messages that
    told it: one that was queued again in another frame tells nothing new. `minutes` are those that came with
    messages, by their digest, and `minutes_by` who sent them in which fact.
    """

    accord: Accord
    written: bytes
    digest: Digest
    codes: Codes
    signed: dict[PartyCode, tuple[int, int]] = field(default_factory=dict)
    notices: list[int] = field(default_factory=list)
    force: Force | None = None
    told: list[Told] = field(default_factory=list)
    under: set[Digest] = field(default_factory=set)
    minutes: dict[Digest, Minutes] = field(default_factory=dict)
    minutes_by: dict[Digest, dict[PartyCode, int]] = field(default_factory=dict)

    def tells(self, message: Message) -> list[Occurrence]:
        """What one more message means here; nothing where it is under another accord, or known."""
        if accord_named(message.content) != self.accord.id or message.digest in self.under:
            return []
        self.under.add(message.digest)
        self._take_minutes(message)
        return read(self.accord, self.codes, message.content, message.digest, message.fact)

    def _take_minutes(self, message: Message) -> None:
        """Minutes that a party sent with a message, where they are minutes under this accord."""
        content = message.content
        fields = {one.name: one.values for one in content.fields}
        if (
            content.sender not in self.codes
            or content.mark != "REAL"
            or fields.get("purpose") != ("minutes",)
        ):
            return
        for written in message.attachments:
            try:
                minutes = decode_minutes(written)
                must_be_minutes(self.accord, minutes)
            except NotAllowed:
                continue
            digest = accord_digest(written)
            if digest in self.minutes or len(self.minutes) < MEETINGS_MAX:
                self.minutes[digest] = minutes
                self.minutes_by.setdefault(digest, {}).setdefault(self.codes[content.sender], message.fact)

    def told_until_s(self) -> int:
        """When the last message here was sent."""
        return max((one.sent_at_s or 0 for one in self.told if isinstance(one, Occurrence)), default=0)

    def meetings(self) -> list[Meeting]:
        """In the order in which their minutes came."""
        return [
            Meeting(digest=digest, minutes=minutes, told_by=tuple(sorted(self.minutes_by[digest].items())))
            for digest, minutes in self.minutes.items()
        ]

    def tells_receipt(self, one: Receipt) -> list[Receipted]:
        if one.message not in self.under or one.by not in self.codes:
            return []
        return [Receipted(fact=one.fact, reference=one.message, by=self.codes[one.by], at_s=one.at_s)]

    def reckoning(self) -> Reckoning:
        """NotAllowed while it is not in force."""
        if self.force is None:
            lacking = [party.code for party in self.accord.party if party.code not in self.signed]
            raise NotAllowed(f"{self.accord.id} is not in force: {', '.join(lacking)} has not signed")
        reckoning = Reckoning(self.accord, self.force)
        for one in self.told:
            reckoning.hear(one)
        return reckoning


@dataclass(slots=True)
class Books:
    """By digest, in the order in which their files came."""

    by_digest: dict[Digest, Book] = field(default_factory=dict)
    left_out: int = 0

    def current(self, accord_id: str, now_s: int) -> Book:
        """The version of an accord that is in force now, or the newest; NotAllowed where none has this id."""
        versions = [book for book in self.by_digest.values() if book.accord.id == accord_id]
        if not versions:
            known = sorted({book.accord.id for book in self.by_digest.values()})
            told = f"there are {', '.join(known)}" if known else "none has been signed here yet"
            raise NotAllowed(f"no accord is called {accord_id}; {told}")
        in_force = [book for book in versions if book.force is not None and book.force.covers(now_s)]
        return max(in_force or versions, key=lambda book: book.accord.version)


def books_of(messages: Sequence[Message], receipts: Sequence[Receipt]) -> Books:
    """The accords that these messages make, with all that was told under each."""
    return whole(making(messages, receipts))


def making(messages: Sequence[Message], receipts: Sequence[Receipt]) -> Generator[None, None, Books]:
    """The same in pieces: yields after each, and returns the books."""
    books = Books()
    for message in messages:
        sign(books, message)
    replace_versions(books)
    for book in books.by_digest.values():
        for begin in range(0, len(messages), PIECE_MAX):
            for message in messages[begin : begin + PIECE_MAX]:
                book.told += book.tells(message)
            yield
        for begin in range(0, len(receipts), PIECE_MAX):
            for receipt in receipts[begin : begin + PIECE_MAX]:
                book.told += book.tells_receipt(receipt)
            yield
        book.told.sort(key=lambda told: told.fact)
        yield
    return books


def whole(pieces: Generator[None, None, Made]) -> Made:
    """What comes of all pieces."""
    while True:
        try:
            next(pieces)
        except StopIteration as ended:
            made: Made = ended.value
            return made


def is_about_an_accord(content: Content) -> bool:
    """Whether it signs an accord, or gives notice of its end: a declaration of the senior level."""
    fields = {one.name: one.values for one in content.fields}
    return content.level == "senior" and fields.get("declaration") == ("accord",)


def sign(books: Books, message: Message) -> None:
    """Takes a signature, or a notice of the end; passes over what is neither, or names another file."""
    if not is_about_an_accord(message.content):
        return
    fields = {one.name: one.values for one in message.content.fields}
    (digest,) = fields.get("accord-digest", ("",))
    book = books.by_digest.get(digest) or brought(books, digest, message.attachments)
    if book is None or message.content.sender not in book.codes or message.content.mark != "REAL":
        return
    party, said_s = book.codes[message.content.sender], message.content.composed_at_s
    if fields.get("act") in (("made",), ("joined",), ("amended",)):
        book.signed.setdefault(party, (message.fact, said_s))
    elif fields.get("act") == ("withdrawn",):
        book.notices.append(said_s)


def brought(books: Books, digest: Digest, attachments: Iterable[bytes]) -> Book | None:
    """The book of a file that came with its first signature."""
    for written in attachments:
        if len(written) <= ACCORD_BYTES_MAX and accord_digest(written) == digest:
            if len(books.by_digest) >= ACCORDS_MAX:
                books.left_out += 1
                return None
            book = book_of(written)
            if book is not None:
                books.by_digest[digest] = book
            return book
    return None


def book_of(written: bytes) -> Book | None:
    """None for a file that is no accord, or a mistaken one: whoever signed it signed nothing to be kept."""
    try:
        accord = decode_accord(written)
    except NotAllowed:
        return None
    if any(finding.kind == "mistake" for finding in lint(accord)):
        return None
    codes = {party.organisation: party.code for party in accord.party if party.organisation}
    return Book(accord, written, accord_digest(written), codes)


def replace_versions(books: Books) -> None:
    """Each version is in force until the next one is."""
    for book in books.by_digest.values():
        signed = {party: said_s for party, (_, said_s) in book.signed.items()}
        book.force = force_of(book.accord, signed, book.notices)
    by_id: dict[str, list[Book]] = {}
    for book in books.by_digest.values():
        if book.force is not None:
            by_id.setdefault(book.accord.id, []).append(book)
    for versions in by_id.values():
        versions.sort(key=lambda one: one.accord.version)
        for before, after in pairwise(versions):
            before.force = until(before.force, after.force)


def until(force: Force | None, next_version: Force | None) -> Force | None:
    if force is None or next_version is None:
        return force
    ended_s = min(one for one in (force.ended_s, next_version.entered_s) if one is not None)
    return Force(force.entered_s, max(ended_s, force.entered_s))
