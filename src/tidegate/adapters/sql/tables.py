"""The tables as SQLAlchemy sees them; the migrations make them, and a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
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
