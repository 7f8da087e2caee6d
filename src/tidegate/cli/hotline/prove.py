"""`tidegate hotline prove`: all evidence about one message in one file, for whoever may deny it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.hotline.options import language_of, screen_options
from tidegate.cli.hotline.paper import Paper
from tidegate.cli.options import config_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("message")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Where; else MESSAGE.bundle here."
)
@click.option(
    "--verifier",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the one-file verifier there, too.",
)
@click.option(
    "--with",
    "other",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="BUNDLE",
    help="The other side's bundle about the same message, to be joined with ours.",
)
@config_option
@screen_options
@click.pass_obj
def prove(
    parts: "Parts",
    message: str,
    out: Path | None,
    verifier: Path | None,
    other: Path | None,
    config_file: Path | None,
    state_folder: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Write the evidence about MESSAGE (its digest's first digits) into one file, and say what it proves.

    Nothing is asked of the network or of a running node. What it proves is said in the verifier's own words,
    which are English.
    """
    from tidegate.app.hotline.places import proved_in, read_bundle, verifier_source
    from tidegate.model.labels import phrase

    theirs = None if other is None else read_bundle(other)
    proved = proved_in(parts, config_file, state_folder, message, theirs)
    file = out or Path(f"{proved.message[:16]}.bundle")
    file.write_bytes(proved.body)
    if verifier is not None:
        verifier.write_text(verifier_source())
    if as_json:
        print_json({"message": proved.message, "file": str(file), "proves": proved.lines})
        return
    click.echo("\n".join(proved.lines))
    paper = Paper(language_of(language, parts.environ), parts.environ)
    where, command = paper.own(str(file)), paper.own(f"tidegate verify {file}")
    paper.say(phrase("carry", "proof-written", paper.language, file=where, command=command))
