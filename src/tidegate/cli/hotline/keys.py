"""Which keys the hotline's commands ask for, and how: on a terminal, or in files that variables name."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tidegate.cli.passphrase import ROOT_VARIABLE, STATION_VARIABLE, new_passphrase, passphrase, pin

if TYPE_CHECKING:
    from tidegate.app.hotline.meeting import PairSigner, StationFolder
    from tidegate.app.parts import Parts

F = TypeVar("F", bound=Callable[..., Any])

KEY_FILE = click.Path(path_type=Path, dir_okay=False)


def root_option(*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--root",
        "root_file",
        type=KEY_FILE,
        required=required,
        metavar="FILE",
        help="The organisation's root key, from wherever it is kept.",
    )


def folder_of(parts: "Parts", state_folder: Path | None) -> "StationFolder":
    """Where this node's organisation lies."""
    from tidegate.app.config import find_state

    return parts.hotline_folder(find_state(state_folder, parts.environ))


CARD_FILE_BYTES_MAX = 2_000_000
"""Of a file that shall hold a card so much is read; a longer one is no card."""


def read_card_file(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(CARD_FILE_BYTES_MAX)


def now_s(parts: "Parts") -> int:
    return parts.clock().now_ms() // 1000


def root_signer(parts: "Parts", path: Path) -> "PairSigner":
    return parts.pair_files().open(
        path,
        lambda: passphrase(parts.environ, f"the root key {path}", ROOT_VARIABLE),
        lambda: pin(parts.environ, "with the root key"),
    )


def new_root(parts: "Parts", path: Path) -> "PairSigner":
    """Made in a new file, and ready to sign without asking again."""
    told = new_passphrase(parts.environ, f"the new root key {path}", ROOT_VARIABLE)
    parts.pair_files().make(path, told)
    return parts.pair_files().open(path, lambda: told, lambda: pin(parts.environ, "with the root key"))


def station_passphrase(parts: "Parts") -> str:
    return passphrase(parts.environ, "the station's keys", STATION_VARIABLE)


def new_station_passphrase(parts: "Parts") -> str:
    return new_passphrase(parts.environ, "the station's keys (the node asks for it)", STATION_VARIABLE)
