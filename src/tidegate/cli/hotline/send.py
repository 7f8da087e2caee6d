"""`tidegate hotline send`, `reply` and `sign`: what an officer says, shown whole before it is signed."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import click

from tidegate.cli.hotline.filling import Given, ask_remarks, choose, fill
from tidegate.cli.hotline.giving import Desk, agree, must_say_yes, send_draft, show_letter, tell_signed
from tidegate.cli.hotline.options import (
    key_option,
    language_of,
    line_to,
    screen_options,
    signer_in,
    yes_option,
)
from tidegate.cli.hotline.paper import Paper
from tidegate.model.messages import FORMS, PRECEDENCES, FormName, Mark, Pap, Precedence, Tlp

if TYPE_CHECKING:
    from tidegate.app.hotline.line import DraftAttachment
    from tidegate.app.hotline.writing import Handling
    from tidegate.app.parts import Parts

F = TypeVar("F", bound=Callable[..., Any])

_SPAN = re.compile(r"(\d{1,4})\s*(min|h|d)")
_SPAN_S = {"min": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Said:
    """What the options of `_saying` hold."""

    fields: Sequence[str]
    remarks: str | None
    remarks_file: Path | None
    remarks_language: str | None
    attach: Sequence[Path]
    reference: str
    expires: str | None
    key_file: Path | None
    yes: bool
    state_folder: Path | None
    language: str | None
    as_json: bool


def _saying(command: F) -> F:
    """The options of what is said."""
    options = (
        click.option(
            "--field",
            "fields",
            multiple=True,
            metavar="NAME=VALUE",
            help="A field of the form; again for each further value. What is missing is asked.",
        ),
        click.option("--remarks", metavar="TEXT", help="Free text; it stays in its language."),
        click.option(
            "--remarks-file",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="Free text from a file, in UTF-8.",
        ),
        click.option("--remarks-language", metavar="TAG", help="Its language; else the one of --language."),
        click.option(
            "--attach",
            multiple=True,
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="STIX 2.1, MISP, CSAF 2.0, XARF or plain text to go with it.",
        ),
        click.option("--reference", default="", metavar="TEXT", help="Our number for it; else one is made."),
        click.option("--expires", metavar="SPAN", help="Give up after 30min, 12h, 7d; else never."),
        key_option,
        yes_option,
        screen_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("form", type=click.Choice(FORMS))
@click.option(
    "--to", "recipients", multiple=True, required=True, metavar="NAME", help="Who gets it; again for each."
)
@click.option("--mark", type=click.Choice(get_args(Mark)), help="Whether it is real or a drill. It is asked.")
@click.option("--precedence", type=click.Choice(PRECEDENCES), help="How urgent it is. It is asked.")
@click.option("--tlp", type=click.Choice(get_args(Tlp)), default="TLP:AMBER", show_default=True)
@click.option("--pap", type=click.Choice(get_args(Pap)), default="PAP:AMBER", show_default=True)
@click.option("--accord", default="", metavar="ID", help="The accord under which it is sent.")
@click.option(
    "--attack",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="Fill in what was measured of this attack on our record.",
)
@_saying
@click.pass_obj
def send(
    parts: "Parts",
    /,
    form: FormName,
    recipients: Sequence[str],
    mark: Mark | None,
    precedence: Precedence | None,
    tlp: Tlp,
    pap: Pap,
    accord: str,
    attack: int | None,
    **said: Any,
) -> None:
    """Write a message of FORM, see it as its recipients will, sign it and have it delivered."""
    from tidegate.app.hotline.writing import Handling, recipients_named

    desk = _desk(parts, Said(**said))
    named = recipients_named(recipients, desk.board)
    measured = {} if attack is None else _measured(parts, form, attack, desk.said)
    handling = Handling(
        recipients=named,
        mark=mark or cast(Mark, choice_of("mark", get_args(Mark), desk.paper)),
        precedence=precedence or cast(Precedence, choice_of("precedence", PRECEDENCES, desk.paper)),
        level=desk.officer.level,
        tlp=tlp,
        pap=pap,
        accord=accord,
        answers=None,
        reference=desk.said.reference,
        expires_at_s=expiry_of(desk.said.expires, desk.now_s),
    )
    _send(desk, form, handling, measured)


@click.command()
@click.argument("message")
@click.argument("form", type=click.Choice(FORMS), default="free-text")
@_saying
@click.pass_obj
def reply(parts: "Parts", /, message: str, form: FormName, **said: Any) -> None:
    """Answer MESSAGE with a message of FORM, to all who have it; a drill is answered as a drill.

    MESSAGE is its identity or enough of its first digits.
    """
    from tidegate.app.hotline.reading import letter_of
    from tidegate.app.hotline.writing import Answered, reply_handling

    desk = _desk(parts, Said(**said))
    letter = letter_of(desk.line.message(message), desk.board, None)
    answered = Answered(letter.known.message, letter.content)
    handling = replace(
        reply_handling(answered, desk.board, desk.officer.level),
        reference=desk.said.reference,
        expires_at_s=expiry_of(desk.said.expires, desk.now_s),
    )
    _send(desk, form, handling, {})


@click.command()
@click.argument("message")
@key_option
@yes_option
@screen_options
@click.pass_obj
def sign(
    parts: "Parts",
    message: str,
    key_file: Path | None,
    yes: bool,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Sign MESSAGE that another officer wrote, where its level asks for several signatures."""
    from tidegate.app.hotline.line import officer_behind
    from tidegate.app.hotline.reading import letter_of

    paper = Paper(language_of(language, parts.environ), parts.environ)
    line = line_to(parts, state_folder)
    board = line.board()
    shown = line.message(message)
    letter = letter_of(shown, board, None)
    signer = signer_in(parts, must_have_key(key_file))
    officer = officer_behind(signer, board.officers)
    if as_json:
        must_say_yes(yes)
    else:
        show_letter(letter, paper)
        agree(letter, paper, yes=yes)
    taken = line.sign(shown.content, officer, signer)
    tell_signed(taken, letter.known.message, officer.name, paper, as_json=as_json)


def _desk(parts: "Parts", said: Said) -> "Desk[Said]":
    """The node, the board, and the officer whose key is at hand."""
    from tidegate.app.hotline.line import officer_behind

    paper = Paper(language_of(said.language, parts.environ), parts.environ)
    line = line_to(parts, said.state_folder)
    board = line.board()
    signer = signer_in(parts, must_have_key(said.key_file))
    officer = officer_behind(signer, board.officers)
    return Desk(said, paper, line, board, officer, signer, parts.clock().now_ms() // 1000)


def _measured(parts: "Parts", form: FormName, attack: int, said: Said) -> Mapping[str, tuple[str, ...]]:
    from tidegate.app.hotline.attack_report import incident_fields
    from tidegate.app.queries import attack_life
    from tidegate.cli.opened import record

    if form != "incident":
        raise click.UsageError("--attack fills in an incident notification")
    with record(parts, None, said.state_folder) as stores:
        life = attack_life(stores.facts, attack)
    if not life:
        raise click.UsageError(f"there is no attack {attack} on record; see `tidegate attacks`")
    return incident_fields(life)


def _send(
    desk: "Desk[Said]",
    form: FormName,
    handling: "Handling",
    measured: Mapping[str, tuple[str, ...]],
) -> None:
    from tidegate.app.hotline.writing import FORMS as TABLE
    from tidegate.app.hotline.writing import draft_of, plain_text

    said, paper = desk.said, desk.paper
    given = {**measured, **_given(said.fields)}
    remarks = _remarks(said.remarks, said.remarks_file)
    if sys.stdin.isatty() and not said.yes and not said.as_json:
        given = fill(TABLE[form], given, paper)
        remarks = ask_remarks(paper) if remarks is None else remarks
    files = [_file(path) for path in said.attach]
    language = said.remarks_language or paper.language
    send_draft(desk, draft_of(form, handling, given, plain_text(remarks or ""), language, files))


def _given(fields: Sequence[str]) -> Given:
    given: Given = {}
    for field in fields:
        name, sign, value = field.partition("=")
        if not sign:
            raise click.UsageError(f'"{field}": write a field as NAME=VALUE')
        given[name] = (*given.get(name, ()), value)
    return given


def _remarks(text: str | None, path: Path | None) -> str | None:
    if text is not None and path is not None:
        raise click.UsageError("give either --remarks or --remarks-file")
    return path.read_text(encoding="utf-8") if path is not None else text


def _file(path: Path) -> "DraftAttachment":
    from tidegate.app.hotline.writing import attached
    from tidegate.model.messages import MESSAGE_BYTES_MAX

    with path.open("rb") as opened:
        body = opened.read(MESSAGE_BYTES_MAX + 1)
    if len(body) > MESSAGE_BYTES_MAX:
        raise click.UsageError(f"{path} is longer than a message may be ({MESSAGE_BYTES_MAX} bytes)")
    return attached(path.name, body)


def must_have_key(key_file: Path | None) -> Path:
    if key_file is None:
        raise click.UsageError("give --key FILE (or $TIDEGATE_OFFICER_KEY): an officer signs what is said")
    return key_file


def expiry_of(span: str | None, now_s: int) -> int | None:
    if span is None:
        return None
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise click.UsageError(f'"{span}": write a span like 30min, 12h or 7d')
    return now_s + int(found[1]) * _SPAN_S[found[2]]


def choice_of(group: str, codes: Sequence[str], paper: Paper) -> str:
    """Nothing is assumed about how real or how urgent a message is."""
    from tidegate.app.hotline.reading import left_to_right
    from tidegate.model.labels import label

    if not sys.stdin.isatty():
        raise click.UsageError(f"give --{group}: {' or '.join(codes)}")
    question = label("screen" if group == "mark" else "page", group, paper.language)
    texts = [f"{left_to_right(code)} {label(group, code, paper.language)}" for code in codes]
    return choose(question, texts, codes, paper)
