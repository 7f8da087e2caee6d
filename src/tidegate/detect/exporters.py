"""Who told of an attack: exporters by name, their border points, losses, clocks and delays."""

from collections.abc import Callable, Iterator

from tidegate.detect.open_attack import OpenAttack
from tidegate.model.addresses import text
from tidegate.model.summaries import SecondSummary

LISTED_MAX = 64
"""Exporters that an attack lists by name; further ones are left out."""

SHARED_BIT = 63
"""This bit of a cell's exporters stands for every exporter row from 63."""

LOSS_SECONDS = 60
"""Datagrams lost within this time before make the rates doubtful."""

PROMPT_MS = 50
"""An exporter that tells of every packet this soon has told a second in full when it closes."""

DELAY_SECONDS_MAX = 315
"""What an exporter's reporting delay adds, at most, to the time before an attack is called ended: an active
timeout of five minutes and an inactive one of 15 s. An exporter that tells later than that lets attacks end
between two of its records."""


class Exporters:
    """Follows the exporter table of the summaries."""

    def __init__(self, border_point_of: Callable[[str], str | None]) -> None:
        self._border_point_of = border_point_of
        self._lost: dict[int, int] = {}
        self._lost_second: dict[int, int] = {}
        self._dropped_second = -LOSS_SECONDS

    def heard(self, summary: SecondSummary) -> None:
        """Note which exporters have lost datagrams since the last summary."""
        for row, lost in enumerate(summary.exporters["lost"].tolist()):
            if lost > self._lost.get(row, lost):
                self._lost_second[row] = summary.second
            self._lost[row] = lost
        if summary.datagrams_dropped:
            self._dropped_second = summary.second

    def describe(self, attack: OpenAttack, bits: int, summary: SecondSummary) -> None:
        """Add to an attack the exporters that told of it, and what they are worth."""
        table = summary.exporters
        lost = summary.second - self._dropped_second < LOSS_SECONDS
        skews = []
        for row in _rows(bits, len(table)):
            exporter = table[row]
            address = text(int(exporter["address_high"]), int(exporter["address_low"]))
            name = f"{address}#{int(exporter['domain'])}"
            if len(attack.exporters) < LISTED_MAX:
                attack.exporters.add(name)
            point = self._border_point_of(name)
            if point is not None:
                attack.border_points.add(point)
            lost |= summary.second - self._lost_second.get(row, -LOSS_SECONDS) < LOSS_SECONDS
            skews.append(int(exporter["skew_ms"]))
            late_ms = int(exporter["age_max_ms"])
            delay = min(-(-late_ms // 1000), DELAY_SECONDS_MAX) if late_ms > PROMPT_MS else 0
            attack.delay_seconds = max(attack.delay_seconds, delay)
            attack.restored_delay_seconds = 0
        attack.circumstances.datagrams_lost |= lost
        attack.circumstances.skew_ms = max([attack.circumstances.skew_ms, *skews], key=abs)


def _rows(bits: int, count: int) -> Iterator[int]:
    """The exporter rows that a cell's bits stand for."""
    for row in range(min(count, SHARED_BIT)):
        if bits >> row & 1:
            yield row
    if bits >> SHARED_BIT & 1:
        yield from range(SHARED_BIT, min(count, SHARED_BIT + LISTED_MAX))
