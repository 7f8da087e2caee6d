"""What every baseline store must do: the contract of `ports.baselines.BaselineStore`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tidegate.adapters.sql.baselines import SqlBaselineStore
from tidegate.adapters.sql.engine import Database, open_database
from tidegate.model.refusals import NotAllowed
from tidegate.ports.baselines import BASELINE_BYTES_MAX, BaselineRow, BaselineStore
from tidegate.ports.facts import READ_ROWS_MAX

OpenStore = Callable[[], BaselineStore]
ROWS_MAX = 2 * READ_ROWS_MAX + 10


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/ledger.db"
    else:
        address = request.getfixturevalue("postgresql").new_database()
    databases: list[Database] = []

    def opened() -> BaselineStore:
        databases.append(open_database(address))
        return SqlBaselineStore(databases[-1], ROWS_MAX)

    yield opened
    for database in databases:
        database.close()


def rows(begin: int, end: int, updated_ms: int = 0) -> list[BaselineRow]:
    return [BaselineRow(at.to_bytes(4), b"%d" % at, updated_ms) for at in range(begin, end)]


def test_saved_rows_are_there_after_reopening_the_latest_first(open_store: OpenStore) -> None:
    old, oldest, latest = rows(0, READ_ROWS_MAX, 5), rows(READ_ROWS_MAX, 2000, 4), rows(2000, 2003, 6)
    open_store().save(reversed([*old, *oldest, *latest]))
    assert list(open_store().load()) == [*latest, *old, *oldest]


def test_a_row_takes_the_place_of_the_one_with_its_key(open_store: OpenStore) -> None:
    store = open_store()
    store.save(rows(0, 3))
    store.save([BaselineRow(b"\0\0\0\1", b"older", 5), BaselineRow(b"\0\0\0\1", b"newer", 6)])
    assert [row.blob for row in store.load()] == [b"newer", b"0", b"2"]


def test_saving_nothing_changes_nothing(open_store: OpenStore) -> None:
    store = open_store()
    store.save([])
    assert list(store.load()) == []


def test_a_row_that_is_too_long_is_refused_with_all_its_company(open_store: OpenStore) -> None:
    store = open_store()
    with pytest.raises(NotAllowed, match="longer than"):
        store.save([*rows(0, 2), BaselineRow(b"key", bytes(BASELINE_BYTES_MAX - 2), 0)])
    assert list(store.load()) == []
    store.save([BaselineRow(b"key", bytes(BASELINE_BYTES_MAX - 3), 0)])


def test_beyond_the_bound_the_longest_not_updated_are_forgotten(open_store: OpenStore) -> None:
    store = open_store()
    store.save(rows(0, ROWS_MAX, updated_ms=2))
    store.save(rows(5, 10, updated_ms=1))
    store.save(rows(ROWS_MAX, ROWS_MAX + 3, updated_ms=3))
    kept = [int.from_bytes(row.key) for row in store.load()]
    assert len(kept) == ROWS_MAX
    assert set(range(ROWS_MAX + 3)) - set(kept) == {5, 6, 7}
