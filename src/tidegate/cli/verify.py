"""`tidegate verify`: whether a bundle of evidence holds, against anyone's denial."""

from pathlib import Path

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import print_json


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def verify(bundle: Path, as_json: bool) -> None:
    """Check a bundle that `tidegate hotline prove` wrote; the exit code is 1 when anything does not hold.

    No network, no clock and no state of a node is asked. The same check is one file of its own, which can be
    given away with a bundle (`tidegate hotline prove --verifier FILE`).
    """
    from tidegate.app.hotline.verifying import verified

    lines, refused = verified(bundle.read_bytes())
    if as_json:
        print_json({"holds": not refused, "proves": lines, "refused": refused or None})
    elif refused:
        click.echo(f"REFUSED: {refused}")
    else:
        click.echo("\n".join(["Everything in this bundle holds.", *lines]))
    if refused:
        raise Finished(Exit.FINDING)
