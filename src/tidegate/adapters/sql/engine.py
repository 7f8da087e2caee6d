"""Opening a database by its URL: the settings that durability needs, and the schema brought up to date."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tidegate.adapters.sql.failures import CANNOT_OPEN, NOT_THERE, told
from tidegate.adapters.sql.tables import REVISIONS, create_tables
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

LOCK_WAIT_MS = 5_000
"""How long a statement waits for another's lock before it fails as locked."""

CONNECT_WAIT_S = 5
"""How long PostgreSQL may take to answer a new connection."""

MIGRATION_LOCK = 0x7469_6465
"""PostgreSQL advisory lock held while migrating ("tide"), so that two nodes do not migrate at once."""

WRITES = "tidegate_writes"

IfMissing = Literal["create", "refuse"]


class Database:
    """An open database with the present schema. It makes connections as needed; threads may share it.

    `file` is SQLite's. Were it removed or replaced, SQLite would go on writing to what nobody finds again.
    """

    def __init__(self, engine: Engine, where: str, file: Path | None = None) -> None:
        self._engine = engine
        self._for_writing = engine.execution_options(**{WRITES: True})
        self._file = file
        self._identity = identity(file)
        self.where = where

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One read transaction; OutsideFailed when the database fails."""
        with self._or_start_afresh(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction, committed at the end unless anything is raised.

        OutsideFailed may also mean that the commit took hold and only its answer was lost.
        """
        with self._or_start_afresh(), self._for_writing.begin() as connection:
            yield connection

    @contextmanager
    def _or_start_afresh(self) -> Iterator[None]:
        """After a failure no connection is trusted to be what it was."""
        try:
            with told(self.where):
                if identity(self._file) != self._identity:
                    raise OutsideFailed(NOT_THERE.what, self.where, NOT_THERE.remedy)
                yield
        except OutsideFailed:
            self._engine.dispose()
            raise

    def close(self) -> None:
        self._engine.dispose()


def open_database(address: str, if_missing: IfMissing = "create") -> Database:
    """Open `sqlite:////folder/file` or `postgresql://user@host/name`, and migrate it to the present schema.

    NotAllowed for an address of another kind, for a schema newer than this program, and for a database
    without a ledger where `if_missing` is "refuse". OutsideFailed when it cannot be opened.
    """
    url = parse(address)
    where, file = without_secrets(make_url(address)), None
    if url.get_backend_name() == "sqlite":
        where = str(url.database)
        file = Path(where)
        make_private_file(file, if_missing)
    database = Database(engine_for(url), where, file)
    with ExitStack() as unless_opened:
        unless_opened.callback(database.close)
        migrate(database, if_missing)
        unless_opened.pop_all()
    return database


def identity(file: Path | None) -> tuple[int, int] | None:
    """Device and inode of the file; None where there is none."""
    if file is None:
        return None
    with suppress(OSError):
        found = file.stat()
        return found.st_dev, found.st_ino
    return None


def parse(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        # Not repeated in the message: it may hold a password.
        raise NotAllowed("that is no database address; write sqlite:////path or postgresql://") from None
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite+pysqlite")
        case "sqlite":
            raise NotAllowed("a ledger in memory is lost with the process; name a file")
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
    raise NotAllowed(f"{url.get_backend_name()} is not supported; use sqlite or postgresql")


def without_secrets(url: URL) -> str:
    """For messages. A password may also stand among the parameters, where libpq looks for it."""
    secrets = [name for name in url.query if "password" in name]
    return url.difference_update_query(secrets).render_as_string(hide_password=True)


def make_private_file(path: Path, if_missing: IfMissing) -> None:
    """SQLite gives its other files the rights of the first; nobody else reads what a network suffers."""
    try:
        if path.exists():
            return
        if if_missing == "refuse":
            raise NotAllowed(no_ledger(str(path)))
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))
        keep_name(path.parent)
    except OSError as error:
        raise OutsideFailed(f"{CANNOT_OPEN.what} ({error.strerror})", str(path), CANNOT_OPEN.remedy) from None


def keep_name(folder: Path) -> None:
    """A new file's name survives a power cut only once its folder is on disk; SQLite sees to that for its
    other files."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def no_ledger(where: str) -> str:
    return f"there is no ledger at {where}; `tidegate run` makes one"


def engine_for(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url)
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
        return engine
    try:
        engine = create_engine(url, connect_args={"connect_timeout": CONNECT_WAIT_S}, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise NotAllowed("PostgreSQL needs its driver: pip install 'tidegate[postgresql]'") from None
    event.listen(engine, "connect", prepare_postgresql)
    return engine


def prepare_sqlite(connection: SqliteConnection, _: object) -> None:
    """WAL lets others read while we write; FULL makes each commit wait for the disk (sqlite.org/wal.html)."""
    connection.isolation_level = None  # transactions begin where we say, see begin_sqlite
    connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def begin_sqlite(connection: Connection) -> None:
    """A writer takes the write lock at once: one that began as a reader could find that it may not write."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def prepare_postgresql(connection: Any, _: object) -> None:
    """A server may be set to confirm commits before they are on disk; ours wait. Stricter settings stay."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{LOCK_WAIT_MS}ms"])
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def migrate(database: Database, if_missing: IfMissing) -> None:
    with database.reading() as connection:
        revision = present_revision(connection)
    if revision == REVISIONS[-1]:
        return
    if revision is None and if_missing == "refuse":
        raise NotAllowed(no_ledger(database.where))
    if revision is not None and revision not in REVISIONS:
        raise NotAllowed(
            f"{database.where} was written by a newer Tidegate (schema {revision}, "
            f"this one knows {REVISIONS[-1]}); run that version, or a newer one"
        )
    with database.writing() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        if present_revision(connection) is None:
            create_tables(connection)
        else:
            upgrade(connection)


def present_revision(connection: Connection) -> str | None:
    """The schema's revision; None in an empty database. Alembic is slow to load, and seldom needed."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
