"""The node while it runs: it hears the collector, detects, records, tells, and looks after all of them."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from tidegate.app.complaints import Complaint
from tidegate.app.node import Node
from tidegate.app.sentences import going_on, sentence
from tidegate.app.state import EXPORTERS_SEEN_MAX
from tidegate.app.supervision import CollectorKeeper, WatchState
from tidegate.app.units import count_of
from tidegate.model.attacks import Attack
from tidegate.model.exporters import protocol_name
from tidegate.model.facts import CollectorRestarted, ExporterAppeared, Fact, NodeStarted, NodeStopped
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.summaries import SecondSummary
from tidegate.ports.baselines import BaselineRow, BaselineStore
from tidegate.ports.clock import Clock
from tidegate.ports.collector import CollectorReport, Ready
from tidegate.ports.facts import HeadMoved
from tidegate.ports.outside import OutsideFailed

BASELINES_EVERY_MS = 60_000
"""What is usual is stored this often; a crash forgets at most so much of it."""

CATCH_UP_EVERY_MS = 1_000

PULSE_EVERY_MS = 2_000
"""The health note for the doctor is written this often."""

STARTING_TOLD_EVERY_MS = 5_000
"""A start that takes long is told this often, so that nobody takes it for stuck."""

APPEARING_MAX = 64
"""Exporters recorded as new in one second; further ones wait for the next. Senders can be forged."""

FIRST_STARTS_MAX = 3
"""A collector that failed so often and was never ready will not be: the node ends and says why."""

OPEN_TOLD_MAX = 20
"""Attacks going on that the log names at the start; the rest are counted."""

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


class Companion(Protocol):
    """Whatever else the node's thread looks after, several times a second: plans, the desk."""

    def turn(self) -> None:
        """All that is due now; it never waits."""


class NodeRun:
    """One thread calls `start`, then `turn` again and again, then `stop`.

    `ears` hear every report after its facts are stored; `pulse` is called every PULSE_EVERY_MS, also
    while the collector says nothing. `also_learned` gives what others than the detector learned to be usual
    since the last call, to be stored with the detector's.
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
        also_learned: Callable[[], Iterable[BaselineRow]] = tuple,
    ) -> None:
        self.node = node
        self._keeper = keeper
        self._detector = detector
        self._baselines = baselines
        self._clock = clock
        self._version = version
        self._ears = ears
        self._pulse = pulse
        self._also_learned = also_learned
        self._companions: tuple[Companion, ...] = ()
        self._pulse_due_ms = 0
        self._waiting_told_ms = clock.now_ms()
        self._exporters_told: set[tuple[str, str]] = set()
        self._baselines_due_ms = 0
        self._catch_up_due_ms = 0
        self._failures_told = 0
        self._unstored: OutsideFailed | None = None
        self._storing = Complaint("everything that waited is stored")
        self._alerting = Complaint("every alert is told")
        self.ready: Ready | None = None

    def accompany(self, *companions: Companion) -> None:
        """From now on each turn of this run is a turn of theirs too, in this order, after those before."""
        self._companions += companions

    def attacks(self) -> tuple[Attack, ...]:
        """Attacks under way as last observed, by number."""
        return tuple(sorted(self._detector.open_attacks(), key=lambda attack: attack.number))

    def start(self) -> None:
        """Records that the node is there; the collector is started by the first turn."""
        self._exporters_told = set(self.node.state.exporters)
        self._baselines_due_ms = self._clock.now_ms() + BASELINES_EVERY_MS
        self.record(NodeStarted(self._version))
        opened = self.node.state.open_attacks.values()
        for attack in islice(opened, OPEN_TOLD_MAX):
            log.info("%s", going_on(attack))
        if (more := len(opened) - OPEN_TOLD_MAX) > 0:
            log.info("%d more attacks go on; `tidegate attacks --open` lists them", more)

    def turn(self, timeout_s: float) -> None:
        """Waits at most `timeout_s` for the collector, and does all that follows.

        OutsideFailed when the collector cannot be started at all.
        """
        for told in self._keeper.turn(timeout_s):
            match told:
                case Ready():
                    self.ready = told
                    log.info("collector ready", extra={"ports": list(told.ports)})
                case CollectorRestarted():
                    self.record(told)
                case CollectorReport():
                    self._hear(told)
        for companion in self._companions:
            companion.turn()
        self._look_after(self._clock.now_ms())

    def stop(self) -> None:
        """Hears the collector's last second, and leaves everything stored; OutsideFailed where it cannot."""
        for report in self._keeper.stop(STOP_WAIT_S):
            self._hear(report)
        self._store_baselines()
        self.record(NodeStopped())
        if self._unstored is not None and self.node.waiting:
            what = f"{count_of(self.node.waiting, 'fact')} could not be stored, because {self._unstored.what}"
            raise OutsideFailed(what, self._unstored.where, "They are in the log above, and nowhere else.")

    def _hear(self, report: CollectorReport) -> None:
        self.record(*self._new_exporters(report), *self._detector.observe(report.summary))
        for ear in self._ears:
            ear(report)

    def _new_exporters(self, report: CollectorReport) -> Iterable[ExporterAppeared]:
        """Those whose first flow records ever came; whoever sends anything else has not appeared.

        No more are recorded than the state remembers: a flood of forged senders fills no ledger.
        """
        room = min(APPEARING_MAX, EXPORTERS_SEEN_MAX - len(self._exporters_told))
        exporters = report.summary.exporters
        for row in np.flatnonzero(exporters["records"]).tolist():
            key = report.exporter_names[row], protocol_name(int(exporters["protocol"][row]))
            if room > 0 and key not in self._exporters_told:
                room -= 1
                self._exporters_told.add(key)
                yield ExporterAppeared(*key)

    def record(self, *facts: Fact) -> None:
        """Stores, tells the log, and carries out what follows; the log says nothing that a crash undoes.

        Facts that cannot be stored now wait in the node; one that it refuses is told, and lost.
        HeadMoved when another node writes to the same database.
        """
        if not facts:
            return
        try:
            self._store(facts)
        except HeadMoved:
            _say(facts)
            raise
        except (Full, NotAllowed):  # of one; the others are not to be lost with it
            for fact in facts:
                self._store_or_tell(fact)
        self.node.carry_out()

    def _store(self, facts: Sequence[Fact]) -> None:
        try:
            self.node.store(*facts)
        except OutsideFailed as failure:
            _say(facts)
            self._tell_storing(failure)
        else:
            _say(facts)

    def _store_or_tell(self, fact: Fact) -> None:
        try:
            self._store([fact])
        except HeadMoved:
            raise
        except (Full, NotAllowed) as refusal:
            log.error("not recorded: %s (%s)", sentence(fact), refusal)

    def _tell_storing(self, failure: OutsideFailed | None) -> None:
        self._unstored = failure
        trouble = f"storing fails: {failure}" if failure else None
        if failure and self.node.waiting:
            waiting = count_of(self.node.waiting, "fact")
            trouble = f"{waiting} not stored and not alerted, because {failure}"
        self._storing.tell(trouble, self._clock.now_ms())

    def _tell_alerting(self) -> None:
        failing = [sink for sink in self.node.sinks() if sink.failures]
        trouble = "; ".join(f"alerts are not told: {sink.why}" for sink in failing) or None
        self._alerting.tell(trouble, self._clock.now_ms())

    def _watch_collector(self) -> None:
        """Tells of each failure at once; the fact of the gap follows when it is ready again."""
        watch = self._keeper.watch
        if watch.failures > self._failures_told:
            log.warning("the collector ended and is started again: %s", watch.reason)
        self._failures_told = watch.failures
        if watch.failures >= FIRST_STARTS_MAX and not watch.ever_ready:
            raise OutsideFailed(
                f"the collector failed {watch.failures} times before it was ready",
                watch.reason,
                "Remove the cause and start the node again.",
            )

    def _look_after(self, now_ms: int) -> None:
        self._watch_collector()
        watch = self._keeper.watch
        if watch.state is not WatchState.STARTING:
            self._waiting_told_ms = now_ms
        elif _is_due(self._waiting_told_ms + STARTING_TOLD_EVERY_MS, STARTING_TOLD_EVERY_MS, now_ms):
            self._waiting_told_ms = now_ms
            log.info("the collector is starting; the first start on a machine compiles for about a minute")
        if _is_due(self._pulse_due_ms, PULSE_EVERY_MS, now_ms):
            self._pulse_due_ms = now_ms + PULSE_EVERY_MS
            self._pulse()
        if _is_due(self._catch_up_due_ms, CATCH_UP_EVERY_MS, now_ms):
            self._catch_up_due_ms = now_ms + CATCH_UP_EVERY_MS
            try:
                self.node.catch_up()
            except OutsideFailed as failure:
                self._tell_storing(failure)
            else:
                self._tell_storing(self.node.trouble)
            self._tell_alerting()
        if _is_due(self._baselines_due_ms, BASELINES_EVERY_MS, now_ms):
            self._baselines_due_ms = now_ms + BASELINES_EVERY_MS
            self._store_baselines()

    def _store_baselines(self) -> None:
        try:
            rows = (BaselineRow(*row) for row in self._detector.pending_baselines())
            self._baselines.save([*rows, *self._also_learned()])
        except OutsideFailed as failure:
            log.warning("what is usual could not be stored: %s", failure)


def _is_due(due_ms: int, every_ms: int, now_ms: int) -> bool:
    """A clock that was set back puts nothing off for longer than `every_ms`."""
    return not 0 < due_ms - now_ms <= every_ms


def _say(facts: Iterable[Fact]) -> None:
    for fact in facts:
        log.info("%s", sentence(fact), extra={"fact": fact})
