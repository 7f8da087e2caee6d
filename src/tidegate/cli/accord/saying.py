"""`tidegate accord sign|notify|clarify|consult`: forms of the hotline, filled in from the accord.

Each of them is `tidegate hotline send` with what the accord knows already; every option of that command may
follow, and the officer sees the whole message and signs it there.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, opened_book
from tidegate.cli.options import config_option

if TYPE_CHECKING:
    from tidegate.app.parts import Parts

PASSED_ON = {"ignore_unknown_options": True}
"""What a command does not know itself is for `tidegate hotline send`."""

state_option = click.option(
    "--state",
    "state_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="As everywhere.",
)
rest_argument = click.argument(
    "rest", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF HOTLINE SEND]..."
)


@click.command(context_settings=PASSED_ON)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@state_option
@rest_argument
@click.pass_obj
def sign(parts: "Parts", file: Path, state_folder: Path | None, rest: Sequence[str]) -> None:
    """Sign FILE, to the byte, and tell the other parties: a declaration of the senior level.

    Further officers sign the same message with `tidegate hotline sign`.
    """
    from tidegate.app.accord.checking import signable

    told = signable(parts.files().read(file, 1 << 20))
    act = "made" if told.version == 1 else "amended"
    fields = ("declaration=accord", f"act={act}", f"accord-digest={told.digest}")
    say(parts, "declaration", told.id, fields, state_folder, ("--mark", "REAL", "--attach", str(file), *rest))


@click.command(context_settings=PASSED_ON)
@click.argument("what", type=click.Choice(["notice", "incident"]))
@accord_option
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the form.")
@config_option
@state_option
@rest_argument
@click.pass_obj
def notify(
    parts: "Parts",
    what: str,
    accord_id: str | None,
    fields: Sequence[str],
    config_file: Path | None,
    state_folder: Path | None,
    rest: Sequence[str],
) -> None:
    """Give notice of an act, or notify an incident, under an accord.

    A notice whose scope touches a protected asset or period is stopped, and the article named; one that comes
    late says so before it is signed.
    """
    book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
    say(parts, what, book.accord.id, fields, state_folder, rest)


def about(name: str, form: str, text: str) -> click.Command:
    """A command that asks the other side something about one obligation, or in general."""

    @click.command(name, context_settings=PASSED_ON, help=text)
    @accord_option
    @click.option(
        "--obligation", metavar="NAME", help="An obligation as `tidegate accord status --json` names it."
    )
    @config_option
    @state_option
    @rest_argument
    @click.pass_obj
    def command(
        parts: "Parts",
        accord_id: str | None,
        obligation: str | None,
        config_file: Path | None,
        state_folder: Path | None,
        rest: Sequence[str],
    ) -> None:
        book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
        fields = (f"obligation={obligation}",) if obligation else ()
        say(parts, form, book.accord.id, fields, state_folder, rest)

    return command


clarify = about("clarify", "clarification-request", "Ask for clarification under an accord.")
consult = about("consult", "consultation-call", "Call a consultation under an accord.")


def say(
    parts: "Parts", form: str, accord_id: str, fields: Sequence[str], state: Path | None, rest: Sequence[str]
) -> None:
    """`tidegate hotline send`, in this very process."""
    from tidegate.cli.hotline.send import send

    given = [part for field in fields for part in ("--field", field)]
    where = [] if state is None else ["--state", str(state)]
    arguments = [form, "--accord", accord_id, *given, *where, *rest]
    send.main(arguments, prog_name="tidegate hotline send", standalone_mode=False, obj=parts)
