"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings to use; else tidegate/tidegate.toml in $XDG_CONFIG_HOME, else the built-in ones.",
    )(command)


def state_option(command: F) -> F:
    return click.option(
        "--state",
        "state_folder",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder of the node's state; else $TIDEGATE_STATE, else tidegate in $XDG_STATE_HOME.",
    )(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(command)
