"""`tidegate audit import` and `export`: audits put together from files, and written as lines or tables."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.audit.options import AUDIT_FILE, audit_option, home_option, opened

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--country", default="", metavar="COUNTRY", help="Of services whose list does not say.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=AUDIT_FILE, show_default=True)
@click.pass_obj
def import_(parts: "Parts", files: tuple[str, ...], country: str, output: Path) -> None:
    """Put lists of services (TOML, CSV, a domain a line) and observations (.jsonl) together into one audit.

    Nothing is asked of any network. The same observations give the same bytes.
    """
    from tidegate.app.audit.asking import observations_of, write_audit

    now_s = parts.clock().now_ms() // 1000
    told = [one for name in files for one in observations_of(parts.files(), name, now_s, country)]
    write_audit(parts.files(), output, told)
    click.echo(f"Written to {output}: {len(set(told))} observations")


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The audit's lines (.jsonl).")
@click.option(
    "--csv", "folder", type=click.Path(path_type=Path), help="A folder for tables: layers, blasts, scores."
)
@home_option
@audit_option
@click.pass_obj
def export(
    parts: "Parts", output: Path | None, folder: Path | None, home: str | None, audit_name: str
) -> None:
    """Write an audit as canonical lines, or what follows from it as comma-separated tables."""
    from tidegate.app.audit.asking import observations_of, tables_of, write_audit

    if output is None and folder is None:
        raise click.UsageError("Say where to: -o FILE, or --csv FOLDER.")
    if output is not None:
        write_audit(
            parts.files(), output, observations_of(parts.files(), audit_name, parts.clock().now_ms() // 1000)
        )
        click.echo(f"Written to {output}")
    if folder is not None:
        audit = opened(parts, audit_name)
        for name, text in tables_of(audit, home or audit.home()).items():
            parts.files().write(folder / name, text.encode())
            click.echo(f"Written to {folder / name}")
