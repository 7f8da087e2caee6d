"""`tidegate topology`: fetch public files, put a world together, check files, make a world up."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.model.topology import World

SOURCES = ("as-rel2", "delegated", "aspop", "peeringdb")


@click.group()
def topology() -> None:
    """Get and check the networks and links to rehearse with."""


def _file(name: str, text: str) -> Any:
    return click.option(
        f"--{name}", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help=text
    )


def _input_options(command: Any) -> Any:
    for option in reversed(
        (
            _file("links", "AS relationships (CAIDA serial-1 or serial-2); may be packed, as all files may."),
            _file("delegated", "Registries' delegated-extended files: country of registration, holder."),
            _file("places", "asn,country[,evidence][,organisation][,name]; evidence override beats all."),
            _file("people", "APNIC's users by network, JSON or CSV."),
            _file("users", "country,users; else the table that comes with the program."),
            _file("peeringdb", "A PeeringDB dump: who may meet where."),
            _file("private", "first,second,relation: links of your own, which stay on this machine."),
            _file("cables", "cable,first,second: links that fail together."),
        )
    ):
        command = option(command)
    return command


@topology.command("import")
@_input_options
@click.option("-o", "--output", metavar="FILE", help="Where the world is put; else where rehearse looks.")
@json_option
@click.pass_obj
def import_(parts: "Parts", /, output: str | None, as_json: bool, **told: tuple[Path, ...]) -> None:
    """Put a world together from files, and say how what contradicts itself was decided.

    Without any file, takes the public ones that `topology fetch` got last.
    """
    from tidegate.app.rehearsal import save_world, world_path

    world = _joined(parts, told)
    path = world_path(output, parts.environ)
    save_world(parts.topology(), path, world)
    _tell(world, str(path), as_json)


@topology.command()
@_input_options
@json_option
@click.pass_obj
def check(parts: "Parts", /, as_json: bool, **told: tuple[Path, ...]) -> None:
    """Read the files as import does, and write nothing; the exit code is 1 when there is something to see."""
    world = _joined(parts, told)
    _tell(world, None, as_json)
    if world.notes:
        raise Finished(Exit.FINDING)


def _joined(parts: "Parts", told: "dict[str, tuple[Path, ...]]") -> "World":
    from tidegate.app.rehearsal import Files, files_fetched, world_from

    files = Files(**told) if any(told.values()) else files_fetched(parts.topology(), parts.environ)
    return world_from(parts.topology(), files)


def _tell(world: "World", path: str | None, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "networks": len(world),
                "links": len(world.links),
                "countries": len(world.countries),
                "people": int(world.places.people.sum()),
                "file": path,
                "notes": world.notes,
                "sources": world.sources,
            }
        )
        return
    from tidegate.cli.tables import plain_table
    from tidegate.cli.words import count

    screen = console()
    screen.print(
        f"{count(len(world))} networks, {count(len(world.links))} links, {len(world.countries)} countries, "
        f"{count(int(world.places.people.sum()))} people."
    )
    table = plain_table("Decided by rule")
    table.add_column("met", overflow="fold")
    table.add_column("times", justify="right")
    table.add_column("rule", overflow="fold")
    for note in world.notes:
        table.add_row(note.what, count(note.count), note.rule)
    if world.notes:
        screen.print(table)
    for source in world.sources:
        terms = f" ({source.terms})" if source.terms else ""
        screen.print(f"{source.role}: {source.name} {source.digest[:16]}{terms}", soft_wrap=True)
    if path:
        screen.print(f"Written to {path}", soft_wrap=True)


@topology.command()
@click.option("--networks", default=2_000, show_default=True, help="50 to 200,000.")
@click.option("--countries", type=int, help="2 to 40; else as many as suit the size.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same world.")
@click.option("-o", "--output", metavar="FILE", help="Where the world is put; else where rehearse looks.")
@json_option
@click.pass_obj
def synthesise(
    parts: "Parts", networks: int, countries: int | None, seed: int, output: str | None, as_json: bool
) -> None:
    """Make a world up, of fictional countries and private AS numbers."""
    from tidegate.app.rehearsal import save_world, synthetic_world, world_path

    world = synthetic_world(seed, networks, countries)
    path = world_path(output, parts.environ)
    save_world(parts.topology(), path, world)
    _tell(world, str(path), as_json)


@topology.command()
@click.argument("names", nargs=-1, type=click.Choice(SOURCES))
@click.option("--from", "address", metavar="URL", help="Another address than the usual one; of one NAME.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@json_option
@click.pass_obj
def fetch(
    parts: "Parts", names: tuple[str, ...], address: str | None, into: Path | None, as_json: bool
) -> None:
    """Download public files, of those with a date the newest; one that was cut off goes on where it stopped.

    Without NAMES, says what there is, from where, and on which terms, and downloads nothing.
    """
    from tidegate.app.fetched import Fetched, keep_provenance
    from tidegate.app.rehearsal import PUBLIC, fetch_folder

    if not names:
        for name, public in PUBLIC.items():
            told = {"name": name, "address": public.address, "terms": public.terms}
            if as_json:
                print_json(told)
            else:
                click.echo(f"{name}: {public.address}\n    {public.terms}")
        return
    if address and len(names) != 1:
        raise click.UsageError("--from is the address of one NAME.")
    folder = (into or fetch_folder(parts.environ)).absolute()
    for name in names:
        public = PUBLIC[name]
        click.echo(f"{name}: {public.terms}", err=True)
        where = parts.topology().newest(address or public.address)
        path = folder / (where.split("?")[0].rstrip("/").rpartition("/")[2] or name)
        one = Fetched(name, str(path), _fetch(parts, where, path), where, public.terms)
        keep_provenance(parts.topology(), folder, one)
        if as_json:
            print_json(one)
        else:
            click.echo(f"{path}\n    SHA-256 {one.sha256}")


def _fetch(parts: "Parts", address: str, path: Path) -> str:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    screen = console()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as line:
        task = line.add_task(path.name, total=None)
        return parts.topology().fetch(
            address, path, lambda have, total: line.update(task, completed=have, total=total or None)
        )
