"""The durable store of facts and effects on SQL; the contract is `tidegate.ports.facts.FactStore`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, case, delete, insert, literal, select, union_all, update

from tidegate.adapters.sql import attack_counts
from tidegate.adapters.sql.engine import Database
from tidegate.adapters.sql.envelopes import put_blobs
from tidegate.adapters.sql.inserting import put_rows
from tidegate.adapters.sql.packing import pack, unpack
from tidegate.adapters.sql.tables import (
    CHECKPOINT,
    EFFECTS,
    EFFECTS_DONE,
    FACTS,
    LEDGER_HEAD,
    LEDGER_NODES,
    MENTIONS,
)
from tidegate.ports.facts import (
    READ_ROWS_MAX,
    Addition,
    AttackCount,
    Checkpoint,
    HeadMoved,
    Mention,
    StoredEffect,
    StoredFact,
    StoreHead,
)

HEAD = LEDGER_HEAD.c
DIGEST_DIGITS = 64
# Statements that are asked for with every fact are made once: making one takes longer than carrying it out.
MOVE_HEAD = (
    update(LEDGER_HEAD)
    .where(
        HEAD.size == bindparam("expected_size"),
        HEAD.root == bindparam("expected_root"),
        HEAD.effects == bindparam("expected_effects"),
    )
    .values({name: bindparam(name) for name in ("size", "root", "frontier", "effects")})
)
MOVE_HEAD_AND_COUNTED = MOVE_HEAD.values(
    counted=case((HEAD.counted == bindparam("expected_size"), bindparam("size")), else_=HEAD.counted)
)
"""For facts that the counts of attacks have nothing to do with."""

FACT_COLUMNS = (FACTS.c.number, FACTS.c.at_ms, FACTS.c.kind, FACTS.c.body, FACTS.c.leaf_hash)
EFFECT_COLUMNS = (EFFECTS.c.number, EFFECTS.c.fact_number, EFFECTS.c.kind, EFFECTS.c.body)
MENTIONING = (
    select(MENTIONS.c.digest, *FACT_COLUMNS)
    .join(FACTS, FACTS.c.number == MENTIONS.c.fact_number)
    .where(MENTIONS.c.digest.in_(bindparam("digests", expanding=True)))
    .where(FACTS.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(FACTS.c.number)
    .limit(READ_ROWS_MAX)
)


def mention_row(mention: Mention) -> dict[str, Any]:
    return {"digest": bytes.fromhex(mention.digest), "fact_number": mention.fact_number}


def fact_from(row: Any) -> StoredFact:
    return StoredFact(row.number, row.at_ms, row.kind, unpack(row.body), row.leaf_hash)


class SqlFactStore:
    """Facts and effects in an open database. The lines numbered as in the contract say where it is kept.

    `kept` is told of the bytes that were stored with facts, by their digests.
    """

    def __init__(
        self, database: Database, kept: Callable[[Mapping[bytes, bytes]], None] = lambda _: None
    ) -> None:
        self._database = database
        self._kept = kept

    @property
    def where(self) -> str:
        return self._database.where

    def head(self) -> StoreHead:
        with self._database.reading() as connection:
            row = connection.execute(select(HEAD.size, HEAD.root, HEAD.frontier, HEAD.effects)).one()
        return StoreHead(*row)

    def append(self, addition: Addition) -> None:
        expected = addition.expected
        # 1. One transaction. 2. Both databases are set to answer a commit only when it is on disk.
        with self._database.writing() as connection:
            # 4. Only whoever finds the head as expected moves it. The row stays locked until the end of
            # the transaction: a rival waits here, and then finds another head.
            moved = connection.execute(
                MOVE_HEAD if addition.counts else MOVE_HEAD_AND_COUNTED,
                {
                    "expected_size": expected.size,
                    "expected_root": expected.root,
                    "expected_effects": expected.effects,
                    **asdict(addition.head),
                },
            )
            if moved.rowcount != 1:
                raise HeadMoved(f"another node writes to {self.where}; stop one of the two")
            if addition.counts:
                attack_counts.add(connection, expected.size, addition.head.size, addition.counts)  # 6
            put_rows(connection, FACTS, [asdict(fact) | {"body": pack(fact.body)} for fact in addition.facts])
            # Soon done, and not worth packing.
            put_rows(connection, EFFECTS, [asdict(effect) for effect in addition.effects])
            put_rows(connection, LEDGER_NODES, [asdict(node) for node in addition.nodes])
            put_rows(connection, MENTIONS, [mention_row(mention) for mention in addition.mentions])  # 7
            kept = put_blobs(connection, addition.blobs)  # 8
        self._kept(kept)

    def facts(self, begin: int, end: int) -> Iterator[StoredFact]:
        while begin < end:
            # Each piece is a transaction of its own, since 5. nothing in it can change meanwhile, and a long
            # one would keep SQLite from shortening its write-ahead log.
            with self._database.reading() as connection:
                rows = connection.execute(
                    select(*FACT_COLUMNS)
                    .where(FACTS.c.number >= begin, FACTS.c.number < end)
                    .order_by(FACTS.c.number)
                    .limit(READ_ROWS_MAX)
                ).all()
            for row in rows:
                yield fact_from(row)
            if len(rows) < READ_ROWS_MAX:
                return
            begin = rows[-1].number + 1

    def latest(self, kinds: Sequence[str], before: int, limit: int) -> list[StoredFact]:
        limit = min(limit, READ_ROWS_MAX)
        # A question for each kind, which the index answers from its end; SQLite would else sort all of them.
        of_each = [
            select(*FACT_COLUMNS)
            .where(FACTS.c.kind == kind, FACTS.c.number < before)
            .order_by(FACTS.c.number.desc())
            .limit(limit)
            .subquery()
            for kind in dict.fromkeys(kinds)
        ]
        if not of_each:
            return []
        found = union_all(*map(select, of_each)).subquery()
        question = select(found).order_by(found.c.number.desc()).limit(limit)
        with self._database.reading() as connection:
            return [fact_from(row) for row in connection.execute(question)]

    def mentioning(self, digests: Sequence[str], kinds: Sequence[str]) -> list[tuple[str, StoredFact]]:
        if not digests:
            return []
        asked = {"digests": [bytes.fromhex(digest) for digest in digests], "kinds": list(kinds)}
        with self._database.reading() as connection:
            found = connection.execute(MENTIONING, asked)
            return [(bytes(row.digest).hex(), fact_from(row)) for row in found]

    def digests_beginning(self, beginning: str, limit: int) -> list[str]:
        first, last = (bytes.fromhex(beginning.ljust(DIGEST_DIGITS, digit)) for digit in "0f")
        question = (
            select(MENTIONS.c.digest)
            .where(MENTIONS.c.digest >= first, MENTIONS.c.digest <= last)
            .distinct()
            .order_by(MENTIONS.c.digest)
            .limit(min(limit, READ_ROWS_MAX))
        )
        with self._database.reading() as connection:
            return [bytes(digest).hex() for digest in connection.execute(question).scalars()]

    def roots(self, level: int, begin: int, end: int) -> list[bytes]:
        if level == 0:
            position, root = FACTS.c.number, FACTS.c.leaf_hash
            question = select(root)
        else:
            position, root = LEDGER_NODES.c.position, LEDGER_NODES.c.root
            question = select(root).where(LEDGER_NODES.c.level == level)
        with self._database.reading() as connection:
            found = connection.execute(question.where(position >= begin, position < end).order_by(position))
            return [bytes(root) for root in found.scalars().all()]

    def pending_effects(self, after: int, limit: int) -> list[StoredEffect]:
        question = (
            select(*EFFECT_COLUMNS)
            .where(EFFECTS.c.number > after)
            .order_by(EFFECTS.c.number)
            .limit(min(limit, READ_ROWS_MAX))
        )
        with self._database.reading() as connection:
            return [
                StoredEffect(row.number, row.fact_number, row.kind, unpack(row.body))
                for row in connection.execute(question)
            ]

    def mark_done(self, numbers: Sequence[int], done_at_ms: int) -> None:
        if not numbers:
            return
        done = EFFECTS.c.number.in_(numbers)
        move = select(EFFECTS.c.number, EFFECTS.c.fact_number, literal(done_at_ms)).where(done)
        with self._database.writing() as connection:
            # What is not there was done before, and keeps its time.
            connection.execute(
                insert(EFFECTS_DONE).from_select(["number", "fact_number", "done_at_ms"], move)
            )
            connection.execute(delete(EFFECTS).where(done))

    def counted(self) -> int:
        with self._database.reading() as connection:
            counted: int = connection.execute(select(HEAD.counted)).scalar_one()
        return counted

    def add_counts(self, begin: int, end: int, counts: Sequence[AttackCount]) -> None:
        with self._database.writing() as connection:
            attack_counts.add(connection, begin, end, counts)

    def attack_counts(
        self, first_day: int, end_day: int, *, by_vector: bool, by_border_point: bool
    ) -> list[AttackCount]:
        with self._database.reading() as connection:
            return attack_counts.summed(
                connection, first_day, end_day, by_vector=by_vector, by_border_point=by_border_point
            )

    def checkpoint(self) -> Checkpoint | None:
        with self._database.reading() as connection:
            row = connection.execute(select(CHECKPOINT.c.size, CHECKPOINT.c.body)).one_or_none()
        return None if row is None else Checkpoint(*row)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(CHECKPOINT))
            connection.execute(insert(CHECKPOINT).values(id=1, **asdict(checkpoint)))
