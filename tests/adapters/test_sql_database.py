"""Opening databases: the settings durability needs, the schema, and a clear word for every failure."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.postgresql import PostgresqlServer
from tests.stories import an_attack
from tidegate.adapters.sql import engine as engine_module
from tidegate.adapters.sql.engine import Database, open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.adapters.sql.tables import METADATA, REVISIONS
from tidegate.app.entry import Entry, Tip, addition, prepare
from tidegate.app.ledger_check import verify_ledger
from tidegate.model.facts import AttackDetected, Fact, NodeStarted
from tidegate.model.refusals import NotAllowed
from tidegate.ports.facts import FactStore
from tidegate.ports.outside import OutsideFailed

MIGRATIONS = Path(engine_module.__file__).parent / "migrations"
NOBODY = 65_534


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@contextmanager
def opened(address: str) -> Iterator[Database]:
    database = open_database(address)
    try:
        yield database
    finally:
        database.close()


def next_entry(store: FactStore, tip: Tip, fact: Fact) -> Entry:
    entry = prepare(tip, 1_000, fact)
    store.append(addition(tip, [entry]))
    return entry


def setting(database: Database, question: str) -> object:
    with database.reading() as connection:
        return connection.execute(text(question)).scalar()


# Settings and schema.


def test_sqlite_waits_for_the_disk_and_lets_others_read(address: str) -> None:
    with opened(address) as database:
        assert setting(database, "PRAGMA journal_mode") == "wal"
        assert setting(database, "PRAGMA synchronous") == 2, "2 is FULL"
        assert setting(database, "PRAGMA foreign_keys") == 1
        assert setting(database, "PRAGMA busy_timeout") == engine_module.LOCK_WAIT_MS


@pytest.mark.peer
def test_postgresql_waits_for_the_disk_even_where_its_owner_said_otherwise(
    postgresql: PostgresqlServer,
) -> None:
    address = postgresql.new_database()
    name = address.split("/")[3].split("?")[0]
    with opened(address) as database:
        assert setting(database, "SHOW synchronous_commit") == "on"
    postgresql.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with opened(address) as database:
        assert setting(database, "SHOW synchronous_commit") == "on"
    postgresql.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    with opened(address) as database:
        assert setting(database, "SHOW synchronous_commit") == "remote_apply", "stricter settings stay"


def test_the_revisions_known_without_alembic_are_alembic_s() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def test_the_migrations_make_the_tables_that_the_store_uses(
    kind: str, address: str, request: pytest.FixtureRequest
) -> None:
    if kind == "postgresql":
        address = request.getfixturevalue("postgresql").new_database()
    database = Database(engine_module.engine_for(engine_module.parse(address)), address)
    try:
        with database.writing() as connection:
            engine_module.upgrade(connection)
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    finally:
        database.close()


def inside(file: Path) -> dict[str, object]:
    """All tables and indices of a SQLite file as they lie there, and what is in each table."""
    with closing(sqlite3.connect(file)) as connection:

        def asked(question: str) -> list[tuple[object, ...]]:
            return connection.execute(question).fetchall()

        told: dict[str, object] = {}
        for kind, name, sql in asked("SELECT type, name, sql FROM sqlite_master"):
            told[f"{kind} {name}"] = asked(f"PRAGMA {kind}_xinfo({name})")
            if kind == "table":
                told[f"keys of {name}"] = asked(f"PRAGMA foreign_key_list({name})")
                told[f"checks of {name}"] = re.findall(r"CONSTRAINT \w+ CHECK \(.*\)", str(sql))
                told[f"rows of {name}"] = asked(f"SELECT * FROM {name}")
        return told


def test_a_new_database_is_what_the_migrations_make_of_an_empty_one(tmp_path: Path) -> None:
    migrated = Database(engine_module.engine_for(engine_module.parse(f"sqlite:///{tmp_path}/old.db")), "old")
    try:
        with migrated.writing() as connection:
            engine_module.upgrade(connection)
    finally:
        migrated.close()
    with opened(f"sqlite:///{tmp_path}/new.db"):
        pass
    new = inside(tmp_path / "new.db")
    assert new == inside(tmp_path / "old.db")
    assert new["rows of alembic_version"] == [(REVISIONS[-1],)]
    assert new["checks of ledger_head"]


def test_opening_again_changes_nothing_and_does_not_load_alembic(address: str) -> None:
    with opened(address) as database:
        next_entry(SqlFactStore(database), Tip(), NodeStarted("1"))
    program = f"""
        import sys
        from tidegate.adapters.sql.engine import open_database
        from tidegate.adapters.sql.store import SqlFactStore
        print(SqlFactStore(open_database({address!r})).head().size, "alembic" in sys.modules)
    """
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["1", "False"]


def test_nothing_of_sql_is_loaded_by_the_adapters_door() -> None:
    program = "import sys, tidegate.adapters, tidegate.adapters.sql; print('sqlalchemy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_the_files_are_for_their_owner_only(address: str, tmp_path: Path) -> None:
    with opened(address) as database:
        next_entry(SqlFactStore(database), Tip(), NodeStarted("1"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes) == {"ledger.db", "ledger.db-wal", "ledger.db-shm"}
    assert set(modes.values()) == {0o600}


# What cannot be opened.


def test_a_database_of_a_newer_program_is_not_touched(address: str, tmp_path: Path) -> None:
    with opened(address) as database, database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(NotAllowed, match=r"newer Tidegate \(schema 9999"):
        open_database(address)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_question_to_a_ledger_that_is_not_there_makes_none(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(NotAllowed, match="there is no ledger at"):
        open_database(address, "refuse")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "none.db").touch()
    with pytest.raises(NotAllowed, match="there is no ledger at"):
        open_database(address, "refuse")


@pytest.mark.parametrize(
    "address, why",
    [
        ("postgres:/root:secret@localhost", "that is no database address"),
        ("mysql://root@localhost/tidegate", "mysql is not supported"),
        ("sqlite://", "lost with the process"),
        ("sqlite:///:memory:", "lost with the process"),
    ],
)
def test_an_address_of_another_kind_is_refused(address: str, why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        open_database(address)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed) as failure:
        open_database(f"sqlite:///{tmp_path}/missing/ledger.db")
    assert failure.value.where == f"{tmp_path}/missing/ledger.db"
    assert "No such file" in failure.value.what


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(damage)
    with pytest.raises(OutsideFailed, match="damaged, or is no database"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == damage


def test_a_file_damaged_while_in_use_is_told(address: str, tmp_path: Path) -> None:
    with opened(address) as database:
        store, tip = SqlFactStore(database), Tip()
        for number in range(1, 60):
            tip = next_entry(store, tip, AttackDetected(an_attack(number=number))).tip
    path = tmp_path / "ledger.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    with pytest.raises(OutsideFailed, match="damaged"), opened(address) as database:
        verify_ledger(SqlFactStore(database))


@contextmanager
def powerless() -> Iterator[Path]:
    """A folder of root's, and for the while no root's powers; programs run as nobody need none of this."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    is_root = os.geteuid() == 0
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        shutil.rmtree(folder)


def give_up_power(folder: Path) -> None:
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)


def test_a_folder_that_cannot_be_written_to_is_told() -> None:
    with powerless() as folder:
        give_up_power(folder)
        with pytest.raises(OutsideFailed, match="Permission denied") as failure:
            open_database(f"sqlite:///{folder}/ledger.db")
        assert failure.value.where == f"{folder}/ledger.db"


def test_a_folder_that_cannot_be_entered_is_told() -> None:
    with powerless() as folder:
        (folder / "inner").mkdir(0o700)
        give_up_power(folder)
        if os.geteuid() != NOBODY:
            (folder / "inner").chmod(0o000)
        with pytest.raises(OutsideFailed, match="Permission denied"):
            open_database(f"sqlite:///{folder}/inner/ledger.db")


def test_a_file_that_cannot_be_written_to_is_told() -> None:
    with powerless() as folder:
        path = folder / "ledger.db"
        with opened(f"sqlite:///{path}") as database:
            next_entry(SqlFactStore(database), Tip(), NodeStarted("1"))
        path.chmod(0o444)
        give_up_power(folder)
        with pytest.raises(OutsideFailed, match="cannot be") as failure:
            open_database(f"sqlite:///{path}")
        assert "user that runs Tidegate" in failure.value.remedy


# What fails while it is open.


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
def test_a_file_that_is_gone_takes_nothing_until_it_is_back(
    address: str, tmp_path: Path, *, replaced: bool
) -> None:
    file, elsewhere = tmp_path / "ledger.db", tmp_path / "elsewhere.db"
    with opened(address) as database:
        store = SqlFactStore(database)
        first = next_entry(store, Tip(), NodeStarted("1"))
        file.rename(elsewhere)
        if replaced:
            shutil.copy(elsewhere, file)
        with pytest.raises(OutsideFailed, match="removed or replaced"):
            next_entry(store, first.tip, NodeStarted("2"))
        assert file.exists() == replaced, "no empty file was made in its place"
        elsewhere.rename(file)
        next_entry(store, first.tip, NodeStarted("3"))
    with opened(address) as database:
        assert SqlFactStore(database).head().size == 2
        assert verify_ledger(SqlFactStore(database)).intact


def test_a_locked_database_is_told_and_works_when_the_lock_is_gone(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_WAIT_MS", 50)
    with opened(address) as database:
        store = SqlFactStore(database)
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutsideFailed, match="locked by another program"):
            next_entry(store, Tip(), NodeStarted("1"))
        assert store.head().size == 0, "reading goes on"
        other.execute("ROLLBACK")
        other.close()
        next_entry(store, Tip(), NodeStarted("1"))
        assert store.head().size == 1


def test_a_full_disk_is_told_loses_nothing_and_storing_goes_on_when_there_is_room(address: str) -> None:
    pages = {"max": 1 << 30}
    with opened(address) as database:
        event.listen(
            database._engine,
            "connect",
            lambda connection, _: connection.execute(f"PRAGMA max_page_count = {pages['max']}"),
        )
        database._engine.dispose()
        store, tip = SqlFactStore(database), Tip()
        for number in range(1, 6):
            tip = next_entry(store, tip, AttackDetected(an_attack(number=number))).tip
        pages["max"] = 1  # SQLite takes this as "no larger than now"
        database._engine.dispose()
        failure: OutsideFailed | None = None
        number = 5
        while failure is None:
            number += 1
            assert number < 1_000, "the disk never fills"
            try:
                tip = next_entry(store, tip, AttackDetected(an_attack(number=number))).tip
            except OutsideFailed as told:
                failure = told
        assert failure.what == "the disk is full"
        assert "Free some space" in failure.remedy
        assert store.head() == tip.head
        assert verify_ledger(store).intact
        assert len(list(store.facts(0, 1_000))) == number - 1
        pages["max"] = 1 << 30
        database._engine.dispose()
        tip = next_entry(store, tip, AttackDetected(an_attack(number=number))).tip
        assert store.head() == tip.head


def test_a_disk_that_takes_no_more_bytes_is_told_and_loses_nothing(address: str) -> None:
    """The same with a real failing write: a limit on the size of files (RLIMIT_FSIZE)."""
    program = f"""
        import resource
        from tests.filling import fill
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        fill({address!r})
    """
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    lines = told.stdout.splitlines()
    assert lines[-1].startswith("failed: "), told.stderr
    assert "disk" in lines[-1]
    with opened(address) as database:
        store = SqlFactStore(database)
        head = store.head()
        assert head.size == len(lines) - 1
        assert verify_ledger(store).intact


def test_what_we_did_wrong_ourselves_is_not_blamed_on_the_outside(address: str) -> None:
    with opened(address) as database, pytest.raises(OperationalError, match="no such table"):
        setting(database, "SELECT * FROM missing")


def test_an_addition_that_cannot_be_stored_whole_is_not_stored_at_all(address: str) -> None:
    with opened(address) as database:
        store = SqlFactStore(database)
        made = addition(Tip(), [prepare(Tip(), 0, AttackDetected(an_attack()))])
        twice = type(made)(made.expected, made.facts, [*made.effects, *made.effects], made.nodes, made.head)
        with pytest.raises(IntegrityError, match="UNIQUE constraint"):
            store.append(twice)
        assert store.head().size == 0
        assert list(store.facts(0, 1)) == []
        store.append(made)


def test_the_first_time_an_effect_was_done_stays(address: str) -> None:
    with opened(address) as database:
        store = SqlFactStore(database)
        next_entry(store, Tip(), AttackDetected(an_attack()))
        store.mark_done([0], 5_000)
        store.mark_done([0], 6_000)
        assert setting(database, "SELECT done_at_ms FROM effects_done") == 5_000


# PostgreSQL fails in ways of its own.


@pytest.mark.peer
def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    for address in (
        f"postgresql://postgres:secret@/tidegate?host={tmp_path}",
        f"postgresql://postgres@/tidegate?host={tmp_path}&password=secret",
    ):
        with pytest.raises(OutsideFailed, match="no connection to the database server") as failure:
            open_database(address)
        assert "secret" not in str(failure.value)
        assert failure.value.where.startswith("postgresql://postgres")


@pytest.mark.peer
def test_a_database_that_is_not_there_is_told(postgresql: PostgresqlServer) -> None:
    address = postgresql.new_database()
    with pytest.raises(OutsideFailed, match=r"no connection .*database .* does not exist"):
        open_database(address.replace("/tidegate_", "/other_"))


@pytest.mark.peer
def test_a_connection_that_was_cut_is_told_and_the_next_call_makes_another(
    postgresql: PostgresqlServer,
) -> None:
    with opened(postgresql.new_database()) as database:
        store = SqlFactStore(database)
        tip = next_entry(store, Tip(), NodeStarted("1")).tip

        def cut_own_connection() -> None:
            with database.writing() as connection:
                own = connection.execute(text("SELECT pg_backend_pid()")).scalar()
                postgresql.execute(f"SELECT pg_terminate_backend({own})")
                connection.execute(text("SELECT 1"))

        with pytest.raises(OutsideFailed, match="no connection to the database server"):
            cut_own_connection()
        assert store.head() == tip.head
        next_entry(store, tip, NodeStarted("2"))


@pytest.mark.peer
def test_a_server_that_takes_no_more_connections_between_two_calls_is_survived(
    postgresql: PostgresqlServer,
) -> None:
    """The server drops every idle connection, as a restart does; nobody notices."""
    with opened(postgresql.new_database()) as database:
        store = SqlFactStore(database)
        tip = next_entry(store, Tip(), NodeStarted("1")).tip
        postgresql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'tidegate%'"
        )
        next_entry(store, tip, NodeStarted("2"))
        assert store.head().size == 2


@pytest.mark.peer
def test_a_lock_that_is_not_given_up_is_told(
    postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_WAIT_MS", 50)
    address = postgresql.new_database()
    with opened(address) as database, opened(address) as other:
        store = SqlFactStore(database)
        with other.writing() as connection:
            connection.execute(text("SELECT * FROM ledger_head FOR UPDATE"))
            with pytest.raises(OutsideFailed, match="locked"):
                next_entry(store, Tip(), NodeStarted("1"))
        next_entry(store, Tip(), NodeStarted("1"))


@pytest.mark.peer
def test_tables_of_another_program_are_left_alone(postgresql: PostgresqlServer) -> None:
    import psycopg

    address = postgresql.new_database()
    with psycopg.connect(address, autocommit=True) as link:
        link.execute("CREATE TABLE facts (theirs text)")
    with pytest.raises(OutsideFailed, match="another program"):
        open_database(address)
    with psycopg.connect(address) as link:
        assert link.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone() == (1,)
