"""`tidegate accord review`: the year for the annual meeting, on paper."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import language_option, opened_book, our_code
from tidegate.cli.accord.worded import Worded
from tidegate.cli.options import config_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("year", type=click.IntRange(1970, 9998))
@click.argument("accord_id", metavar="[ID]", required=False)
@click.option(
    "--output",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A new .html or .pdf file; without it the year is printed as JSON.",
)
@language_option
@config_option
@state_option
@click.pass_obj
def review(
    parts: "Parts",
    year: int,
    accord_id: str | None,
    output: Path | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
) -> None:
    """Make the review pack of YEAR: incidents, clocks kept and missed, checks, open matters, guarantees."""
    from tidegate.app.accord.review import html, review_paper
    from tidegate.app.accord.views import year_view
    from tidegate.model.labels import language_of

    book, own, now_s = opened_book(parts, config_file, state_folder, accord_id)
    view = year_view(book, our_code(book, own), year, now_s)
    if output is None:
        print_json(view)
        return
    spoken = language_of(language)
    assert spoken is not None, "click allows only ours"
    paper = review_paper(book, view, spoken)
    pdf = output.suffix.lower() == ".pdf"
    parts.files().write_new(output, parts.printer().pdf(paper) if pdf else html(paper).encode())
    Worded(parts, language).say("written", file=output)
