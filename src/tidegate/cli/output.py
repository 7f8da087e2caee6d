"""What a command writes: JSON lines for machines, and a screen for people that is loaded only when used."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_WHEN_PIPED = 120
"""Columns of a table that is written to a file or a pipe, where no terminal states its width."""


def print_json(value: object) -> None:
    """One line of JSON; structs and dataclasses become objects."""
    import msgspec

    click.echo(msgspec.json.encode(value).decode())


def console() -> "Console":
    """The screen; colours and width follow the terminal, and a pipe gets neither colours nor wrapping."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDTH_WHEN_PIPED
    return Console(highlight=False, width=width, soft_wrap=False)
