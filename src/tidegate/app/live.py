"""The last seconds of inbound volume by border point and vector, as a running node tells them to a screen."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from tidegate.app.volume import NOTHING, SILENCE, bits_per_s, volume
from tidegate.model.attacks import Attack, Rate
from tidegate.model.summaries import NO_VECTOR
from tidegate.model.vectors import VECTORS
from tidegate.ports.collector import CollectorReport
from tidegate.ports.control import InboundNow, Now, PointSecond

LIVE_SECONDS_MAX = 120
"""Seconds at hand for whoever opens a screen; the older ones are forgotten."""

LIVE_ATTACKS_MAX = 1_000
"""Attacks under way in one answer, the strongest first; `attacks_left_out` counts the rest."""

ELSEWHERE = ""
"""The border point of exporters that belong to none."""


class Live:
    """Hears every report (an ear of the node's run); asked by the desk, in the same thread."""

    def __init__(self, border_point_of: Callable[[str], str | None], points: Sequence[str]) -> None:
        self._border_point_of = border_point_of
        self._points = tuple(points)
        self._past: deque[PointSecond] = deque(maxlen=LIVE_SECONDS_MAX)
        self._inbound: tuple[InboundNow, ...] = ()
        self._point_rates: tuple[Rate, ...] = (NOTHING,) * (len(self._points) + 1)
        self._report: CollectorReport | None = None
        self._attacks: Callable[[], Sequence[Attack]] = tuple

    def follow(self, attacks: Callable[[], Sequence[Attack]]) -> None:
        """From now on answers tell of these attacks, as last observed."""
        self._attacks = attacks

    def __call__(self, report: CollectorReport) -> None:
        self._report = report
        self._inbound = tuple(self._by_point_and_vector(report))
        by_point = dict.fromkeys((*self._points, ELSEWHERE), 0)
        for one in self._inbound:
            by_point[one.border_point] += one.bits_per_s
        # A collector that was started again may tell of a second anew: each stands once, in order.
        while self._past and self._past[-1].second >= report.summary.second:
            self._past.pop()
        self._past.append(PointSecond(report.summary.second, tuple(by_point.values())))

    def _by_point_and_vector(self, report: CollectorReport) -> Iterable[InboundNow]:
        """A few sums over a few thousand rows at most, once a second."""
        told = report.summary.inbound
        names = [*self._points, ELSEWHERE]
        at = {name: row for row, name in enumerate(names)}
        of_exporter = [
            at.get(self._border_point_of(name) or ELSEWHERE, len(names) - 1) for name in report.exporter_names
        ]
        # An exporter without a name yet came in this very second.
        rows = np.array([*of_exporter, len(names) - 1])[np.minimum(told["exporter"], len(of_exporter))]
        sums = np.zeros((len(names), NO_VECTOR + 1, 3))
        amounts = np.stack([told["bytes"], told["packets"], told["bytes_variance"]], axis=-1)
        np.add.at(sums, (rows, told["vector"]), amounts)
        self._point_rates = tuple(
            bits_per_s(size, variance) for size, _, variance in sums.sum(axis=1).tolist()
        )
        for row, vector in zip(*np.nonzero(sums[:, :, 0]), strict=True):
            size, packets, _ = sums[row, vector]
            yield InboundNow(
                border_point=names[row],
                vector="" if vector == NO_VECTOR else VECTORS[vector].name,
                bits_per_s=round(size * 8),
                packets_per_s=round(packets),
            )

    def now(self, node: str, seconds: int) -> Now:
        """As of the last closed second, with at most so many seconds before it."""
        attacks = sorted(self._attacks(), key=lambda one: -one.bits_per_s.estimate)
        summary = self._report.summary if self._report else None
        told = volume(summary) if summary else SILENCE
        past = tuple(self._past)[-seconds:] if seconds > 0 else ()
        return Now(
            node=node,
            second=summary.second if summary else None,
            bits_per_s=told.bits_per_s,
            packets_per_s=told.packets_per_s,
            unscaled=told.unscaled,
            records_per_s=summary.records if summary else 0,
            points=(*self._points, ELSEWHERE),
            point_bits_per_s=self._point_rates,
            inbound=self._inbound,
            past=past,
            attacks=tuple(attacks[:LIVE_ATTACKS_MAX]),
            attacks_left_out=max(0, len(attacks) - LIVE_ATTACKS_MAX),
        )
