"""The tables of a new database, which migrations make of an older one; a test holds the two together."""

import hashlib

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    insert,
)

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every schema this program knows, oldest first: the migrations' revisions, readable without Alembic."""

# In SQLite only a column declared INTEGER is the row's own key; it is 64 bits wide all the same.
NUMBER = BigInteger().with_variant(Integer(), "sqlite")

METADATA = MetaData()

FACTS = Table(
    "facts",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Index("facts_by_kind", "kind", "number"),
)

EFFECTS = Table(
    "effects",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("fact_number", NUMBER, ForeignKey("facts.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

EFFECTS_DONE = Table(
    "effects_done",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("fact_number", NUMBER, nullable=False),
    Column("done_at_ms", BigInteger, nullable=False),
)

LEDGER_NODES = Table(
    "ledger_nodes",
    METADATA,
    Column("level", SmallInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("root", LargeBinary, nullable=False),
)

LEDGER_HEAD = Table(
    "ledger_head",
    METADATA,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="one_head"), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("effects", BigInteger, nullable=False),
    Column("counted", BigInteger, nullable=False, server_default="0"),
)

ATTACK_COUNTS = Table(
    "attack_counts",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("vector", Text, primary_key=True),
    Column("border_point", Text, primary_key=True),
    Column("attacks", BigInteger, nullable=False),
    Column("kilobytes", BigInteger, nullable=False),
    Column("peak_bits_per_s", BigInteger, nullable=False),
    Column("longest_s", BigInteger, nullable=False),
)

MENTIONS = Table(
    "mentions",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("fact_number", NUMBER, primary_key=True, autoincrement=False),
)

BLOBS = Table(
    "blobs",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="one_checkpoint"), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

BASELINES = Table(
    "baselines",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("blob", LargeBinary, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
Index("baselines_by_age", BASELINES.c.updated_ms)

ALEMBIC_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it: the newest migration that was carried out."""


def create_tables(connection: Connection) -> None:
    """All of them at once, and an empty ledger: what the migrations make one after the other, which takes
    four times as long."""
    METADATA.create_all(connection, checkfirst=False)
    ALEMBIC_VERSION.create(connection)
    connection.execute(insert(ALEMBIC_VERSION).values(version_num=REVISIONS[-1]))
    empty = {"id": 1, "size": 0, "root": hashlib.sha256(b"").digest(), "frontier": bytes(8), "effects": 0}
    connection.execute(insert(LEDGER_HEAD).values(empty))
