"""Alembic's way in: it migrates over the connection, and in the transaction, that `engine` gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
