"""What the commands of `tidegate audit` share: how an audit and its home country are named."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tidegate.app.audit.asking import Audit
    from tidegate.app.parts import Parts

AUDIT_FILE = "audit.jsonl"


def audit_option(command: Any) -> Any:
    return click.option(
        "--audit",
        "audit_name",
        default=AUDIT_FILE,
        show_default=True,
        metavar="AUDIT",
        help='A file of observations, a list of services, or "synthetic[:SERVICES[:SEED]]".',
    )(command)


def home_option(command: Any) -> Any:
    return click.option(
        "--home", metavar="COUNTRY", help="Whose services are meant; needed where they are of several."
    )(command)


def costs_option(command: Any) -> Any:
    return click.option(
        "--costs",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What changes cost (TOML); else as the documentation says.",
    )(command)


def opened(parts: "Parts", name: str) -> "Audit":
    """The audit; says so where everybody who waits would wonder: a first start compiles."""
    from tidegate.app.audit.asking import compiles_first, open_audit

    if compiles_first():
        click.echo("The first start on this machine compiles, for about twenty seconds.", err=True)
    return open_audit(parts.files(), name, parts.clock().now_ms() // 1000)
