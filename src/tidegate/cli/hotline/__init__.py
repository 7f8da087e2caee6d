"""`tidegate hotline`: messages between organisations, sealed, signed and acknowledged."""

import click

from tidegate.cli.lazily import Commands, Entry

COMMANDS: dict[str, Entry] = {
    "init": Entry("hotline.init", "init", "Found an organisation on this node."),
    "serve": Entry("hotline.serve", "serve", "Be reachable, and deliver."),
    "officer": Entry("hotline.officer", "officer", "Say who speaks for the organisation."),
    "card": Entry("hotline.card", "card", "Show, change, sign and hand on our card."),
    "meet": Entry("hotline.meet", "meet", "Meet another organisation: compare one number."),
    "peers": Entry("hotline.meet", "peers", "List whom we met."),
    "leave": Entry("hotline.meet", "leave", "End trust in a peer."),
    "rotate": Entry("hotline.rotate", "rotate", "Make new keys, in time or after a theft."),
    "revoke": Entry("hotline.rotate", "revoke", "Take an officer's word away."),
    "backup": Entry("hotline.backup", "backup", "Write the node into one encrypted file."),
    "restore": Entry("hotline.backup", "restore", "Bring a node back out of such a file."),
    "export": Entry("hotline.carry", "export", "Write what waits for a peer, to be carried by hand."),
    "import": Entry("hotline.carry", "bring_in", "Take what was carried here."),
    "qr": Entry("hotline.carry", "qr", "Show what waits for a peer as codes on the screen."),
    "prove": Entry("hotline.prove", "prove", "Write all evidence about a message into one file."),
    "status": Entry("hotline.standing", "status", "Show who can be reached, by which path, what waits."),
    "inbox": Entry("hotline.lists", "inbox", "List what came."),
    "read": Entry("hotline.read", "read", "Show a message in your language, and sign its receipt."),
    "reply": Entry("hotline.send", "reply", "Answer a message."),
    "send": Entry("hotline.send", "send", "Say something, and have it delivered."),
    "flash": Entry("hotline.flash", "flash", "Say one coded word, ahead of everything else."),
    "sign": Entry("hotline.send", "sign", "Sign what another officer wrote."),
    "outbox": Entry("hotline.lists", "outbox", "List what was said, and how far it is."),
    "recall": Entry("hotline.standing", "recall", "Deliver a message no further."),
    "drill": Entry("hotline.standing", "drill", "Check that a message arrives, in every script."),
}
"""One row a command: `"send": Entry("hotline.send", "send", "Say something, and have it delivered.")`."""


@click.group(cls=Commands, table=COMMANDS)
def hotline() -> None:
    """Reach other organisations, and be able to prove it."""
