"""Rule counters over a span of time: read at its beginning and at its end, beside the node's thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tidegate.app.border_keeper import BorderKeeper
from tidegate.app.complaints import Complaint
from tidegate.app.jobs import Jobs
from tidegate.app.plan_moves import last_points, measure_from_ms, measure_s
from tidegate.app.state import PlanLife
from tidegate.mitigate.due import Due
from tidegate.model.refusals import Malformed
from tidegate.model.verdicts import RuleCounters
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.rule_counts import CountingRouters, CountsRead

SPAN_MS_LEAST = 1_000
"""Two readings lie at least so far apart."""

LATE_MS = 10_000
"""A second reading that comes later than this tells of more than was asked: there are no counters then."""

Span = tuple[int, str, int]
"""A plan at one border point, and since when it stands as it does: with another move another span begins."""


@dataclass(slots=True)
class _Readings:
    first: CountsRead | None = None
    last: CountsRead | None = None
    failed: bool = False

    @property
    def over(self) -> bool:
        return self.failed or self.last is not None


class Counting:
    """Belongs to the node's thread, and never waits for routers.

    Whatever goes wrong means that there are no counters for that span, and is told; nothing counts as zero.
    """

    def __init__(self, routers: CountingRouters) -> None:
        self._routers = routers
        self._jobs: Jobs[Span] = Jobs()
        self._spans: dict[Span, _Readings] = {}
        self._troubles: dict[str, str] = {}
        self._complaint = Complaint("rule counters are read again")

    def stop(self) -> None:
        self._jobs.stop()

    @property
    def trouble(self) -> str:
        """Why counters could not be read when they were last asked for, "" where they could."""
        return "; ".join(self._troubles.values())

    def take(self, plans: Mapping[int, PlanLife], now_ms: int) -> None:
        """Takes in what was read, and forgets spans of which nobody will ask any more."""
        asked = list(self._jobs.done())
        for span, job in asked:
            readings = self._spans.setdefault(span, _Readings())
            try:
                read = job.result()
            except (OutsideFailed, Malformed) as failure:
                readings.failed, self._troubles[span[1]] = True, str(failure)
                continue
            assert isinstance(read, CountsRead), "only reading is asked of the jobs"
            self._troubles.pop(span[1], None)
            if readings.first is None:
                readings.first = read
            else:
                readings.last = read
        standing = {(number, life.standing.since_ms) for number, life in plans.items()}
        self._spans = {span: one for span, one in self._spans.items() if (span[0], span[2]) in standing}
        if asked:
            self._complaint.tell(self.trouble or None, now_ms)

    def follow(self, life: PlanLife, point: str, from_ms: int, span_ms: int, now_ms: int) -> bool:
        """Reads what is due of a span that begins at `from_ms`; whether no more of it will be read."""
        if not self._routers.covers(point):
            return True
        span = span_of(life, point)
        readings = self._spans.setdefault(span, _Readings())
        begun, due_ms = readings.first, from_ms
        if begun is not None:
            due_ms = begun.read_ms + max(span_ms, SPAN_MS_LEAST)
            readings.failed |= now_ms > due_ms + LATE_MS and span not in self._jobs
        if not readings.over and now_ms >= due_ms:
            rules = tuple(rule for rule in life.plan.rules if rule.border_point == point)
            self._jobs.begin(span, partial(self._routers.read, point, rules))
        return readings.over

    def follow_verdict(self, life: PlanLife, border: BorderKeeper, now_ms: int) -> bool:
        """The same for what the next verdict is about, as long as the border has heard the order."""
        over = True
        for point in last_points(life):
            place = life.plan.number, point
            if border.settled(place) or not self._routers.covers(point):
                from_ms = measure_from_ms(life, Due.JUDGE, 0, border.heard_ms(place) or 0)
                whole_ms = measure_s(life) * 1000
                span_ms = whole_ms - (from_ms - (border.heard_ms(place) or life.standing.since_ms))
                over &= self.follow(life, point, from_ms, span_ms, now_ms)
        return over

    def counted(self, life: PlanLife, point: str) -> RuleCounters | None:
        """What was counted in the span; None where two readings are not there, or a router began anew."""
        readings = self._spans.get(span_of(life, point))
        if readings is None or readings.failed or readings.first is None or readings.last is None:
            return None
        first, last = readings.first, readings.last
        pairs = list(zip(first.counts, last.counts, strict=True))
        began_anew = any(
            now.matched_bytes < was.matched_bytes or now.dropped_bytes < was.dropped_bytes
            for was, now in pairs
        )
        if began_anew or last.read_ms <= first.read_ms:
            return None
        return RuleCounters(
            border_point=point,
            from_ms=first.read_ms,
            until_ms=last.read_ms,
            matched_bytes=sum(now.matched_bytes - was.matched_bytes for was, now in pairs),
            dropped_bytes=sum(now.dropped_bytes - was.dropped_bytes for was, now in pairs),
            ever_matched_bytes=sum(now.matched_bytes for _, now in pairs),
        )


def span_of(life: PlanLife, point: str) -> Span:
    return life.plan.number, point, life.standing.since_ms
