"""`tidegate accord check`: what is mistaken or doubtful in a file, before anyone signs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import language_option
from tidegate.cli.accord.worded import Worded
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@language_option
@json_option
@click.pass_obj
def check(parts: "Parts", file: Path, language: str, as_json: bool) -> None:
    """Read FILE as an accord, and say what is ambiguous, unreachable, contradictory or without an owner.

    Mistakes end with 1: such a file cannot be signed. Doubts are for the parties to think about.
    """
    from tidegate.app.accord.checking import check_file

    told, worded = check_file(parts.files().read(file, 1 << 20)), Worded(parts, language)
    mistaken = any(finding.kind == "mistake" for finding in told.findings)
    if as_json:
        print_json(
            {
                "id": told.id,
                "version": told.version,
                "digest": told.digest,
                "findings": [worded.as_told(one) for one in told.findings],
            }
        )
    else:
        for finding in told.findings:
            worded.finding(finding)
        verdict = worded.phrase(
            "cannot-be-signed" if mistaken else "can-be-signed",
            accord=told.id,
            version=told.version,
            digest=told.digest,
        )
        worded.tell(verdict)
    if mistaken:
        raise Finished(Exit.FINDING)
