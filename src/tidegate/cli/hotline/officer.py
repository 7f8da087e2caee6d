"""`tidegate hotline officer`: who speaks for the organisation, and with which key."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from tidegate.cli.hotline.keys import KEY_FILE, folder_of, now_s
from tidegate.cli.options import json_option, state_option
from tidegate.cli.output import print_json
from tidegate.cli.passphrase import new_passphrase, pin

if TYPE_CHECKING:
    from tidegate.app.hotline.staff import Card, Level
    from tidegate.app.parts import Parts

LEVELS = click.Choice(["desk", "centre", "senior"])


@click.group()
def officer() -> None:
    """Say who speaks for the organisation; it counts once the root has signed the next card."""


@officer.command()
@click.argument("file", type=KEY_FILE)
@click.option("--token", metavar="LABEL", help="Half of the key in this PKCS#11 token (P-384).")
@click.option(
    "--module", metavar="SO", help="The token's PKCS#11 module, as /usr/lib/softhsm/libsofthsm2.so."
)
@click.option("--label", metavar="LABEL", help="The key's label in the token; made there if there is none.")
@json_option
@click.pass_obj
def key(
    parts: "Parts", file: Path, token: str | None, module: str | None, label: str | None, as_json: bool
) -> None:
    """Make an officer's key in FILE, under a passphrase, and its public half in FILE.pub.

    Run it on the officer's own machine: FILE stays there, and FILE.pub goes to whoever keeps the card.
    """
    from tidegate.app.hotline.staff import TokenPlace
    from tidegate.cli.hotline.card_words import key_name

    if bool(token) != bool(module) or bool(token) != bool(label):
        raise click.UsageError("--token, --module and --label belong together")
    told = new_passphrase(parts.environ, f"the new key {file}")
    if token and module and label:
        place = TokenPlace(module=module, token=token, label=label)
        public = parts.pair_files().make_in_token(file, told, place, lambda: pin(parts.environ, token))
    else:
        public = parts.pair_files().make(file, told)
    if as_json:
        print_json({"file": str(file), "public": f"{file}.pub", "key": key_name(public)})
    else:
        click.echo(
            f"{file} is made: keep it. {file}.pub goes to whoever keeps the card; the key's name, to\n"
            f"compare over another way, is {key_name(public)}."
        )


@officer.command()
@click.argument("name")
@click.option("--level", type=LEVELS, required=True, help="Speaks for this level and for no other.")
@click.option(
    "--key", "key_file", type=KEY_FILE, required=True, metavar="FILE", help="The officer's FILE.pub."
)
@state_option
@json_option
@click.pass_obj
def add(
    parts: "Parts", name: str, level: str, key_file: Path, state_folder: Path | None, as_json: bool
) -> None:
    """Put officer NAME on the next card."""
    from tidegate.app.hotline.founding import keep_draft, next_card
    from tidegate.app.hotline.staff import with_officer

    folder = folder_of(parts, state_folder)
    public = parts.pair_files().read_public(key_file)
    drafted = with_officer(next_card(folder), name, cast("Level", level), public)
    keep_draft(folder, drafted)
    tell_draft(drafted, f"{name} will speak for the {level}", as_json=as_json)


@officer.command()
@click.argument("level", type=LEVELS)
@click.argument("officers", type=click.IntRange(1, 64))
@state_option
@json_option
@click.pass_obj
def quorum(parts: "Parts", level: str, officers: int, state_folder: Path | None, as_json: bool) -> None:
    """Ask for so many OFFICERS of LEVEL under each message of that level; seniors are always two or more."""
    from tidegate.app.hotline.founding import keep_draft, next_card
    from tidegate.app.hotline.staff import with_quorum

    folder = folder_of(parts, state_folder)
    drafted = with_quorum(next_card(folder), cast("Level", level), officers)
    keep_draft(folder, drafted)
    tell_draft(drafted, f"{officers} will sign for the {level}", as_json=as_json)


@officer.command("list")
@state_option
@json_option
@click.pass_obj
def list_officers(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """List who speaks for the organisation by the card in use, and whom the next card changes."""
    from tidegate.app.hotline.founding import changes, next_card, own_card
    from tidegate.app.hotline.meeting import warnings_of
    from tidegate.cli.hotline.card_words import key_name, write_officers, write_warnings

    folder = folder_of(parts, state_folder)
    card = own_card(folder)
    if as_json:
        for one in card.officers:
            print_json({"name": one.name, "level": one.level, "key": key_name(one.key)})
        return
    click.echo(f"{card.name}, card {card.version}")
    write_officers(card)
    for sentence in changes(card, next_card(folder)):
        click.echo(f"  next card, not yet signed: {sentence}")
    write_warnings(warnings_of(card, now_s(parts), own=True))


def tell_draft(drafted: "Card", what: str, *, as_json: bool) -> None:
    """What the draft is by now, and whether the root could sign it."""
    from tidegate.app.hotline.staff import not_yet_signable

    missing = not_yet_signable(drafted)
    if as_json:
        print_json({"version": drafted.version, "signed": False, "missing": missing})
        return
    click.echo(
        f"{what}, once the root has signed card {drafted.version}: `tidegate hotline card sign --root FILE`."
    )
    if missing:
        click.echo(f"It cannot be signed yet: {missing}.")
