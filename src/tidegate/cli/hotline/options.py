"""What the hotline's commands share: options, the running node, and the officer's key."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tidegate.cli.options import json_option, state_option
from tidegate.cli.passphrase import passphrase, pin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidegate.app.hotline.line import HotlineLine, PairSigner
    from tidegate.app.parts import Parts
    from tidegate.model.labels import Language

F = TypeVar("F", bound=Callable[..., Any])

LOCALE_VARIABLES = ("TIDEGATE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language_option(command: F) -> F:
    return click.option(
        "--language",
        type=click.Choice(["en", "ru", "fa", "ar", "tr", "az"]),
        help="Language to read in; else $TIDEGATE_LANGUAGE, else that of the terminal, else English.",
    )(command)


def key_option(command: F) -> F:
    return click.option(
        "--key",
        "key_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        envvar="TIDEGATE_OFFICER_KEY",
        help="The officer's key; else $TIDEGATE_OFFICER_KEY. Its passphrase is asked.",
    )(command)


def yes_option(command: F) -> F:
    return click.option("--yes", is_flag=True, help="Do not ask before signing.")(command)


def screen_options(command: F) -> F:
    return state_option(language_option(json_option(command)))


def language_of(asked: str | None, environ: "Mapping[str, str]") -> "Language":
    """The one that was asked for, or that of the surroundings."""
    from tidegate.model.labels import language_of as known

    for tag in (asked, *(environ.get(name) for name in LOCALE_VARIABLES)):
        if tag and (found := known(tag)) is not None:
            return found
    return "en"


def line_to(parts: "Parts", state_folder: Path | None) -> "HotlineLine":
    """The running node whose state is in this folder."""
    from tidegate.app.config import find_state
    from tidegate.app.hotline.line import HotlineLine

    return HotlineLine(parts.control_line(find_state(state_folder, parts.environ)))


def signer_in(parts: "Parts", key_file: Path) -> "PairSigner":
    return parts.pair_files().open(
        key_file,
        lambda: passphrase(parts.environ, f"the officer's key {key_file}"),
        lambda: pin(parts.environ, "with the officer's key"),
    )
