"""`tidegate hotline backup` and `restore`: the node in one encrypted file, and another node out of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.hotline.keys import KEY_FILE
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json
from tidegate.cli.passphrase import BACKUP_VARIABLE, new_passphrase, passphrase

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("file", type=KEY_FILE)
@config_option
@state_option
@json_option
@click.pass_obj
def backup(
    parts: "Parts", file: Path, config_file: Path | None, state_folder: Path | None, as_json: bool
) -> None:
    """Write cards, station's keys, peers, ledger and messages to FILE, under a passphrase. A node may run.

    The root and the officers' keys are not in it: they are not on this machine.
    """
    from tidegate.app.config import find_state, load_config
    from tidegate.app.hotline.backing_up import back_up, database_elsewhere

    config, state = load_config(config_file, parts.environ).config, find_state(state_folder, parts.environ)
    told = new_passphrase(parts.environ, "the back-up", BACKUP_VARIABLE)
    taken = back_up(parts, config, state, file, told)
    elsewhere = database_elsewhere(config, state)
    if as_json:
        print_json({"file": str(file), "taken": taken, "database_elsewhere": elsewhere})
        return
    click.echo(
        f"{file} holds {len(taken)} files. It is restored with `tidegate hotline restore {file.name}`."
    )
    if elsewhere:
        click.echo("The ledger and the messages are in a database of its own: back that up with its tools.")


@click.command()
@click.argument("file", type=KEY_FILE)
@config_option
@state_option
@json_option
@click.pass_obj
def restore(
    parts: "Parts", file: Path, config_file: Path | None, state_folder: Path | None, as_json: bool
) -> None:
    """Bring a node back out of FILE, into an empty state folder. The former node must never run again.

    Its serials begin anew, and its peers are told so: what it sent since the back-up is with them, and what
    they sent to it comes again.
    """
    from tidegate.app.config import find_state, load_config
    from tidegate.app.hotline.backing_up import database_elsewhere
    from tidegate.app.hotline.backing_up import restore as bring_back

    config, state = load_config(config_file, parts.environ).config, find_state(state_folder, parts.environ)
    card = bring_back(parts, config, state, file, passphrase(parts.environ, "the back-up", BACKUP_VARIABLE))
    if as_json:
        print_json({"organisation": card.organisation, "name": card.name, "card": card.version})
        return
    click.echo(
        f"{card.name}, card {card.version}, is back in {state}. Start it only if the former node is off for\n"
        "good. If that was stolen: `tidegate hotline rotate --station --root FILE`. If this one is reached\n"
        "elsewhere: `tidegate hotline card set --endpoint URL`, `tidegate hotline card sign --root FILE`."
    )
    if database_elsewhere(config, state):
        click.echo("The ledger and the messages are in a database of its own: restore that with its tools.")
