"""`tidegate lab audit`: what an audit foretells of a country in the lab, and what people there see."""

from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json
from tidegate.model.audit_events import MOMENTS, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tidegate.app.audit.lab import AuditLabReport, CaseReport
    from tidegate.app.parts import Parts

STYLES = {State.WORKS: "green", State.DEGRADED: "yellow", State.FAILS: "red", State.NOT_KNOWN: "magenta"}
WORDS = {
    State.WORKS: "works",
    State.DEGRADED: "degraded",
    State.FAILS: "fails",
    State.NOT_KNOWN: "not known",
}


@click.command()
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="NAME",
    help="What happens; several may be given. All of them without it.",
)
@click.option("--list", "only_list", is_flag=True, help="Say which cases there are.")
@json_option
@click.pass_obj
def audit(parts: "Parts", cases: tuple[str, ...], only_list: bool, as_json: bool) -> None:
    """Build a country with real name servers, certificates, pages and mail in network namespaces; probe it;
    make providers withdraw, links break and days pass; and compare what people see with the prediction.

    Needs root and Debian's knot, nsd, unbound, nginx, gnutls-bin, openssl, libfaketime, iproute2 and
    nftables. The exit code is 1 where a service fared otherwise than the audit said.
    """
    from tidegate.app.audit.lab import LAB_CASES, AuditLabOrder

    if only_list:
        for name, title in LAB_CASES.items():
            click.echo(f"{name:<12}{title}")
        return
    order = AuditLabOrder(cases=cases or tuple(LAB_CASES))
    report = parts.run_audit_lab(order, lambda line: click.echo(line, err=True))
    if as_json:
        print_json(report)
    else:
        print_report(console(), report)
    if report.different:
        raise Finished(Exit.FINDING)


def print_report(screen: "Console", report: "AuditLabReport") -> None:
    for case in report.cases:
        screen.print(case_table(case))
        screen.print()
    services = sum(len(case.services) for case in report.cases)
    looks = services * len(MOMENTS)
    screen.print(
        f"{looks} states compared ({services} services, each at {len(MOMENTS)} moments): "
        f"{different_words(report.different)}; {report.seconds} s"
    )


def different_words(different: int) -> str:
    return f"{different} services fared otherwise than foretold" if different else "all as foretold"


def case_table(case: "CaseReport") -> "Table":
    from tidegate.cli.tables import plain_table

    table = plain_table(f"{case.name}: {case.title}")
    table.add_column("service")
    table.add_column("weakness", overflow="fold", max_width=24)
    for moment, _ in MOMENTS:
        table.add_column(moment, no_wrap=True)
    table.add_column("what people saw", overflow="fold", max_width=28)
    for one in case.services:
        table.add_row(one.service, one.weakness, *_cells(one.seen), one.why)
        if not one.equal:
            table.add_row("", "foretold", *_cells(one.predicted))
    return table


def _cells(states: "Sequence[State]") -> "list[Text]":
    from rich.text import Text

    return [Text(WORDS[state], style=STYLES[state]) for state in states]
