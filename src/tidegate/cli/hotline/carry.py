"""`tidegate hotline export`, `import` and `qr`: messages carried by hand where no network is left."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.options import language_of, language_option, line_to, screen_options
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.options import state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.hotline.line import Exported, ImportedOne
    from tidegate.app.parts import Parts

FILE = click.Path(path_type=Path, dir_okay=False)
CARRIED = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("peer")
@click.argument("messages", nargs=-1, metavar="[MESSAGE]...")
@click.option("--file", "file", type=FILE, metavar="FILE", help="Write one file, for a stick.")
@click.option("--mail", type=FILE, metavar="FILE.eml", help="Write a mail with the file attached.")
@click.option("--codes", type=click.Path(path_type=Path), metavar="FOLDER", help="Write QR codes as PNG.")
@screen_options
@click.pass_obj
def export(
    parts: "Parts",
    peer: str,
    messages: tuple[str, ...],
    file: Path | None,
    mail: Path | None,
    codes: Path | None,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Write what waits for PEER, sealed, to be carried to it; receipts for its messages go along.

    Without MESSAGE everything that it has not receipted. Nobody but PEER can open it.
    """
    if file is None and mail is None and codes is None:
        raise click.UsageError("say where to: --file, --mail or --codes (or show codes: tidegate hotline qr)")
    from tidegate.model.labels import counted

    paper = Paper(language_of(language, parts.environ), parts.environ)
    line, carrier = line_to(parts, state_folder), parts.carrier()
    exported = must_hold_something(line.export(peer, messages), peer, paper)
    if file is not None:
        carrier.write_file(file, exported.envelopes)
    if mail is not None:
        carrier.write_mail(mail, exported.envelopes, line.board().name, peer)
    pictures = carrier.write_codes(codes, exported.envelopes) if codes is not None else []
    if as_json:
        print_json({"messages": exported.messages, "receipts": exported.receipts, "codes": len(pictures)})
        return
    tell_what_goes(exported, paper)
    if pictures:
        how_many = counted("carry", "codes", paper.language, len(pictures))
        say(paper, "codes-in", codes=how_many, folder=paper.own(str(codes)))


@click.command()
@click.argument("peer")
@click.argument("messages", nargs=-1, metavar="[MESSAGE]...")
@state_option
@language_option
@click.pass_obj
def qr(
    parts: "Parts", peer: str, messages: tuple[str, ...], state_folder: Path | None, language: str | None
) -> None:
    """Show what waits for PEER as QR codes on this screen, one after the other."""
    from tidegate.model.labels import label

    paper = Paper(language_of(language, parts.environ), parts.environ)
    exported = must_hold_something(line_to(parts, state_folder).export(peer, messages), peer, paper)
    shown = parts.carrier().codes_for_screen(exported.envelopes)
    for number, code in enumerate(shown, 1):
        click.echo(code)
        say(paper, "code-of", number=str(number), count=str(len(shown)))
        if number < len(shown):
            click.pause(paper.as_seen(label("carry", "scan-next", paper.language)))
    tell_what_goes(exported, paper)


@click.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=CARRIED, metavar="FILE...")
@click.option("--reply", type=FILE, metavar="FILE", help="Write receipts for the way back into this file.")
@screen_options
@click.pass_obj
def bring_in(
    parts: "Parts",
    paths: tuple[Path, ...],
    reply: Path | None,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Take what was carried here: files, mails, pictures or texts of codes, folders of these.

    It is believed as if it had come over the network: by its signatures, once. The exit code is 1 where
    something could not be read or was refused.
    """
    carried = parts.carrier().read(paths)
    for problem in carried.problems:
        click.echo(problem, err=True)
    imported = line_to(parts, state_folder).bring_in(carried.envelopes, "file") if carried.envelopes else None
    if imported is not None:
        if reply is not None and imported.reply:
            parts.carrier().write_file(reply, imported.reply)
        if as_json:
            print_json(imported.envelopes)
        else:
            paper = Paper(language_of(language, parts.environ), parts.environ)
            tell(imported.envelopes, len(imported.reply), reply, paper)
    refused = imported is None or any(one.kind == "refused" for one in imported.envelopes)
    if carried.problems or refused:
        raise Finished(Exit.FINDING)


def must_hold_something(exported: "Exported", peer: str, paper: Paper) -> "Exported":

    if not exported.envelopes:
        say(paper, "nothing-waits", peer=paper.own(peer))
        raise Finished(Exit.FINDING)
    return exported


def tell_what_goes(exported: "Exported", paper: Paper) -> None:
    from tidegate.model.labels import counted

    messages = counted("carry", "messages", paper.language, exported.messages)
    say(paper, "with-receipts" if exported.receipts else "without-receipts", messages=messages)
    say(paper, "delivered-when")


def say(paper: Paper, code: str, **values: str) -> None:
    from tidegate.model.labels import phrase

    paper.say(phrase("carry", code, paper.language, **values))


def tell(brought: "Sequence[ImportedOne]", receipts: int, reply: Path | None, paper: Paper) -> None:
    from tidegate.model.labels import label

    for one in brought:
        named = f"{paper.own(one.message[:12])}  " if one.message else ""
        kind = label("carried-kind", one.kind, paper.language)
        paper.say(f"{kind}: {named}{what_became(one, paper)}")
    if receipts and reply is not None:
        say(paper, "carry-back", file=paper.own(str(reply)))
    elif receipts:
        say(paper, "over-network", option=paper.own("--reply FILE"))


def what_became(one: "ImportedOne", paper: Paper) -> str:
    from tidegate.model.labels import label

    if one.code:
        return label("carried", one.code, paper.language)
    form, _, reference = one.words.partition(" ")
    if one.kind == "message" and reference:
        return f"{label('form', form, paper.language)} {paper.own(reference)}"
    return paper.own(one.words)
