"""`tidegate hotline`: messages between organisations, sealed, signed and acknowledged."""

import click

from tidegate.cli.lazily import Commands, Entry

COMMANDS: dict[str, Entry] = {}
"""One row a command: `"send": Entry("hotline.send", "send", "Say something, and have it delivered.")`."""


@click.group(cls=Commands, table=COMMANDS)
def hotline() -> None:
    """Reach other organisations, and be able to prove it."""
