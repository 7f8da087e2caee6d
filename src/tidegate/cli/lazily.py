"""A group of commands by name, each loaded only when it is called."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives under tidegate.cli and what the group's `--help` says of it."""

    module: str
    name: str
    summary: str


class Commands(click.Group):
    """`table` are the commands that the group's help lists, `hidden` those that only programs call."""

    def __init__(
        self, *args: Any, table: Mapping[str, Entry], hidden: Mapping[str, Entry] | None = None, **attrs: Any
    ) -> None:
        super().__init__(*args, **attrs)
        self._table = table
        self._hidden = hidden or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._table.get(cmd_name) or self._hidden.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"tidegate.cli.{entry.module}"), entry.name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self._table:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._table.items()])
