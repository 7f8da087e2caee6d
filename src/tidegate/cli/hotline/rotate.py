"""`tidegate hotline rotate` and `revoke`: new keys in time, new keys after a theft, and a word taken away."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.hotline.card import tell_signed
from tidegate.cli.hotline.keys import (
    KEY_FILE,
    folder_of,
    new_root,
    now_s,
    root_option,
    root_signer,
    station_passphrase,
)
from tidegate.cli.hotline.officer import tell_draft
from tidegate.cli.options import json_option, state_option

if TYPE_CHECKING:
    from tidegate.app.hotline.meeting import PairSigner, StationFolder
    from tidegate.app.parts import Parts


@click.command()
@root_option(required=False)
@click.option(
    "--station",
    "whole_station",
    is_flag=True,
    help="Also a new station key and TLS certificate: after a theft.",
)
@click.option(
    "--new-root",
    "new_root_file",
    type=KEY_FILE,
    metavar="FILE",
    help="Sign over to a new root, made in FILE.",
)
@state_option
@json_option
@click.pass_obj
def rotate(
    parts: "Parts",
    root_file: Path | None,
    whole_station: bool,
    new_root_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Make the encryption keys of the next four months, and sign the card that names them.

    Without --root they wait in the next card until the root signs it. After a theft of the node, --station
    replaces all its keys at once. --new-root gives the organisation another root; its identity stays.
    """
    from tidegate.app.hotline.founding import (
        change_root,
        draft_new_keys,
        draft_new_station,
        own_card,
        sign_next,
    )

    if root_file is None and (whole_station or new_root_file is not None):
        raise click.UsageError("bring the root: --root FILE")
    folder, now = folder_of(parts, state_folder), now_s(parts)
    own_card(folder)
    told = station_passphrase(parts)
    drafted = (draft_new_station if whole_station else draft_new_keys)(folder, told, now)
    if root_file is None:
        tell_draft(drafted, "New encryption keys will be sealed to", as_json=as_json)
        return
    root = root_signer(parts, root_file)
    if new_root_file is None:
        signed, changes = sign_next(folder, root, now)
    else:
        signed, changes = change_root(folder, root, new_root(parts, new_root_file), now)
    tell_signed(signed, changes, as_json=as_json)
    if whole_station and not as_json:
        click.echo("Restart the node now: until then it shows peers a certificate that they accept no more.")


@click.command()
@click.argument("officer")
@root_option(required=False)
@state_option
@json_option
@click.pass_obj
def revoke(
    parts: "Parts", officer: str, root_file: Path | None, state_folder: Path | None, as_json: bool
) -> None:
    """Take OFFICER's word away. It counts no more wherever the next card is known: sign it at once."""
    from tidegate.app.hotline.founding import keep_draft, next_card
    from tidegate.app.hotline.staff import without_officer

    folder = folder_of(parts, state_folder)
    drafted = without_officer(next_card(folder), officer)
    keep_draft(folder, drafted)
    if root_file is None:
        tell_draft(drafted, f"{officer} will be revoked", as_json=as_json)
    else:
        sign_at_once(parts, folder, root_signer(parts, root_file), as_json=as_json)


def sign_at_once(parts: "Parts", folder: "StationFolder", root: "PairSigner", *, as_json: bool) -> None:
    from tidegate.app.hotline.founding import sign_next

    signed, changes = sign_next(folder, root, now_s(parts))
    tell_signed(signed, changes, as_json=as_json)
