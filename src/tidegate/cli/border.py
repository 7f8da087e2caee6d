"""`tidegate border`: sessions, live rules with what is left of their leases, and taking everything back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option, state_option
from tidegate.cli.output import console, print_json
from tidegate.cli.plan import line_to

if TYPE_CHECKING:
    from tidegate.app.officer_line import BorderSeen
    from tidegate.app.parts import Parts


@click.group()
def border() -> None:
    """Look at the border, or take everything back. Needs a running node."""


@border.command()
@state_option
@json_option
@click.pass_obj
def check(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """Check sessions, address families, what receivers hold and what is live; 1 when something is wrong."""
    seen = line_to(parts, state_folder).border()
    problems = [*([seen.trouble] if seen.trouble else []), *seen.findings]
    if as_json:
        print_json({"speaker": seen.speaker, "at_ms": seen.at_ms, "problems": problems, "seen": seen})
    elif seen.speaker == "off":
        click.echo(
            "No speaker is configured (border.speaker): plans are proposed, and none can come into force."
        )
    else:
        _print(parts, seen)
        for problem in problems:
            click.echo(f"Problem: {problem}")
    if problems or (seen.speaker != "off" and seen.at_ms is None):
        raise Finished(Exit.FINDING)


@border.command()
@state_option
@json_option
@click.pass_obj
def show(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """Show every live rule, with what is left of its lease."""
    seen = line_to(parts, state_folder).border()
    if as_json:
        for rule in seen.live:
            print_json(rule)
    else:
        _print(parts, seen)


@border.command("withdraw-all")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@state_option
@json_option
@click.pass_obj
def withdraw_all(parts: "Parts", yes: bool, state_folder: Path | None, as_json: bool) -> None:
    """Take every rule back and end every plan that was approved. It needs no key; who did it is recorded."""
    if not yes:
        _print(parts, line_to(parts, state_folder).border())
        click.confirm("Take all of this back?", abort=True, err=True)
    plans = line_to(parts, state_folder).clear_border()
    if as_json:
        print_json({"plans": plans})
    else:
        click.echo(f"Every rule is being withdrawn; plans ended: {plans}.")


def _print(parts: "Parts", seen: "BorderSeen") -> None:
    from tidegate.cli.plan_screen import live_table, receiver_table, session_table

    screen = console()
    if seen.at_ms is None:
        click.echo("The border was not seen yet.")
        return
    screen.print(session_table(seen.sessions, parts.clock().now_ms()))
    if seen.read_back:
        screen.print(receiver_table(seen.read_back))
    if seen.live:
        screen.print(live_table(seen.live))
    else:
        click.echo("No rule is live.")
