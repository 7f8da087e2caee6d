"""The command line's front: the commands by name, each loaded only when it is called."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tidegate import __version__
from tidegate.cli.exits import MEANINGS, Exit
from tidegate.cli.output import write_what_can_be_written

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives and what `tidegate --help` says of it."""

    module: str
    name: str
    summary: str


COMMANDS = {
    "demo": Entry("demo", "demo", "See it work: captured attacks against a small world on this machine."),
    "run": Entry("run", "run", "Collect telemetry, detect attacks, keep facts."),
    "replay": Entry("replay", "replay", "Find the attacks in recordings."),
    "attacks": Entry("attacks", "attacks", "List the attacks on record, or show one."),
    "plan": Entry("plan", "plan", "Show plans; approve, refuse or withdraw them."),
    "border": Entry("border", "border", "Look at the border, or take everything back."),
    "officer": Entry("officer", "officer", "Say whose word counts."),
    "rehearse": Entry("rehearse", "rehearse", "Try what a cut or a new link would do, before it happens."),
    "topology": Entry("topology", "topology", "Get and check the networks and links to rehearse with."),
    "doctor": Entry("doctor", "doctor", "Explain why data is missing, exporter by exporter."),
    "config": Entry("config", "config", "Show or check the settings."),
    "ledger": Entry("ledger", "ledger", "Prove that the record of facts is whole."),
}

HIDDEN = {"collect": Entry("collect", "collect", ""), "speak": Entry("speak", "speak", "")}


class Front(click.Group):
    """The group of all commands; naming them loads none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name) or HIDDEN.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"tidegate.cli.{entry.module}"), entry.name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), MEANINGS[code]) for code in Exit])


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tidegate")
@click.option("--debug", is_flag=True, help="When something fails, show where in the program it did.")
def front(debug: bool) -> None:
    """Detect floods in flow telemetry, hold them back with the least harm, and keep both sides talking."""


def open_door(parts: "Parts", arguments: Sequence[str]) -> None:
    """Carry out one command line; whatever goes wrong is raised, for `exits.tell` to explain."""
    write_what_can_be_written()
    front.main(list(arguments), prog_name="tidegate", standalone_mode=False, obj=parts)
