"""The hotline's packages and envelopes in an open database (tidegate.ports.hotline.EnvelopeStore)."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Insert, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from tidegate.adapters.sql.engine import Database
from tidegate.adapters.sql.tables import BLOBS
from tidegate.model.organisations import Digest

DROPPED_AT_ONCE_MAX = 512
"""Digests in one statement; the next ones follow in the next."""


class SqlEnvelopeStore:
    """Bytes by their SHA-256. What is put is on disk when `put` returns: both databases are set so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, blobs: Sequence[bytes]) -> list[Digest]:
        digests = [sha256(body).digest() for body in blobs]
        rows = {
            digest: {"digest": digest, "size": len(body), "body": body}
            for digest, body in zip(digests, blobs, strict=True)
        }
        if rows:
            with self._database.writing() as connection:
                connection.execute(self._insert_new(), list(rows.values()))
        return [digest.hex() for digest in digests]

    def _insert_new(self) -> Insert:
        """What is there already is the same bytes, and stays."""
        if self._database.dialect == "postgresql":
            return postgresql.insert(BLOBS).on_conflict_do_nothing()
        return sqlite.insert(BLOBS).on_conflict_do_nothing()

    def get(self, digest: Digest) -> bytes | None:
        question = select(BLOBS.c.body).where(BLOBS.c.digest == bytes.fromhex(digest))
        with self._database.reading() as connection:
            body = connection.execute(question).scalar_one_or_none()
        return None if body is None else bytes(body)

    def drop(self, digests: Sequence[Digest]) -> None:
        for at in range(0, len(digests), DROPPED_AT_ONCE_MAX):
            some = [bytes.fromhex(digest) for digest in digests[at : at + DROPPED_AT_ONCE_MAX]]
            with self._database.writing() as connection:
                connection.execute(delete(BLOBS).where(BLOBS.c.digest.in_(some)))

    def bytes_held(self) -> int:
        with self._database.reading() as connection:
            held: int = connection.execute(select(func.coalesce(func.sum(BLOBS.c.size), 0))).scalar_one()
        return held
