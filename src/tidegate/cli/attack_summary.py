"""`tidegate attacks summary`: what hit us in some days, by vector and border point."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.filters import filter_option, told_as_usage
from tidegate.cli.moments import Moment
from tidegate.cli.opened import record
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.app.attack_summary import AttackSummary
    from tidegate.app.parts import Parts

BY = ("vector", "border-point")


class By(click.ParamType[tuple[str, ...]]):
    """Some of BY, set apart by commas."""

    name = "by"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        chosen = tuple(value.split(",")) if isinstance(value, str) else value
        if not set(chosen) <= set(BY):
            self.fail(f'"{value}": write {" or ".join(BY)}, or both with a comma between', param, ctx)
        return chosen


@click.command()
@click.option(
    "--from", "from_ms", type=Moment(), required=True, metavar="DAY", help="The first day, as 2026-03-01."
)
@click.option(
    "--until", "until_ms", type=Moment(), required=True, metavar="DAY", help="The day after the last."
)
@click.option(
    "--by", type=By(), default=BY, metavar="WHAT", help="vector, border-point, or both (the default)."
)
@click.option(
    "--anew", is_flag=True, help="Count the facts themselves: slow, and a check of the counts kept."
)
@filter_option("counts")
@config_option
@state_option
@json_option
@click.pass_context
def summary(
    ctx: click.Context,
    from_ms: int,
    until_ms: int,
    by: tuple[str, ...],
    anew: bool,
    asked: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Sum up the attacks that began on these days (UTC) and have ended, by vector and border point."""
    from tidegate.app.attack_summary import attack_summary
    from tidegate.app.filtering.attacks import count_filter

    parts: Parts = ctx.obj
    with told_as_usage(ctx):
        keep = count_filter(asked, parts.clock().now_ms())
    with record(parts, config_file, state_folder) as stores:
        of_these_days = partial(attack_summary, stores.facts, from_ms, until_ms, anew=anew)
        every = of_these_days(by_vector="vector" in by, by_border_point="border-point" in by)
        rows = [row for row in every if keep(row)]
        whole = of_these_days(by_vector=False, by_border_point=False)
    if as_json:
        for row in (*rows, *whole):
            print_json(row)
    else:
        _print(console(), rows, whole, by)


def _print(
    screen: "Console", rows: "list[AttackSummary]", whole: "list[AttackSummary]", by: tuple[str, ...]
) -> None:
    from tidegate.app.units import si
    from tidegate.cli import words
    from tidegate.cli.tables import plain_table

    if not whole:
        screen.print("No attack that began on these days has ended.")
        return
    table = plain_table()
    for heading in by:
        table.add_column(heading.replace("-", " "), overflow="fold")
    for heading in ("attacks", "traffic (estimated)", "highest peak", "longest"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in (*rows, *whole):
        names = {"vector": row.vector or "all", "border-point": row.border_point or "all"}
        table.add_row(
            *(names[heading] for heading in by),
            words.count(row.attacks),
            si(row.bytes, "B"),
            si(row.peak_bits_per_s, "bps"),
            words.duration(row.longest_s * 1000),
        )
    screen.print(table)
    screen.print(
        "An attack with two vectors, or at two border points, counts under each of them.", style="dim"
    )
    screen.print(words.FORGED, style="dim")
