"""`tidegate hotline flash`: a coded word that one datagram carries, ahead of the message that says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click

from tidegate.cli.hotline.giving import Desk, send_draft
from tidegate.cli.hotline.options import (
    key_option,
    language_of,
    line_to,
    screen_options,
    signer_in,
    yes_option,
)
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.hotline.send import choice_of, expiry_of, must_have_key
from tidegate.model.labels import codes
from tidegate.model.messages import Mark

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@dataclass(frozen=True, slots=True)
class Asked:
    """How it is to be signed."""

    yes: bool
    as_json: bool


@click.command()
@click.argument("code", type=click.Choice(codes("flash-word")))
@click.option(
    "--to", "recipients", multiple=True, required=True, metavar="NAME", help="Who gets it; again for each."
)
@click.option("--mark", type=click.Choice(get_args(Mark)), help="Whether it is real or a drill. It is asked.")
@click.option("--accord", default="", metavar="ID", help="The accord under which it is said.")
@click.option("--reference", default="", metavar="TEXT", help="Our number for it; else one is made.")
@click.option("--expires", metavar="SPAN", help="Give up after 30min, 12h, 7d; else never.")
@key_option
@yes_option
@screen_options
@click.pass_obj
def flash(
    parts: "Parts",
    code: str,
    recipients: Sequence[str],
    mark: Mark | None,
    accord: str,
    reference: str,
    expires: str | None,
    key_file: Path | None,
    yes: bool,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Say CODE as a FLASH message whose word goes ahead of it in one datagram.

    The word comes through where little else does, and tells the other side to look out; what is signed,
    delivered and receipted is the message.
    """
    from tidegate.app.hotline.line import officer_behind
    from tidegate.app.hotline.writing import Handling, draft_of, recipients_named

    paper = Paper(language_of(language, parts.environ), parts.environ)
    line = line_to(parts, state_folder)
    board = line.board()
    signer = signer_in(parts, must_have_key(key_file))
    officer = officer_behind(signer, board.officers)
    now_s = parts.clock().now_ms() // 1000
    desk = Desk(Asked(yes, as_json), paper, line, board, officer, signer, now_s)
    handling = Handling(
        recipients=recipients_named(recipients, board),
        mark=mark or cast(Mark, choice_of("mark", get_args(Mark), paper)),
        precedence="FLASH",
        level=officer.level,
        tlp="TLP:AMBER",
        pap="PAP:AMBER",
        accord=accord,
        answers=None,
        reference=reference,
        expires_at_s=expiry_of(expires, now_s),
    )
    said = {"purpose": ("flash",), "word": (code,)}
    send_draft(desk, draft_of("free-text", handling, said, "", paper.language, ()))
