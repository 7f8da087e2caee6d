"""`tidegate console`: serves the page and its API beside a node, and makes tokens for programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console as screen
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.console.serving import Shelf
    from tidegate.app.parts import Parts

DAY_MS = 86_400_000


@click.group(invoke_without_command=True)
@click.option(
    "--listen", default="127.0.0.1:8080", metavar="ADDRESS", show_default=True, help="Where to listen."
)
@click.option(
    "--origin",
    metavar="URL",
    help="The name under which browsers reach it, https://NAME[:PORT]; else http://localhost and the port.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The certificate with its chain (PEM), wherever it can be reached from other machines.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The certificate's private key (PEM).",
)
@click.option(
    "--hotline-state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="State folder of the node that serves the hotline, where that is another one.",
)
@click.option(
    "--rehearsals",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Worlds (.world) and scenarios (.toml) to rehearse with; else `rehearsals` in the state folder.",
)
@click.option(
    "--audits",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Audits (.jsonl) and what-ifs (.toml); else `audits` in the state folder.",
)
@config_option
@state_option
@click.pass_context
def console(
    context: click.Context,
    listen: str,
    origin: str | None,
    certificate: Path | None,
    key: Path | None,
    hotline_state: Path | None,
    rehearsals: Path | None,
    audits: Path | None,
    config_file: Path | None,
    state_folder: Path | None,
) -> None:
    """Serve the page where people look, decide and sign, until SIGTERM or Ctrl-C.

    It is a process of its own beside `tidegate run`, with the same --state and --config: it asks the node as
    the commands do, and costs the collector nothing. Whoever starts it gets a link that lets in once, to
    look.
    """
    if context.invoked_subcommand is not None:
        return
    from tidegate.app.config import find_state
    from tidegate.app.console.open import serving_of

    parts: Parts = context.obj
    parts.keep_kernels(find_state(state_folder, parts.environ))
    with serving_of(
        parts,
        config_file=config_file,
        state_folder=state_folder,
        hotline_state=hotline_state,
        listen=listen,
        origin=origin,
        certificate=certificate,
        key=key,
        rehearsals=rehearsals,
        audits=audits,
        told=_tell,
    ) as serving:
        parts.serve_console(serving)


def _tell(link: str) -> None:
    click.echo(f"The console is at {link.partition('#')[0]}")
    click.echo(f"To look without a passkey, once, within ten minutes: {link}")


@console.group()
def token() -> None:
    """Make, list and take away tokens, by which programs and screens come in to look."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["reader", "wall"]),
    default="reader",
    show_default=True,
    help="What it may see: a wall screen sees the situation alone, and no names.",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it lasts."
)
@state_option
@json_option
@click.pass_obj
def add(parts: "Parts", name: str, role: str, days: int, state_folder: Path | None, as_json: bool) -> None:
    """Make token NAME and print it, this one time. No token can approve or take back anything."""
    from tidegate.app.console.access import Role
    from tidegate.app.console.open import fresh_secret
    from tidegate.app.console.sessions import add_token

    secret, now_ms = fresh_secret(), parts.clock().now_ms()
    add_token(_shelf(parts, state_folder), name, Role(role), secret, now_ms, now_ms + days * DAY_MS)
    if as_json:
        print_json({"name": name, "role": role, "token": secret, "until_ms": now_ms + days * DAY_MS})
    else:
        click.echo(secret)


@token.command("list")
@state_option
@json_option
@click.pass_obj
def list_tokens(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """List the tokens; what they are is not kept."""
    from tidegate.app.console.sessions import tokens_on
    from tidegate.cli import words
    from tidegate.cli.tables import plain_table

    tokens = tokens_on(_shelf(parts, state_folder))
    if as_json:
        for one in tokens:
            print_json({"name": one.name, "role": one.role, "made_ms": one.made_ms, "until_ms": one.until_ms})
        return
    if not tokens:
        click.echo("No token; `tidegate console token add NAME` makes one.")
        return
    table = plain_table()
    for heading in ("token", "role", "made", "until"):
        table.add_column(heading, overflow="fold")
    for one in tokens:
        table.add_row(one.name, one.role, words.moment(one.made_ms), words.moment(one.until_ms))
    screen().print(table)


@token.command()
@click.argument("name")
@state_option
@click.pass_obj
def remove(parts: "Parts", name: str, state_folder: Path | None) -> None:
    """Take token NAME away; whoever came in by it is out with the next question."""
    from tidegate.app.console.sessions import drop_token

    drop_token(_shelf(parts, state_folder), name)
    click.echo(f"Token {name} is taken away.")


def _shelf(parts: "Parts", state_folder: Path | None) -> "Shelf":
    from tidegate.app.config import find_state
    from tidegate.app.console.serving import SHELF_NAME

    return parts.shelf(find_state(state_folder, parts.environ) / SHELF_NAME)
