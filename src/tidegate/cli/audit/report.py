"""`tidegate audit report`: everything about a country's services on one page, to read or to print."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.audit.options import AUDIT_FILE, costs_option, home_option, opened
from tidegate.cli.audit.probe import probe
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.output import console

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.model.labels import Language

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("audit", default=AUDIT_FILE)
@click.option("-o", "--output", type=_FILE, help="Else the audit's name with .html.")
@click.option("--policy", type=_FILE, metavar="FILE", help="Rules to hold it to, too.")
@costs_option
@home_option
@click.option("--country", default="", metavar="CC", help="Of a list's services that does not say.")
@click.option("--contact", default="", metavar="TEXT", help="Who asks, where a list is probed first.")
@click.option("--settings", type=_FILE, metavar="FILE", help="As of `audit probe`.")
@click.option("--places", type=_FILE, multiple=True, metavar="FILE", help="As of `audit probe`.")
@click.option("--world", metavar="WORLD", help="As of `audit probe`.")
@click.option(
    "--language",
    type=click.Choice(["en", "ru", "fa", "ar", "tr", "az"]),
    default="en",
    show_default=True,
    help="Language of the page.",
)
@click.pass_context
def report(
    ctx: click.Context,
    audit: str,
    output: Path | None,
    policy: Path | None,
    costs: Path | None,
    home: str | None,
    country: str,
    contact: str,
    settings: Path | None,
    places: tuple[Path, ...],
    world: str | None,
    language: "Language",
) -> None:
    """Write layers, losses, what-ifs, scores and advice for AUDIT on one page of HTML.

    A list of services (.toml, .csv, .txt) is probed first, for which --contact or --settings must say who
    asks; of an audit that was probed before (.jsonl) nobody is asked. The exit code is 1 when a rule of the
    policy is broken.
    """
    from tidegate.app.audit.asking import LINES, SYNTHETIC, page, read_costs, read_policy, report_of

    parts: Parts = ctx.obj
    rules = read_policy(parts.files(), policy) if policy else None
    stated = read_costs(parts.files(), costs)
    name = audit
    if not audit.endswith(LINES) and audit.partition(":")[0] != SYNTHETIC:
        name = f"{Path(audit).stem}{LINES}"
        try:
            ctx.invoke(
                probe,
                services=Path(audit),
                output=Path(name),
                settings=settings,
                contact=contact,
                country=country,
                places=places,
                world=world,
            )
        except Finished:
            click.echo("What could not be seen is listed in the report.", err=True)
    found = opened(parts, name)
    with console().status("Measuring") as status:
        told = report_of(found, home or found.home(), rules, stated, status.update)
    path = output or Path(f"{Path(audit.replace(':', '-')).stem}.html")
    parts.files().write(path, page(told, language).encode())
    click.echo(f"Written to {path}")
    if told.breaches:
        click.echo(f"{len(told.breaches)} breaches of the policy")
        raise Finished(Exit.FINDING)
