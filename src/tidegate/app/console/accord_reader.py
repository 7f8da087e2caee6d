"""The accords on record as the console keeps them: read once, then followed, however many people look."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tidegate.accord.reckoning import Reckoning, Standing
from tidegate.app.accord.books import Book, Books
from tidegate.app.accord.calendar import Key, icalendar
from tidegate.app.accord.following import Following
from tidegate.app.accord.opening import facts_of, found
from tidegate.app.accord.origins import seen_on_record
from tidegate.app.accord.reconciling import Account, account_in
from tidegate.app.accord.views import YearView, own_organisation, year_view
from tidegate.app.console.promises import Promises, promises
from tidegate.model.accord_facts import OriginsSeen
from tidegate.model.accords import PartyCode
from tidegate.model.hotline_facts import MessageStored
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore
from tidegate.ports.outside import OutsideFailed

PROMISES_EVERY_MS = 5_000
"""What a Situation screen tells of accords may be so old; the node itself reminds people in time."""

FIRST_WAIT_S = 0.3
"""A Situation screen waits so long for a reading that is under way, and is then shown without it."""

YEARS_KEPT_MAX = 8
"""Years of review packs at hand, the last asked for; a page and its print are mostly asked for together."""


class Record(Protocol):
    """An open database."""

    @property
    def facts(self) -> FactStore: ...
    @property
    def envelopes(self) -> EnvelopeStore: ...


def our_code(book: Book, own: OrganisationId) -> PartyCode:
    """Ours in this accord; the first party's where the node is none of them, and only looks on."""
    return book.codes.get(own, book.accord.party[0].code)


@dataclass(frozen=True, slots=True)
class Where:
    """Whose record it is: `option` goes behind commands, "" where none is needed; `same_node` is whether the
    ledger is the one that the console shows the facts of."""

    option: str = ""
    same_node: bool = True


class Followed:
    """One ledger's accords, for whoever holds the lock of `Accords`."""

    def __init__(self, record: Record, own: OrganisationId) -> None:
        self.own = own
        self._record = record
        self._following = Following(record.facts, record.envelopes, own)
        self._accounts: list[tuple[OrganisationId, Digest, Account]] = []
        self._accounts_until = 0
        self._years: dict[tuple[Digest, int, int, int], YearView] = {}
        self._entries: dict[Key, bytes] = {}

    def books(self) -> Books:
        return self._following.look()

    def reckoning(self, book: Book) -> Reckoning:
        """NotAllowed while the accord is not in force. It answers for moments that go forwards."""
        return self._following.reckoning(book)

    def accounts(self, book: Book) -> list[tuple[Digest, Account]]:
        """Accounts that other parties sent under this accord, in the order in which they came; one that a
        party gives of another is passed over. As tidegate.app.accord.reconciling.accounts_told, each message
        read once."""
        size = self._record.facts.head().size
        for number, at_ms, fact in facts_of(self._record.facts, self._accounts_until):
            if isinstance(fact, MessageStored) and fact.about.accord and fact.about.form == "free-text":
                message = found(self._record.envelopes, fact, number, at_ms, self.own)
                purposes = [one.values for one in message.content.fields if one.name == "purpose"]
                for written in message.attachments if ("account",) in purposes else ():
                    self._take(message.content.sender, message.digest, written)
        self._accounts_until = size
        return [
            (digest, told)
            for sender, digest, told in self._accounts
            if told.accord == book.accord.id and book.codes.get(sender) == told.party
        ]

    def _take(self, sender: OrganisationId, digest: Digest, written: bytes) -> None:
        try:
            self._accounts.append((sender, digest, account_in(written)))
        except NotAllowed:
            return

    def origins(self, book: Book) -> list[OriginsSeen]:
        return seen_on_record(self._record.facts, book.accord.id)

    def calendar(self, book: Book, due: Sequence[Standing], language: str) -> bytes:
        """As tidegate.app.accord.calendar.icalendar, each entry written once."""
        return icalendar(book, due, language, self._entries)

    def year(self, book: Book, year: int, now_s: int) -> YearView:
        """Reckoned anew, since it asks how things stood when the year ended; kept until something is told,
        and of a year that is not over for the minute."""
        minute_s = now_s - now_s % 60
        over = minute_s >= datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()
        key = (book.digest, year, len(book.told), 0 if over else minute_s)
        if key not in self._years:
            kept = list(self._years.items())[-(YEARS_KEPT_MAX - 1) :]
            self._years = {**dict(kept), key: year_view(book, our_code(book, self.own), year, minute_s)}
        return self._years[key]


@dataclass(frozen=True, slots=True)
class Look:
    """One look: the accords as of `now_s`. `followed` is None where the node speaks for nobody yet."""

    followed: Followed | None
    books: Books
    now_s: int
    where: Where


class Accords:
    """Belongs to the console's process. Books and reckonings change while they hear, so that they are looked
    at by one thread at a time, inside `look`; what leaves it are values."""

    def __init__(self, record: Callable[[], Record], clock: Clock, where: Where) -> None:
        self._record = record
        self._clock = clock
        self._where = where
        self._lock = threading.Lock()
        self._followed: Followed | None = None
        self._promises: Promises | None = None
        self._promised_ms: int | None = None
        self._asking = threading.Lock()
        self._reading: threading.Thread | None = None

    @contextmanager
    def look(self) -> Iterator[Look]:
        """Waits for the first reading. OutsideFailed when the store fails or lacks what its facts name."""
        with self._lock:
            now_s = self._clock.now_ms() // 1_000
            if self._followed is None:
                self._followed = self._opened()
            books = Books() if self._followed is None else self._followed.books()
            yield Look(self._followed, books, now_s, self._where)

    def _opened(self) -> Followed | None:
        """None where there is no record yet, or no organisation that keeps it."""
        try:
            record = self._record()
            return Followed(record, own_organisation(record.facts))
        except NotAllowed:
            return None

    def promises(self) -> Promises | None:
        """What runs out soon, for a screen that waits for nobody: as of the last few seconds; None before the
        first reading is over, and while the record cannot be read."""
        with self._asking:
            now_ms = self._clock.now_ms()
            if self._reading is None and self._is_old(now_ms):
                self._reading = threading.Thread(target=self._read, args=(now_ms,), daemon=True)
                self._reading.start()
            reading = self._reading
        if reading is not None:
            reading.join(FIRST_WAIT_S)
        return self._promises

    def _is_old(self, now_ms: int) -> bool:
        return self._promised_ms is None or not 0 <= now_ms - self._promised_ms < PROMISES_EVERY_MS

    def _read(self, now_ms: int) -> None:
        try:
            self._promises = self._told()
        except (NotAllowed, OutsideFailed):
            self._promises = None
        finally:
            self._promised_ms, self._reading = now_ms, None

    def _told(self) -> Promises:
        with self.look() as seen:
            followed = seen.followed
            if followed is None:
                return promises((), seen.now_s)
            opened = [
                (book, our_code(book, followed.own), followed.reckoning(book).open(seen.now_s))
                for book in seen.books.by_digest.values()
                if book.force is not None and book.force.entered_s <= seen.now_s
            ]
            return promises(opened, seen.now_s)
