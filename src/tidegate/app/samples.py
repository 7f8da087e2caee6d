"""Recent flows asked of the collector: what plans are made from, and what is measured at the border."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.measure import meant_by, measured
from tidegate.mitigate.told import told_until_ms
from tidegate.model.addresses import IPV4_BITS_OFFSET, Prefix, is_ipv4
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.model.plans import Measured, Plan
from tidegate.ports.collector import CollectorReport, FlowSample
from tidegate.ports.outside import OutsideFailed

SAMPLE_S = 3.0
"""The collector answers within a fraction of a second; one that does not is asked again later."""

PLAN_ROWS_MAX = 50_000
"""Rows that a plan is made from, over all its networks; the collector thins evenly above that."""

WINDOW_MS_MIN = 2_000
"""A shorter time of telemetry is no measurement."""

NETWORKS_MAX = 16
"""Networks asked for one plan; an attack with more targets is planned on the first of them."""

SURROUNDING_IPV4, SURROUNDING_IPV6 = 20, 44
"""Around a target, the planner sees the network of this length: whom else a rule might meet."""


class Sampler(Protocol):
    """Who gives samples of recent flows; any thread may ask (tidegate.app.supervision.CollectorKeeper)."""

    def sample(self, prefix: Prefix, limit: int, timeout_s: float) -> FlowSample: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """The exporters as of one report: `names[row]` names a row, as long as `run` is the collector's."""

    run: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flows:
    """Sampled rows with the border point of each: its index in `points`, -1 where it belongs to none."""

    rows: FlowRows
    weights: npt.NDArray[np.float64]
    received_ms: npt.NDArray[np.int64]
    point_of: npt.NDArray[np.int16]
    from_ms: int
    until_ms: int

    def between(self, from_ms: int, until_ms: int) -> "Flows":
        """What flowed in that time: each record counts by its part in it, because a record may tell of a
        whole minute, and what was told late belongs to when it flowed."""
        from_ms, until_ms = max(from_ms, self.from_ms), min(until_ms, self.until_ms)
        start, end = self.rows["start_ms"], np.maximum(self.rows["end_ms"], self.rows["start_ms"] + 1)
        inside = np.clip(np.minimum(end, until_ms) - np.maximum(start, from_ms), 0, None) / (end - start)
        some = inside > 0
        weights = self.weights[some] * inside[some]
        received_ms, point_of = self.received_ms[some], self.point_of[some]
        return Flows(self.rows[some], weights, received_ms, point_of, from_ms, until_ms)

    def told_until_ms(self, plan: Plan, point: str, index: int) -> int:
        """Until when the exporters of a border point have told of what the plan's rules mean there, and of
        the rest: flows of a flood and others come to their ends at different times."""
        meant = meant_by(plan, point, self.rows)
        here = self.point_of == index
        kinds = (here & meant, here & ~meant)
        return min(
            told_until_ms(self.rows[kind], self.weights[kind], self.received_ms[kind], self.until_ms)
            for kind in kinds
        )


class ExportersHeard:
    """The exporters as of the last report (an ear of the node's run)."""

    def __init__(self) -> None:
        self._heard = Heard(0, ())
        self.last_ms = 0
        """The end of the last second that was told, on the receiver's clock."""

    def __call__(self, report: CollectorReport) -> None:
        self.last_ms = (report.summary.second + 1) * 1000
        names, before = report.exporter_names, self._heard.names
        again = names[: len(before)] != before  # another collector numbers its exporters anew
        if again or names != before:
            self._heard = Heard(self._heard.run + again, names)

    def now(self) -> Heard:
        return self._heard


class FlowsAsked:
    """Asks the collector; used by the threads that plan and measure.

    `heard` tells the exporters as the node last heard them; `points` are the border points' names in order.
    """

    def __init__(
        self,
        sampler: Sampler,
        heard: Callable[[], Heard],
        border_point_of: Callable[[str], str | None],
        points: Sequence[str],
    ) -> None:
        self._sampler = sampler
        self._heard = heard
        self._border_point_of = border_point_of
        self._index = {name: at for at, name in enumerate(points)}

    def towards(self, networks: Sequence[Prefix], limit: int) -> Flows:
        """Recent flows towards any of the networks, which do not overlap. OutsideFailed without an answer."""
        heard = self._heard()
        asked = networks[:NETWORKS_MAX]
        samples = [self._sampler.sample(one, limit // len(asked), SAMPLE_S) for one in asked]
        if self._heard().run != heard.run:
            raise OutsideFailed("the collector was started again", "the collector", "It is asked again soon.")
        rows = np.concatenate([empty_rows(0), *(one.rows for one in samples)])
        return Flows(
            rows=rows,
            weights=np.concatenate([np.zeros(0), *(one.weights for one in samples)]),
            received_ms=np.concatenate([np.zeros(0, np.int64), *(one.received_ms for one in samples)]),
            point_of=self._points(rows, heard.names),
            from_ms=min(one.from_ms for one in samples),
            until_ms=max(one.until_ms for one in samples),
        )

    def _points(self, rows: FlowRows, names: Sequence[str]) -> npt.NDArray[np.int16]:
        """An exporter that came after the last report belongs to no border point yet."""
        of_row = np.full(len(names) + 1, -1, np.int16)
        for row, name in enumerate(names):
            of_row[row] = self._index.get(self._border_point_of(name) or "", -1)
        point_of: npt.NDArray[np.int16] = of_row[np.minimum(rows["exporter"], len(names))]
        return point_of

    def measure(self, plan: Plan, points: Sequence[str], since_ms: int, told_ms: int) -> tuple[Measured, ...]:
        """What came in at these border points since then, or in the last minute where that is shorter.

        OutsideFailed while not all that came before `told_ms` is told.
        """
        flows = self.towards(networks_of(plan), PLAN_ROWS_MAX)
        return tuple(self._measured_at(flows, plan, point, since_ms, told_ms) for point in points)

    def _measured_at(self, flows: Flows, plan: Plan, point: str, since_ms: int, told_ms: int) -> Measured:
        index = self._index[point]
        until_ms = flows.told_until_ms(plan, point, index)
        from_ms = max(since_ms, flows.from_ms)
        if until_ms < max(told_ms, from_ms + WINDOW_MS_MIN):
            told_s, late_s = max(0, until_ms - from_ms) / 1000, (flows.until_ms - until_ms) / 1000
            why = f"telemetry at {point} has told of {told_s:.0f} s, and comes {late_s:.0f} s late"
            raise OutsideFailed(why, "telemetry", "Let exporters tell of active flows more often.")
        part = flows.between(since_ms, until_ms)
        here = part.point_of == index
        return measured(plan, point, part.rows, part.weights, here, part.from_ms, part.until_ms)


def networks_of(plan: Plan) -> list[Prefix]:
    """The plan's targets and the destinations of its rules, none inside another."""
    texts = {*plan.targets, *(rule.match.destination for rule in plan.rules)}
    return apart(map(Prefix.parse, texts))


def surrounding(targets: Sequence[str]) -> list[Prefix]:
    """The networks around an attack's targets, none inside another."""
    return apart(map(around, map(Prefix.parse, targets)))


def around(target: Prefix) -> Prefix:
    ipv4 = is_ipv4(target.high, target.low)
    wide = SURROUNDING_IPV4 + IPV4_BITS_OFFSET if ipv4 else SURROUNDING_IPV6
    return target if target.length <= wide else target.parent(wide)


def apart(prefixes: "map[Prefix]") -> list[Prefix]:
    """Without those inside another, in order."""
    kept: list[Prefix] = []
    for prefix in sorted(set(prefixes), key=lambda one: (one.length, one)):
        if not any(wider.covers(prefix) for wider in kept):
            kept.append(prefix)
    return kept
