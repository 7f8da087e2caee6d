"""`tidegate lab`: a small world on this machine, with the faults that the real one has."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.audit_lab import audit
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.accord.lab import AccordLabReport
    from tidegate.app.hotline.lab import LabReport, Latency
    from tidegate.app.parts import Parts

COUNT = click.IntRange(0, 1_000_000)


@click.group()
def lab() -> None:
    """Try things on this machine. Nothing leaves it."""


lab.add_command(audit)


@lab.command()
@click.option("--parties", type=click.IntRange(2, 8), default=3, show_default=True)
@click.option(
    "--faults",
    default="loss=30%,delay=150ms,duplication=5%,reordering=10%",
    show_default=True,
    metavar="WORDS",
    help="loss, duplication, reordering, truncation, cut: N%; delay: Nms. Each way, each packet.",
)
@click.option("--messages", type=COUNT, default=100, show_default=True)
@click.option("--rate", type=click.FloatRange(0.01, 1_000), default=5.0, show_default=True, help="A second.")
@click.option("--kills", type=COUNT, default=3, show_default=True, help="kill -9, spread over the messages.")
@click.option("--partitions", type=COUNT, default=2, show_default=True)
@click.option("--clock-steps", type=COUNT, default=2, show_default=True)
@click.option("--junk", type=COUNT, default=0, show_default=True, help="Junk datagrams a second.")
@click.option("--backlog", is_flag=True, help="Nothing passes until all is said.")
@click.option(
    "--network",
    type=click.Choice(["proxy", "namespaces"]),
    default="proxy",
    show_default=True,
    help="Namespaces (root) lose packets under TCP too.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--wait", type=click.IntRange(1), default=300, show_default=True, help="Seconds for the last R1."
)
@json_option
@click.pass_obj
def hotline(
    parts: "Parts",
    parties: int,
    faults: str,
    messages: int,
    rate: float,
    kills: int,
    partitions: int,
    clock_steps: int,
    junk: int,
    backlog: bool,
    network: str,
    seed: int,
    wait: int,
    as_json: bool,
) -> None:
    """Let organisations talk while networks fail, and compare what each has on record.

    The exit code is 1 where a message was lost, is there twice, or was shown delivered falsely. After Ctrl-C
    it is 130, and what stood by then is compared and told.
    """
    from tidegate.app.hotline.lab import LabOrder

    order = LabOrder(
        parties=parties,
        faults=faults,
        messages=messages,
        per_s=rate,
        kills=kills,
        partitions=partitions,
        clock_steps=clock_steps,
        junk_per_s=junk,
        backlog=backlog,
        network="namespaces" if network == "namespaces" else "proxy",
        seed=seed,
        wait_s=wait,
    )
    report = parts.run_lab(order, lambda line: click.echo(line, err=True))
    if as_json:
        print_json(report)
    else:
        tell(report)
    if report.lost or report.twice or report.false or report.unreceipted:
        raise Finished(Exit.FINDING)
    if report.interrupted:
        raise Finished(Exit.INTERRUPTED)


@lab.command()
@click.option(
    "--output",
    "output",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Where the review packs are written, in Persian and Russian.  [default: here]",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Leave both nodes' records here, for `tidegate accord status --state DIR/XA` and its like.",
)
@json_option
@click.pass_obj
def accord(parts: "Parts", output: Path | None, keep: Path | None, as_json: bool) -> None:
    """Let two organisations sign an accord over the hotline and live under it for a year, in about a minute.

    The exit code is 1 where the two nodes do not show the same standing when it is over.
    """
    report = parts.run_accord_lab(output or Path(), keep, lambda line: click.echo(line, err=True))
    if as_json:
        print_json(report)
    else:
        tell_of_accord(report)
    if report.differing:
        raise Finished(Exit.FINDING)


def tell_of_accord(report: "AccordLabReport") -> None:
    from tidegate.cli.output import console
    from tidegate.cli.tables import plain_table
    from tidegate.cli.words import moment

    first, second = report.nodes
    table = plain_table()
    headings = ("article", "obligation", "owed by", "to", "standing", "due", "kept", "next")
    for heading in (*headings, *(f"facts of {node.party}" for node in report.nodes)):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("article", "obligation"))
    for one, other in zip(first.notable, second.notable, strict=True):
        due, kept = (moment(at * 1_000) if at is not None else "" for at in (one.due_s, one.kept_s))
        facts = [" ".join(f"#{fact}" for fact in shown.facts) for shown in (one, other)]
        table.add_row(
            one.article, one.obligation, one.duty, one.toward, one.stage, due, kept, one.next_step, *facts
        )
    console().print(table)
    for line in first.reminders:
        click.echo(f"{first.party} was reminded: {line}")
    same = "the same" if not report.differing else f"not the same: {', '.join(report.differing)}"
    click.echo(
        f"{report.messages} messages, {report.instances} obligations came due or were kept; both nodes show "
        f"{same}. {report.seconds} s."
    )
    click.echo(
        f"XB's account of the year, sent over the hotline, tells {report.told_alike} things as XA's record "
        f"does and {report.told_otherwise} otherwise."
    )
    for path in report.packs:
        click.echo(f"{path} is written.")


@lab.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def party(parts: "Parts", folder: Path) -> None:
    """One party of the lab; started by `tidegate lab hotline`, not by hand."""
    parts.lab_party(folder)


def tell(report: "LabReport") -> None:
    click.echo(f"{report.sent} messages, each counted once for each recipient; {report.kills} kill -9")
    click.echo(
        f"delivered {report.delivered}, lost {report.lost}, twice {report.twice}, false {report.false}"
    )
    if report.interrupted:
        click.echo(f"interrupted; {report.under_way} were still on their way")
    if report.unreceipted:
        click.echo(f"stored, but their senders do not know yet: {report.unreceipted}")
    for name, latency in (("FLASH", report.flash), ("others", report.others)):
        if latency is not None:
            click.echo(f"signature to R1, {name}: {words(latency)}")
    click.echo(
        f"{report.per_s:.0f} messages/s from the first signature to the last R1; "
        f"largest process {report.largest_memory_mb} MB; {report.seconds} s in all"
    )


def words(latency: "Latency") -> str:
    return (
        f"median {latency.median_ms / 1000:.2f} s, 95 % within {latency.p95_ms / 1000:.2f} s, "
        f"worst {latency.worst_ms / 1000:.2f} s"
    )
