"""`tidegate attacks`: the attacks on record, and one attack's life."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from tidegate.cli.attack_summary import summary
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.filters import filter_option, told_as_usage
from tidegate.cli.moments import Moment
from tidegate.cli.opened import record
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json
from tidegate.model.messages import Tlp

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.app.parts import Parts
    from tidegate.app.queries import AttackChange, AttackRecord
    from tidegate.model.attacks import Attack


SINCE = "Leave out what ended before, as 30min, 2h, 7d or 2026-11-21."


@click.group(invoke_without_command=True)
@click.option("--open", "open_only", is_flag=True, help="Only attacks that have not ended.")
@click.option("--since", type=Moment(), default=0, metavar="WHEN", help=SINCE)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@filter_option("attacks")
@config_option
@state_option
@json_option
@click.pass_context
def attacks(
    ctx: click.Context,
    open_only: bool,
    since: int,
    limit: int,
    asked: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """List the attacks on record, open ones first. The exit code is 1 when any of those listed is open."""
    if ctx.invoked_subcommand is not None:
        return
    from tidegate.app.filtering.attacks import AttackFilter
    from tidegate.app.queries import attack_records

    parts: Parts = ctx.obj
    with told_as_usage(ctx):
        keep = AttackFilter(asked, parts.clock().now_ms())
    with record(parts, config_file, state_folder) as stores:
        found = attack_records(stores.facts, limit=limit, since_ms=since, open_only=open_only, keep=keep)
    if as_json:
        for one in found:
            print_json(one)
    else:
        _print_list(console(), found, limit)
    if any(one.is_open for one in found):
        raise Finished(Exit.FINDING)


def _print_list(screen: "Console", found: "list[AttackRecord]", limit: int) -> None:
    from tidegate.cli import words
    from tidegate.cli.tables import attack_table

    if not found:
        screen.print("No attack on record.")
        return
    ended = frozenset(one.number for one in found if not one.is_open)
    screen.print(attack_table([one.attack for one in found], ended, screen.width, dated=True))
    if len(found) == limit:
        screen.print(f"Only {limit} are listed; ask for more with --limit.", style="dim")
    screen.print(words.FORGED, style="dim")


attacks.add_command(summary)


@attacks.command()
@click.argument("number", type=click.IntRange(1))
@click.option(
    "--stix",
    "stix_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it as STIX 2.1, as last seen.",
)
@click.option(
    "--tlp",
    type=click.Choice(get_args(Tlp)),
    default="TLP:AMBER",
    show_default=True,
    help="How that file is marked.",
)
@config_option
@state_option
@json_option
@click.pass_obj
def show(
    parts: "Parts",
    number: int,
    stix_file: Path | None,
    tlp: Tlp,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Show the life of attack NUMBER: every fact about it, what it was made of, and what is doubtful."""
    from tidegate.app.hotline.attack_report import stix_of_life
    from tidegate.app.queries import attack_life
    from tidegate.model.refusals import NotAllowed

    with record(parts, config_file, state_folder) as stores:
        life = attack_life(stores.facts, number)
    if not life:
        raise NotAllowed(f"There is no attack {number} on record; `tidegate attacks` lists those there are.")
    if as_json:
        for change in life:
            print_json(change)
    else:
        _print_life(console(), life)
    if stix_file is not None:
        stix_file.write_bytes(stix_of_life(life, tlp))


def _print_life(screen: "Console", life: "list[AttackChange]") -> None:
    from tidegate.cli import words
    from tidegate.cli.tables import NARROW, plain_table, vector_table
    from tidegate.model.doubts import DOUBTS

    attack = life[-1].attack
    screen.print(f"Attack {attack.number} on {words.target(attack)}", style="bold")
    for name, text in _facts_of(attack):
        screen.print(f"  {name:<15} {text}", soft_wrap=True)
    screen.print()
    screen.print(vector_table(attack, screen.width))
    screen.print()
    history = plain_table()
    for heading in ("fact", "when", "what", "rate"):
        history.add_column(heading, no_wrap=screen.width >= NARROW)
    for change in life:
        rate = words.rate(change.attack.bits_per_s, "bps", scaled=words.is_scaled(change.attack))
        history.add_row(str(change.fact), words.moment(change.at_ms), change.change.replace("_", " "), rate)
    screen.print(history)
    screen.print()
    for doubt in attack.doubts:
        screen.print(f"Doubt: {DOUBTS.get(doubt, doubt)}", soft_wrap=True)
    screen.print(words.FORGED, style="dim")


def _facts_of(attack: "Attack") -> list[tuple[str, str]]:
    from tidegate.app.units import si
    from tidegate.cli import words

    scaled = words.is_scaled(attack)
    return [
        ("rate", words.rate(attack.bits_per_s, "bps", scaled=scaled)),
        ("packets", words.rate(attack.packets_per_s, "pps", scaled=scaled)),
        ("peak", words.rate(attack.peak_bits_per_s, "bps", scaled=scaled)),
        ("threshold", si(attack.threshold_bits_per_s, "bps")),
        ("first seen", words.moment(attack.first_seen_ms)),
        ("last seen", words.moment(attack.last_seen_ms)),
        ("telemetry age", words.duration(attack.telemetry_age_ms)),
        ("border points", ", ".join(attack.border_points) or "none named in the configuration"),
        ("exporters", words.listed(attack.exporters)),
        ("actionable", "yes" if attack.actionable else "no: the traffic cannot be scaled"),
    ]
