"""`tidegate accord amend`: a higher version, shown article by article before it is signed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, opened_book
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.accord.checking import Amendment
    from tidegate.app.parts import Parts


@click.command(context_settings=PASSED_ON)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@accord_option
@click.option("--draft", is_flag=True, help="Write the version on record to FILE, with the next number.")
@click.option("--preview", is_flag=True, help="Show what would change, and sign nothing.")
@config_option
@state_option
@json_option
@rest_argument
@click.pass_obj
def amend(
    parts: "Parts",
    file: Path,
    accord_id: str | None,
    draft: bool,
    preview: bool,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
    rest: Sequence[str],
) -> None:
    """Show article by article what FILE changes in the accord that it is a higher version of, and sign it.

    It takes the place of the version before when every party has signed it; until then that one stays in
    force, and what began under it is answered under it.
    """
    from tidegate.app.accord.checking import amended, next_draft

    book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
    if draft:
        parts.files().write_new(file, next_draft(book))
        click.echo(f"{file} is written. Change it, then: tidegate accord amend {file} --preview")
        return
    told = amended(book, parts.files().read(file, 1 << 20))
    if as_json and preview:
        print_json(told)
    else:
        _show(told, err=not preview)  # what is sent may be told as JSON
    if preview:
        return
    fields = ("declaration=accord", "act=amended", f"accord-digest={told.digest}")
    passed = ("--mark", "REAL", "--attach", str(file), *(["--json"] if as_json else []), *rest)
    say(parts, "declaration", told.id, fields, state_folder, passed)


def _show(told: "Amendment", *, err: bool) -> None:
    click.echo(
        f"{told.id}: version {told.version} in place of {told.before}, SHA-256 {told.digest}", err=True
    )
    for one in told.changes:
        where = f"article {one.article}" if one.article else "(no article)"
        click.echo(f"{where}: {one.table} {one.id} {one.what}", err=err)
        for name, before, after in one.fields:
            click.echo(f"  {name}", err=err)
            click.echo(f"    - {before or '(nothing)'}", err=err)
            click.echo(f"    + {after or '(nothing)'}", err=err)
    for doubt in told.doubts:
        click.echo(f"doubt: {doubt}", err=True)
