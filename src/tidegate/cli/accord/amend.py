"""`tidegate accord amend`: a higher version, shown article by article before it is signed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import LANGUAGE, accord_option, opened_book
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.accord.worded import Worded
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
@click.option("--language", type=LANGUAGE, help="Language of what is written.  [default: en]")
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
    language: str | None,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
    rest: Sequence[str],
) -> None:
    """Show article by article what FILE changes in the accord that it is a higher version of, and sign it.

    It takes the place of the version before when every party has signed it; until then that one stays in
    force, and what began under it is answered under it.
    """
    from msgspec.structs import asdict

    from tidegate.app.accord.checking import amended, next_draft

    book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
    worded = Worded(parts, language or "en")
    if draft:
        parts.files().write_new(file, next_draft(book))
        worded.say("draft-written", file=file, command=f"tidegate accord amend {file} --preview")
        return
    told = amended(book, parts.files().read(file, 1 << 20))
    if not as_json:
        _show(told, worded)
    elif preview:
        print_json({**asdict(told), "doubts": [worded.as_told(one) for one in told.doubts]})
    if preview:
        return
    fields = ("declaration=accord", "act=amended", f"accord-digest={told.digest}")
    passed = ("--mark", "REAL", "--attach", str(file), *_chosen(language, as_json=as_json), *rest)
    say(parts, "declaration", told.id, fields, state_folder, passed)


def _chosen(language: str | None, *, as_json: bool) -> list[str]:
    """Options that are ours and `hotline send`'s."""
    return [*(["--language", language] if language else []), *(["--json"] if as_json else [])]


def _show(told: "Amendment", worded: Worded) -> None:
    worded.say("amends", accord=told.id, version=told.version, before=told.before, digest=told.digest)
    for one in told.changes:
        where = worded.phrase("at-article", article=one.article) if one.article else worded.word("no-article")
        worded.say("amended", where=where, table=one.table, name=one.id, what=worded.word(one.what))
        for name, before, after in one.fields:
            worded.tell(worded.own(name), 2)
            worded.say("before", 4, text=before or worded.word("nothing-there"))
            worded.say("after", 4, text=after or worded.word("nothing-there"))
    for doubt in told.doubts:
        worded.finding(doubt)
