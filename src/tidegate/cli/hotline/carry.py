"""`tidegate hotline export`, `import` and `qr`: messages carried by hand where no network is left."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.options import line_to
from tidegate.cli.options import json_option, state_option
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
@state_option
@json_option
@click.pass_obj
def export(
    parts: "Parts",
    peer: str,
    messages: tuple[str, ...],
    file: Path | None,
    mail: Path | None,
    codes: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Write what waits for PEER, sealed, to be carried to it; receipts for its messages go along.

    Without MESSAGE everything that it has not receipted. Nobody but PEER can open it.
    """
    if file is None and mail is None and codes is None:
        raise click.UsageError("say where to: --file, --mail or --codes (or show codes: tidegate hotline qr)")
    line, carrier = line_to(parts, state_folder), parts.carrier()
    exported = must_hold_something(line.export(peer, messages), peer)
    if file is not None:
        carrier.write_file(file, exported.envelopes)
    if mail is not None:
        carrier.write_mail(mail, exported.envelopes, line.board().name, peer)
    pictures = carrier.write_codes(codes, exported.envelopes) if codes is not None else []
    if as_json:
        print_json({"messages": exported.messages, "receipts": exported.receipts, "codes": len(pictures)})
        return
    click.echo(told(exported))
    if pictures:
        click.echo(f"{len(pictures)} codes in {codes}; all of them are needed, in any order.")


@click.command()
@click.argument("peer")
@click.argument("messages", nargs=-1, metavar="[MESSAGE]...")
@state_option
@click.pass_obj
def qr(parts: "Parts", peer: str, messages: tuple[str, ...], state_folder: Path | None) -> None:
    """Show what waits for PEER as QR codes on this screen, one after the other."""
    exported = must_hold_something(line_to(parts, state_folder).export(peer, messages), peer)
    shown = parts.carrier().codes_for_screen(exported.envelopes)
    for number, code in enumerate(shown, 1):
        click.echo(code)
        click.echo(f"{number} of {len(shown)}")
        if number < len(shown):
            click.pause("Scan it, then press any key for the next.")
    click.echo(told(exported))


@click.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=CARRIED, metavar="FILE...")
@click.option("--reply", type=FILE, metavar="FILE", help="Write receipts for the way back into this file.")
@state_option
@json_option
@click.pass_obj
def bring_in(
    parts: "Parts", paths: tuple[Path, ...], reply: Path | None, state_folder: Path | None, as_json: bool
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
            tell(imported.envelopes, len(imported.reply), reply)
    refused = imported is None or any(one.kind == "refused" for one in imported.envelopes)
    if carried.problems or refused:
        raise Finished(Exit.FINDING)


def must_hold_something(exported: "Exported", peer: str) -> "Exported":
    if not exported.envelopes:
        click.echo(f"Nothing waits for {peer}.")
        raise Finished(Exit.FINDING)
    return exported


def told(exported: "Exported") -> str:
    messages = "1 message" if exported.messages == 1 else f"{exported.messages} messages"
    return (
        f"{messages}{' and receipts' if exported.receipts else ''}. "
        "A message counts as delivered when its receipt has come back, by whatever way."
    )


def tell(brought: "Sequence[ImportedOne]", receipts: int, reply: Path | None) -> None:
    for one in brought:
        named = f"{one.message[:12]}  " if one.message else ""
        click.echo(f"{one.kind:<10} {named}{one.words}")
    if receipts and reply is not None:
        click.echo(f"{reply} holds the receipts: carry it back.")
    elif receipts:
        click.echo(
            "The receipts go back over the network; where there is none, import again with --reply FILE."
        )
