"""`tidegate hotline status`, `drill` and `recall`: who can be reached, a check of it, and taking back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.lists import print_words
from tidegate.cli.hotline.options import language_of, line_to, screen_options
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.line import HotlineShown, PeerView
    from tidegate.app.parts import Parts


@click.command()
@screen_options
@click.pass_obj
def status(parts: "Parts", state_folder: Path | None, language: str | None, as_json: bool) -> None:
    """Show every organisation and path: signs of life, drills, what waits. Exit code 1: see to something."""
    board = line_to(parts, state_folder).board()
    if as_json:
        print_json(board)
    else:
        _print_board(board, Paper(language_of(language, parts.environ), parts.environ))
    if board.findings or board.words or any(peer.overdue or peer.unread for peer in board.peers):
        raise Finished(Exit.FINDING)


@click.command()
@click.option("--to", "recipients", multiple=True, metavar="NAME", help="Whom to check; else everybody.")
@click.option("--human", is_flag=True, help="Ask for an officer's answer too, not only the machine's.")
@screen_options
@click.pass_obj
def drill(
    parts: "Parts",
    recipients: Sequence[str],
    human: bool,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Send a communication check, marked as a drill, in every script; no officer needs to sign it."""
    from tidegate.app.hotline.reading import left_to_right
    from tidegate.app.hotline.writing import recipients_named
    from tidegate.model.labels import label

    line = line_to(parts, state_folder)
    message = line.drill(recipients_named(recipients, line.board()), human=human)
    if as_json:
        print_json({"message": message})
        return
    paper = Paper(language_of(language, parts.environ), parts.environ)
    paper.say(f"{left_to_right('DRILL')} {label('screen', 'drill-sent', paper.language)}", "bold")
    paper.say(f"{label('screen', 'message', paper.language)} {left_to_right(message)}")


@click.command()
@click.argument("message")
@click.option("--why", required=True, metavar="TEXT", help="Goes on record.")
@screen_options
@click.pass_obj
def recall(
    parts: "Parts",
    message: str,
    why: str,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Deliver MESSAGE no further. Exit code 1: some recipients have it already; send them a correction."""
    from tidegate.app.hotline.reading import joined, names_of, organisation_name
    from tidegate.model.labels import label, phrase

    line = line_to(parts, state_folder)
    too_late = line.recall(message, why)
    if as_json:
        print_json({"too_late": too_late})
    else:
        paper = Paper(language_of(language, parts.environ), parts.environ)
        names = names_of(line.board())
        told = joined(tuple(organisation_name(one, names) for one in too_late), paper.language)
        none = label("common", "none", paper.language)
        paper.say(phrase("screen", "recalled", paper.language, names=told or none), "bold")
    if too_late:
        raise Finished(Exit.FINDING)


def _print_board(board: "HotlineShown", paper: Paper) -> None:
    from tidegate.app.hotline.reading import by_itself, full_time, harmless, left_to_right, names_of
    from tidegate.model.labels import label

    until = left_to_right(full_time(board.card_until_s, None))
    paper.say(by_itself(harmless(board.name)), "bold")
    paper.say(f"{label('screen', 'card-until', paper.language)} {until}")
    if board.words:
        paper.say("")
        print_words(board.words, names_of(board), paper)
    for peer in board.peers:
        paper.say("")
        _print_peer(peer, paper)
    if board.findings:
        paper.say("")
        paper.say(label("screen", "findings", paper.language), "bold yellow")
        for finding in board.findings:
            paper.say(f"- {by_itself(harmless(finding))}", "yellow")


def _print_peer(peer: "PeerView", paper: Paper) -> None:
    from tidegate.app.hotline.reading import by_itself, harmless, left_to_right
    from tidegate.model.labels import label, retold

    def named(code: str, value: str) -> str:
        return f"{label('screen', code, paper.language)}: {value}"

    def number(value: int) -> str:
        return left_to_right(str(value))

    paper.say(by_itself(harmless(f"{peer.name} ({peer.country})")), "bold")
    counts = (("waiting", peer.waiting), ("overdue-count", peer.overdue), ("unread-count", peer.unread))
    style = "bold red" if peer.overdue else ""
    paper.say("  ".join(named(code, number(count)) for code, count in counts), style, indent=2)
    answers = (
        ("last-drill", _when(peer.last_drill_s, paper)),
        ("machine-answers", left_to_right(f"{peer.machine_answers}/{peer.drills}")),
        ("human-answers", left_to_right(f"{peer.human_answers}/{peer.human_asked}")),
    )
    paper.say("  ".join(named(code, text) for code, text in answers), indent=2)
    for path in peer.paths:
        told = (
            left_to_right(path.path),
            label("path-state", path.state, paper.language),
            named("last-life", _when(path.last_life_s, paper)),
            named("reached", _share(path.reached_permille)),
        )
        text = "  ".join(told)
        if path.last_failure and path.state != "alive":
            text += f"  {by_itself(retold(harmless(path.last_failure), paper.language))}"
        paper.say(text, "red" if path.state == "silent" else "", indent=2)


def _when(at_s: int | None, paper: Paper) -> str:
    from tidegate.app.hotline.reading import full_time, left_to_right
    from tidegate.model.labels import label

    return label("screen", "never", paper.language) if at_s is None else left_to_right(full_time(at_s, None))


def _share(permille: int | None) -> str:
    from tidegate.app.hotline.reading import left_to_right

    return left_to_right("-" if permille is None else f"{permille / 10:.1f} %")
