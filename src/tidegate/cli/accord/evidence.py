"""`tidegate accord evidence`: what the shield saw of attacks on protected assets, and a question."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, chosen, language_option
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.accord.worded import Worded
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts
    from tidegate.model.accord_facts import OriginsSeen


@click.command(context_settings=PASSED_ON)
@accord_option
@click.option(
    "--ask", "attack", type=click.IntRange(1), metavar="NUMBER", help="Fill in a question about it."
)
@click.option("--party", metavar="CODE", help="Whom to ask.")
@language_option
@config_option
@state_option
@json_option
@rest_argument
@click.pass_obj
def evidence(
    parts: "Parts",
    accord_id: str | None,
    attack: int | None,
    party: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
    rest: Sequence[str],
) -> None:
    """List attacks on our protected assets whose traffic was seen from networks of other parties.

    It is material for a question and no finding: source addresses can be forged. With --ask and --party a
    request for clarification is filled in with it; an officer reads it, and signs it or not.
    """
    from tidegate.app.accord.opening import open_books
    from tidegate.app.accord.origins import question_about, seen_on_record
    from tidegate.app.accord.views import own_organisation
    from tidegate.cli.opened import record

    now_s = parts.clock().now_ms() // 1_000
    with record(parts, config_file, state_folder) as stores:
        own = own_organisation(stores.facts)
        book = chosen(open_books(stores.facts, stores.envelopes, own), accord_id, now_s)
        found = seen_on_record(stores.facts, book.accord.id)
    if attack is None:
        if not as_json:
            _list(found, Worded(parts, language))
        for fact in found if as_json else ():
            print_json(fact)
        return
    if party is None:
        raise click.UsageError("say whom to ask with --party")
    fields, remarks = question_about(book, found, attack, party, now_s)
    passed = ("--remarks", remarks, "--remarks-language", "en", *(["--json"] if as_json else []), *rest)
    say(parts, "clarification-request", book.accord.id, fields, state_folder, passed)


def _list(found: "Sequence[OriginsSeen]", worded: Worded) -> None:
    from tidegate.app.sentences import rate

    rows = [
        (
            str(fact.attack),
            ", ".join(fact.assets),
            worded.moment(fact.until_ms // 1_000),
            one.party,
            rate(one.bits_per_s, "bps", scaled=True),
            str(one.flows),
            worded.phrase("one-in", number=fact.sampling),
        )
        for fact in found
        for one in fact.seen
    ]
    headings = ("attack", "asset", "seen-until", "from-networks", "rate", "records", "sampling")
    worded.table(headings, rows, worded.word("nothing-seen"))
    worded.say("forged")
