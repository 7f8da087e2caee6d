"""The node while it runs: it hears the collector, detects, records, tells, and looks after all of them."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from tidegate.app.node import Node
from tidegate.app.sentences import sentence
from tidegate.app.supervision import CollectorKeeper, WatchState
from tidegate.model.attacks import Attack
from tidegate.model.exporters import PROTOCOL_NAMES
from tidegate.model.facts import CollectorRestarted, ExporterAppeared, Fact, NodeStarted, NodeStopped
from tidegate.model.refusals import Full
from tidegate.model.summaries import SecondSummary
from tidegate.ports.baselines import BaselineRow, BaselineStore
from tidegate.ports.clock import Clock
from tidegate.ports.collector import CollectorReport, Ready
from tidegate.ports.outside import OutsideFailed

BASELINES_EVERY_MS = 60_000
"""What is usual is stored this often; a crash forgets at most so much of it."""

CATCH_UP_EVERY_MS = 1_000

PULSE_EVERY_MS = 2_000
"""The health note for the doctor is written this often."""

STARTING_TOLD_EVERY_MS = 5_000
"""A start that takes long is told this often, so that nobody takes it for stuck."""

STOP_WAIT_S = 5.0
"""The collector gets this long to tell of its last second; then it is killed."""

log = logging.getLogger("tidegate.node")


class Detecting(Protocol):
    """Closed seconds in, facts about attacks out; learns what is usual on the way."""

    def observe(self, summary: SecondSummary) -> list[Fact]: ...

    def open_attacks(self) -> list[Attack]:
        """Every attack going on, as last observed; newer than the last fact about it."""

    def pending_baselines(self) -> Iterable[tuple[bytes, bytes, int]]:
        """(key, blob, updated ms) of what was learned since the last call, to be stored."""


class Ear(Protocol):
    """Whoever wants to know each second as it is: metrics, the health note, the demo."""

    def __call__(self, report: CollectorReport) -> None: ...


class NodeRun:
    """One thread calls `start`, then `turn` again and again, then `stop`.

    `ears` hear every report after its facts are stored; `pulse` is called every PULSE_EVERY_MS, also
    while the collector says nothing.
    """

    def __init__(
        self,
        *,
        node: Node,
        keeper: CollectorKeeper,
        detector: Detecting,
        baselines: BaselineStore,
        clock: Clock,
        version: str,
        ears: Sequence[Ear] = (),
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        self.node = node
        self._keeper = keeper
        self._detector = detector
        self._baselines = baselines
        self._clock = clock
        self._version = version
        self._ears = ears
        self._pulse = pulse
        self._pulse_due_ms = 0
        self._waiting_told_ms = 0
        self._exporters_told: set[tuple[str, str]] = set()
        self._baselines_due_ms = 0
        self._catch_up_due_ms = 0
        self.ready: Ready | None = None

    def attacks(self) -> tuple[Attack, ...]:
        """Attacks under way as last observed, by number."""
        return tuple(sorted(self._detector.open_attacks(), key=lambda attack: attack.number))

    def start(self) -> None:
        """Records that the node is there; the collector is started by the first turn."""
        self._exporters_told = set(self.node.state.exporters)
        self._baselines_due_ms = self._clock.now_ms() + BASELINES_EVERY_MS
        self.record(NodeStarted(self._version))

    def turn(self, timeout_s: float) -> None:
        """Waits at most `timeout_s` for the collector, and does all that follows."""
        for told in self._keeper.turn(timeout_s):
            match told:
                case Ready():
                    self.ready = told
                    log.info("collector ready", extra={"ports": list(told.ports)})
                case CollectorRestarted():
                    log.warning("collector restarted", extra={"reason": told.reason})
                    self.record(told)
                case CollectorReport():
                    self._hear(told)
        self._look_after(self._clock.now_ms())

    def stop(self) -> None:
        """Hears the collector's last second, and leaves everything stored."""
        for report in self._keeper.stop(STOP_WAIT_S):
            self._hear(report)
        self._store_baselines()
        self.record(NodeStopped())

    def _hear(self, report: CollectorReport) -> None:
        self.record(*self._new_exporters(report), *self._detector.observe(report.summary))
        for ear in self._ears:
            ear(report)

    def _new_exporters(self, report: CollectorReport) -> Iterable[ExporterAppeared]:
        """Those heard for the first time ever; the journal also knows exporters that sent nothing yet."""
        for name, exporter in zip(report.exporter_names, report.summary.exporters, strict=True):
            key = name, PROTOCOL_NAMES.get(int(exporter["protocol"]), "unknown")
            if exporter["datagrams"] and key not in self._exporters_told:
                self._exporters_told.add(key)
                yield ExporterAppeared(*key)

    def record(self, *facts: Fact) -> None:
        """Facts that cannot be stored now wait in the node; a full wait is told and goes on."""
        if not facts:
            return
        for fact in facts:
            log.info("%s", sentence(fact), extra={"fact": fact})
        try:
            self.node.record(*facts)
        except OutsideFailed as failure:
            log.error("facts wait in memory: %s", failure)
        except Full as full:
            log.error("facts are lost: %s", full)

    def _look_after(self, now_ms: int) -> None:
        if self._keeper.watch.state is WatchState.STARTING and now_ms >= self._waiting_told_ms:
            if self._waiting_told_ms:
                log.info("the collector is starting; the first start on a machine compiles kernels")
            self._waiting_told_ms = now_ms + STARTING_TOLD_EVERY_MS
        if now_ms >= self._pulse_due_ms:
            self._pulse_due_ms = now_ms + PULSE_EVERY_MS
            self._pulse()
        if now_ms >= self._catch_up_due_ms:
            self._catch_up_due_ms = now_ms + CATCH_UP_EVERY_MS
            try:
                self.node.catch_up()
            except OutsideFailed as failure:
                log.error("facts wait in memory: %s", failure)
        if now_ms >= self._baselines_due_ms:
            self._baselines_due_ms = now_ms + BASELINES_EVERY_MS
            self._store_baselines()

    def _store_baselines(self) -> None:
        try:
            self._baselines.save(BaselineRow(*row) for row in self._detector.pending_baselines())
        except OutsideFailed as failure:
            log.warning("what is usual could not be stored: %s", failure)
