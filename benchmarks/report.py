"""The one table: each figure beside its aim and the peers' figures of the same run; and the same as JSON."""

import os
import platform
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Description, Figure


@dataclass(frozen=True, slots=True)
class Result:
    """A description and what came of it; `figure` is None when measuring failed, and `failure` says how."""

    description: Description
    figure: Figure | None
    failure: str = ""

    @property
    def passed(self) -> bool | None:
        return self.description.reached(self.figure.value) if self.figure else None

    @property
    def fine(self) -> bool:
        """Measured, and no stated aim is missed."""
        return self.figure is not None and self.figure.value is not None and self.passed is not False


class Row(msgspec.Struct, frozen=True):
    """One figure as JSON carries it."""

    name: str
    what: str
    unit: str
    aim: float | None
    better: str
    value: float | None
    shown: str
    passed: bool | None
    peers: tuple[tuple[str, float | None, float | None, str], ...]
    notes: tuple[str, ...]
    failure: str


def machine() -> str:
    """The shape of this machine in words."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.machine()}, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def verdict(entry: Row) -> str:
    if entry.value is None:
        return "not measured"
    return {True: "pass", False: "miss", None: "told"}[entry.passed]


def number(value: float, unit: str) -> str:
    """A figure with three digits that matter, in its unit."""
    if unit.endswith("/s") and value >= 1e6:
        return f"{value / 1e6:.3g} million {unit}"
    if unit.endswith("/s") and value >= 1e3:
        return f"{value / 1e3:.3g} thousand {unit}"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def row(result: Result) -> Row:
    description, figure = result.description, result.figure
    peers = tuple(
        (peer.name, peer.value, description.ratio(figure.value if figure else None, peer.value), peer.note)
        for peer in (figure.peers if figure else ())
    )
    return Row(
        name=description.name,
        what=description.what,
        unit=description.unit,
        aim=description.aim,
        better=description.better.value,
        value=figure.value if figure else None,
        shown=figure.shown if figure else "",
        passed=result.passed,
        peers=peers,
        notes=figure.notes if figure else (),
        failure=result.failure,
    )


def as_json(results: list[Result], quick: bool) -> bytes:
    """`{"machine": ..., "quick": ..., "figures": [...]}`."""
    return msgspec.json.format(
        msgspec.json.encode(
            {"machine": machine(), "quick": quick, "figures": [row(result) for result in results]}
        )
    )


def _peers_cell(entry: Row) -> str:
    lines = []
    for name, value, ratio, note in entry.peers:
        said = number(value, entry.unit) if value is not None else note
        lines.append(f"{name}: {said}" + (f" ({ratio:.3g}x)" if ratio else ""))
    return "\n".join(lines)


def print_table(results: list[Result], quick: bool) -> None:
    """The table, then each figure's notes, then what failed."""
    console = Console(width=max(Console().width, 140))
    table = Table(
        title=f"Tidegate on {machine()}" + (" (quick: less exact)" if quick else ""), show_lines=True
    )
    for heading in ("figure", "aim", "measured", "peers in the same run (ours is so many times better)", ""):
        table.add_column(heading)
    for result in results:
        entry = row(result)
        sign = ">=" if entry.better == "higher" else "<="
        colour = {True: "green", False: "red", None: "yellow"}[entry.passed]
        table.add_row(
            f"{entry.what}\n[dim]{entry.name}[/dim]",
            f"{sign} {number(entry.aim, entry.unit)}" if entry.aim is not None else "none stated",
            entry.shown or "-",
            _peers_cell(entry),
            f"[{colour}]{verdict(entry)}[/{colour}]",
        )
    console.print(table)
    for result in results:
        entry = row(result)
        for note in (*entry.notes, *((f"failed: {entry.failure}",) if entry.failure else ())):
            console.print(f"[bold]{entry.name}[/bold]: {note}", highlight=False)
