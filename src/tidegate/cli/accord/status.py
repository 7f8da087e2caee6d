"""`tidegate accord list|show|status`: which accords there are, what they say, and how they stand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import at_option, language_option, opened, opened_book, our_code
from tidegate.cli.accord.worded import Worded, facts
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.accord.views import Row, StatusView
    from tidegate.app.parts import Parts
    from tidegate.model.accords import PartyCode


@click.command("list")
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def list_accords(
    parts: "Parts", language: str, config_file: Path | None, state_folder: Path | None, as_json: bool
) -> None:
    """List the accords that were signed here, each version, and who has signed it."""
    books, _ = opened(parts, config_file, state_folder)
    worded = Worded(parts, language)
    rows = []
    for book in books.by_digest.values():
        force = book.force
        since = worded.moment(force.entered_s) if force else worded.word("not-in-force")
        row = (
            book.accord.id,
            str(book.accord.version),
            since,
            worded.moment(force.ended_s) if force else "",
            ", ".join(sorted(book.signed)),
            book.digest,
        )
        rows.append(row)
        if as_json:
            keys = ("accord", "version", "in_force_since", "until", "signed_by", "digest")
            print_json(dict(zip(keys, row, strict=True)))
    if not as_json:
        headings = ("accord", "version", "in-force-since", "until", "signed-by", "digest")
        worded.table(headings, rows, worded.phrase("no-accord", command="tidegate accord new"))


@click.command()
@click.argument("accord_id", metavar="[ID]", required=False)
@language_option
@config_option
@state_option
@click.pass_obj
def show(
    parts: "Parts", accord_id: str | None, language: str, config_file: Path | None, state_folder: Path | None
) -> None:
    """Show accord ID article by article, in one language. The file that was signed decides, not this page."""
    from tidegate.app.accord.views import articles, names_in
    from tidegate.app.accord.views import worded as text_of

    book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
    accord, worded = book.accord, Worded(parts, language)
    title = text_of(accord.title, language)
    worded.quote(worded.phrase("entitled", title=title, accord=accord.id, version=accord.version))
    for article, text in articles(accord, language):
        worded.quote(f"{worded.own(article)}  {worded.own(text)}")
    for asset in accord.asset:
        worded.say(
            "protected",
            party=asset.party,
            asset_class=worded.label("asset-class", asset.asset_class),
            asset=asset.id,
            names=worded.listed(names_in(asset)),
        )
    for period in accord.period:
        kind = worded.label("accord-period", period.kind)
        days = {"first": period.first, "last": period.last}
        worded.say("protected-time", party=period.party, kind=kind, period=period.id, **days)


@click.command()
@click.argument("accord_id", metavar="[ID]", required=False)
@click.option("--party", metavar="CODE", help="Only what this party owes.")
@click.option("--all", "closed", is_flag=True, help="Also what is over.")
@at_option
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def status(
    parts: "Parts",
    accord_id: str | None,
    party: str | None,
    closed: bool,
    at: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Say of accord ID what is due, late or disputed, what shows it, and what comes next.

    Ends with 1 where something is late, disputed or found not kept.
    """
    from tidegate.app.accord.views import status as status_of

    book, own, now_s = opened_book(parts, config_file, state_folder, accord_id, at)
    view = status_of(book, our_code(book, own), party, now_s, closed=closed)
    if as_json:
        print_json(view)
    else:
        _print(view, Worded(parts, language))
    if any(row.stage in ("late", "disputed", "breached") for row in view.rows):
        raise Finished(Exit.FINDING)


def _print(view: "StatusView", worded: Worded) -> None:
    worded.say("headline", accord=view.accord, version=view.version, since=worded.moment(view.entered_s))
    rows = [
        (
            row.article,
            row.obligation,
            row.duty,
            row.toward,
            worded.label("accord-stage", row.stage),
            worded.moment(row.due_s),
            worded.label("accord-step", row.next_step),
            facts(_evidence(row)),
        )
        for row in view.rows
    ]
    headings = ("article", "obligation", "owed-by", "owed-to", "stage", "due", "next", "evidence")
    worded.table(headings, rows, worded.word("nothing-open"))
    if view.left_out:
        worded.say("left-out", count=view.left_out, option="--party")
    in_force(worded, view.in_force)


def _evidence(row: "Row") -> list[int]:
    """What started it, what kept it, and what was said of it."""
    begun = [row.trigger] if row.trigger is not None and row.trigger >= 0 else []
    return [*begun, *row.evidence, *(fact for _, fact in row.procedure)]


def in_force(worded: Worded, guarantees: "Mapping[str, Sequence[tuple[PartyCode, PartyCode]]]") -> None:
    """Between whom each guarantee is."""
    for guarantee, pairs in guarantees.items():
        told = [worded.phrase("pair", one=one[:12], other=other[:12]) for one, other in pairs]
        if told:
            worded.say("between", guarantee=guarantee, pairs=worded.listed(told))
        else:
            worded.say("between-nobody", guarantee=guarantee)
