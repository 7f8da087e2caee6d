"""How a command ends: the one table of exit codes, and what a user is told when something goes wrong."""

import logging
import traceback
from collections.abc import Callable
from enum import IntEnum

import click

from tidegate.cli.output import nobody_reads_on


class Exit(IntEnum):
    """What a shell or a timer learns from a finished command."""

    FINE = 0
    FINDING = 1
    USAGE = 2
    CONFIGURATION = 3
    OUTSIDE = 4
    NOT_APPROVED = 5
    BUG = 70
    INTERRUPTED = 130


MEANINGS = {
    Exit.FINE: "Everything was done, and there is nothing to look at.",
    Exit.FINDING: "Everything was done, and there is something to look at.",
    Exit.USAGE: "The command line was wrong, or asked for what a rule forbids.",
    Exit.CONFIGURATION: "The configuration file was wrong.",
    Exit.OUTSIDE: "A file, a port, the database or another outside system failed.",
    Exit.NOT_APPROVED: "The act needs an approval that it does not have.",
    Exit.BUG: "Tidegate itself is wrong; please report it with the text of --debug.",
    Exit.INTERRUPTED: "The user ended it with Ctrl-C.",
}


class Finished(Exception):
    """Ends a command with an exit code other than 0, after its output has been written."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code


def _usage(error: BaseException) -> str:
    assert isinstance(error, click.ClickException)
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"\nTry: {error.ctx.command_path} --help"
    return f"{error.format_message()}{hint}"


def _outside(error: BaseException) -> str:
    assert isinstance(error, OSError)
    if error.strerror is None:
        return str(error)
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{error.strerror}"


_Told = Callable[[BaseException], str]


def _table() -> tuple[tuple[type[BaseException], Exit, _Told], ...]:
    """First match wins. The rooms' own words for "wrong" are loaded only when something is."""
    from tidegate.app.config import ConfigurationWrong
    from tidegate.app.officer_line import NotApproved
    from tidegate.model.refusals import Full, Malformed, NotAllowed

    return (
        (click.exceptions.Abort, Exit.INTERRUPTED, lambda _: "interrupted"),
        (KeyboardInterrupt, Exit.INTERRUPTED, lambda _: "interrupted"),
        (click.ClickException, Exit.USAGE, _usage),
        (ConfigurationWrong, Exit.CONFIGURATION, str),
        (NotApproved, Exit.NOT_APPROVED, str),
        (NotAllowed, Exit.USAGE, str),
        (Malformed, Exit.OUTSIDE, str),
        (Full, Exit.OUTSIDE, str),
        (OSError, Exit.OUTSIDE, _outside),
    )


def tell(error: BaseException, *, debug: bool) -> Exit:
    """Say on standard error what went wrong, in the log's form where one was begun; the code to end with.

    A traceback is shown only for `debug`.
    """
    if isinstance(error, Finished):
        return error.code
    if isinstance(error, BrokenPipeError | SystemExit):  # the latter is how click and rich tell the former
        nobody_reads_on()
        return Exit.FINE
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    for kind, code, told in _table():
        if isinstance(error, kind):
            _say(told(error))
            return code
    _say(
        f"a bug in Tidegate: {type(error).__name__}: {error}\n"
        "Please report it with what `tidegate --debug ...` prints."
    )
    return Exit.BUG


def _say(text: str) -> None:
    log = logging.getLogger("tidegate")
    if log.handlers:
        log.error("%s", text)
    else:
        click.echo(f"tidegate: {text}", err=True)
