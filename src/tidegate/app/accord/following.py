"""The accords of a ledger that grows: read whole once, and followed from then on, fact by fact."""

from tidegate.accord.reckoning import Reckoning
from tidegate.app.accord.books import (
    Book,
    Books,
    Message,
    Receipt,
    is_about_an_accord,
    open_books,
    told_since,
)
from tidegate.model.accords import Told
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore


class Following:
    """For a node's thread, beside the store that it writes to. What it tells is what `open_books` would tell
    of the same ledger; a test holds the two together.

    1. What a message under an accord says is heard once, in the ledger's order, by each version of it.
    2. A message that signs or ends an accord may change since when what is in force: then all is read anew.
    """

    def __init__(self, store: FactStore, envelopes: EnvelopeStore, own: OrganisationId) -> None:
        self._store = store
        self._envelopes = envelopes
        self._own = own
        self._books: Books | None = None
        self._reckonings: dict[Digest, Reckoning] = {}
        self._seen = 0

    def look(self) -> Books:
        """As of the last stored fact. OutsideFailed when the store fails or lacks what its facts name."""
        size = self._store.head().size
        if self._books is None:
            return self._whole(size)
        if size > self._seen:
            for one in told_since(self._store, self._envelopes, self._own, self._seen):
                if isinstance(one, Message) and is_about_an_accord(one.content):
                    return self._whole(size)  # 2
                self._hear(self._books, one)
        self._seen = size
        return self._books

    def reckoning(self, book: Book) -> Reckoning:
        """Kept warm between two looks; NotAllowed while the accord is not in force."""
        if book.digest not in self._reckonings:
            self._reckonings[book.digest] = book.reckoning()
        return self._reckonings[book.digest]

    def _whole(self, size: int) -> Books:
        self._reckonings.clear()
        self._books = open_books(self._store, self._envelopes, self._own)
        self._seen = size
        return self._books

    def _hear(self, books: Books, one: Message | Receipt) -> None:
        for book in books.by_digest.values():
            told: list[Told] = [*(book.tells(one) if isinstance(one, Message) else book.tells_receipt(one))]
            book.told += told
            if book.digest in self._reckonings:
                for heard in told:
                    self._reckonings[book.digest].hear(heard)  # 1
