"""`tidegate audit layers`, `blast-radius`, `advise` and `explain`: what services stand on, looked at."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.audit.options import audit_option, costs_option, home_option, opened
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.option("--services", "by_service", is_flag=True, help="Each layer of each service.")
@home_option
@audit_option
@json_option
@click.pass_obj
def layers(parts: "Parts", /, home: str | None, audit_name: str, *, by_service: bool, as_json: bool) -> None:
    """Say for each layer what is at home and what hangs on one owner, and how concentrated it is.

    At home is what goes on when everything abroad is out of reach and all foreign providers have withdrawn;
    the root of names, which no country has at home, is left out.
    """
    from tidegate.app.audit.asking import not_seen, scores, standings, totals

    audit = opened(parts, audit_name)
    country = home or audit.home()
    standing = standings(audit, country)
    told = totals(audit, standing)
    score = scores(audit, country)
    if as_json:
        print_json({"home": country, "layers": told, "services": standing, "scores": score})
        return
    from tidegate.cli.audit.tables import layer_table, print_not_seen, score_table, standing_table

    screen = console()
    if by_service:
        screen.print(standing_table(standing))
    screen.print(layer_table(told))
    screen.print(score_table(score))
    print_not_seen(screen, not_seen(audit))


@click.command()
@click.option("--limit", default=20, show_default=True, help="Losses shown, the worst first.")
@home_option
@audit_option
@json_option
@click.pass_obj
def blast_radius(parts: "Parts", /, limit: int, home: str | None, audit_name: str, *, as_json: bool) -> None:
    """Rank every provider, certificate authority and foreign country by whose service stops without it."""
    from tidegate.app.audit.asking import blasts

    audit = opened(parts, audit_name)
    found = blasts(audit, home or audit.home())
    if as_json:
        for one in found:
            print_json(one)
        return
    from tidegate.cli.audit.tables import blast_table

    console().print(blast_table(found[:limit]))
    if len(found) > limit:
        console().print(f"{len(found) - limit} more touch fewer people; --limit shows them.")


@click.command()
@click.option("--changes", default=5, show_default=True, help="How many changes.")
@click.option("--hours", default=720, show_default=True, help="How long after a loss services must last.")
@click.option("--budget", type=click.FloatRange(min=0), help="What all changes together may cost.")
@costs_option
@home_option
@audit_option
@json_option
@click.pass_obj
def advise(
    parts: "Parts",
    /,
    changes: int,
    hours: int,
    budget: float | None,
    costs: Path | None,
    home: str | None,
    audit_name: str,
    *,
    as_json: bool,
) -> None:
    """Name the few changes that keep most people served when one provider, authority or country is lost.

    Beside those that gain most stand those that gain most for what they cost.
    """
    from tidegate.app.audit.asking import advise as search
    from tidegate.app.audit.asking import read_costs

    stated = read_costs(parts.files(), costs)
    audit = opened(parts, audit_name)
    found = search(audit, home or audit.home(), changes, hours, stated, budget)
    if as_json:
        print_json(found)
        return
    from tidegate.cli.audit.tables import print_advice

    print_advice(console(), found)


@click.command()
@click.argument("service")
@audit_option
@json_option
@click.pass_obj
def explain(parts: "Parts", /, service: str, audit_name: str, *, as_json: bool) -> None:
    """Say all that SERVICE stands on, and each single loss that stops it, with its shortest proof.

    The exit code is 1 when there is one.
    """
    from tidegate.app.audit.asking import explain as tell

    found = tell(opened(parts, audit_name), service)
    if as_json:
        print_json(found)
    else:
        from tidegate.cli.audit.tables import print_explained

        print_explained(console(), found)
    if found.singles:
        raise Finished(Exit.FINDING)
