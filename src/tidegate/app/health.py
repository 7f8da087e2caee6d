"""Why data is missing: findings for each exporter and the collector, from the last minute of reports."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from tidegate.model.exporters import EXPORTERS_MAX, NUMBERED_BY_RECORD
from tidegate.ports.collector import CollectorReport

HEALTH_SECONDS_MAX = 60
"""How far back counters are compared: a trouble that ended longer ago is no finding."""

HEALTH_REPORTS_MAX = 7
"""Reports kept for that, one in ten seconds; the oldest is forgotten."""

FINDINGS_MAX = 1000
"""Findings told at once, problems first; the last one then says how many were left out."""

SILENT_MS: Final = 120_000
SKEW_MS: Final = 5_000
LATE_MS: Final = 15_000
NOT_IP_SHARE: Final = 0.1
REPEATED_SHARE: Final = 0.1

Severity = Literal["problem", "notice"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth an operator's look: `text` says what is wrong and what to do.

    `code` and `parameters` carry the same for other languages and programs; `exporter` is None for
    the collector as a whole. A problem means that data is missing or cannot be scaled; a notice, that
    it soon may be.
    """

    code: str
    severity: Severity
    exporter: str | None
    parameters: dict[str, int | str]
    text: str


TEXTS: Final[dict[str, tuple[Severity, str]]] = {
    "nothing_heard": (
        "problem",
        "No exporter was heard since the collector started {seconds} s ago: point one at this machine, and "
        "check that no firewall stands between (`tcpdump -ni any udp`).",
    ),
    "not_heard_again": (
        "notice",
        "{exporter} is known from an earlier run and has sent nothing for {seconds} s: if it was not taken "
        "away, check that it still exports to this machine.",
    ),
    "silent": (
        "problem",
        "{exporter} has sent nothing for {seconds} s: check that it is up, still exports to this machine, "
        "and that the way between is open.",
    ),
    "without_template": (
        "problem",
        "{exporter} sent {sets} data sets whose template has not come, and these cannot be read: if it "
        "lasts, set its template refresh to 60 s or less.",
    ),
    "unknown_sampling": (
        "problem",
        "{exporter} sent {records} records without saying at what rate it samples, so nothing can be "
        "proposed on them: let it export its sampler options, or set its rate under `[sampling]`.",
    ),
    "clock_skew": (
        "notice",
        "The clock of {exporter} is {seconds} s {direction}: flow times follow the receiver's clock "
        "meanwhile; set up NTP on the exporter.",
    ),
    "late_telemetry": (
        "problem",
        "{exporter} tells of flows up to {seconds} s after they began, and no attack can be seen sooner: "
        "set its active timeout to 10 s or less.",
    ),
    "lost": (
        "problem",
        "{lost} of {expected} {unit} from {exporter} are missing by their sequence numbers: look for "
        "loss on the way and on the exporter{also}.",
    ),
    "malformed": (
        "problem",
        "{exporter} sent {datagrams} datagrams that could not be used whole ({reasons}): check its export "
        "version, format and template refresh; a capture of them helps to report it.",
    ),
    "not_ip": (
        "notice",
        "{percent} % of what {exporter} reports is not IP traffic, counted but not examined: export only "
        "IP flows if this is unexpected.",
    ),
    "sample_drops": (
        "problem",
        "{exporter} could not sample {packets} packets that it had chosen, and its rates are too low by as "
        "much: it is overloaded, set a higher sampling rate (1 in more packets) on its busiest interfaces.",
    ),
    "repeated": (
        "notice",
        "{percent} % of what {exporter} reports are packets told on their way in already, not counted "
        "again: let it sample on ingress only, and it has less to send.",
    ),
    "clock_set_back": (
        "problem",
        "The clock of this machine was set back and is {seconds} s behind the collector's time, which went "
        "on: set up NTP, and restart the node once the clock is right.",
    ),
    "refused_senders": (
        "problem",
        "{datagrams} datagrams were refused before their exporter was known ({reasons}): see "
        "collector.allowed_exporters and which machines send to these ports.",
    ),
    "exporters_full": (
        "problem",
        "All {limit} places for exporters are taken and further ones are refused: list the wanted ones "
        "under collector.allowed_exporters.",
    ),
    "kernel_drops": (
        "problem",
        "The kernel dropped {datagrams} datagrams for want of room: raise net.core.rmem_max to {wanted} "
        "bytes (granted now: {granted}) and restart, or give the collector a faster core.",
    ),
    "kernel_drops_in_full_room": (
        "problem",
        "The kernel dropped {datagrams} datagrams although it granted all {granted} bytes of receive buffer: "
        "raise collector.receive_buffer_bytes, give the collector a faster core, or see who sends so much.",
    ),
    "small_buffer": (
        "notice",
        "The kernel granted {granted} bytes of receive buffer where {wanted} were asked for: raise "
        "net.core.rmem_max to {wanted} before bursts are lost.",
    ),
    "degraded": (
        "problem",
        "Counting is not exact at present ({how}): rates may be short until that is over; where a table is "
        "full, raise collector.cells_max and restart the node.",
    ),
    "node_behind": (
        "problem",
        "The node missed {summaries} seconds of summaries because it was busy: look for a slow disk or "
        "database, or give it more processor.",
    ),
    "journal": (
        "notice",
        "Templates are not kept on disk ({trouble}): after a restart exporters are unread until they send "
        "them again; free or unlock the state folder.",
    ),
    "more_findings": (
        "notice",
        "{count} further findings are left out: settle the first ones and look again.",
    ),
}
"""Severity and sentence of every code; the braces name its parameters."""


def finding(code: str, exporter: str | None = None, **parameters: int | str) -> Finding:
    severity, text = TEXTS[code]
    said = text.format(exporter=exporter, **parameters)
    return Finding(code=code, severity=severity, exporter=exporter, parameters=parameters, text=said)


class HealthWindow:
    """Keeps a few reports of the last minute, and says what they show.

    Counters are compared with the oldest report kept; a collector that began anew (counters smaller,
    exporters fewer) empties the window.
    """

    def __init__(self) -> None:
        self._kept: list[CollectorReport] = []
        self._newest: CollectorReport | None = None
        self._first_second = 0

    def __call__(self, report: CollectorReport) -> None:
        """Hears a report; any time may lie between two."""
        if self._newest is None or _began_anew(self._newest, report):
            self._kept, self._first_second = [], report.summary.second
        self._newest = report
        second = report.summary.second
        every_s = HEALTH_SECONDS_MAX // (HEALTH_REPORTS_MAX - 1)
        if not self._kept or second - self._kept[-1].summary.second >= every_s:
            self._kept = [*self._kept, report][-HEALTH_REPORTS_MAX:]

    def findings(self, now_ms: int) -> tuple[Finding, ...]:
        """What is wrong as of the last report, problems first; empty before the first report."""
        if self._newest is None:
            return ()
        before = self._kept[0] if self._kept[0] is not self._newest else None
        running_ms = now_ms - self._first_second * 1000
        found = [
            *_of_collector(before, self._newest, running_ms),
            *_of_exporters(before, self._newest, now_ms, running_ms),
        ]
        found.sort(key=lambda each: each.severity == "notice")
        if len(found) > FINDINGS_MAX:
            left_out = len(found) - FINDINGS_MAX + 1
            found = [*found[: FINDINGS_MAX - 1], finding("more_findings", count=left_out)]
        return tuple(found)


def _began_anew(before: CollectorReport, now: CollectorReport) -> bool:
    old, new = before.summary.exporters, now.summary.exporters
    shared = before.exporter_names == now.exporter_names[: len(old)]
    return not shared or bool(np.any(new["datagrams"][: len(old)] < old["datagrams"]))


def _of_collector(before: CollectorReport | None, now: CollectorReport, running_ms: int) -> Iterator[Finding]:
    heard = bool(np.any(now.summary.exporters["datagrams"]))
    if not heard and running_ms >= SILENT_MS and not now.summary.refused:
        yield finding("nothing_heard", seconds=running_ms // 1000)
    granted, wanted = now.receive_buffer_bytes, now.receive_buffer_wanted
    if dropped := now.datagrams_dropped - (before.datagrams_dropped if before else 0):
        code = "kernel_drops" if granted < wanted else "kernel_drops_in_full_room"
        yield finding(code, datagrams=dropped, wanted=wanted, granted=granted)
    elif granted < wanted:
        yield finding("small_buffer", wanted=wanted, granted=granted)
    if missed := now.summaries_dropped - (before.summaries_dropped if before else 0):
        yield finding("node_behind", summaries=missed)
    if now.summary.degraded is not None:
        yield finding("degraded", how=now.summary.degraded)
    if now.clock_behind_ms:
        yield finding("clock_set_back", seconds=-(-now.clock_behind_ms // 1000))
    if now.journal_trouble is not None:
        yield finding("journal", trouble=now.journal_trouble)
    if len(now.summary.exporters) >= EXPORTERS_MAX:
        yield finding("exporters_full", limit=EXPORTERS_MAX)
    if refused := _refused(before, now, row=-1):
        yield finding("refused_senders", datagrams=sum(refused.values()), reasons=_listed(refused))


def _of_exporters(
    before: CollectorReport | None, now: CollectorReport, now_ms: int, running_ms: int
) -> Iterator[Finding]:
    old = before.summary.exporters if before else now.summary.exporters[:0]
    dropped = now.datagrams_dropped - (before.datagrams_dropped if before else 0)
    nothing = np.zeros(1, now.summary.exporters.dtype)[0]
    for row, name in enumerate(now.exporter_names):
        exporter = now.summary.exporters[row]
        was = old[row] if row < len(old) else nothing
        heard = _Heard(name, exporter, was, drops=dropped > 0)
        if heard.is_silent(now_ms, running_ms):
            if heard.ever_told:
                yield heard.silence(now_ms, running_ms)
            continue
        yield from heard.findings()
        if refused := _refused(before, now, row):
            yield finding("malformed", name, datagrams=sum(refused.values()), reasons=_listed(refused))


class _Heard:
    """One exporter now, and what its counters were at the window's start."""

    def __init__(self, name: str, exporter: np.void, was: np.void, *, drops: bool) -> None:
        self._name, self._now, self._was, self._drops = name, exporter, was, drops

    def is_silent(self, now_ms: int, running_ms: int) -> bool:
        return self._silent_ms(now_ms, running_ms) >= SILENT_MS

    @property
    def ever_told(self) -> bool:
        """Whether it is a loss that it is silent: a forged sender of one datagram is no exporter."""
        return bool(self._now["records"]) or not self._now["datagrams"]

    def silence(self, now_ms: int, running_ms: int) -> Finding:
        code = "silent" if self._now["datagrams"] else "not_heard_again"
        return finding(code, self._name, seconds=self._silent_ms(now_ms, running_ms) // 1000)

    def findings(self) -> Iterator[Finding]:
        if sets := self._grown("without_template"):
            yield finding("without_template", self._name, sets=sets)
        if records := self._grown("unknown_sampling"):
            yield finding("unknown_sampling", self._name, records=records)
        if lost := self._grown("lost"):
            also = "; the kernel dropped some here, see the collector's finding" if self._drops else ""
            unit, came = self._numbered()
            yield finding("lost", self._name, lost=lost, expected=lost + came, unit=unit, also=also)
        skew_ms = int(self._now["skew_ms"])
        if abs(skew_ms) >= SKEW_MS:
            direction = "ahead" if skew_ms > 0 else "behind"
            yield finding("clock_skew", self._name, seconds=abs(skew_ms) // 1000, direction=direction)
        if int(self._now["age_max_ms"]) >= LATE_MS:
            yield finding("late_telemetry", self._name, seconds=int(self._now["age_max_ms"]) // 1000)
        not_ip = self._grown("not_ip")
        if not_ip > NOT_IP_SHARE * (whole := not_ip + self._grown("records")):
            yield finding("not_ip", self._name, percent=round(100 * not_ip / whole))
        if packets := self._grown("sample_drops"):
            yield finding("sample_drops", self._name, packets=packets)
        repeated = self._grown("repeated")
        if repeated > REPEATED_SHARE * (records := self._grown("records")):
            yield finding("repeated", self._name, percent=round(100 * repeated / records))

    def _numbered(self) -> tuple[str, int]:
        """What this exporter's sequence numbers count, and how many of them came."""
        if int(self._now["protocol"]) in NUMBERED_BY_RECORD:
            return "records", sum(map(self._grown, ("records", "not_ip", "option_records")))
        return "datagrams", self._grown("datagrams")

    def _silent_ms(self, now_ms: int, running_ms: int) -> int:
        return now_ms - int(self._now["last_received_ms"]) if self._now["datagrams"] else running_ms

    def _grown(self, field: str) -> int:
        return int(self._now[field]) - int(self._was[field])


def _refused(before: CollectorReport | None, now: CollectorReport, row: int) -> dict[str, int]:
    old = before.summary.refused if before else {}
    grown = {
        reason: count - old.get((at, reason), 0)
        for (at, reason), count in now.summary.refused.items()
        if at == row
    }
    return {reason: count for reason, count in grown.items() if count > 0}


def _listed(reasons: dict[str, int]) -> str:
    ordered: Sequence[tuple[str, int]] = sorted(reasons.items(), key=lambda item: -item[1])
    return ", ".join(f"{reason} {count} times" for reason, count in ordered[:3])
