"""`tidegate officer`: the people whose word counts, in a file that the node and the speaker read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json
from tidegate.cli.passphrase import new_passphrase

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.app.roster_changes import Member, RosterFile

LEVELS = click.Choice(["desk", "centre", "senior"])


@click.group()
def officer() -> None:
    """Say who may approve plans, and with which key."""


@officer.command()
@click.argument("name")
@click.option("--level", type=LEVELS, required=True, help="What the officer may decide.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The officer's public key: OpenSSH's ssh-ed25519 line, a PEM, or 64 hex digits.",
)
@click.option(
    "--generate",
    "new_key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Make a key and write its private half to this new file, under a passphrase.",
)
@click.option(
    "--passkey",
    is_flag=True,
    help="Invite the officer to make a passkey at the console, and wait for it.",
)
@config_option
@state_option
@json_option
@click.pass_obj
def add(
    parts: "Parts",
    name: str,
    level: str,
    key_file: Path | None,
    new_key: Path | None,
    passkey: bool,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Put officer NAME on the roster. The private key stays with the officer; a running node takes up the
    change within a second, and alerts of it.

    With --passkey a code is shown, with which NAME makes a passkey at the console; what came of it is
    compared, and only then written.
    """
    from tidegate.app.roster_changes import add_officer, officer_of

    if (key_file is not None) + (new_key is not None) + passkey != 1:
        raise click.UsageError("give one of --key FILE, --generate FILE and --passkey")
    file = _roster(parts, config_file, state_folder)
    now_ms = parts.clock().now_ms()
    # What is wrong with the name is told before a key is made for it.
    officer_of(file.read(), name, level, now_ms)
    if passkey:
        member = _by_passkey(parts, file, name, level, state_folder)
        if as_json:
            print_json(_told(member, now_ms, now_ms))
        else:
            click.echo(f"{name} ({level}) is on the roster {file.path}.")
        return
    if new_key is not None:
        key = parts.generate_key(new_key, new_passphrase(parts.environ))
    else:
        assert key_file is not None, "one of the two was given"
        key = parts.public_key(key_file)
    member = add_officer(file, name, level, key, now_ms)
    if as_json:
        print_json(_told(member, now_ms, now_ms))
    else:
        click.echo(f"{name} ({level}) is on the roster {file.path} with the key {key}.")


def _by_passkey(
    parts: "Parts", file: "RosterFile", name: str, level: str, state_folder: Path | None
) -> "Member":
    """Invites, waits for what the browser made, and has it compared by whoever sits here."""
    import time

    from tidegate.app.config import find_state
    from tidegate.app.console import entering
    from tidegate.app.console.open import fresh_code
    from tidegate.app.console.serving import SHELF_NAME
    from tidegate.app.roster_changes import add_officer, as_level

    shelf = parts.shelf(find_state(state_folder, parts.environ) / SHELF_NAME)
    code, clock = fresh_code(), parts.clock()
    now_ms = clock.now_ms()
    until_ms = now_ms + entering.INVITATION_MS_MAX
    invitation = entering.Invitation(name=name, level=as_level(level), until_ms=until_ms)
    entering.invite(shelf, code, invitation, now_ms)
    try:
        click.echo(f'{name} opens the console, chooses "I have a code", and types: {code}', err=True)
        click.echo("Waiting for the passkey, fifteen minutes at most; Ctrl-C ends it.", err=True)
        while (made := entering.answered(shelf, code)) is None:
            if clock.now_ms() >= until_ms:
                raise click.UsageError(f"nobody used the code; {name} is not on the roster")
            time.sleep(1)
        click.echo(
            f"A passkey for {made.passkey.origin} was made. {name}'s page shows this fingerprint:", err=True
        )
        click.echo(f"    {entering.fingerprint(made)}", err=True)
        click.confirm(f"Is it the same, and is it {name} who reads it?", abort=True, err=True)
        return add_officer(file, name, level, made.public_key, clock.now_ms(), made.passkey)
    finally:
        entering.forget(shelf, code)


@officer.command("list")
@config_option
@state_option
@json_option
@click.pass_obj
def list_officers(parts: "Parts", config_file: Path | None, state_folder: Path | None, as_json: bool) -> None:
    """List the officers of the roster, the revoked ones too."""
    from tidegate.app.roster_changes import roster_from
    from tidegate.cli import words
    from tidegate.cli.tables import plain_table

    file = _roster(parts, config_file, state_folder)
    members, now_ms = roster_from(file.read()).members, parts.clock().now_ms()
    seen_ms = file.written_ms()
    if as_json:
        for member in members:
            print_json(_told(member, now_ms, seen_ms))
        return
    if not members:
        click.echo(f"The roster {file.path} names no officer; `tidegate officer add` does.")
        return
    table = plain_table()
    for heading in ("officer", "level", "since", "state", "public key"):
        table.add_column(heading, overflow="fold")
    for member in members:
        since = words.moment(member.added_ms)
        gone = None if member.revoked_ms is None else f"revoked {words.moment(member.revoked_ms)}"
        state = "may act" if member.live_at(now_ms, seen_ms) else gone or "not yet"
        passkey = member.officer.passkey
        key = member.officer.public_key + (f" (a passkey for {passkey.origin})" if passkey else "")
        table.add_row(member.officer.name, member.officer.level, since, state, key)
    console().print(table)


@officer.command()
@click.argument("name")
@config_option
@state_option
@json_option
@click.pass_obj
def revoke(
    parts: "Parts", name: str, config_file: Path | None, state_folder: Path | None, as_json: bool
) -> None:
    """Take officer NAME's word away. Plans in force that rest on it end within seconds."""
    from tidegate.app.roster_changes import revoke_officer

    file = _roster(parts, config_file, state_folder)
    now_ms = parts.clock().now_ms()
    member = revoke_officer(file, name, now_ms)
    if as_json:
        print_json(_told(member, now_ms, now_ms))
    else:
        click.echo(f"{name} is revoked in the roster {file.path}.")


def _roster(parts: "Parts", config_file: Path | None, state_folder: Path | None) -> "RosterFile":
    from tidegate.app.config import find_state, load_config
    from tidegate.app.plan_mapping import roster_path

    config = load_config(config_file, parts.environ).config
    return parts.roster(roster_path(config, find_state(state_folder, parts.environ)))


def _told(member: "Member", now_ms: int, seen_ms: int) -> dict[str, object]:
    return {
        "name": member.officer.name,
        "level": member.officer.level,
        "public_key": member.officer.public_key,
        "passkey": member.officer.passkey,
        "added_ms": member.added_ms,
        "revoked_ms": member.revoked_ms,
        "may_act": member.live_at(now_ms, seen_ms),
    }
