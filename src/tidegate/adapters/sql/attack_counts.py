"""Counts of attacks on SQL: added in whatever transaction the caller has open, and asked for by day."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, case, func, literal, select, update

from tidegate.adapters.sql.inserting import insert_into
from tidegate.adapters.sql.tables import ATTACK_COUNTS, LEDGER_HEAD
from tidegate.ports.facts import ANY, AttackCount

COUNTS = ATTACK_COUNTS.c


def add(connection: Connection, begin: int, end: int, counts: Sequence[AttackCount]) -> None:
    """Add what facts `begin` to `end` amount to, unless the counts hold other facts than those before."""
    counted = LEDGER_HEAD.c.counted
    moved = connection.execute(update(LEDGER_HEAD).where(counted == begin).values(counted=end))
    if moved.rowcount == 1 and counts:
        connection.execute(
            upsert(connection.dialect.name), [asdict(count) for count in sorted(counts, key=key_of)]
        )


def key_of(count: AttackCount) -> tuple[int, str, str]:
    return count.day, count.vector, count.border_point


def upsert(dialect: str) -> Any:
    """Adds to a row that is there, in one statement."""
    statement = insert_into(ATTACK_COUNTS, dialect)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[COUNTS.day, COUNTS.vector, COUNTS.border_point],
        set_={
            "attacks": COUNTS.attacks + new.attacks,
            "kilobytes": COUNTS.kilobytes + new.kilobytes,
            "peak_bits_per_s": larger(COUNTS.peak_bits_per_s, new.peak_bits_per_s),
            "longest_s": larger(COUNTS.longest_s, new.longest_s),
        },
    )


def larger(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)


def summed(
    connection: Connection, first_day: int, end_day: int, *, by_vector: bool, by_border_point: bool
) -> list[AttackCount]:
    """See tidegate.ports.facts.FactStore.attack_counts."""
    question = (
        select(
            literal(first_day),
            COUNTS.vector,
            COUNTS.border_point,
            func.sum(COUNTS.attacks),
            func.sum(COUNTS.kilobytes),
            func.max(COUNTS.peak_bits_per_s),
            func.max(COUNTS.longest_s),
        )
        .where(
            COUNTS.day >= first_day,
            COUNTS.day < end_day,
            COUNTS.vector != ANY if by_vector else COUNTS.vector == ANY,
            COUNTS.border_point != ANY if by_border_point else COUNTS.border_point == ANY,
        )
        .group_by(COUNTS.vector, COUNTS.border_point)
    )
    # PostgreSQL sums into numeric, and orders text by the rules of its language.
    found = [
        AttackCount(*row[:3], *(int(value) for value in row[3:])) for row in connection.execute(question)
    ]
    return sorted(found, key=key_of)
