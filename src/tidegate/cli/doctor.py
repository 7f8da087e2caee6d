"""`tidegate doctor`: why data is missing, exporter by exporter, and what on this machine is in the way."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.options import language_of, language_option
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.app.doctor import Examination
    from tidegate.app.parts import Parts
    from tidegate.model.labels import Language


@click.command()
@config_option
@language_option
@state_option
@json_option
@click.pass_obj
def doctor(
    parts: "Parts", config_file: Path | None, language: str | None, state_folder: Path | None, as_json: bool
) -> None:
    """Explain why data is missing, or why no plan can come into force.

    It works beside a running node and without one. The exit code is 1 when there is a problem to solve.
    """
    from tidegate.app.config import find_state, load_config
    from tidegate.app.doctor import examine
    from tidegate.app.plan_mapping import roster_path

    config = load_config(config_file, parts.environ).config
    state = parts.state_folder(find_state(state_folder, parts.environ))
    roster = parts.roster(roster_path(config, state.path))
    examination = examine(config, state, parts.machine(), parts.clock(), roster)
    if as_json:
        print_json(examination)
    else:
        print_examination(console(), examination, language_of(language, parts.environ))
    if examination.has_problem:
        raise Finished(Exit.FINDING)


OF_A_KIND_SHOWN_MAX = 10
"""Checks of one kind on the screen; the rest are counted, and `--json` holds them."""

EXPORTERS_SHOWN_MAX = 50
"""Exporters on the screen, those that told the most; `--json` holds up to 1,024."""

MARKS = {"fine": ("ok", "green"), "notice": ("note", "yellow"), "problem": ("PROBLEM", "bold red")}


def print_examination(screen: "Console", examination: "Examination", language: "Language") -> None:
    """The checks, then each exporter's counters where a node runs."""
    from rich.text import Text

    from tidegate.cli.tables import exporter_table, plain_table
    from tidegate.model.labels import retold

    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("about", overflow="fold", max_width=28)
    table.add_column("what is so, and what to do", overflow="fold")
    shown = Counter[str]()
    for check in examination.checks:
        shown[check.code] += 1
        mark, style = MARKS[check.severity]
        if shown[check.code] <= OF_A_KIND_SHOWN_MAX:
            table.add_row(Text(mark, style=style), check.about, retold(check.text, language))
    screen.print(table)
    for code, number in shown.items():
        if (left_out := number - OF_A_KIND_SHOWN_MAX) > 0:
            screen.print(f"{left_out} more of the kind {code} are left out; --json tells all.", style="dim")
    if examination.note is not None and (exporters := examination.note.exporters):
        screen.print()
        busiest = sorted(exporters, key=lambda one: -one.records)[:EXPORTERS_SHOWN_MAX]
        screen.print(exporter_table(busiest))
        if left_out := len(exporters) - len(busiest) + examination.note.exporters_left_out:
            screen.print(f"{left_out} exporters that told less are left out; see --json.", style="dim")
