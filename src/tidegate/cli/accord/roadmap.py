"""`tidegate accord roadmap|reached`: milestones, whose they are, until when, and what shows them reached."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, at_option, language_option, opened_book, our_code
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.accord.worded import Worded, facts
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("accord_id", metavar="[ID]", required=False)
@at_option
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def roadmap(
    parts: "Parts",
    accord_id: str | None,
    at: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Show the milestones of accord ID by day: whose they are, and who has reached them on what evidence."""
    from tidegate.app.accord.dialogue import road_map
    from tidegate.app.accord.views import worded

    book, own, now_s = opened_book(parts, config_file, state_folder, accord_id, at)
    screen, rows = Worded(parts, language), []
    for one in road_map(book, our_code(book, own), now_s):
        if as_json:
            print_json(one)
        shown = facts(sorted({fact for part in one.rows for fact in part.evidence}))
        told = f"{one.id}: {worded(one.text, language)}"
        rows.append((one.date, one.article, told, ", ".join(one.owners), ", ".join(one.reached_by), shown))
    if not as_json:
        headings = ("until", "article", "milestone", "owners", "reached-by", "evidence")
        screen.table(headings, rows, screen.phrase("no-milestones", accord=book.accord.id))


@click.command(context_settings=PASSED_ON)
@click.argument("name", metavar="MILESTONE")
@accord_option
@config_option
@state_option
@rest_argument
@click.pass_obj
def reached(
    parts: "Parts",
    name: str,
    accord_id: str | None,
    config_file: Path | None,
    state_folder: Path | None,
    rest: Sequence[str],
) -> None:
    """Say that we reached MILESTONE, or did the action of that name. The evidence goes with it: --attach."""
    from tidegate.app.accord.dialogue import reached_fields

    book, own, now_s = opened_book(parts, config_file, state_folder, accord_id)
    fields = reached_fields(book, our_code(book, own), name, now_s)
    say(parts, "free-text", book.accord.id, fields, state_folder, rest)
