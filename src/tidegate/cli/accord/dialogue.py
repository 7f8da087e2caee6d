"""`tidegate accord dialogue`: each track on its own: whether it runs, its meetings, and who does what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, at_option, language_option, opened_book
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.accord.dialogue import TrackView
    from tidegate.app.parts import Parts


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
                _print(one, language)


def _print(one: "TrackView", language: str) -> None:
    from tidegate.app.accord.views import worded
    from tidegate.cli.words import moment

    state = "runs" if one.rests_since_s is None else f"rests since {moment(one.rests_since_s * 1_000)}"
    experts = ", experts" if one.experts else ""
    console().print(f"{one.track} (article {one.article}, {one.level}{experts}): {state}")
    for schedule in one.schedules:
        due = (
            "nothing is due" if schedule.next_due_s is None else f"due {moment(schedule.next_due_s * 1_000)}"
        )
        console().print(f"  meets every {schedule.span} (article {schedule.article}): {due}")
    if one.last_met is not None:
        console().print(f"  last met {moment(one.last_met[0] * 1_000)}, fact #{one.last_met[1]}")
    for meeting in one.meetings:
        by = ", ".join(f"{party} #{fact}" for party, fact in meeting.told_by)
        console().print(f"  minutes of {meeting.minutes.held}, sent by {by}")
        for decision in meeting.minutes.decision:
            console().print(f"    decided {decision.id}: {worded(decision.text, language)}")
    for deed in one.actions:
        fact = "" if deed.fact is None else f", fact #{deed.fact}"
        due = moment(deed.due_s * 1_000)
        console().print(f"  action {deed.name} of {deed.owner}, due {due}: {deed.state}{fact}")
        console().print(f"    {worded(deed.text, language)}")
    if one.next_date:
        console().print(f"  next meeting {one.next_date}")
        for point in one.next_agenda:
            console().print(f"    - {worded(point, language)}")


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
