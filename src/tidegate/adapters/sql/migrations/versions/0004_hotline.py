"""Facts are found by the digests that they mention, and the hotline's packages and envelopes lie here."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mentions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("fact_number", NUMBER, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
