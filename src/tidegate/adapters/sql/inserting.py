"""Rows put into a table by a statement that is written once, for each kind of database."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, insert

STATEMENTS_KEPT_MAX = 64
"""Statements that are kept written: a few for each open database; another one is written anew."""

Row = Mapping[str, Any]


def put_rows(
    connection: Connection, table: Table, rows: Sequence[Row], *, unless_there: bool = False
) -> None:
    """All columns of each row, in the transaction of this connection. `unless_there`: what has the row's
    key already stays as it is.

    SQLAlchemy writes a statement anew for each call and looks at each value of each row; for facts and blobs,
    whose columns hold what the driver takes as it is, that is more work than the driver's own.
    """
    if not rows:
        return
    text, order = written(table, connection.dialect, unless_there)
    if order is None:
        connection.exec_driver_sql(text, [dict(row) for row in rows])
    else:
        connection.exec_driver_sql(text, [tuple(row[name] for name in order) for row in rows])


@lru_cache(STATEMENTS_KEPT_MAX)
def written(table: Table, dialect: Dialect, unless_there: bool) -> tuple[str, tuple[str, ...] | None]:
    """The statement, and the order of its places where they have no names."""
    compiled = statement(table, dialect.name, unless_there).compile(dialect=dialect)
    order = tuple(compiled.positiontup) if compiled.positiontup is not None else None
    return str(compiled), order


def statement(table: Table, dialect: str, unless_there: bool) -> Insert:
    if not unless_there:
        return insert(table)
    written_anew: Insert = insert_into(table, dialect).on_conflict_do_nothing()
    return written_anew


def insert_into(table: Table, dialect: str) -> Any:
    """That dialect's own INSERT, which says what becomes of a row that is there; SQL as such cannot. A
    dialect is slow to load, so only the one that is used is."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
