"""`tidegate speak`: the process that holds the BGP sessions, which only a node starts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command(hidden=True)
@click.option("--state", "state_folder", type=click.Path(path_type=Path), required=True)
@click.pass_obj
def speak(parts: "Parts", state_folder: Path) -> None:
    """The speaker of the node whose state is in this folder; started by `tidegate run`, not by hand."""
    from tidegate.app.orders import read_orders
    from tidegate.cli.log import begin_log

    begin_log(read_orders(state_folder).logging)
    parts.speak(state_folder)
