"""The one command: measure the chosen figures, print the table, and end with 1 when an aim is missed."""

import os
import sys
from pathlib import Path

import click

from benchmarks.figure import Description, Settings
from benchmarks.figures import FIGURES
from benchmarks.report import Result, as_json, print_table

NAMES = [description.name for description in FIGURES]


def measure(description: Description, settings: Settings) -> Result:
    """One figure; what goes wrong outside our code is told in the table, and the others go on."""
    try:
        return Result(description, description.measure(settings))
    except (OSError, RuntimeError, ImportError, AttributeError, ValueError, TypeError) as error:
        return Result(description, None, f"{type(error).__name__}: {error}")


@click.command()
@click.option(
    "--only", "only", multiple=True, type=click.Choice(NAMES), help="Only this figure; may be repeated."
)
@click.option("--json", "json", is_flag=True, help="JSON instead of the table.")
@click.option("--quick", is_flag=True, help="Shorter and less exact; the table says so.")
@click.option("--seed", default=1, show_default=True, help="Of every generator.")
@click.option("--attack-captures", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--as-rel", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A real graph.")
@click.option(
    "--ordinary-days",
    type=click.IntRange(1, 28),
    default=4,
    show_default=True,
    help="In which accuracy counts false alarms.",
)
@click.option(
    "--workers", type=click.IntRange(1, 4), default=1, show_default=True, help="Processes of accuracy."
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where accuracy leaves what is done, and goes on from.",
)
@click.option("--peers", type=click.Choice(["auto", "off"]), default="auto", show_default=True)
@click.option("--list", "listed", is_flag=True, help="Only say what would be measured.")
def main(
    *,
    only: tuple[str, ...],
    json: bool,
    quick: bool,
    seed: int,
    attack_captures: Path | None,
    as_rel: Path | None,
    ordinary_days: int,
    workers: int,
    keep: Path | None,
    peers: str,
    listed: bool,
) -> None:
    """Measure Tidegate's figures beside the peers that are installed.

    Peers: apt-get install nfdump pmacct fastnetmon. They are started on loopback in temporary folders.
    """
    chosen = [description for description in FIGURES if not only or description.name in only]
    if listed:
        for description in chosen:
            click.echo(f"{description.name:24} {description.what}")
        return
    cores = sorted(os.sched_getaffinity(0))
    settings = Settings(
        seed=seed,
        quick=quick,
        with_peers=peers == "auto",
        attack_captures=attack_captures,
        as_rel=as_rel,
        ordinary_days=ordinary_days,
        workers=workers,
        keep=keep,
        collector_core=cores[0],
        sender_core=cores[-1],
    )
    results = []
    for description in chosen:
        click.echo(f"measuring {description.name} ...", err=True)
        results.append(measure(description, settings))
    if json:
        sys.stdout.buffer.write(as_json(results, quick) + b"\n")
    else:
        print_table(results, quick)
    sys.exit(0 if all(result.fine for result in results) else 1)


if __name__ == "__main__":
    main()
