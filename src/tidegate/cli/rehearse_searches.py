"""Commands of `tidegate rehearse` that search: alliances, chokepoints, dependency, advice, sweeps."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json
from tidegate.cli.rehearse_options import ground_named, world_option

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.app.rehearsing import Ground, Loss
    from tidegate.model.scenarios import Scenario


@click.command()
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

    ground = ground_named(parts, world_name)
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


@click.command()
@click.argument("country")
@world_option
@json_option
@click.pass_obj
def chokepoints(parts: "Parts", country: str, world_name: str | None, as_json: bool) -> None:
    """The networks and links whose loss costs the people of COUNTRY most."""
    from tidegate.app.rehearsing import chokepoints as search
    from tidegate.cli.rehearse_tables import print_chokepoints

    ground = ground_named(parts, world_name)
    found = _last(search(ground, country), "networks and links tried")
    if as_json:
        print_json(found)
    else:
        print_chokepoints(console(), ground.world, found)


@click.command()
@click.argument("country")
@world_option
@json_option
@click.pass_obj
def depends(parts: "Parts", country: str, world_name: str | None, as_json: bool) -> None:
    """The networks that most routes between the people of COUNTRY and the world cross."""
    from tidegate.app.rehearsing import dependencies
    from tidegate.cli.rehearse_tables import dependency_table

    found = dependencies(ground_named(parts, world_name, with_routes=True), country)
    if as_json:
        print_json(found)
    else:
        console().print(dependency_table(found))


@click.command()
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
    found = search(ground_named(parts, world_name), scenario, countries, links, kinds, candidates)
    if as_json:
        print_json(found)
    else:
        print_advice(console(), found)


@click.command()
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

    ground = ground_named(parts, world_name)
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
