"""`tidegate config`: the settings in use and where each comes from, and a check of a file."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import config_option, json_option
from tidegate.cli.output import print_json

if TYPE_CHECKING:
    from tidegate.app.config import Setting
    from tidegate.app.parts import Parts


@click.group()
def config() -> None:
    """Show or check the settings."""


@config.command()
@config_option
@json_option
@click.pass_obj
def show(parts: "Parts", config_file: Path | None, as_json: bool) -> None:
    """Print every setting in use, as a file that could be read again, with where each comes from."""
    from tidegate.app.config import load_config

    settings = list(load_config(config_file, parts.environ).settings())
    if as_json:
        for setting in settings:
            print_json(setting)
        return
    click.echo("\n".join(_as_toml(settings)))


def _as_toml(settings: "list[Setting]") -> list[str]:
    lines: list[str] = []
    for setting in settings:
        *table, key = setting.path if setting.value != {} else (*setting.path, "")
        heading = f"[{'.'.join(map(_toml_key, table))}]"
        if heading not in lines:
            lines += ["", heading] if lines else [heading]
        if setting.value is None:
            lines.append(f"# {key} is not set  ({setting.origin})")
        elif key:
            lines.append(
                f"{_toml_key(key)} = {json.dumps(setting.value, ensure_ascii=False)}  # {setting.origin}"
            )
    return lines


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


@config.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@json_option
@click.pass_obj
def validate(parts: "Parts", file: Path | None, as_json: bool) -> None:
    """Check FILE, or the settings in use; every mistake is told, and the exit code is 3."""
    from tidegate.app.config import ConfigurationWrong, load_config

    try:
        loaded = load_config(file, parts.environ)
    except ConfigurationWrong as wrong:
        if not as_json:
            raise
        print_json({"file": wrong.file, "valid": False, "problems": wrong.problems})
        raise Finished(Exit.CONFIGURATION) from wrong
    if as_json:
        print_json({"file": str(loaded.file) if loaded.file else None, "valid": True, "problems": []})
    elif loaded.file is None:
        click.echo("There is no configuration file; the built-in settings are in use.")
    else:
        click.echo(f"{loaded.file}: no mistakes.")
