"""What every store of envelopes must do: the contract of `ports.hotline.EnvelopeStore`."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.hotline.stand_ins import Disk, DiskBlobs
from tidegate.adapters.sql.engine import Database, open_database
from tidegate.adapters.sql.envelopes import SqlEnvelopeStore
from tidegate.ports.hotline import EnvelopeStore

OpenStore = Callable[[], EnvelopeStore]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the one store of this test, each time through connections of its own."""
    if request.param == "memory":
        disk = Disk()
        yield lambda: DiskBlobs(disk)
        return
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/ledger.db"
    else:
        address = request.getfixturevalue("postgresql").new_database()
    databases: list[Database] = []

    def opened() -> EnvelopeStore:
        databases.append(open_database(address))
        return SqlEnvelopeStore(databases[-1])

    yield opened
    for database in databases:
        database.close()


def test_what_was_put_is_found_by_its_digest_through_any_connection(open_store: OpenStore) -> None:
    bodies = [b"", b"one", b"two" * 100_000]
    digests = open_store().put(bodies)
    assert digests == [sha256(body).hexdigest() for body in bodies]
    again = open_store()
    assert [again.get(digest) for digest in digests] == bodies
    assert again.get("0" * 64) is None


def test_the_same_bytes_are_kept_once(open_store: OpenStore) -> None:
    store = open_store()
    assert len(set(store.put([b"same", b"same"]))) == 1
    store.put([b"same", b"other"])
    assert store.bytes_held() == len(b"same") + len(b"other")


def test_only_what_is_dropped_is_gone(open_store: OpenStore) -> None:
    store = open_store()
    digests = store.put([b"%d" % number for number in range(600)])
    store.drop([*digests[:550], "0" * 64])
    assert [store.get(digest) for digest in digests[:550]] == [None] * 550
    assert store.get(digests[599]) == b"599"
    store.drop([])
    assert store.put([]) == []
