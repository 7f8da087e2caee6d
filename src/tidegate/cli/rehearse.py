"""`tidegate rehearse`: what a cut, a withdrawal, an alliance or a new link would do."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json
from tidegate.cli.rehearse_options import AS, answer_options, extended, ground_named, world_option
from tidegate.cli.rehearse_searches import advise, alliance, chokepoints, depends, sweep

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.app.rehearsing import Answer, Ground
    from tidegate.model.scenarios import Scenario


@click.group(invoke_without_command=True)
@world_option
@json_option
@click.pass_context
def rehearse(ctx: click.Context, world_name: str | None, as_json: bool) -> None:
    """Try what a cut or a new link would do, before it happens. Nothing here can carry it out.

    Without a command, shows how every country hangs on the world, and what a cut would cost the largest.
    """
    parts: Parts = ctx.obj
    if ctx.invoked_subcommand is not None:
        ctx.meta["world"] = world_name
        return
    from tidegate.app.rehearsing import borders

    ground = ground_named(parts, world_name)
    found = borders(ground.world)
    if as_json:
        for one in found:
            print_json(one)
        return
    from tidegate.cli.rehearse_tables import border_table
    from tidegate.model.scenarios import CutCountry, Scenario

    console().print(border_table(found))
    largest = max(found, key=lambda one: one.people).country
    _answer(ground, Scenario(f"cut {largest}", (CutCountry(largest),)), parts)


for _search in (alliance, sweep, chokepoints, depends, advise):
    rehearse.add_command(_search)


def _answer(
    ground: "Ground",
    scenario: "Scenario",
    parts: "Parts",
    *,
    services: Path | None = None,
    save: Path | None = None,
    csv_file: Path | None = None,
    as_json: bool = False,
    name: str | None = None,
    **more: Any,
) -> None:
    """Measure, tell, keep; the exit code is 1 when anybody loses anybody."""
    from tidegate.app.rehearsing import answer, read_services, throttled

    scenario = extended(scenario, name, **more)
    told = answer(ground, scenario, read_services(parts.topology(), services))
    flow = throttled(ground, scenario)
    if save is not None:
        import msgspec

        parts.topology().write(save, msgspec.json.encode(told) + b"\n")
    if csv_file is not None:
        parts.topology().write(csv_file, _as_csv(told).encode())
    if as_json:
        print_json({"answer": told, "throttled": flow})
    else:
        from tidegate.cli.rehearse_tables import print_answer

        print_answer(console(), told, flow)
    if told.pairs_after.low < told.pairs_before.low or (flow and flow.carried_after < flow.carried_before):
        raise Finished(Exit.FINDING)


def _as_csv(told: "Answer") -> str:
    lines = ["country,other,people,before_low,before_high,after_low,after_high,emergency_low,emergency_high"]
    for country in told.countries:
        for other in country.others:
            reach = other.reach
            figures = [
                format(value, ".9g")
                for one in (reach.before, reach.after, reach.emergency)
                for value in (one.low, one.high)
            ]
            lines.append(",".join([country.country, other.country, str(other.people), *figures]))
    return "\n".join(lines) + "\n"


@rehearse.command()
@click.argument("countries", nargs=-1, required=True, metavar="COUNTRY...")
@click.option("--from", "others", multiple=True, metavar="COUNTRY", help="Only from these; may be repeated.")
@answer_options
@click.pass_obj
def cut(
    parts: "Parts",
    /,
    countries: tuple[str, ...],
    others: tuple[str, ...],
    world_name: str | None,
    **told: Any,
) -> None:
    """Lose all foreign links of each COUNTRY, or those between the countries and some others."""
    from tidegate.model.scenarios import Change, CutBetween, CutCountry, Scenario

    name = f"cut {' '.join(countries)}" + (f" from {' '.join(others)}" if others else "")
    changes: tuple[Change, ...] = tuple(CutCountry(country) for country in countries)
    if others:
        changes = (CutBetween(countries, others),)
    _answer(ground_named(parts, world_name), Scenario(name, changes, countries), parts, **told)


@rehearse.command()
@click.argument("network", type=AS, metavar="AS")
@click.option("--from", "country", required=True, metavar="COUNTRY")
@answer_options
@click.pass_obj
def withdraw(parts: "Parts", /, network: int, country: str, world_name: str | None, **told: Any) -> None:
    """One carrier serves its customers in COUNTRY no longer."""
    from tidegate.model.scenarios import Scenario, Withdraw

    scenario = Scenario(f"AS{network} withdraws from {country}", (Withdraw(network, country),))
    _answer(ground_named(parts, world_name), scenario, parts, **told)


@rehearse.command()
@click.argument("country")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Else COUNTRY.html here."
)
@click.option("--services", type=click.Path(path_type=Path), help="service,asn: who still reaches it.")
@world_option
@click.pass_obj
def report(
    parts: "Parts", country: str, output: Path | None, services: Path | None, world_name: str | None
) -> None:
    """Everything about COUNTRY on one page of HTML, to read or to print; it asks nothing of any network."""
    from tidegate.app.rehearsing import page, read_services, report_of

    ground = ground_named(parts, world_name, with_routes=True)
    named = read_services(parts.topology(), services)
    with console().status("Measuring") as status:
        told = report_of(parts.topology(), ground, country, named, status.update)
    path = output or Path(f"{country}.html")
    parts.topology().write(path, page(told).encode())
    click.echo(f"Written to {path}")


@rehearse.command()
@click.argument("file", type=click.Path(path_type=Path))
@answer_options
@click.pass_obj
def run(parts: "Parts", /, file: Path, world_name: str | None, **told: Any) -> None:
    """Carry out a scenario FILE (TOML), in thought."""
    from tidegate.app.rehearsing import read_scenario

    scenario = read_scenario(parts.topology(), file)
    _answer(ground_named(parts, world_name), scenario, parts, **told)


@rehearse.command()
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def compare(parts: "Parts", one: Path, other: Path, as_json: bool) -> None:
    """Two answers that were kept with --save, side by side."""
    from tidegate.app.rehearsing import compare_answers
    from tidegate.cli.rehearse_tables import comparison_table

    rows = compare_answers(parts.topology(), one, other)
    if as_json:
        for row in rows:
            print_json(row)
    else:
        console().print(comparison_table(rows, one.name, other.name))
