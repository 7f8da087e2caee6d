"""What every store of envelopes must do: the contract of `ports.hotline.EnvelopeStore`."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.hotline.stand_ins import Disk, DiskBlobs
from tidegate.adapters.sql.engine import Database, open_database
from tidegate.adapters.sql.envelopes import SqlEnvelopeStore
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.entry import Tip, addition, prepare
from tidegate.model.facts import NodeStarted
from tidegate.ports.facts import HeadMoved
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


def test_blobs_are_stored_with_the_facts_that_name_them_or_not_at_all(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/ledger.db")
    facts, blobs = SqlFactStore(database), SqlEnvelopeStore(database)
    named, late = b"named by the fact", b"of a fact that came too late"
    entry = prepare(Tip(), 1_000, NodeStarted("1"))
    facts.append(addition(Tip(), [replace(entry, blobs=(named, named))]))
    with pytest.raises(HeadMoved):
        facts.append(addition(Tip(), [replace(entry, blobs=(late,))]))
    assert blobs.get(sha256(named).hexdigest()) == named
    assert blobs.get(sha256(late).hexdigest()) is None
    database.close()
