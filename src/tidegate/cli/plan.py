"""`tidegate plan`: what is proposed and in force, and the word of two officers over its exact bytes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.options import language_of, language_option
from tidegate.cli.options import json_option, state_option
from tidegate.cli.output import console, print_json
from tidegate.cli.passphrase import passphrase

if TYPE_CHECKING:
    from tidegate.app.officer_line import OfficerLine, PlanView, Signer
    from tidegate.app.parts import Parts
    from tidegate.model.labels import Language
    from tidegate.model.plans import Intent

WAITING = "proposed"


def line_to(parts: "Parts", state_folder: Path | None) -> "OfficerLine":
    """The running node whose state is in this folder."""
    from tidegate.app.config import find_state
    from tidegate.app.officer_line import OfficerLine

    return OfficerLine(parts.control_line(find_state(state_folder, parts.environ)))


@click.group()
def plan() -> None:
    """List plans, show one, approve, refuse or withdraw it. Needs a running node."""


@plan.command("list")
@state_option
@json_option
@click.pass_obj
def list_plans(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """List plans, newest first. The exit code is 1 when one waits for officers."""
    from tidegate.cli.plan_screen import plan_table

    plans = line_to(parts, state_folder).plans()
    if as_json:
        for view in plans:
            print_json(_json_of(view))
    elif plans:
        console().print(plan_table(plans, parts.clock().now_ms()))
    else:
        click.echo("No plan at hand.")
    if any(view.stage == WAITING and view.plan.rules for view in plans):
        raise Finished(Exit.FINDING)


@plan.command()
@click.argument("number", type=click.IntRange(1))
@click.option(
    "--bytes",
    "bytes_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the exact bytes that are approved.",
)
@language_option
@state_option
@json_option
@click.pass_obj
def show(
    parts: "Parts",
    number: int,
    bytes_file: Path | None,
    language: str | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Show plan NUMBER: rules, border points, stages, forecast, whom it hurts, who approved it."""
    from tidegate.cli.plan_screen import print_plan
    from tidegate.model.plan_bytes import plan_bytes

    view, _ = line_to(parts, state_folder).plan(number)
    if bytes_file is not None:
        bytes_file.write_bytes(plan_bytes(view.plan))
    if as_json:
        print_json(_json_of(view))
    else:
        print_plan(console(), view, parts.clock().now_ms(), language_of(language, parts.environ))


@plan.command()
@state_option
@json_option
@click.pass_obj
def scores(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """Show how the last 20 forecasts came out, beside what was measured."""
    from tidegate.cli.plan_screen import score_table, score_words

    told = line_to(parts, state_folder).scores()
    if as_json:
        for score in told:
            print_json(score)
    elif told:
        console().print(score_table(told))
        click.echo(score_words(told))
    else:
        click.echo("No forecast has been scored yet.")


def _signing(command: click.Command) -> click.Command:
    """The options of every command that gives an officer's word."""
    options = (
        click.option(
            "--key",
            "key_file",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Sign with the private key in this file; its passphrase is asked.",
        ),
        click.option("--agent", "use_agent", is_flag=True, help="Sign with a key in the SSH agent."),
        click.option("--yes", is_flag=True, help="Do not ask before signing."),
        language_option,
        state_option,
        json_option,
        click.argument("number", type=click.IntRange(1)),
    )
    for option in options:
        command = option(command)
    return command


def _word_command(name: str, intent: "Intent", text: str) -> None:
    @click.pass_obj
    def command(
        parts: "Parts",
        number: int,
        key_file: Path | None,
        use_agent: bool,
        yes: bool,
        language: str | None,
        state_folder: Path | None,
        as_json: bool,
    ) -> None:
        if (key_file is None) == (not use_agent):
            raise click.UsageError("give either --key FILE or --agent")
        signer, reads = _signer(parts, key_file), language_of(language, parts.environ)
        _give_word(parts, number, intent, signer, state_folder, reads, yes=yes, as_json=as_json)

    plan.add_command(_signing(click.command(name, help=text)(command)))


def _signer(parts: "Parts", key_file: Path | None) -> "Signer":
    if key_file is None:
        return parts.agent()
    return parts.key_file(key_file, lambda: passphrase(parts.environ))


def _give_word(
    parts: "Parts",
    number: int,
    intent: "Intent",
    signer: "Signer",
    state_folder: Path | None,
    language: "Language",
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Shows the plan, signs the bytes of exactly what was shown, and gives the word to the node."""
    from tidegate.app.officer_line import officer_behind
    from tidegate.cli.plan_screen import print_plan
    from tidegate.model.labels import retold

    line = line_to(parts, state_folder)
    view, officers = line.plan(number)
    if not as_json:
        print_plan(console(), view, parts.clock().now_ms(), language)
    officer = officer_behind(signer, officers)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody can be asked here; read the plan first, and then give --yes")
        click.confirm(f"{officer.name}, do you {intent} plan {number}?", abort=True, err=True)
    taken = line.give_word(view.plan, intent, officer, signer)
    if as_json:
        print_json({"plan": number, "officer": officer.name, "stage": taken.stage, "lacking": taken.lacking})
        return
    lacking = f" Still lacking: {retold(taken.lacking, language)}." if taken.lacking else ""
    click.echo(f"Plan {number} is {taken.stage}.{lacking}")


def _json_of(view: "PlanView") -> dict[str, object]:
    import msgspec

    from tidegate.app.officer_line import digest

    return {"sha256": digest(view.plan), **msgspec.structs.asdict(view)}


_word_command(
    "approve",
    "approve",
    "Approve plan NUMBER: it is shown, and what was shown is signed. Two different officers must.",
)
_word_command("refuse", "refuse", "Refuse plan NUMBER, which then ends. One officer suffices.")
_word_command(
    "withdraw",
    "withdraw",
    "Withdraw plan NUMBER at whatever point it stands: what is in force is taken back. One officer suffices.",
)
