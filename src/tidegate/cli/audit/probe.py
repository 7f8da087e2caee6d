"""`tidegate audit probe`: find out what services stand on, politely."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.audit.finding_out import FoundOut, Told
    from tidegate.app.audit.probing import SoFar
    from tidegate.app.parts import Parts

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("services", type=_FILE)
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Else the list's name with .jsonl, here.")
@click.option("--settings", type=_FILE, metavar="FILE", help="Roots, ports, authorities, pace (TOML).")
@click.option("--contact", default="", metavar="TEXT", help="Who asks: an address of mail or of a page.")
@click.option("--country", default="", metavar="CC", help="Of services for which the list does not say.")
@click.option("--places", type=_FILE, multiple=True, metavar="FILE", help="prefix,network,... or pfx2as.")
@click.option("--world", metavar="WORLD", help="Of rehearse: who holds a network, and where it serves.")
@click.option("--browser", metavar="PROGRAM", help="A Chromium, for pages that scripts build; one at a time.")
@click.option("--fresh", default=12, show_default=True, metavar="HOURS", help="Older answers count no more.")
@json_option
@click.pass_obj
def probe(
    parts: "Parts",
    /,
    services: Path,
    output: Path | None,
    settings: Path | None,
    contact: str,
    country: str,
    places: tuple[Path, ...],
    world: str | None,
    browser: str | None,
    fresh: int,
    as_json: bool,
) -> None:
    """Ask name servers and sites what the SERVICES of a list stand on, and write down what they say.

    Asks nothing beyond what a resolver and a browser would, at a slow pace, and says who asks. Every answer
    is kept at once: a probe that was ended goes on where it was when it is called again. The exit code is 1
    when something could not be seen.
    """
    from tidegate.app.audit.finding_out import Wanted, find_out

    output = output or Path(services.stem + ".jsonl")
    wanted = Wanted(services, output, settings, contact, country, places, world, browser, fresh)
    found = _with_progress(lambda tell: find_out(parts, wanted, tell))
    _tell(found, as_json)
    if found.not_seen:
        raise Finished(Exit.FINDING)


def _with_progress(run: "Callable[[Told], FoundOut]") -> "FoundOut":
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    screen = console()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as line:
        task = line.add_task("Asking", total=None)

        def tell(now: "SoFar") -> None:
            known = now.answered + now.under_way + now.waiting
            line.update(task, description=_progress_words(now), completed=now.answered, total=known or None)

        return run(tell)


def _progress_words(now: "SoFar") -> str:
    cached = f", {now.from_cache:,} kept from before" if now.from_cache else ""
    vain = f", {now.in_vain:,} in vain" if now.in_vain else ""
    return (
        f"{now.answered:,} answers{cached}{vain}; {now.waiting + now.under_way:,} to come; "
        f"{now.zones:,} zones, {now.hosts:,} hosts"
    )


def _tell(found: "FoundOut", as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    from tidegate.cli.tables import plain_table

    screen = console()
    screen.print(_progress_words(found.progress), soft_wrap=True)
    table = plain_table("Seen")
    table.add_column("what", overflow="fold")
    table.add_column("times", justify="right")
    for name, count in found.seen:
        table.add_row(name, f"{count:,}")
    screen.print(table)
    if found.not_seen:
        screen.print(_missing("Not seen, and so not counted as safe", found.not_seen))
    screen.print(f"Written to {found.file}; answers are kept in {found.kept}", soft_wrap=True)


def _missing(title: str, rows: "Sequence[tuple[str, str, int, str]]") -> object:
    from tidegate.cli.tables import plain_table

    table = plain_table(title)
    table.add_column("what")
    table.add_column("why")
    table.add_column("times", justify="right")
    table.add_column("such as", overflow="fold")
    for what, why, count, example in rows:
        table.add_row(what, why, f"{count:,}", example)
    return table
