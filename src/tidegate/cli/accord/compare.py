"""`tidegate accord compare`: a draft held against the year as it was."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import opened_book
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("draft", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("accord_id", metavar="[ID]", required=False)
@config_option
@state_option
@json_option
@click.pass_obj
def compare(
    parts: "Parts",
    draft: Path,
    accord_id: str | None,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Replay what happened under accord ID with the clocks of DRAFT, and say what would stand otherwise.

    Ends with 1 where anything would.
    """
    from tidegate.app.accord.checking import compared
    from tidegate.cli.tables import plain_table

    book, _, now_s = opened_book(parts, config_file, state_folder, accord_id)
    changes = compared(book, parts.files().read(draft, 1 << 20), now_s)
    table = plain_table()
    for heading in ("instance", "as it is", "under the draft"):
        table.add_column(heading, overflow="fold")
    for change in changes:
        if as_json:
            print_json(change)
        table.add_row(change.name, str(change.now or "-"), str(change.draft or "-"))
    if not as_json:
        console().print(table if changes else "Nothing would stand otherwise.")
    if changes:
        raise Finished(Exit.FINDING)
