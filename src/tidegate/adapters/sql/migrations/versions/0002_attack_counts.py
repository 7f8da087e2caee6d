"""Counts of attacks by day, vector and border point, and how many facts they hold: none of those there are.

A node that is opened counts what is not counted yet (tidegate.app.attack_counts).
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("ledger_head", sa.Column("counted", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "attack_counts",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("vector", sa.Text, primary_key=True),
        sa.Column("border_point", sa.Text, primary_key=True),
        sa.Column("attacks", sa.BigInteger, nullable=False),
        sa.Column("kilobytes", sa.BigInteger, nullable=False),
        sa.Column("peak_bits_per_s", sa.BigInteger, nullable=False),
        sa.Column("longest_s", sa.BigInteger, nullable=False),
    )
