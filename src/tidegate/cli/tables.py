"""Tables of attacks and exporters, as wide as the screen allows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from tidegate.cli import words

if TYPE_CHECKING:
    from tidegate.app.exporter_health import ExporterHealth
    from tidegate.model.attacks import Attack

WIDE = 104
"""Columns from which a table shows what a narrow one leaves to `--json` and to `attacks show`."""

NARROW = 72
"""Columns below which an attack is told in lines, one below the other."""

SAMPLING_UNKNOWN = "unknown"


def plain_table(title: str = "") -> Table:
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="dim",
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )


def attack_table(
    attacks: Sequence["Attack"], ended: frozenset[int], width: int, *, dated: bool = False
) -> Table:
    """One row an attack: what is hit, by what, how strongly, since when (with the day if `dated`)."""
    table = plain_table()
    table.add_column("#", justify="right")
    if width < NARROW:
        table.add_column("attack", overflow="fold")
        for attack in attacks:
            cells = _attack_cells(attack, attack.number in ended, wide=False, dated=dated)
            table.add_row(cells[0], Text("\n").join(Text.assemble(cell) for cell in cells[1:]))
        return table
    wide = width >= WIDE
    table.add_column("target", overflow="fold", min_width=15)
    table.add_column("vectors", overflow="fold")
    table.add_column("peak rate (90 % interval)" if wide else "peak rate", justify="right", no_wrap=True)
    if wide:
        table.add_column("packets", justify="right", no_wrap=True)
    table.add_column("seen (UTC)", no_wrap=True)
    if wide:
        table.add_column("border points")
    table.add_column("state", no_wrap=True, min_width=6)
    for attack in attacks:
        table.add_row(*_attack_cells(attack, attack.number in ended, wide=wide, dated=dated))
    return table


def _attack_cells(attack: "Attack", ended: bool, *, wide: bool, dated: bool) -> list[Text | str]:
    scaled = words.is_scaled(attack)
    rate = words.rate if wide else words.short_rate
    return [
        str(attack.number),
        words.target(attack),
        words.vectors(attack),
        rate(attack.peak_bits_per_s, "bps", scaled=scaled),
        *([words.short_rate(attack.packets_per_s, "pps", scaled=scaled)] if wide else []),
        _seen(attack.first_seen_ms, dated=dated),
        *([", ".join(attack.border_points) or "-"] if wide else []),
        state(attack, ended=ended),
    ]


def _seen(ms: int, *, dated: bool) -> str:
    text = words.moment(ms).partition(" UTC")[0]
    return text.partition(" ")[0 if dated else 2] + (text[10:16] if dated else "")


def vector_table(attack: "Attack", width: int) -> Table:
    """What the attack is made of, each vector with its rates."""
    table = plain_table()
    table.add_column("vector", overflow="fold")
    table.add_column("bits", justify="right", no_wrap=width >= NARROW)
    table.add_column("packets", justify="right", no_wrap=width >= NARROW)
    scaled = words.is_scaled(attack)
    for part in attack.vectors:
        table.add_row(
            part.vector,
            words.rate(part.bits_per_s, "bps", scaled=scaled),
            words.rate(part.packets_per_s, "pps", scaled=scaled),
        )
    return table


def exporter_table(exporters: Sequence["ExporterHealth"]) -> Table:
    """One row an exporter: what it sent, and what of it could not be used."""
    table = plain_table()
    for heading in ("exporter", "protocol"):
        table.add_column(heading, no_wrap=True)
    for heading in ("datagrams", "records", "sampling", "lost", "age"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("not used", overflow="fold")
    for health in exporters:
        table.add_row(
            health.exporter,
            health.protocol,
            words.count(health.datagrams),
            words.count(health.records),
            sampling(health.sampling_rate),
            words.count(health.lost),
            words.duration(max(health.age_ms, 0)),
            _not_used(health),
        )
    return table


def _not_used(health: "ExporterHealth") -> str:
    counts = {
        "sets without template": health.without_template,
        "records with unknown sampling": health.unknown_sampling,
        "not IP": health.not_ip,
        "told before on the way in": health.repeated,
        "packets it could not sample": health.sample_drops,
        **health.refused,
    }
    return ", ".join(f"{words.count(number)} {what}" for what, number in counts.items() if number)


def state(attack: "Attack", *, ended: bool) -> Text:
    """Over, open, or open but on doubtful figures; never told by colour alone."""
    if ended:
        return Text("ended", style="dim")
    return Text("open", style="bold red") if attack.actionable else Text("unsure", style="yellow")


def sampling(rate: int) -> Text:
    return Text(f"1:{rate}") if rate else Text(SAMPLING_UNKNOWN, style="yellow")
