"""`tidegate accord pledge`: the registers of guarantees and pledges, and a state's own word on one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.accord.opened import accord_option, at_option, language_option, opened_book
from tidegate.cli.accord.saying import PASSED_ON, rest_argument, say
from tidegate.cli.accord.status import in_force
from tidegate.cli.accord.worded import Worded, facts
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.accord.views import Member
    from tidegate.app.parts import Parts


@click.group()
def pledge() -> None:
    """Guarantees and pledges: declared by the senior level, in force between those who declared them."""


@pledge.command("list")
@click.argument("accord_id", metavar="[ID]", required=False)
@at_option
@language_option
@config_option
@state_option
@json_option
@click.pass_obj
def list_pledges(
    parts: "Parts",
    accord_id: str | None,
    at: str | None,
    language: str,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """List who declared which guarantee of accord ID, since when, and between whom it is in force now."""
    from tidegate.app.accord.views import guarantees, is_in_force, members

    book, _, now_s = opened_book(parts, config_file, state_folder, accord_id, at)
    found = members(book, now_s)
    if as_json:
        for one in found:
            print_json(one)
        return
    worded = Worded(parts, language)
    headings = ("guarantee", "state", "bound-since", "until", "now", "evidence")
    worded.table(headings, [_row(one, worded) for one in found], worded.word("nobody-declared"))
    if not is_in_force(book, now_s):
        lacking = [code for code in book.accord.codes if code not in book.signed]
        if lacking:
            worded.say("not-signed-by-all", accord=book.accord.id, parties=worded.listed(lacking))
        else:
            worded.say("not-in-force-now", accord=book.accord.id)
        return
    in_force(worded, guarantees(book, now_s))


def _row(one: "Member", worded: Worded) -> tuple[str, ...]:
    return (
        one.guarantee,
        one.state[:12],
        worded.moment(one.from_s),
        worded.moment(one.until_s if one.until_s is not None else one.rests_from_s),
        worded.word("binds" if one.binds else "does-not-bind"),
        facts(one.facts),
    )


def _word(name: str, act: str, text: str) -> None:
    """A command that declares `act` of one guarantee."""

    @pledge.command(name, context_settings=PASSED_ON, help=text)
    @click.argument("guarantee")
    @accord_option
    @click.option(
        "--file",
        "file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="The accord's file, for a state that is no party and joins what is open to all.",
    )
    @config_option
    @state_option
    @rest_argument
    @click.pass_obj
    def command(
        parts: "Parts",
        guarantee: str,
        accord_id: str | None,
        file: Path | None,
        config_file: Path | None,
        state_folder: Path | None,
        rest: Sequence[str],
    ) -> None:
        from tidegate.app.accord.checking import accord_in, notice_ends, pledge_fields

        if file is not None:
            accord = accord_in(parts.files().read(file, 1 << 20))
        else:
            book, _, _ = opened_book(parts, config_file, state_folder, accord_id)
            accord = book.accord
        fields = [*pledge_fields(accord, guarantee), f"act={act}"]
        if act in ("suspended", "withdrawn") and not any(one.startswith("from=") for one in rest):
            fields.append(f"from={notice_ends(accord, guarantee, parts.clock().now_ms() // 1_000)}")
        say(parts, "declaration", accord.id, fields, state_folder, ("--mark", "REAL", *rest))

    del command


for _name, _act, _text in (
    ("join", "joined", "Declare GUARANTEE: it is in force from then on with each state that declared it."),
    ("suspend", "suspended", "Let GUARANTEE rest, once its notice has run out."),
    ("resume", "resumed", "Take up GUARANTEE again."),
    ("withdraw", "withdrawn", "Leave GUARANTEE, once its notice has run out."),
):
    _word(_name, _act, _text)
