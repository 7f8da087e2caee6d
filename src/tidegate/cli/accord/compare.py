"""`tidegate accord compare`: a draft held against the year as it was."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import language_option, opened_book
from tidegate.cli.accord.worded import Worded
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("draft", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("accord_id", metavar="[ID]", required=False)
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def compare(
    parts: "Parts",
    draft: Path,
    accord_id: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Replay what happened under accord ID with the clocks of DRAFT, and say what would stand otherwise.

    Ends with 1 where anything would.
    """
    from tidegate.app.accord.checking import compared

    book, _, now_s = opened_book(parts, config_file, state_folder, accord_id)
    changes = compared(book, parts.files().read(draft, 1 << 20), now_s)
    worded, rows = Worded(parts, language), []
    for change in changes:
        if as_json:
            print_json(change)
        stages = [
            worded.label("accord-stage", str(one)) if one else "-" for one in (change.now, change.draft)
        ]
        rows.append((change.name, *stages))
    if not as_json:
        headings = ("instance", "as-it-is", "under-draft")
        worded.table(headings, rows, worded.word("nothing-otherwise"))
    if changes:
        raise Finished(Exit.FINDING)
