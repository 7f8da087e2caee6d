"""`tidegate hotline meet`, `peers` and `leave`: first trust, whom it was given to, and its end."""

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.keys import KEY_FILE, folder_of, now_s, read_card_file
from tidegate.cli.options import json_option, state_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.meeting import Proposal
    from tidegate.app.parts import Parts

SAME = "same"


@click.command()
@click.argument("file", type=KEY_FILE)
@click.option(
    "--officer", required=True, metavar="NAME", help="Who compares the number; an officer on our card."
)
@click.option("--how", required=True, metavar="TEXT", help='Over what, as "by telephone, I know her voice".')
@click.option("--number", metavar="DIGITS", help="The 60 digits as the other side wrote or read them.")
@state_option
@json_option
@click.pass_obj
def meet(
    parts: "Parts",
    file: Path,
    officer: str,
    how: str,
    number: str | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Meet the organisation whose card is in FILE: two officers compare one number of 60 digits.

    Compare it over a channel on which you know each other: face to face, or a voice that you know. The card
    itself may have come over any way. Both sides meet each other, each on its own node.
    """
    from tidegate.app.hotline.meeting import meet as keep
    from tidegate.app.hotline.meeting import must_be_ours, propose

    folder = folder_of(parts, state_folder)
    must_be_ours(folder, officer)
    proposal = propose(folder, read_card_file(file), now_s(parts))
    compare(proposal, number, now_s(parts), quiet=as_json)
    met = keep(folder, proposal, officer, how, now_s(parts))
    if as_json:
        print_json(
            {
                "organisation": met.organisation,
                "number": met.number,
                "officer": officer,
                "how": how,
                "alike": proposal.alike,
            }
        )
    else:
        click.echo(
            f"{proposal.card.name} is met. A running node takes it up within a second; messages reach it "
            "once it has met you too."
        )


def compare(proposal: "Proposal", number: str | None, now: int, *, quiet: bool) -> None:
    """Ends with the exit code of a finding where it is not the same."""
    from tidegate.app.hotline.meeting import in_groups, is_the_same
    from tidegate.cli.hotline.card_words import write_card, write_number

    if number is not None:
        if not is_the_same(proposal.number, number):
            not_met()
        return
    if quiet:
        raise click.UsageError("--json does not ask; give --number DIGITS")
    write_card(proposal.card, now)
    for doubt in proposal.alike:
        click.echo(f"Look twice: {doubt}")
    click.echo(
        f"\nAn officer of {proposal.card.name} sees this number on the other side. Read it to each other:"
    )
    write_number(in_groups(proposal.number))
    told = click.prompt(f"Are all twelve groups the same? Type {SAME}, or anything else if not", err=True)
    if told.strip().casefold() != SAME:
        not_met()


def not_met() -> NoReturn:
    click.echo(
        "Not met. Where the numbers differ, somebody stands between you, or one of you has another card:\n"
        "do not trust this one, get it again over another way, and compare again.",
        err=True,
    )
    raise Finished(Exit.FINDING)


@click.command()
@state_option
@json_option
@click.pass_obj
def peers(parts: "Parts", state_folder: Path | None, as_json: bool) -> None:
    """List whom we met, with whose word, and whose card ends soon."""
    from tidegate.app.hotline.meeting import days_left, warnings_of
    from tidegate.app.hotline.meeting import peers as met
    from tidegate.cli.hotline.card_words import identity, write_warnings
    from tidegate.cli.tables import plain_table
    from tidegate.cli.words import moment

    found, now = met(folder_of(parts, state_folder)), now_s(parts)
    if as_json:
        for one in found:
            print_json(
                {
                    "organisation": one.meeting.organisation,
                    "name": one.card.name if one.card else None,
                    "country": one.card.country if one.card else None,
                    "card": one.card.version if one.card else None,
                    "days_left": days_left(one.card, now) if one.card else None,
                    "officer": one.meeting.officer,
                    "how": one.meeting.how,
                    "met_at_s": one.meeting.met_at_s,
                    "problem": one.why,
                }
            )
        return
    if not found:
        click.echo("Nobody was met yet; `tidegate hotline meet FILE` begins with a card.")
        return
    table = plain_table()
    for heading in ("peer", "country", "identity", "card", "days left", "met by", "how", "on"):
        table.add_column(heading, overflow="fold")
    for one in found:
        card, meeting = one.card, one.meeting
        table.add_row(
            card.name if card else "?",
            card.country if card else "?",
            identity(meeting.organisation),
            str(card.version) if card else one.why,
            str(days_left(card, now)) if card else "",
            meeting.officer,
            meeting.how,
            moment(meeting.met_at_s * 1000)[:10],
        )
    console().print(table)
    for one in found:
        if one.card:
            write_warnings(warnings_of(one.card, now, own=False))


@click.command()
@click.argument("peer")
@click.option("--officer", required=True, metavar="NAME", help="Who ends it; an officer on our card.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the record.")
@state_option
@json_option
@click.pass_obj
def leave(
    parts: "Parts", peer: str, officer: str, why: str, state_folder: Path | None, as_json: bool
) -> None:
    """End trust in PEER: nothing is sent to it and nothing of it believed, until you meet again."""
    from tidegate.app.hotline.meeting import find_peer
    from tidegate.app.hotline.meeting import leave as end

    folder = folder_of(parts, state_folder)
    found = find_peer(folder, peer)
    end(folder, found.meeting.organisation, officer, why)
    name = found.card.name if found.card else found.meeting.organisation
    if as_json:
        print_json({"organisation": found.meeting.organisation, "left": True})
    else:
        click.echo(f"{name} is left. What was exchanged stays on record.")
