"""`tidegate audit`: what every service stands on, and when it falls."""

import click

from tidegate.cli.lazily import Commands, Entry

COMMANDS: dict[str, Entry] = {
    "probe": Entry("audit.probe", "probe", "Find out, politely, what services stand on."),
    "report": Entry("audit.report", "report", "Write everything on one page; probe a list of domains first."),
    "what-if": Entry("audit.what_if", "what_if", "Say what stops when something is lost, and when."),
    "layers": Entry("audit.looking", "layers", "Say which layers are at home, and which hang on one owner."),
    "blast-radius": Entry("audit.looking", "blast_radius", "Rank what each provider and country would stop."),
    "advise": Entry("audit.looking", "advise", "Name the few changes that help most."),
    "explain": Entry("audit.looking", "explain", "Say all that one service stands on, and what stops it."),
    "check": Entry("audit.checking", "check", "Hold the services to a policy."),
    "diff": Entry("audit.checking", "diff", "Say what differs between two audits."),
    "import": Entry("audit.carrying", "import_", "Put lists and observations together into one audit."),
    "export": Entry("audit.carrying", "export", "Write an audit as lines, or its tables as CSV."),
}
"""One row a command."""


@click.group(cls=Commands, table=COMMANDS)
def audit() -> None:
    """Find out what services stand on, and what stops them. Nothing here stops anything."""
