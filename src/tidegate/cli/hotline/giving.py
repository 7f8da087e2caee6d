"""An officer's signature at a terminal: the message is shown whole, then mark and precedence are typed."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.filling import prompt
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.line import Draft, HotlineLine, HotlineShown, PairSigner, SignatureTaken
    from tidegate.app.hotline.reading import Letter
    from tidegate.model.organisations import CardOfficer


class Asked(Protocol):
    """How a message is to be signed."""

    @property
    def yes(self) -> bool: ...
    @property
    def as_json(self) -> bool: ...


SaidT = TypeVar("SaidT", bound=Asked)


@dataclass(frozen=True, slots=True)
class Desk(Generic[SaidT]):
    """An officer before a running node, with a key at hand."""

    said: SaidT
    paper: Paper
    line: "HotlineLine"
    board: "HotlineShown"
    officer: "CardOfficer"
    signer: "PairSigner"
    now_s: int


def show_letter(letter: "Letter", paper: Paper) -> None:
    from tidegate.app.hotline.reading import page_of

    paper.page(page_of(letter.content, letter.known, paper.language))


def agree(letter: "Letter", paper: Paper, *, yes: bool) -> None:
    """Shows whom it goes to, and asks for mark and precedence as words: a drill is never signed for real, nor
    a flash for routine, by a habit of the hand. Nothing is signed where anything else is typed."""
    from tidegate.app.hotline.reading import left_to_right, organisation_name
    from tidegate.model.labels import label

    content = letter.content
    paper.say(label("screen", "recipients", paper.language), "bold")
    for at, recipient in enumerate(content.recipients, 1):
        name = organisation_name(recipient, letter.known.names)
        paper.say(f"{left_to_right(str(at))}  {name}  {left_to_right(recipient[:16])}", "bold", indent=2)
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here; read the message first, and then give --yes")
    words = f"{content.mark} {content.precedence}"
    if prompt("type-to-sign", paper, words=left_to_right(words)) != words:
        paper.say(label("screen", "not-signed", paper.language), "bold")
        raise Finished(Exit.NOT_APPROVED)


def send_draft(desk: "Desk[SaidT]", draft: "Draft") -> None:
    """Shows it, asks, composes it and signs the very bytes that say what was shown: a notice that an accord
    stops is not, and a late one is marked."""
    from tidegate.app.accord.guarding import looked
    from tidegate.app.accord.remarking import remark_words
    from tidegate.app.hotline.writing import preview, sentences
    from tidegate.model.refusals import NotAllowed

    language = desk.paper.language
    _, problems = preview(draft, desk.board, desk.now_s)
    if problems:
        raise NotAllowed(sentences(problems, language))
    draft, remarks = looked(desk.line, draft)
    stops = [remark_words(one, language) for one in remarks if one.kind == "stop"]
    if stops:
        raise NotAllowed("\n".join(stops))
    for one in remarks:
        click.echo(remark_words(one, language), err=True)
    letter, _ = preview(draft, desk.board, desk.now_s)
    if desk.said.as_json:
        must_say_yes(desk.said.yes)
    else:
        show_letter(letter, desk.paper)
        agree(letter, desk.paper, yes=desk.said.yes)
    composed = desk.line.compose(draft)
    taken = desk.line.sign(composed.content, desk.officer, desk.signer)
    tell_signed(taken, composed.message, desk.officer.name, desk.paper, as_json=desk.said.as_json)


def must_say_yes(yes: bool) -> None:
    if not yes:
        raise click.UsageError("--json asks nothing; read the message first, and then give --yes")


def tell_signed(taken: "SignatureTaken", message: str, officer: str, paper: Paper, *, as_json: bool) -> None:
    from tidegate.app.hotline.reading import by_itself, left_to_right
    from tidegate.model.labels import label, phrase

    if as_json:
        print_json({"message": message, "officer": officer, "stage": taken.stage, "lacking": taken.lacking})
        return
    paper.say(f"{label('screen', 'message', paper.language)} {left_to_right(message)}")
    if taken.lacking:
        paper.say(phrase("screen", "lacking", paper.language, what=by_itself(taken.lacking)), "bold")
    else:
        paper.say(label("screen", "on-its-way", paper.language))
