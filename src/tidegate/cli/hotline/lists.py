"""`tidegate hotline inbox` and `outbox`: what came, what went, and what is waited for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.options import language_of, line_to, screen_options
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.hotline.read import copy_words
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.line import ReceivedView, SentView, WordView
    from tidegate.app.parts import Parts
    from tidegate.model.hotline_facts import About

SHOWN_DIGITS = 12
"""First digits of a message's identity in a list: enough to name it by."""

FAILED = ("refused", "expired")
STYLES = {"DRILL": "yellow", "FLASH": "bold red", "IMMEDIATE": "red"}


limit_option = click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="The newest so many."
)
before_option = click.option(
    "--before", type=click.IntRange(0), metavar="N", help="Older ones; the end of a list names N."
)


@click.command()
@click.option("--unread", is_flag=True, help="Only what no officer has opened.")
@limit_option
@before_option
@screen_options
@click.pass_obj
def inbox(
    parts: "Parts",
    unread: bool,
    limit: int,
    before: int | None,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """List what came, newest first. The exit code is 1 when something waits to be opened, or is overdue."""
    from tidegate.app.hotline.reading import names_of, organisation_name
    from tidegate.model.labels import label

    line = line_to(parts, state_folder)
    found = line.inbox(limit, unread=unread, before=before)
    if as_json:
        for message in found.messages:
            print_json(message)
        for word in found.words:
            print_json(word)
    elif not found.messages and not found.words:
        paper = Paper(language_of(language, parts.environ), parts.environ)
        paper.say(label("screen", "nothing", paper.language))
    else:
        paper = Paper(language_of(language, parts.environ), parts.environ)
        names = names_of(line.board())
        print_words(found.words, names, paper)
        rows = [
            [
                *_about(one.about, paper),
                organisation_name(one.about.sender, names),
                _said(one.about.form, one.word, paper),
                _state(one, paper),
            ]
            for one in found.messages
        ]
        if rows:
            paper.table(_headings("from", paper), rows, [_style(one.about) for one in found.messages])
        _left_out(found.left_out, found.older)
    if found.words or any(_waits(one) for one in found.messages):
        raise Finished(Exit.FINDING)


@click.command()
@click.option("--pending", is_flag=True, help="Only what is still waited for.")
@limit_option
@before_option
@screen_options
@click.pass_obj
def outbox(
    parts: "Parts",
    pending: bool,
    limit: int,
    before: int | None,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """List what was said, newest first, and how far it is with each recipient.

    The exit code is 1 when something is overdue, was refused, or expired undelivered.
    """
    from tidegate.app.hotline.reading import names_of
    from tidegate.model.labels import label

    line = line_to(parts, state_folder)
    found = line.outbox(limit, pending=pending, before=before)
    if as_json:
        for message in found.messages:
            print_json(message)
    elif not found.messages:
        paper = Paper(language_of(language, parts.environ), parts.environ)
        paper.say(label("screen", "nothing", paper.language))
    else:
        paper = Paper(language_of(language, parts.environ), parts.environ)
        names = dict(names_of(line.board()))
        for one in found.messages:
            _print_sent(one, names, paper)
        _left_out(found.left_out, found.older)
    copies = [copy for one in found.messages for copy in one.copies]
    if any(copy.overdue is not None or copy.stage in FAILED for copy in copies):
        raise Finished(Exit.FINDING)


def _waits(one: "ReceivedView") -> bool:
    """For an officer. A check that asks machines alone was answered as it came; a receipt asks nothing."""
    asks_people = one.about.form not in ("check", "receipt") or one.due_s is not None
    return one.overdue is not None or (one.opened_s is None and asks_people)


def _headings(party: str, paper: Paper) -> list[str]:
    from tidegate.model.labels import label

    screen = [label("screen", code, paper.language) for code in ("mark", "message", "time", party)]
    return [*screen, label("screen", "form", paper.language), label("screen", "state", paper.language)]


def _about(about: "About", paper: Paper) -> list[str]:
    """Mark with precedence, identity, time group: the same in every language."""
    from tidegate.app.hotline.reading import left_to_right, time_group

    return [
        left_to_right(f"{about.mark} {about.precedence}"),
        left_to_right(about.message[:SHOWN_DIGITS]),
        left_to_right(time_group(about.composed_at_s)),
    ]


def _style(about: "About") -> str:
    """Never by colour alone: mark and precedence stand in the row."""
    return STYLES.get("DRILL" if about.mark == "DRILL" else about.precedence, "")


def _state(one: "ReceivedView", paper: Paper) -> str:
    from tidegate.app.hotline.reading import full_time, left_to_right
    from tidegate.model.labels import label, phrase

    code = "answered" if one.answered_s else "read" if one.opened_s else "unread"
    told = label("screen", code, paper.language)
    if one.overdue is not None:
        level = label("level", one.overdue, paper.language)
        return f"{told} - {phrase('screen', 'overdue', paper.language, level=level)}"
    if one.due_s is not None:
        due = left_to_right(full_time(one.due_s, None))
        return f"{told} - {phrase('screen', 'due', paper.language, time=due)}"
    return told


def _said(form: str, word: str, paper: Paper) -> str:
    """The form, or what a coded word says."""
    from tidegate.model.labels import label

    return label("flash-word", word, paper.language) if word else label("form", form, paper.language)


def print_words(words: "Sequence[WordView]", names: Mapping[str, str], paper: Paper) -> None:
    """Coded words that were heard, and whose messages have not come; each with its mark in front."""
    from tidegate.app.hotline.reading import left_to_right, organisation_name, time_group
    from tidegate.model.labels import label

    if not words:
        return
    paper.say(label("screen", "words", paper.language), "bold")
    for word in words:
        told = (
            left_to_right(f"{word.mark} FLASH"),
            left_to_right(word.message[:SHOWN_DIGITS]),
            left_to_right(time_group(word.composed_at_s)),
            organisation_name(word.sender, names),
            label("flash-word", word.code, paper.language),
        )
        paper.say("  ".join(told), STYLES["DRILL" if word.mark == "DRILL" else "FLASH"], indent=2)
    paper.say(label("screen", "word-proof", paper.language), indent=2)
    paper.say("")


def _print_sent(one: "SentView", names: Mapping[str, str], paper: Paper) -> None:
    from tidegate.app.hotline.reading import by_itself
    from tidegate.model.labels import phrase

    head = "  ".join((*_about(one.about, paper), _said(one.about.form, one.word, paper)))
    paper.say(head, _style(one.about) or "bold")
    if one.lacking:
        paper.say(phrase("screen", "lacking", paper.language, what=by_itself(one.lacking)), indent=2)
    for copy in one.copies:
        paper.say(copy_words(copy, names, paper), indent=2)


def _left_out(count: int, older: int | None) -> None:
    if older is not None:
        click.echo(f"... --before {older}")
    elif count:
        click.echo(f"... +{count} (--limit)")
