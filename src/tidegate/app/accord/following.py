"""The accords of a ledger that grows: read once, piece by piece, and followed from then on, fact by fact."""

from collections.abc import Generator

from tidegate.accord.reckoning import Reckoning
from tidegate.app.accord.books import PIECE_MAX, Book, Books, Message, Receipt, is_about_an_accord
from tidegate.app.accord.opening import reading, told_since
from tidegate.model.accords import Told
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore
from tidegate.ports.outside import OutsideFailed

PIECES_MAX = 8
"""Pieces of a ledger that one message waits for; of most ledgers that is all that is new."""


class Following:
    """For a node's thread, beside the store that it writes to. What it tells is what `open_books` would tell
    of the same ledger; a test holds the two together. The numbers stand beside the code that keeps each rule.

    1. What a message under an accord says is heard once, in the ledger's order, by each version of it.
    2. A message that signs or ends an accord may change since when what is in force: then all is read anew.
    3. `ready` reads bounded pieces, and the node's thread does its other work between two of them.

    `known` are the accords as they were last read; None before that.
    """

    def __init__(self, store: FactStore, envelopes: EnvelopeStore, own: OrganisationId) -> None:
        self._store = store
        self._envelopes = envelopes
        self._own = own
        self._reckonings: dict[Digest, Reckoning] = {}
        self._seen = 0
        self._reading: Generator[None, None, Books] | None = None
        self.known: Books | None = None

    def ready(self, pieces: int = 1) -> bool:
        """Reads up to so many pieces; whether `look` has nothing more to read then. Errors as those of
        `look`; the next call tries again."""
        for _ in range(pieces):
            if self._reading is None:
                self._hear_new()
            if self._reading is None:
                return True
            self._read_piece(self._reading)
        return self._reading is None and self._seen == self._store.head().size

    def look(self) -> Books:
        """As of the last stored fact, however long that takes. OutsideFailed when the store fails or lacks
        what its facts name."""
        while not self.ready():
            pass
        assert self.known is not None, "it is ready"
        return self.known

    def reckoning(self, book: Book) -> Reckoning:
        """Kept warm between two looks; NotAllowed while the accord is not in force."""
        if book.digest not in self._reckonings:
            self._reckonings[book.digest] = book.reckoning()
        return self._reckonings[book.digest]

    def _hear_new(self) -> None:
        size = self._store.head().size
        if self.known is None:
            self._reading = self._whole(size)
            return
        if size > self._seen:
            for one in told_since(self._store, self._envelopes, self._own, self._seen):
                if isinstance(one, Message) and is_about_an_accord(one.content):
                    self._reading = self._whole(size)  # 2
                    return
                self._hear(self.known, one)
        self._seen = size

    def _read_piece(self, pieces: Generator[None, None, Books]) -> None:
        try:
            next(pieces)  # 3
        except StopIteration:
            self._reading = None
        except OutsideFailed:
            self._reading = None
            raise

    def _whole(self, size: int) -> Generator[None, None, Books]:
        books = yield from reading(self._store, self._envelopes, self._own, size)
        reckonings: dict[Digest, Reckoning] = {}
        for book in books.by_digest.values():
            if book.force is not None:
                reckonings[book.digest] = Reckoning(book.accord, book.force)
                for begin in range(0, len(book.told), PIECE_MAX):
                    for told in book.told[begin : begin + PIECE_MAX]:
                        reckonings[book.digest].hear(told)
                    yield
        self.known, self._reckonings, self._seen = books, reckonings, size
        return books

    def _hear(self, books: Books, one: Message | Receipt) -> None:
        for book in books.by_digest.values():
            told: list[Told] = [*(book.tells(one) if isinstance(one, Message) else book.tells_receipt(one))]
            book.told += told
            if book.digest in self._reckonings:
                for heard in told:
                    self._reckonings[book.digest].hear(heard)  # 1
