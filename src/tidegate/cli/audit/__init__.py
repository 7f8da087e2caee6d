"""`tidegate audit`: what services stand on, and when they fall."""

import click

from tidegate.cli.lazily import Commands, Entry

COMMANDS: dict[str, Entry] = {
    "probe": Entry("audit.probe", "probe", "Find out, politely, what services stand on."),
}
"""One row a command."""


@click.group(cls=Commands, table=COMMANDS)
def audit() -> None:
    """Find out what services stand on, and when they fall."""
