"""Baselines in SQL; the contract is `tidegate.ports.baselines.BaselineStore`."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from sqlalchemy import Connection, delete, func, select

from tidegate.adapters.sql.engine import Database
from tidegate.adapters.sql.inserting import insert_into
from tidegate.adapters.sql.tables import BASELINES
from tidegate.model.refusals import NotAllowed
from tidegate.ports.baselines import BASELINE_BYTES_MAX, BASELINE_ROWS_MAX, BaselineRow
from tidegate.ports.facts import READ_ROWS_MAX

COLUMNS = (BASELINES.c.key, BASELINES.c.blob, BASELINES.c.updated_ms)


class SqlBaselineStore:
    """Baselines in an open database; `rows_max` is less than its default in tests only."""

    def __init__(self, database: Database, rows_max: int = BASELINE_ROWS_MAX) -> None:
        self._database = database
        self._rows_max = rows_max

    def save(self, rows: Iterable[BaselineRow]) -> None:
        latest = {row.key: row for row in rows}
        for row in latest.values():
            if len(row.key) + len(row.blob) > BASELINE_BYTES_MAX:
                raise NotAllowed(f"the baseline {row.key.hex()} is longer than {BASELINE_BYTES_MAX} bytes")
        if not latest:
            return
        insert = insert_into(BASELINES, self._database.dialect)
        put = insert.on_conflict_do_update(
            index_elements=[BASELINES.c.key],
            set_={"blob": insert.excluded.blob, "updated_ms": insert.excluded.updated_ms},
        )
        with self._database.writing() as connection:
            connection.execute(put, [asdict(row) for row in latest.values()])
            self._forget_oldest(connection)

    def _forget_oldest(self, connection: Connection) -> None:
        excess = connection.execute(select(func.count()).select_from(BASELINES)).scalar_one() - self._rows_max
        if excess > 0:
            oldest = select(BASELINES.c.key).order_by(BASELINES.c.updated_ms, BASELINES.c.key).limit(excess)
            connection.execute(delete(BASELINES).where(BASELINES.c.key.in_(oldest)))

    def load(self) -> Iterator[BaselineRow]:
        order = select(BASELINES.c.key).order_by(BASELINES.c.updated_ms.desc(), BASELINES.c.key)
        with self._database.reading() as connection:
            keys = list(connection.execute(order).scalars())
        for begin in range(0, len(keys), READ_ROWS_MAX):
            turn = keys[begin : begin + READ_ROWS_MAX]
            with self._database.reading() as connection:
                found = connection.execute(select(*COLUMNS).where(BASELINES.c.key.in_(turn))).all()
            rows = {row.key: row for row in found}
            for key in turn:
                if key in rows:
                    yield BaselineRow(*rows[key])
