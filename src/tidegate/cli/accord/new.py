"""`tidegate accord new`: a complete file from a template, with comments, for people to change."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tidegate.app.accord.drafting import PartyDraft
    from tidegate.app.parts import Parts


@click.command()
@click.option("--template", "template", metavar="NAME", help="Which template; without it they are listed.")
@click.option("--id", "accord_id", metavar="ID", help="The accord's name, such as XA-XB-2028.")
@click.option(
    "--party",
    "parties",
    multiple=True,
    metavar="CODE=NAME[=ORGANISATION]",
    help="A party: its code, its name, and its organisation's identity (64 hex digits) once it is known.",
)
@click.option(
    "--language", "languages", multiple=True, metavar="TAG", help="An authentic language; repeat it."
)
@click.option("--authoritative", default="", metavar="TAG", help="The one that decides, where not all do.")
@click.option(
    "--output", "output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A new file."
)
@click.pass_obj
def new(
    parts: "Parts",
    template: str | None,
    accord_id: str | None,
    parties: tuple[str, ...],
    languages: tuple[str, ...],
    authoritative: str,
    output: Path | None,
) -> None:
    """Write a new accord from a template. It binds nobody before all parties have signed its bytes."""
    from tidegate.app.accord.drafting import draft, templates

    if template is None:
        for name, known in templates().items():
            click.echo(f"{name:22} {known.summary}")
        return
    if accord_id is None or not parties:
        raise click.UsageError("give --id, and --party for each party")
    made = draft(template, accord_id, list(map(party_of, parties)), languages or ("en",), authoritative)
    if output is None:
        click.echo(made.decode(), nl=False)
        return
    parts.files().write_new(output, made)
    click.echo(f"{output} is written. Change it, then: tidegate accord check {output}")


def party_of(told: str) -> "PartyDraft":
    from tidegate.app.accord.drafting import PartyDraft

    code, _, rest = told.partition("=")
    name, _, organisation = rest.partition("=")
    if not code or not name:
        raise click.UsageError(f"{told!r} is no party; write XA=Name or XA=Name=ORGANISATION")
    return PartyDraft(code, name, organisation)
