"""What a back-up of a hotline's node holds, and what it leaves out on purpose.

It leaves out the mark beside the database: a node that is brought back finds none, and begins a new epoch,
so that no serial is ever used twice, however old the back-up is (docs/hotline.md).
"""

from pathlib import Path
from typing import Final

from tidegate.app.hotline.founding import own_card
from tidegate.app.hotline.places import EVIDENCE_NAME
from tidegate.app.parts import Parts
from tidegate.app.places import DATABASE_NAME, database_url
from tidegate.app.settings import Config
from tidegate.model.organisations import Card
from tidegate.model.refusals import NotAllowed

NAMES: Final = (
    "hotline/own.card",
    "hotline/next.card",
    "hotline/station.keys",
    "hotline/tls.crt",
    "hotline/tls.key",
    "hotline/peers/*.peer",
    "hotline/peers/*.left",
    f"{EVIDENCE_NAME}/*",
    f"{EVIDENCE_NAME}/*/*",
    f"{EVIDENCE_NAME}/*/*/*",
    f"{EVIDENCE_NAME}/*/*/*/*",
)


def names_of(config: Config) -> tuple[str, ...]:
    return NAMES if config.storage.url else (*NAMES, DATABASE_NAME)


def database_elsewhere(config: Config, state: Path) -> bool:
    """A database that is not a file of the state folder is backed up by its own tools."""
    return database_url(config, state) != f"sqlite:///{state.absolute() / DATABASE_NAME}"


def back_up(parts: Parts, config: Config, state: Path, target: Path, passphrase: str) -> list[str]:
    """What was taken. NotAllowed where no organisation was founded; else as ports.back_ups."""
    own_card(parts.hotline_folder(state))
    return parts.back_ups().write(target, passphrase, state, names_of(config))


def restore(parts: Parts, config: Config, state: Path, source: Path, passphrase: str) -> Card:
    """The organisation's card as it was brought back. NotAllowed where a node runs on this folder, or files
    are in it already."""
    if (holder := parts.state_folder(state).holder()) is not None:
        raise NotAllowed(f"a node (process {holder}) runs on {state}; restore into an empty state folder")
    parts.back_ups().read(source, passphrase, state, names_of(config))
    return own_card(parts.hotline_folder(state))
