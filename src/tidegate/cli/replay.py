"""`tidegate replay`: the attacks in recordings, and the health of the telemetry in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.app.parts import Parts
    from tidegate.app.replay import AttackTold, ReplayReport, ReplayStep


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["datagrams", "packets"]),
    help="What the recordings hold: telemetry datagrams, or the packets themselves; else it is guessed.",
)
@config_option
@state_option
@json_option
@click.pass_obj
def replay(
    parts: "Parts",
    files: tuple[Path, ...],
    kind: str | None,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Find the attacks in recordings (pcap or pcapng, compressed too), read in the order given.

    The exit code is 1 when attacks were found, and 0 when none was. Of the state folder nothing is read:
    compiled kernels are kept there, where no other folder for them can be written.
    """
    from tidegate.app.config import find_state, load_config

    parts.keep_kernels(find_state(state_folder, parts.environ))
    from tidegate.app.replay import replay_files

    config = load_config(config_file, parts.environ).config
    steps = replay_files(config, [parts.recording(file) for file in files], kind)
    report = _as_json(steps) if as_json else _as_text(steps, sum(file.stat().st_size for file in files))
    if report.attacks:
        raise Finished(Exit.FINDING)


def _as_json(steps: "Iterator[ReplayStep]") -> "ReplayReport":
    from tidegate.app.replay import Progress, ReplayReport

    for told in steps:
        if not isinstance(told, Progress):
            print_json(told)
        if isinstance(told, ReplayReport):
            return told
    raise AssertionError("a replay ends with its report")


def _as_text(steps: "Iterator[ReplayStep]", total_bytes: int) -> "ReplayReport":
    """Changes as they come, above a progress line on a terminal; then the report."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as ProgressLine

    from tidegate.app.replay import AttackTold, Progress, ReplayReport

    screen = console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with ProgressLine(*columns, console=screen, transient=True, disable=not screen.is_terminal) as line:
        task = line.add_task("Reading", total=total_bytes)
        for told in steps:
            match told:
                case Progress():
                    line.update(task, completed=told.read_bytes)
                case AttackTold():
                    screen.print(_change(told), soft_wrap=True)
                case ReplayReport():
                    report = told
    print_replay(screen, report)
    return report


def _change(told: "AttackTold") -> str:
    from tidegate.cli import words

    attack = told.attack
    rate = words.rate(attack.bits_per_s, "bps", scaled=words.is_scaled(attack))
    if told.change == "ended":
        rate = "at most " + words.rate(attack.peak_bits_per_s, "bps", scaled=words.is_scaled(attack))
    change = told.change.replace("_", " ")
    return (
        f"{words.clock_time(told.at_ms)}  attack {attack.number} {change}: {words.target(attack)}, "
        f"{words.vectors(attack)}, {rate}"
    )


def print_replay(screen: "Console", report: "ReplayReport") -> None:
    """What was read, the attacks in it, and each exporter's health."""
    from tidegate.cli import words
    from tidegate.cli.tables import attack_table, exporter_table

    span = words.duration(max(report.until_ms - report.from_ms, 0))
    screen.print()
    records, begin = words.count(report.records), words.moment(report.from_ms)
    screen.print(f"{records} records from {begin}, {span}, read as {report.kind}.", soft_wrap=True)
    ended = frozenset(attack.number for attack in report.attacks) - frozenset(report.open_attacks)
    if report.attacks:
        screen.print(attack_table(report.attacks, ended, screen.width))
    else:
        screen.print("No attack found.")
    screen.print()
    screen.print(exporter_table(report.exporters))
    for reason, count in report.refused.items():
        screen.print(f"{words.count(count)} datagrams refused, of no known exporter: {reason}.")
    for note in report.notes:
        screen.print(note, soft_wrap=True)
    if report.attacks:
        screen.print(words.FORGED, style="dim")
