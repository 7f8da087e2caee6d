"""`tidegate rehearse`: what a cut, a withdrawal, an alliance or a new link would do."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.app.rehearsing import Answer, Ground, Loss
    from tidegate.model.scenarios import Scenario


class AsNumber(click.ParamType[int]):
    """64500 or AS64500."""

    name = "AS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).upper().removeprefix("AS")
        if not text.isdigit() or not 0 < int(text) < 1 << 32:
            self.fail(f"{value!r} is not an AS number", param, ctx)
        return int(text)


AS = AsNumber()


def world_option(command: Any) -> Any:
    return click.option(
        "--world",
        "world_name",
        metavar="WORLD",
        help='A file of `topology import`, or "synthetic[:NETWORKS[:SEED]]"; else the world last imported.',
    )(command)


def answer_options(command: Any) -> Any:
    for option in (
        json_option,
        click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Countries as a table, too."),
        click.option("--save", type=click.Path(path_type=Path), help="Keep the answer for `compare`."),
        click.option(
            "--services", type=click.Path(path_type=Path), help="service,asn: who still reaches it."
        ),
        world_option,
    ):
        command = option(command)
    return command


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

    ground = _ground(parts, world_name)
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


def _ground(parts: "Parts", world_name: str | None) -> "Ground":
    from tidegate.app.rehearsing import ground_of, open_world

    told = world_name or click.get_current_context().meta.get("world")
    return ground_of(open_world(parts.topology(), told, parts.environ))


def _answer(
    ground: "Ground",
    scenario: "Scenario",
    parts: "Parts",
    *,
    services: Path | None = None,
    save: Path | None = None,
    csv_file: Path | None = None,
    as_json: bool = False,
) -> None:
    """Measure, tell, keep; the exit code is 1 when anybody loses anybody."""
    from tidegate.app.rehearsing import answer, read_services, throttled

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
    _answer(_ground(parts, world_name), Scenario(name, changes, countries), parts, **told)


@rehearse.command()
@click.argument("network", type=AS, metavar="AS")
@click.option("--from", "country", required=True, metavar="COUNTRY")
@answer_options
@click.pass_obj
def withdraw(parts: "Parts", /, network: int, country: str, world_name: str | None, **told: Any) -> None:
    """One carrier serves its customers in COUNTRY no longer."""
    from tidegate.model.scenarios import Scenario, Withdraw

    scenario = Scenario(f"AS{network} withdraws from {country}", (Withdraw(network, country),))
    _answer(_ground(parts, world_name), scenario, parts, **told)


@rehearse.command()
@click.argument("countries", nargs=-1, metavar="COUNTRY...")
@click.option(
    "--at-least", "threshold", type=int, help="Find the smallest sets that bring so many people together."
)
@world_option
@json_option
@click.pass_obj
def alliance(
    parts: "Parts", countries: tuple[str, ...], threshold: int | None, world_name: str | None, as_json: bool
) -> None:
    """What remains to some countries when only they remain; or, without any, which sets would be enough."""
    from tidegate.app.rehearsing import PEOPLE_WANTED, allied, coalitions
    from tidegate.cli.rehearse_tables import allied_table

    ground = _ground(parts, world_name)
    if countries:
        one = allied(ground, countries)
        if as_json:
            print_json(one)
            return
        console().print(allied_table([one]))
        pairs = ", ".join(f"{a} and {b}" for a, b in one.missing)
        click.echo(f"Without any link of their own that is seen: {pairs or 'none'}.")
        return
    found = _last(coalitions(ground, threshold or PEOPLE_WANTED), "coalitions measured")
    if as_json:
        print_json(found)
        return
    console().print(allied_table(found.found))
    whole = "every set was looked at" if found.complete else "not every set was looked at"
    click.echo(f"{found.tried} sets measured; {whole}.")


def _last(steps: Iterable[tuple[Any, ...]], what: str) -> Any:
    """The answer at the end of steps that are counted on a terminal's last line."""
    from rich.progress import Progress, TextColumn

    screen = console()
    shown = Progress(
        TextColumn("{task.completed} {task.description}"),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    step: tuple[Any, ...] = (None,)
    with shown as line:
        task = line.add_task(what)
        for step in steps:
            line.update(task, completed=step[0])
    return step[-1]


@rehearse.command()
@click.argument("country")
@world_option
@json_option
@click.pass_obj
def chokepoints(parts: "Parts", country: str, world_name: str | None, as_json: bool) -> None:
    """The networks and links whose loss costs the people of COUNTRY most."""
    from tidegate.app.rehearsing import chokepoints as search
    from tidegate.cli.rehearse_tables import print_chokepoints

    ground = _ground(parts, world_name)
    found = _last(search(ground, country), "networks and links tried")
    if as_json:
        print_json(found)
    else:
        print_chokepoints(console(), ground.world, found)


@rehearse.command()
@click.argument("country")
@world_option
@json_option
@click.pass_obj
def depends(parts: "Parts", country: str, world_name: str | None, as_json: bool) -> None:
    """The networks that most routes between the people of COUNTRY and the world cross."""
    from tidegate.app.rehearsing import dependencies
    from tidegate.cli.rehearse_tables import dependency_table

    found = dependencies(_ground(parts, world_name), country)
    if as_json:
        print_json(found)
    else:
        console().print(dependency_table(found))


@rehearse.command()
@click.argument("countries", nargs=-1, required=True, metavar="COUNTRY...")
@click.option("--links", default=5, show_default=True, help="How many new links.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["peer", "transit"]), default=["peer"])
@click.option(
    "--between",
    "candidates",
    type=click.Choice(["country", "exchange", "alliance"]),
    default="country",
    show_default=True,
    help="Any two networks of the countries, two that meet somewhere, or two of different countries.",
)
@click.option(
    "--after", type=click.Path(path_type=Path), metavar="FILE", help="A scenario; else they are cut off."
)
@world_option
@json_option
@click.pass_obj
def advise(
    parts: "Parts",
    countries: tuple[str, ...],
    links: int,
    kinds: Any,
    candidates: Any,
    after: Path | None,
    world_name: str | None,
    as_json: bool,
) -> None:
    """The few new links that bring most people of the countries together when they are alone."""
    from tidegate.app.rehearsing import advise as search
    from tidegate.app.rehearsing import read_scenario
    from tidegate.cli.rehearse_tables import print_advice
    from tidegate.model.scenarios import Alliance, Scenario

    alone = Scenario(f"alone: {' '.join(countries)}", (Alliance(countries),))
    scenario = read_scenario(parts.topology(), after) if after else alone
    found = search(_ground(parts, world_name), scenario, countries, links, kinds, candidates)
    if as_json:
        print_json(found)
    else:
        print_advice(console(), found)


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

    ground = _ground(parts, world_name)
    named = read_services(parts.topology(), services)
    with console().status("Measuring") as status:
        told = report_of(ground, country, named, status.update)
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
    _answer(_ground(parts, world_name), scenario, parts, **told)


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


@rehearse.command()
@click.argument("what", type=click.Choice(["countries", "networks", "pairs", "random"]))
@click.argument("countries", nargs=-1, metavar="[COUNTRY...]")
@click.option("--size", default=10, show_default=True, help="Networks of each random set.")
@click.option("--count", "sets", default=20, show_default=True, help="Random sets.")
@click.option("--seed", default=1, show_default=True, help="Of random sets.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Results so far; a sweep cut short goes on there."
)
@click.option("--limit", default=20, show_default=True, help="Lines shown, the worst first.")
@world_option
@json_option
@click.pass_obj
def sweep(
    parts: "Parts",
    what: str,
    countries: tuple[str, ...],
    size: int,
    sets: int,
    seed: int,
    keep: Path | None,
    limit: int,
    world_name: str | None,
    as_json: bool,
) -> None:
    """Try many scenarios: every country cut, every network of COUNTRY gone, every pair, random sets."""
    from tidegate.app import rehearsing
    from tidegate.cli.rehearse_tables import loss_table

    ground = _ground(parts, world_name)
    if what in ("networks", "pairs") and len(countries) < (1 if what == "networks" else 2):
        raise click.UsageError(f"A sweep of {what} needs countries.")
    makers: dict[str, Callable[[], Iterable[Scenario]]] = {
        "countries": lambda: rehearsing.countries(ground),
        "networks": lambda: (one for country in countries for one in rehearsing.networks(ground, country)),
        "pairs": lambda: rehearsing.pairs(ground, countries),
        "random": lambda: rehearsing.random_sets(ground, size, sets, seed),
    }
    losses = _swept(parts, ground, list(makers[what]()), keep)
    losses.sort(key=lambda one: (-one.people.high, one.name))
    if as_json:
        for one in losses:
            print_json(one)
    else:
        console().print(loss_table(losses[:limit]))


def _swept(
    parts: "Parts", ground: "Ground", scenarios: "Sequence[Scenario]", keep: Path | None
) -> "list[Loss]":
    """All losses, those that are kept from an earlier try included; Ctrl-C loses only the one under way."""
    from rich.progress import track

    from tidegate.app.rehearsing import Kept, Losses

    kept = Kept(parts.topology(), keep, ground.world)
    found = [kept.of(scenario) for scenario in scenarios]
    missing = [scenario for scenario, one in zip(scenarios, found, strict=True) if one is None]
    screen = console()
    steps = track(
        Losses(ground).of_all(missing),
        "Sweeping",
        total=len(missing),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    new = [kept.add(scenario, loss) for scenario, loss in zip(missing, steps, strict=True)]
    return [*(one for one in found if one is not None), *new]
