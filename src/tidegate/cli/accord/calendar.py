"""`tidegate accord calendar`: what falls due when, as a table or for another calendar."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import language_option, opened_book
from tidegate.cli.accord.worded import Worded
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("accord_id", metavar="[ID]", required=False)
@click.option("--party", metavar="CODE", help="Only what this party owes.")
@click.option(
    "--ics",
    "ics",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write iCalendar here.",
)
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def calendar(
    parts: "Parts",
    accord_id: str | None,
    party: str | None,
    ics: Path | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Say what falls due under accord ID, the soonest first; or write it as iCalendar (RFC 5545)."""
    from tidegate.app.accord.calendar import coming, icalendar

    book, _, now_s = opened_book(parts, config_file, state_folder, accord_id)
    due, worded = coming(book, party, now_s), Worded(parts, language)
    if ics is not None:
        parts.files().write(ics, icalendar(book, due, language))
        worded.say("entries", file=ics, count=len(due))
        return
    rows = []
    for one in due:
        assert one.due_s is not None, "only those with a time come"
        if as_json:
            print_json(
                {
                    "due_s": one.due_s,
                    "instance": one.name,
                    "article": one.obligation.article,
                    "stage": one.stage,
                }
            )
        stage = worded.label("accord-stage", str(one.stage))
        article, obligation = one.obligation.article, one.obligation.id
        rows.append((worded.moment(one.due_s), article, obligation, one.duty, one.toward, stage))
    if not as_json:
        headings = ("due", "article", "obligation", "owed-by", "owed-to", "stage")
        worded.table(headings, rows, worded.word("nothing-due"))
