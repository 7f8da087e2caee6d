"""`tidegate accord check`: what is mistaken or doubtful in a file, before anyone signs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def check(parts: "Parts", file: Path, as_json: bool) -> None:
    """Read FILE as an accord, and say what is ambiguous, unreachable, contradictory or without an owner.

    Mistakes end with 1: such a file cannot be signed. Doubts are for the parties to think about.
    """
    from tidegate.app.accord.checking import check_file

    told = check_file(parts.files().read(file, 1 << 20))
    mistaken = any(finding.kind == "mistake" for finding in told.findings)
    if as_json:
        print_json(told)
    else:
        for finding in told.findings:
            click.echo(f"{finding.kind}: {finding.where}: {finding.what}")
        verdict = "cannot be signed as it is" if mistaken else "can be signed"
        click.echo(f"{told.id}, version {told.version}, {verdict}. SHA-256 {told.digest}")
    if mistaken:
        raise Finished(Exit.FINDING)
