"""`tidegate accord dialogue`: each track on its own: whether it runs, its meetings, and who does what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, at_option, language_option, opened_book
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.accord.worded import Worded
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.accord.dialogue import Deed, Meeting, TrackView
    from tidegate.app.parts import Parts
    from tidegate.model.accords import PartyCode, Text


@click.group()
def dialogue() -> None:
    """Tracks of dialogue. Each is on its own: suspending one suspends no other, and no channel."""


@dialogue.command("show")
@click.argument("accord_id", metavar="[ID]", required=False)
@click.option("--track", metavar="TRACK", help="Only this one.")
@at_option
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def show(
    parts: "Parts",
    accord_id: str | None,
    track: str | None,
    at: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Show of each track under accord ID whether it runs, its schedule, meetings, decisions and actions."""
    from tidegate.app.accord.dialogue import dialogue as tracks_of

    book, _, now_s = opened_book(parts, config_file, state_folder, accord_id, at)
    for one in tracks_of(book, now_s):
        if track in (None, one.track):
            if as_json:
                print_json(one)
            else:
                _print(one, book.accord.codes, Worded(parts, language))


def _print(one: "TrackView", parties: "Sequence[PartyCode]", worded: Worded) -> None:
    level = worded.label("level", one.level)
    known = {"track": one.track, "article": one.article}
    known["level"] = worded.phrase("experts", level=level) if one.experts else level
    if one.rests_since_s is None:
        worded.say("track-runs", **known)
    else:
        worded.say("track-rests", **known, since=worded.moment(one.rests_since_s))
    for schedule in one.schedules:
        code = "meets-nothing-due" if schedule.next_due_s is None else "meets"
        due = worded.moment(schedule.next_due_s)
        worded.say(code, 2, span=worded.span(schedule.span), article=schedule.article, due=due)
    if one.last_met is not None:
        worded.say("last-met", 2, moment=worded.moment(one.last_met[0]), fact=f"#{one.last_met[1]}")
    for meeting in one.meetings:
        _print_meeting(meeting, parties, worded)
    for deed in one.actions:
        _print_deed(deed, worded)
    if one.next_date:
        worded.say("next-meeting", 2, date=one.next_date)
        for point in one.next_agenda:
            worded.tell(f"- {worded.own(text_in(point, worded.language))}", 4)


def _print_meeting(meeting: "Meeting", parties: "Sequence[PartyCode]", worded: Worded) -> None:
    agreed = {party for party, _ in meeting.told_by} >= {*parties}
    by = worded.listed([f"{party} #{fact}" for party, fact in meeting.told_by])
    code = "minutes-agreed" if agreed else "minutes-not-agreed"
    worded.say(code, 2, date=meeting.minutes.held, parties=by)
    for decision in meeting.minutes.decision:
        worded.say("decided", 4, id=decision.id, text=text_in(decision.text, worded.language))


def _print_deed(deed: "Deed", worded: Worded) -> None:
    told = {"name": deed.name, "owner": deed.owner, "due": worded.moment(deed.due_s)}
    state = worded.word(deed.state)
    if deed.fact is None:
        worded.say("action", 2, **told, state=state)
    else:
        worded.say("action-done", 2, **told, state=state, fact=f"#{deed.fact}")
    worded.tell(worded.own(text_in(deed.text, worded.language)), 4)


def text_in(text: "Text", language: str) -> str:
    from tidegate.app.accord.views import worded

    return worded(text, language)


@dialogue.command("draft")
@click.argument("track")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--held", metavar="DATE", required=True, help="The day of the meeting, as 2028-04-10.")
@accord_option
@config_option
@state_option
@click.pass_obj
def draft(
    parts: "Parts",
    track: str,
    output: Path,
    held: str,
    accord_id: str | None,
    config_file: Path | None,
    state_folder: Path | None,
) -> None:
    """Write a file for minutes of TRACK to OUTPUT, with the agreed agenda and what is still to be done."""
    from tidegate.app.accord.dialogue import draft_minutes

    book, _, now_s = opened_book(parts, config_file, state_folder, accord_id)
    parts.files().write_new(output, draft_minutes(book, track, held, now_s))
    click.echo(f"{output} is written. Fill it in, then: tidegate accord dialogue minutes {output}")


@dialogue.command("minutes", context_settings=PASSED_ON)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@accord_option
@config_option
@state_option
@rest_argument
@click.pass_obj
def minutes(
    parts: "Parts",
    file: Path,
    accord_id: str | None,
    config_file: Path | None,
    state_folder: Path | None,
    rest: Sequence[str],
) -> None:
    """Send FILE as the minutes of a meeting. They are agreed when every party has sent the same bytes."""
    from tidegate.app.accord.dialogue import minutes_fields

    book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
    _, fields = minutes_fields(book, parts.files().read(file, 1 << 20))
    say(parts, "free-text", book.accord.id, fields, state_folder, ("--attach", str(file), *rest))


def _word(name: str, act: str, text: str) -> None:
    @dialogue.command(name, context_settings=PASSED_ON, help=text)
    @click.argument("track")
    @accord_option
    @config_option
    @state_option
    @rest_argument
    @click.pass_obj
    def command(
        parts: "Parts",
        track: str,
        accord_id: str | None,
        config_file: Path | None,
        state_folder: Path | None,
        rest: Sequence[str],
    ) -> None:
        from tidegate.app.accord.checking import track_fields

        book, _, now_s = opened_book(parts, config_file, state_folder, accord_id)
        fields = track_fields(book.accord, track, act, now_s)
        say(parts, "declaration", book.accord.id, fields, state_folder, ("--mark", "REAL", *rest))

    del command


for _name, _act, _text in (
    ("suspend", "suspended", "Let TRACK rest; no other track, no channel and no guarantee rests with it."),
    ("resume", "resumed", "Take up TRACK again."),
):
    _word(_name, _act, _text)
