"""`tidegate study`: the process that computes for the console; it is in no list of commands."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command(hidden=True)
@click.pass_obj
def study(parts: "Parts") -> None:
    """Answer the one question that `tidegate console` sends; it is not called by hand."""
    from tidegate.app.console.study_work import study as compute

    compute(parts)
