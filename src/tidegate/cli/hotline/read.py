"""`tidegate hotline read`: a message in the reader's language, and the receipt that tells its sender."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from tidegate.cli.hotline.giving import show_letter, tell_signed
from tidegate.cli.hotline.options import key_option, language_of, line_to, screen_options, signer_in
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.line import CopyView, HotlineLine, HotlineShown, MessageShown
    from tidegate.app.hotline.reading import Letter
    from tidegate.app.parts import Parts

RECEIPTS = ("opened", "understood", "handed-on", "not-for-us")


@click.command()
@click.argument("message")
@key_option
@click.option(
    "--receipt",
    type=click.Choice(RECEIPTS),
    default="opened",
    show_default=True,
    help="What the receipt says that --key signs.",
)
@click.option(
    "--stix",
    "stix_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write an incident notification as STIX 2.1.",
)
@click.option(
    "--save",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the attachments there. They are strangers' files.",
)
@screen_options
@click.pass_obj
def read(
    parts: "Parts",
    message: str,
    key_file: Path | None,
    receipt: str,
    stix_file: Path | None,
    folder: Path | None,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Show MESSAGE in your language; with --key, sign the receipt that says that an officer opened it.

    MESSAGE is its identity or enough of its first digits.
    """
    from tidegate.app.hotline.reading import letter_of

    paper = Paper(language_of(language, parts.environ), parts.environ)
    line = line_to(parts, state_folder)
    board = line.board()
    shown = line.message(message)
    letter = letter_of(shown, board, None)
    if as_json:
        print_json(_json_of(shown, letter))
    else:
        show_letter(letter, paper)
        _standing(shown, letter, paper, signs=key_file is not None)
    if stix_file is not None:
        stix_file.write_bytes(_stix(letter))
    if folder is not None:
        _save(shown, letter, folder)
    if shown.received is not None and key_file is not None and shown.received.opened_s is None:
        _sign_receipt(parts, line, board, letter, key_file, receipt, paper, as_json=as_json)


def _sign_receipt(
    parts: "Parts",
    line: "HotlineLine",
    board: "HotlineShown",
    letter: "Letter",
    key_file: Path,
    kind: str,
    paper: Paper,
    *,
    as_json: bool,
) -> None:
    """The message was shown; its receipt says no more than that, so it is not asked for again."""
    from tidegate.app.hotline.line import officer_behind
    from tidegate.app.hotline.writing import Answered, receipt_draft

    signer = signer_in(parts, key_file)
    officer = officer_behind(signer, board.officers)
    answered = Answered(letter.known.message, letter.content)
    now_s = parts.clock().now_ms() // 1000
    draft = receipt_draft(answered, board, officer.level, kind, now_s, paper.language)
    composed = line.compose(draft)
    taken = line.sign(composed.content, officer, signer)
    if not as_json:
        from tidegate.model.labels import label

        if taken.lacking:
            tell_signed(taken, composed.message, officer.name, paper, as_json=False)
        else:
            paper.say(label("screen", "receipt-signed", paper.language), "bold")


def _standing(shown: "MessageShown", letter: "Letter", paper: Paper, *, signs: bool) -> None:
    """How far it is with each recipient; of one that came, whether its sender was told."""
    from tidegate.app.hotline.reading import left_to_right
    from tidegate.model.labels import phrase

    if shown.received is not None and shown.received.opened_s is None and not signs:
        told = phrase("screen", "not-told", paper.language, option=left_to_right("--key"))
        paper.say(told, "yellow")
    if shown.sent is not None:
        for copy in shown.sent.copies:
            paper.say(copy_words(copy, letter.known.names, paper))


def copy_words(copy: "CopyView", names: Mapping[str, str], paper: Paper) -> str:
    """As "XB-CERT: Delivered, not yet opened (R1 2026-11-25 22:05:07 UTC)"."""
    from tidegate.app.hotline.reading import by_itself, full_time, left_to_right, organisation_name
    from tidegate.model.labels import label, phrase

    told = f"{organisation_name(copy.recipient, names)}: {label('stage', copy.stage, paper.language)}"
    receipts = (("R1", copy.r1_s), ("R2", copy.r2_s), ("R3", copy.r3_s))
    times = [f"{name} {full_time(at_s, None)}" for name, at_s in receipts if at_s is not None]
    if times:
        told += f" ({left_to_right(', '.join(times))})"
    if copy.word_s is not None and copy.r1_s is None:
        heard = left_to_right(full_time(copy.word_s, None))
        told += f" - {phrase('screen', 'word-came', paper.language, time=heard)}"
    if copy.overdue is not None:
        level = label("level", copy.overdue, paper.language)
        told += f" - {phrase('screen', 'overdue', paper.language, level=level)}"
    elif copy.due_s is not None:
        due = left_to_right(full_time(copy.due_s, None))
        told += f" - {phrase('screen', 'due', paper.language, time=due)}"
    return f"{told} - {by_itself(copy.why)}" if copy.why else told


def _stix(letter: "Letter") -> bytes:
    from tidegate.app.hotline.reading import stix_of_incident
    from tidegate.model.refusals import NotAllowed

    if letter.content.form != "incident":
        raise NotAllowed("only an incident notification is exported as STIX")
    sender = letter.known.names.get(letter.content.sender, letter.content.sender[:16])
    return stix_of_incident(letter.content, letter.known.message, sender)


def _save(shown: "MessageShown", letter: "Letter", folder: Path) -> None:
    """Under their own names, which are plain; never over another file, and never to be run."""
    folder.mkdir(parents=True, exist_ok=True)
    for named, body in zip(letter.content.attachments, shown.attachments, strict=True):
        with (folder / Path(named.name).name).open("xb") as opened:
            opened.write(body)


def _json_of(shown: "MessageShown", letter: "Letter") -> dict[str, object]:
    return {
        "message": letter.known.message,
        "content": letter.content,
        "place": shown.place,
        "sent": shown.sent,
        "received": shown.received,
        "facts": shown.facts,
        "attachments": [None if one is None else msgspec.to_builtins(one) for one in letter.known.readings],
    }
