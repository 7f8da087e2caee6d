"""A running node's health, written down every few seconds for `tidegate doctor` to read."""

import os
from collections.abc import Callable

import msgspec

from tidegate.app.complaints import ProblemLog
from tidegate.app.exporter_health import ExporterHealth, busiest, exporter_health
from tidegate.app.health import Finding, HealthWindow
from tidegate.app.node import Node
from tidegate.app.plans_note import PlansNote
from tidegate.app.supervision import CollectorKeeper
from tidegate.app.volume import SILENCE, volume
from tidegate.model.attacks import Rate
from tidegate.ports.clock import Clock
from tidegate.ports.collector import CollectorReport
from tidegate.ports.state import StateFolder

EXPORTERS_NOTED_MAX = 1_024
"""Exporters in one note, those that told the most; `exporters_left_out` counts the rest."""


class HealthNote(msgspec.Struct, frozen=True, kw_only=True):
    """`collector` is "waiting", "starting" or "running"; `collector_trouble` says why it last failed.

    `storage_trouble` says why `facts_waiting` facts are in memory only, `alerts_trouble` why alerts are not
    told; both are empty while all is well. `effects_refused` counts what sinks will never take, since the
    start. `plans` is None until the node looks after plans.
    """

    version: str
    process: int
    written_ms: int
    collector: str
    collector_trouble: str
    facts_waiting: int
    storage_trouble: str
    alerts_trouble: str
    second: int
    records_per_s: int
    bits_per_s: Rate
    exporters: tuple[ExporterHealth, ...]
    exporters_left_out: int
    findings: tuple[Finding, ...]
    effects_refused: int = 0
    plans: PlansNote | None = None


class HealthWriter:
    """Hears every report; `write` puts the note into the state folder, and new problems into the log."""

    def __init__(
        self, state: StateFolder, node: Node, keeper: CollectorKeeper, clock: Clock, version: str
    ) -> None:
        self._state = state
        self._node = node
        self._keeper = keeper
        self._clock = clock
        self._version = version
        self._window = HealthWindow()
        self._problems = ProblemLog()
        self._last: CollectorReport | None = None
        self._plans: Callable[[], PlansNote] | None = None

    def follow(self, plans: Callable[[], PlansNote]) -> None:
        """From now on the note tells of plans too."""
        self._plans = plans

    def __call__(self, report: CollectorReport) -> None:
        self._window(report)
        self._last = report

    def write(self) -> None:
        now_ms = self._clock.now_ms()
        findings = self._window.findings(now_ms)
        self._problems.tell(findings, now_ms)
        watch, summary = self._keeper.watch, self._last.summary if self._last else None
        known = len(self._last.exporter_names) if self._last else 0
        note = HealthNote(
            version=self._version,
            process=os.getpid(),
            written_ms=now_ms,
            collector=watch.state.value,
            collector_trouble=watch.reason if watch.failures else "",
            facts_waiting=self._node.waiting,
            storage_trouble=str(self._node.trouble or ""),
            alerts_trouble="; ".join(sink.why or "" for sink in self._node.sinks() if sink.failures),
            second=summary.second if summary else 0,
            records_per_s=summary.records if summary else 0,
            bits_per_s=(volume(summary) if summary else SILENCE).bits_per_s,
            exporters=self._exporters(),
            exporters_left_out=max(0, known - EXPORTERS_NOTED_MAX),
            findings=findings,
            effects_refused=sum(sink.refused for sink in self._node.sinks()),
            plans=self._plans() if self._plans else None,
        )
        self._state.write_health(msgspec.json.encode(note))

    def _exporters(self) -> tuple[ExporterHealth, ...]:
        if self._last is None:
            return ()
        summary = self._last.summary
        refused: dict[int, dict[str, int]] = {}
        for (row, reason), count in summary.refused.items():
            refused.setdefault(row, {})[reason] = count
        return tuple(
            exporter_health(self._last.exporter_names[row], summary.exporters[row], refused.get(row, {}))
            for row in busiest(summary.exporters, EXPORTERS_NOTED_MAX)
        )


def read_note(state: StateFolder) -> HealthNote | None:
    """The last note of a node of this release; None where there is none that can be read."""
    written = state.read_health()
    if written is None:
        return None
    try:
        return msgspec.json.decode(written, type=HealthNote)
    except msgspec.MsgspecError:
        return None
