"""The command line's front: the commands by name, each loaded only when it is called."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tidegate import __version__
from tidegate.cli.exits import MEANINGS, Exit
from tidegate.cli.lazily import Commands, Entry
from tidegate.cli.output import write_what_can_be_written

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


COMMANDS = {
    "demo": Entry("demo", "demo", "See it work: captured attacks against a small world on this machine."),
    "run": Entry("run", "run", "Collect telemetry, detect attacks, keep facts."),
    "console": Entry("console", "console", "Serve the page where people look, decide and sign."),
    "replay": Entry("replay", "replay", "Find the attacks in recordings."),
    "attacks": Entry("attacks", "attacks", "List the attacks on record, or show one."),
    "plan": Entry("plan", "plan", "Show plans; approve, refuse or withdraw them."),
    "border": Entry("border", "border", "Look at the border, or take everything back."),
    "officer": Entry("officer", "officer", "Say whose word counts."),
    "rehearse": Entry("rehearse", "rehearse", "Try what a cut or a new link would do, before it happens."),
    "audit": Entry("audit", "audit", "Find out what services stand on, and what stops them."),
    "topology": Entry("topology", "topology", "Get and check the networks and links to rehearse with."),
    "doctor": Entry("doctor", "doctor", "Explain why data is missing, exporter by exporter."),
    "config": Entry("config", "config", "Show or check the settings."),
    "lab": Entry("lab", "lab", "Try the hotline on this machine, with faults."),
    "hotline": Entry("hotline", "hotline", "Reach other organisations, and be able to prove it."),
    "verify": Entry("verify", "verify", "Check a bundle of evidence about a message of the hotline."),
    "accord": Entry("accord", "accord", "Keep track of what each side promised."),
    "ledger": Entry("ledger", "ledger", "Prove that the record of facts is whole."),
}

HIDDEN = {name: Entry(name, name, "") for name in ("collect", "speak", "study")}


class Front(Commands):
    """The group of all commands."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), MEANINGS[code]) for code in Exit])


@click.group(
    cls=Front,
    table=COMMANDS,
    hidden=HIDDEN,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tidegate")
@click.option("--debug", is_flag=True, help="When something fails, show where in the program it did.")
def front(debug: bool) -> None:
    """Detect floods in flow telemetry, hold them back with the least harm, and keep both sides talking."""


def open_door(parts: "Parts", arguments: Sequence[str]) -> None:
    """Carry out one command line; whatever goes wrong is raised, for `exits.tell` to explain."""
    write_what_can_be_written()
    front.main(list(arguments), prog_name="tidegate", standalone_mode=False, obj=parts)
