"""The first schema: facts, effects, the ledger's nodes and head, checkpoint, baselines."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
    )
    op.create_index("facts_by_kind", "facts", ["kind", "number"])
    op.create_table(
        "effects",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("fact_number", NUMBER, sa.ForeignKey("facts.number"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger),
    )
    pending = sa.text("done_at_ms IS NULL")
    op.create_index("effects_pending", "effects", ["number"], sqlite_where=pending, postgresql_where=pending)
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
    )
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.SmallInteger, sa.CheckConstraint("id = 1", name="one_head"), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.Column("effects", sa.BigInteger, nullable=False),
    )
    empty_root = hashlib.sha256(b"").digest()
    op.bulk_insert(head, [{"id": 1, "size": 0, "root": empty_root, "frontier": bytes(8), "effects": 0}])
    op.create_table(
        "checkpoint",
        sa.Column(
            "id", sa.SmallInteger, sa.CheckConstraint("id = 1", name="one_checkpoint"), primary_key=True
        ),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "baselines",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("blob", sa.LargeBinary, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("baselines_by_age", "baselines", ["updated_ms"])
