"""`tidegate accord simulate`: what a file would ask of its parties, before anyone signs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import language_option
from tidegate.cli.accord.worded import Worded
from tidegate.cli.options import json_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--years", type=click.IntRange(1, 50), default=10, show_default=True)
@click.option("--begin", default="2028-01-01", show_default=True, metavar="DATE", help="When it enters.")
@click.option(
    "--triggers",
    type=click.IntRange(0, 1_000),
    default=4,
    show_default=True,
    help="Exercises, incidents, questions: so many of each a year, for each pair of parties.",
)
@click.option(
    "--in-time",
    type=click.IntRange(0, 100),
    default=95,
    show_default=True,
    help="Percent of what is owed that is done in time; the rest comes late or never.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same years.")
@language_option
@json_option
@click.pass_obj
def simulate(
    parts: "Parts",
    file: Path,
    years: int,
    begin: str,
    triggers: int,
    in_time: int,
    seed: int,
    language: str,
    as_json: bool,
) -> None:
    """Let made-up parties live under FILE for years, and say how often it asks what of whom.

    Nothing of it says what will happen. It shows what an accord costs its officers, and clocks that never or
    always run.
    """
    from tidegate.app.accord.simulating import Habits
    from tidegate.app.accord.simulating import simulate as simulated

    habits = Habits(triggers_a_year=triggers, in_time=10 * in_time)
    told = simulated(parts.files().read(file, 1 << 20), begin, years, habits, seed)
    if as_json:
        print_json(told)
        return
    worded = Worded(parts, language)
    rows = [
        (
            one.article,
            one.obligation,
            worded.label("level", one.owner),
            *map(str, (one.came_due, one.met, one.late, one.still_due)),
            _hundredths(one.a_year_hundredths),
        )
        for one in told.loads
    ]
    worded.table(("article", "obligation", "level", "came-due", "met", "late", "still-due", "a-year"), rows)
    for level, count in told.by_level.items():
        acts = _hundredths(count)
        worded.say("acts-a-year", level=worded.label("level", level), acts=acts, parties=told.parties)


def _hundredths(count: int) -> str:
    return f"{count // 100}.{count % 100:02}"
