"""Effects that are done leave the table of those to be done, which so stays small; when they were is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "effects_done",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("fact_number", NUMBER, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO effects_done (number, fact_number, done_at_ms) "
        "SELECT number, fact_number, done_at_ms FROM effects WHERE done_at_ms IS NOT NULL"
    )
    op.execute("DELETE FROM effects WHERE done_at_ms IS NOT NULL")
    op.drop_index("effects_pending", "effects")
    op.drop_column("effects", "done_at_ms")
