"""`tidegate hotline init`: an organisation with a root, a station and a first card."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.hotline.keys import (
    KEY_FILE,
    folder_of,
    new_root,
    new_station_passphrase,
    now_s,
    root_signer,
)
from tidegate.cli.options import json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("name")
@click.option("--country", required=True, metavar="XX", help="Its country, two letters (ISO 3166-1).")
@click.option(
    "--root", "root_file", type=KEY_FILE, required=True, metavar="FILE",
    help="Where the root key is: made here if there is no such file. It belongs on a medium of its own.",
)  # fmt: skip
@click.option(
    "--endpoint", "endpoints", multiple=True, metavar="URL", help="https://HOST:PORT; may be given again."
)
@click.option(
    "--language", "languages", multiple=True, metavar="XX", help="It reads this one, the preferred first."
)
@state_option
@json_option
@click.pass_obj
def init(
    parts: "Parts",
    name: str,
    country: str,
    root_file: Path,
    endpoints: tuple[str, ...],
    languages: tuple[str, ...],
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Found organisation NAME on this node: its root key, its station's keys, and its first card.

    Its identity is its root key, whatever name it takes. The root only signs cards: after this it is needed
    every few months, and does not belong on this machine.
    """
    from tidegate.app.hotline.founding import bare_card, found, refuse_if_founded
    from tidegate.app.hotline.staff import endpoint_from
    from tidegate.cli.hotline.card_words import identity
    from tidegate.cli.words import moment

    folder = folder_of(parts, state_folder)
    card = bare_card(name, country.upper(), [endpoint_from(one) for one in endpoints], languages or ("en",))
    refuse_if_founded(folder, card)
    root = root_signer(parts, root_file) if root_file.exists() else new_root(parts, root_file)
    made = found(folder, root, new_station_passphrase(parts), card, now_s(parts))
    if as_json:
        print_json({"organisation": made.organisation, "name": made.name, "card": made.version})
        return
    click.echo(
        f"{made.name} ({made.country}) is founded; its identity begins with {identity(made.organisation)}.\n"
        f"Card {made.version} is signed and ends {moment(made.valid_until_s * 1000)}.\n\n"
        f"{root_file} is the root key. Take it off this machine, with a copy at another place: whoever has\n"
        f"it and its passphrase is {made.name}, and without it no card can be signed again.\n"
        f"{folder.path} holds the station's keys, under the passphrase that the node will ask for.\n\n"
        "Next, `tidegate hotline` ...\n"
        "  officer key FILE                          on each officer's machine\n"
        "  officer add NAME --level L --key FILE.pub here, for each of them\n"
        "  card sign --root FILE                     so that they count\n"
        "  card export FILE                          for whom you will meet"
    )
