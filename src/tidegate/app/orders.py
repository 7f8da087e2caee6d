"""What the node orders of its collector: the settings in force, in a file of the state folder."""

from pathlib import Path

import msgspec

from tidegate.app.settings import Config
from tidegate.model.refusals import NotAllowed

ORDERS_NAME = "collector.json"


def write_orders(folder: Path, config: Config) -> None:
    """Puts the settings where the collector's process finds them; only this user can read them.

    A folder that somebody removed is made again: counting goes on without it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / ORDERS_NAME
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(config))


def read_orders(folder: Path) -> Config:
    """NotAllowed where no node of this release wrote any."""
    try:
        return msgspec.json.decode((folder / ORDERS_NAME).read_bytes(), type=Config)
    except (FileNotFoundError, msgspec.MsgspecError) as error:
        raise NotAllowed("the collector is started by `tidegate run`, not by hand") from error
