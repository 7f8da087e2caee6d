"""Where a node's database lies; a command that only reads it loads nothing of a node for that."""

from pathlib import Path

from tidegate.app.settings import Config

DATABASE_NAME = "ledger.sqlite"


def database_url(config: Config, folder: Path) -> str:
    """The operator's database, or a file in the state folder."""
    return config.storage.url or f"sqlite:///{folder.absolute() / DATABASE_NAME}"
