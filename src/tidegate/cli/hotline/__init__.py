"""`tidegate hotline`: messages between organisations, sealed, signed and acknowledged."""

import click

from tidegate.cli.lazily import Commands, Entry

COMMANDS: dict[str, Entry] = {
    "init": Entry("hotline.init", "init", "Found an organisation on this node."),
    "officer": Entry("hotline.officer", "officer", "Say who speaks for the organisation."),
    "card": Entry("hotline.card", "card", "Show, change, sign and hand on our card."),
    "meet": Entry("hotline.meet", "meet", "Meet another organisation: compare one number."),
    "peers": Entry("hotline.meet", "peers", "List whom we met."),
    "leave": Entry("hotline.meet", "leave", "End trust in a peer."),
    "rotate": Entry("hotline.rotate", "rotate", "Make new keys, in time or after a theft."),
    "revoke": Entry("hotline.rotate", "revoke", "Take an officer's word away."),
    "prove": Entry("hotline.prove", "prove", "Write all evidence about a message into one file."),
}
"""One row a command: `"send": Entry("hotline.send", "send", "Say something, and have it delivered.")`."""


@click.group(cls=Commands, table=COMMANDS)
def hotline() -> None:
    """Reach other organisations, and be able to prove it."""
