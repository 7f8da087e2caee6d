"""The hotline's packages and envelopes in an open database (tidegate.ports.hotline.EnvelopeStore)."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import sha256

from sqlalchemy import Connection, bindparam, delete, func, select

from tidegate.adapters.sql.engine import Database
from tidegate.adapters.sql.inserting import put_rows
from tidegate.adapters.sql.tables import BLOBS
from tidegate.model.organisations import Digest

DROPPED_AT_ONCE_MAX = 512
"""Digests in one statement; the next ones follow in the next."""

RECENT_BYTES_MAX = 16 << 20
"""Bytes that were stored or read last, kept in memory: a message is soon framed, and its envelope offered
again and again. Beyond it the one that was asked for longest ago is read from the database again."""

BODY_OF = select(BLOBS.c.body).where(BLOBS.c.digest == bindparam("wanted"))


class SqlEnvelopeStore:
    """Bytes by their SHA-256. What is put is on disk when `put` returns: both databases are set so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: OrderedDict[Digest, bytes] = OrderedDict()
        self._recent_bytes = 0

    def put(self, blobs: Sequence[bytes]) -> list[Digest]:
        if blobs:
            with self._database.writing() as connection:
                kept = put_blobs(connection, blobs)
            self.remember(kept)
        return [sha256(body).hexdigest() for body in blobs]

    def remember(self, blobs: Mapping[bytes, bytes]) -> None:
        """They are stored, by their digests."""
        for digest, body in blobs.items():
            self._remember(digest.hex(), body)

    def get(self, digest: Digest) -> bytes | None:
        if digest in self._recent:
            self._recent.move_to_end(digest)
            return self._recent[digest]
        with self._database.reading() as connection:
            found = connection.execute(BODY_OF, {"wanted": bytes.fromhex(digest)}).scalar_one_or_none()
        if found is None:
            return None
        body = bytes(found)
        self._remember(digest, body)
        return body

    def _remember(self, digest: Digest, body: bytes) -> None:
        if digest in self._recent:
            return
        self._recent[digest] = body
        self._recent_bytes += len(body)
        while self._recent_bytes > RECENT_BYTES_MAX:
            _, oldest = self._recent.popitem(last=False)
            self._recent_bytes -= len(oldest)

    def drop(self, digests: Sequence[Digest]) -> None:
        for digest in digests:
            self._recent_bytes -= len(self._recent.pop(digest, b""))
        for at in range(0, len(digests), DROPPED_AT_ONCE_MAX):
            some = [bytes.fromhex(digest) for digest in digests[at : at + DROPPED_AT_ONCE_MAX]]
            with self._database.writing() as connection:
                connection.execute(delete(BLOBS).where(BLOBS.c.digest.in_(some)))

    def bytes_held(self) -> int:
        with self._database.reading() as connection:
            held: int = connection.execute(select(func.coalesce(func.sum(BLOBS.c.size), 0))).scalar_one()
        return held


def put_blobs(connection: Connection, blobs: Sequence[bytes]) -> dict[bytes, bytes]:
    """In the transaction of this connection; by their digests. What is there already is the same bytes, and
    stays."""
    by_digest = {sha256(body).digest(): body for body in blobs}
    rows = [{"digest": digest, "size": len(body), "body": body} for digest, body in by_digest.items()]
    put_rows(connection, BLOBS, rows, unless_there=True)
    return by_digest
