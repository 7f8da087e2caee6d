"""`tidegate ledger`: that the record of facts is whole, and proofs of it for others."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.opened import record
from tidegate.cli.options import config_option, json_option, state_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


class Root(click.ParamType[bytes]):
    """A SHA-256 root in 64 hexadecimal digits."""

    name = "root"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            root = bytes.fromhex(str(value))
        except ValueError:
            root = b""
        if len(root) != 32:
            self.fail("a root has 64 hexadecimal digits, as `tidegate ledger head` prints it", param, ctx)
        return root


@click.group()
def ledger() -> None:
    """Prove that the record of facts is whole."""


@ledger.command()
@config_option
@state_option
@json_option
@click.pass_obj
def head(parts: "Parts", config_file: Path | None, state_folder: Path | None, as_json: bool) -> None:
    """Print the ledger's size and root. Written down elsewhere, they reveal any later change."""
    with record(parts, config_file, state_folder) as stores:
        now, where = stores.facts.head(), stores.facts.where
    if as_json:
        print_json({"size": now.size, "root": now.root.hex(), "where": where})
    else:
        click.echo(f"{now.size} {now.root.hex()}")


@ledger.command()
@click.option("--size", type=click.IntRange(0), help="A size that was written down earlier ...")
@click.option("--root", type=Root(), help="... and the root that stood beside it.")
@config_option
@state_option
@json_option
@click.pass_obj
def verify(
    parts: "Parts",
    size: int | None,
    root: bytes | None,
    config_file: Path | None,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Read every fact and compare it with the ledger; the exit code is 1 when one is not as recorded."""
    from tidegate.app.ledger_check import Remembered, verify_ledger

    if (size is None) != (root is None):
        raise click.UsageError("--size and --root belong together")
    remembered = Remembered(size, root) if size is not None and root is not None else None
    with (
        record(parts, config_file, state_folder) as stores,
        click.progressbar(
            length=max(stores.facts.head().size, 1),
            label="Verifying",
            hidden=as_json or not sys.stdout.isatty(),
        ) as line,
    ):
        verdict = verify_ledger(stores.facts, remembered, lambda done, _: line.update(done - line.pos))
    if as_json:
        fault = verdict.fault
        print_json(
            {
                "intact": verdict.intact,
                "size": verdict.size,
                "root": verdict.root.hex(),
                "fault": {"number": fault.number, "why": fault.why} if fault else None,
            }
        )
    elif verdict.fault is None:
        click.echo(f"{verdict.size} facts, all as recorded. Root {verdict.root.hex()}")
    else:
        click.echo(f"Fact {verdict.fault.number} is not as recorded: {verdict.fault.why}")
    if not verdict.intact:
        raise Finished(Exit.FINDING)


@ledger.command()
@click.argument("number", type=click.IntRange(0))
@config_option
@state_option
@click.pass_obj
def proof(parts: "Parts", number: int, config_file: Path | None, state_folder: Path | None) -> None:
    """Print, as JSON, fact NUMBER and the proof that it is in the ledger (RFC 6962, section 2.1.1)."""
    from tidegate.app.proofs import prove_inclusion
    from tidegate.model.refusals import NotAllowed

    with record(parts, config_file, state_folder) as stores:
        now = stores.facts.head()
        if number >= now.size:
            raise NotAllowed(f"The ledger holds facts 0 to {now.size - 1}; there is no fact {number}.")
        path = prove_inclusion(stores.facts, number, now.size)
        (fact,) = stores.facts.facts(number, number + 1)
    print_json(
        {
            "number": number,
            "fact": fact.body.decode(),
            "leaf_hash": fact.leaf_hash.hex(),
            "size": now.size,
            "root": now.root.hex(),
            "proof": [step.hex() for step in path],
        }
    )
