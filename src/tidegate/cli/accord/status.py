"""`tidegate accord list|show|status`: which accords there are, what they say, and how they stand."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import at_option, language_option, opened, opened_book, our_code
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.accord.views import StatusView
    from tidegate.app.parts import Parts


@click.command("list")
@config_option
@state_option
@json_option
@click.pass_obj
def list_accords(parts: "Parts", config_file: Path | None, state_folder: Path | None, as_json: bool) -> None:
    """List the accords that were signed here, each version, and who has signed it."""
    from tidegate.cli.tables import plain_table
    from tidegate.cli.words import moment

    books, _ = opened(parts, config_file, state_folder)
    table = plain_table()
    for heading in ("accord", "version", "in force since", "until", "signed by", "SHA-256"):
        table.add_column(heading, overflow="fold")
    for book in books.by_digest.values():
        force = book.force
        since = moment(force.entered_s * 1_000) if force else "not yet"
        until = moment(force.ended_s * 1_000) if force and force.ended_s is not None else ""
        row = (
            book.accord.id,
            str(book.accord.version),
            since,
            until,
            ", ".join(sorted(book.signed)),
            book.digest,
        )
        table.add_row(*row)
        if as_json:
            keys = ("accord", "version", "in_force_since", "until", "signed_by", "digest")
            print_json(dict(zip(keys, row, strict=True)))
    if not as_json:
        empty = "No accord has been signed here; `tidegate accord new` drafts one."
        console().print(table if books.by_digest else empty)


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
    from tidegate.app.accord.views import articles

    book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
    for line in articles(book.accord, language):
        click.echo(line)


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
        _print(view, language)
    if any(row.stage in ("late", "disputed", "breached") for row in view.rows):
        raise Finished(Exit.FINDING)


def _print(view: "StatusView", language: str) -> None:
    from tidegate.cli.tables import plain_table
    from tidegate.cli.words import moment
    from tidegate.model.labels import label, language_of

    spoken = language_of(language)
    assert spoken is not None, "click allows only ours"
    table = plain_table()
    for heading in ("article", "obligation", "owed by", "to", "standing", "due", "next", "facts"):
        table.add_column(heading, overflow="fold")
    for row in view.rows:
        due = "" if row.due_s is None else moment(row.due_s * 1_000)
        facts = [row.trigger] if row.trigger is not None and row.trigger >= 0 else []
        facts += [*row.evidence, *(fact for _, fact in row.procedure)]
        table.add_row(
            row.article,
            row.obligation,
            row.duty,
            row.toward,
            label("accord-stage", row.stage, spoken),
            due,
            label("accord-step", row.next_step, spoken),
            ", ".join(f"#{fact}" for fact in facts),
        )
    console().print(f"{view.accord}, version {view.version}, in force since {moment(view.entered_s * 1_000)}")
    console().print(table if view.rows else "Nothing is open.")
    if view.left_out:
        console().print(f"{view.left_out} more are left out; name one party with --party.")
    for guarantee, pairs in view.in_force.items():
        told = ", ".join(f"{one} and {other}" for one, other in pairs) or "nobody yet"
        console().print(f"{guarantee}: in force between {told}")
