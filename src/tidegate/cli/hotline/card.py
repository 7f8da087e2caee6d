"""`tidegate hotline card`: what the organisation says of itself, shown, changed, signed and handed on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.hotline.keys import KEY_FILE, folder_of, now_s, read_card_file, root_option, root_signer
from tidegate.cli.hotline.officer import tell_draft
from tidegate.cli.options import json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.staff import Card
    from tidegate.app.parts import Parts

NONE = "none"


@click.group()
def card() -> None:
    """Show, change, sign and hand on what the organisation says of itself."""


@card.command()
@click.argument("peer", required=False)
@state_option
@json_option
@click.pass_obj
def show(parts: "Parts", peer: str | None, state_folder: Path | None, as_json: bool) -> None:
    """Show our own card, or that of PEER, by name or by the beginning of its identity."""
    from tidegate.app.hotline.founding import changes, next_card, own_card
    from tidegate.app.hotline.meeting import must_find_card, warnings_of
    from tidegate.cli.hotline.card_words import write_card, write_warnings

    folder, now = folder_of(parts, state_folder), now_s(parts)
    shown = own_card(folder) if peer is None else must_find_card(folder, peer)
    if as_json:
        print_json(shown)
        return
    write_card(shown, now)
    if peer is None:
        for sentence in changes(shown, next_card(folder)):
            click.echo(f"  next card, not yet signed: {sentence}")
    write_warnings(warnings_of(shown, now, own=peer is None))


@card.command("set")
@click.option(
    "--endpoint", "endpoints", multiple=True, metavar="URL", help="https://HOST:PORT, udp://HOST:PORT, none."
)
@click.option(
    "--relay",
    "relays",
    multiple=True,
    metavar="PEER",
    help="A peer that carries what cannot come directly; none.",
)
@click.option(
    "--language", "languages", multiple=True, metavar="XX", help="It reads this one, the preferred first."
)
@click.option(
    "--watch",
    "watches",
    multiple=True,
    metavar="LEVEL:BEGIN-END",
    help="Hours of a week from Monday 00:00 UTC, as desk:0-168; none.",
)
@click.option("--name", metavar="NAME", help="Another name; the identity stays.")
@state_option
@json_option
@click.pass_obj
def set_(
    parts: "Parts",
    endpoints: tuple[str, ...],
    relays: tuple[str, ...],
    languages: tuple[str, ...],
    watches: tuple[str, ...],
    name: str | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Change the next card; each option replaces all of its kind. It counts once the root has signed."""
    from tidegate.app.hotline.founding import keep_draft, next_card
    from tidegate.app.hotline.meeting import find_peer
    from tidegate.app.hotline.staff import watch_from, with_ways

    if not any((endpoints, relays, languages, watches, name)):
        raise click.UsageError("say what to change")
    folder = folder_of(parts, state_folder)
    found = [find_peer(folder, one).meeting.organisation for one in given(relays) or ()]
    drafted = with_ways(
        next_card(folder),
        endpoints=given(endpoints),
        relays=None if not relays else found,
        languages=languages or None,
        watch=None if not watches else [watch_from(one) for one in given(watches) or ()],
        name=name,
    )
    keep_draft(folder, drafted)
    tell_draft(drafted, "This will be on the card", as_json=as_json)


@card.command()
@root_option(required=True)
@click.argument("draft", type=KEY_FILE, required=False)
@state_option
@json_option
@click.pass_obj
def sign(
    parts: "Parts", root_file: Path, draft: Path | None, state_folder: Path | None, as_json: bool
) -> None:
    """Sign the next card with the root, and put it in use: peers get it with the next heartbeat.

    Where the root stays on a machine of its own, `card draft FILE` writes the next card to a medium,
    `card sign --root KEY FILE` signs it there into FILE.signed, and `card take FILE.signed` puts it in use.
    """
    if draft is not None:
        sign_elsewhere(parts, root_file, draft, as_json=as_json)
        return
    from tidegate.app.hotline.founding import sign_next

    folder = folder_of(parts, state_folder)
    signed, told = sign_next(folder, root_signer(parts, root_file), now_s(parts))
    tell_signed(signed, told, as_json=as_json)


def sign_elsewhere(parts: "Parts", root_file: Path, draft: Path, *, as_json: bool) -> None:
    from tidegate.app.hotline.founding import read_draft, refuse_another_root, signed_by
    from tidegate.cli.hotline.card_words import write_card

    drafted, line = read_draft(read_card_file(draft))
    root = root_signer(parts, root_file)
    refuse_another_root(root, drafted)
    if not as_json:
        write_card(drafted, now_s(parts), signed=False)
        click.confirm("Sign this card?", abort=True, err=True)
    target = draft.with_name(draft.name + ".signed")
    target.write_bytes(signed_by(root, drafted, line, now_s(parts)))
    if as_json:
        print_json({"file": str(target), "version": drafted.version})
    else:
        click.echo(f"{target} is signed; `tidegate hotline card take {target}` on the node puts it in use.")


@card.command("draft")
@click.argument("file", type=KEY_FILE)
@state_option
@click.pass_obj
def write_draft(parts: "Parts", file: Path, state_folder: Path | None) -> None:
    """Write the next card to FILE, for a root that stays on a machine of its own."""
    from tidegate.app.hotline.founding import draft_bytes

    file.write_bytes(draft_bytes(folder_of(parts, state_folder)))
    click.echo(
        f"{file} holds the next card; where the root is: `tidegate hotline card sign --root KEY {file}`."
    )


@card.command()
@click.argument("file", type=KEY_FILE)
@state_option
@json_option
@click.pass_obj
def take(parts: "Parts", file: Path, state_folder: Path | None, as_json: bool) -> None:
    """Take a newer card from FILE: our own, signed elsewhere, or that of a peer whom we met."""
    from tidegate.app.hotline.meeting import take_card

    taken, told = take_card(folder_of(parts, state_folder), read_card_file(file), now_s(parts))
    tell_signed(taken, told, as_json=as_json)


@card.command()
@click.argument("file", type=KEY_FILE)
@state_option
@click.pass_obj
def export(parts: "Parts", file: Path, state_folder: Path | None) -> None:
    """Write our card to FILE, for whom we are to meet. It is no secret; the ceremony proves it."""
    from tidegate.app.hotline.founding import own_card, own_signed

    folder = folder_of(parts, state_folder)
    file.write_bytes(own_signed(folder))
    told = own_card(folder)
    click.echo(
        f"{file} holds card {told.version} of {told.name}; there: `tidegate hotline meet {file.name}`."
    )


def given(texts: Sequence[str]) -> Sequence[str] | None:
    """None where the option was not given; nothing where it was given as "none"."""
    if not texts:
        return None
    return [] if list(texts) == [NONE] else texts


def tell_signed(signed: "Card", told: Sequence[str], *, as_json: bool) -> None:
    from tidegate.cli.words import moment

    if as_json:
        print_json({"organisation": signed.organisation, "version": signed.version, "changes": told})
        return
    click.echo(
        f"Card {signed.version} of {signed.name} is in use; it ends {moment(signed.valid_until_s * 1000)}."
    )
    for sentence in told:
        click.echo(f"  {sentence}")
