"""What a command writes: JSON lines for machines, and a screen for people that is loaded only when used."""

import codecs
import io
import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

PLAIN = {"\N{GREATER-THAN OR EQUAL TO}": ">=", "\N{NO-BREAK SPACE}": " "}
"""What stands for a character where the terminal has only ASCII; "?" for any other."""

WIDTH_WHEN_PIPED = 120
"""Columns of a table that is written to a file or a pipe, where no terminal states its width."""


def write_what_can_be_written() -> None:
    """From now on no character ends a command, whatever the terminal's encoding."""
    codecs.register_error("tidegate", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tidegate")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in unknown), error.end


def nobody_reads_on() -> None:
    """The reader closed the pipe: what is still to be written goes nowhere, also when the program ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def print_json(value: object) -> None:
    """One line of JSON; structs and dataclasses become objects."""
    import msgspec

    click.echo(msgspec.json.encode(value))


def console() -> "Console":
    """The screen; colours and width follow the terminal, and a pipe gets neither colours nor wrapping.

    Text is shown as it is, and obeyed in nothing: in "[sampling]" rich would see a style, and in
    "2001:db8:a::1" a picture.
    """
    from tidegate.cli.screen import Screen

    width = None if sys.stdout.isatty() else WIDTH_WHEN_PIPED
    return Screen(highlight=False, markup=False, emoji=False, width=width, soft_wrap=False)
