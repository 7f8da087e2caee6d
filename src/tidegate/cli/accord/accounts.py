"""`tidegate accord account|reconcile`: our account of a time as a file to be sent, and theirs beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, chosen, language_option, our_code
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.accord.worded import Worded
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.accord.reconciling import SideBySide
    from tidegate.app.parts import Parts


@click.command(context_settings=PASSED_ON)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--from", "begin", required=True, metavar="DATE", help="From the first moment of this day, UTC."
)
@click.option("--until", required=True, metavar="DATE", help="To the last moment of this day, UTC.")
@accord_option
@click.option("--send", "sending", is_flag=True, help="Send it too, with the options of `hotline send`.")
@config_option
@state_option
@rest_argument
@click.pass_obj
def account(
    parts: "Parts",
    file: Path,
    begin: str,
    until: str,
    accord_id: str | None,
    sending: bool,
    config_file: Path | None,
    state_folder: Path | None,
    rest: Sequence[str],
) -> None:
    """Write our account of a time to FILE: what is on record under an accord, and what was received when."""
    from tidegate.app.accord.opening import open_books
    from tidegate.app.accord.reconciling import account_bytes, account_of, span_of_days
    from tidegate.app.accord.views import own_organisation
    from tidegate.cli.opened import record

    with record(parts, config_file, state_folder) as stores:
        own = own_organisation(stores.facts)
        book = chosen(
            open_books(stores.facts, stores.envelopes, own), accord_id, parts.clock().now_ms() // 1_000
        )
    told = account_of(book, our_code(book, own), *span_of_days(begin, until))
    parts.files().write_new(file, account_bytes(told))
    click.echo(f"{file}: {len(told.happened)} things, {len(told.receipts)} receipts.", err=True)
    if sending:
        fields = ("purpose=account",)
        say(parts, "free-text", book.accord.id, fields, state_folder, ("--attach", str(file), *rest))


@click.command()
@click.argument("accord_id", metavar="[ID]", required=False)
@click.option("--message", metavar="DIGITS", help="The account in this message; else the last one that came.")
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def reconcile(
    parts: "Parts",
    accord_id: str | None,
    message: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Put the account that another party sent beside our own record, and flag clocks that differ.

    Ends with 1 where the two tell different things. Neither is taken for the truth: what differs is for a
    clarification or a consultation.
    """
    from tidegate.app.accord.opening import open_books
    from tidegate.app.accord.reconciling import accounts_told, side_by_side
    from tidegate.app.accord.views import own_organisation
    from tidegate.cli.opened import record
    from tidegate.model.refusals import NotAllowed

    with record(parts, config_file, state_folder) as stores:
        own = own_organisation(stores.facts)
        books = open_books(stores.facts, stores.envelopes, own)
        book = chosen(books, accord_id, parts.clock().now_ms() // 1_000)
        came = [
            (digest, told)
            for digest, told in accounts_told(stores.facts, stores.envelopes, own, book)
            if digest.startswith(message or "")
        ]
    if not came:
        raise NotAllowed("no such account came; the other party sends one with `tidegate accord account`")
    found = side_by_side(book, our_code(book, own), *came[-1])
    if as_json:
        print_json(found)
    else:
        _print(found, Worded(parts, language))
    if found.differing or found.skewed:
        raise Finished(Exit.FINDING)


def _print(found: "SideBySide", worded: Worded) -> None:
    begin, end = worded.moment(found.from_s), worded.moment(found.until_s)
    worded.say("account", party=found.theirs, message=found.message[:12], begin=begin, end=end)
    rows = []
    for row in found.differing:
        known = row.ours or row.theirs
        assert known is not None, "a row has an account"
        rows.append(
            (
                worded.label("accord-happening", known.kind),
                row.reference[:12] if len(row.reference) == 64 else row.reference,
                known.by,
                worded.word(row.agreement),
                worded.listed([worded.word(name) for name in row.differs]),
                *("" if one is None else f"#{one.fact}" for one in (row.ours, row.theirs)),
            )
        )
    worded.table(("what", "reference", "by", "told", "differs-in", "our-fact", "their-fact"), rows)
    worded.say("told-alike", same=found.same, differing=len(found.differing))
    for skew in found.skewed:
        worded.say(
            "clocks-differ",
            by=skew.by,
            reference=skew.reference[:12],
            seconds=skew.seconds,
            sender=skew.sender,
        )
