"""What the commands of `tidegate rehearse` share: how worlds, networks and additions are named."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidegate.cli.options import json_option

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.app.rehearsing import Ground
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


class Pair(click.ParamType[tuple[int, int]]):
    """Two networks, as in AS64500:AS64501."""

    name = "AS:AS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        first, colon, second = str(value).partition(":")
        if not colon:
            self.fail(f"{value!r} is not two networks, as in AS64500:AS64501", param, ctx)
        return AS.convert(first, param, ctx), AS.convert(second, param, ctx)


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
        click.option("--name", help="What the scenario is called; else after what it does."),
        click.option("--carry", "carried", type=Pair(), multiple=True, help="The first carries the other."),
        click.option("--peer", "peered", type=Pair(), multiple=True, help="These two peer, too."),
        click.option("--exchange", "exchanges", multiple=True, help="This exchange fails, too."),
        click.option("--cable", "cables", multiple=True, help="This cable fails, too."),
        click.option("--remove", "removed", type=AS, multiple=True, help="This network is gone, too."),
        world_option,
    ):
        command = option(command)
    return command


def ground_named(parts: "Parts", world_name: str | None, *, with_routes: bool = False) -> "Ground":
    """The world, measured. Says so where everybody who waits would wonder: a first start compiles."""
    from tidegate.app.rehearsing import compiles_first, ground_of, open_world

    if compiles_first(with_routes=with_routes):
        click.echo("The first start on this machine compiles, for about ten seconds.", err=True)
    told = world_name or click.get_current_context().meta.get("world")
    return ground_of(open_world(parts.topology(), told, parts.environ))


def extended(
    scenario: "Scenario",
    name: str | None,
    *,
    removed: tuple[int, ...] = (),
    cables: tuple[str, ...] = (),
    exchanges: tuple[str, ...] = (),
    peered: tuple[tuple[int, int], ...] = (),
    carried: tuple[tuple[int, int], ...] = (),
) -> "Scenario":
    """The scenario with what else was asked for, behind it: losses first, and then new links."""
    import msgspec

    from tidegate.model.scenarios import AddLinks, Change, FailCable, FailExchange, NewLink, RemoveNetworks

    changes: list[Change] = list(scenario.change)
    changes += [RemoveNetworks(removed)] if removed else []
    changes += [FailCable(cable) for cable in cables]
    changes += [FailExchange(exchange) for exchange in exchanges]
    links = [*(NewLink(a, b) for a, b in peered), *(NewLink(a, b, "provider") for a, b in carried)]
    changes += [AddLinks(tuple(links))] if links else []
    return msgspec.structs.replace(scenario, change=tuple(changes), name=name or scenario.name)
