"""The node's main loop: what it hears becomes facts, in order, and nothing outside makes it stumble."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.stand_ins import HandClock, report_of, summary_of
from tests.stores import FailingStore, MemoryStore
from tests.stories import an_attack
from tidegate.app.complaints import TOLD_AGAIN_MS
from tidegate.app.node import Node
from tidegate.app.run import (
    APPEARING_MAX,
    BASELINES_EVERY_MS,
    FIRST_STARTS_MAX,
    OPEN_TOLD_MAX,
    STARTING_TOLD_EVERY_MS,
    NodeRun,
)
from tidegate.app.supervision import CollectorKeeper
from tidegate.model.attacks import Attack
from tidegate.model.canonical import decode_record
from tidegate.model.exporters import EXPORTER, SFLOW5
from tidegate.model.facts import Alert, AttackDetected, AttackEnded, AttackGrew, Fact
from tidegate.model.summaries import SecondSummary
from tidegate.ports.baselines import BaselineRow
from tidegate.ports.collector import CollectorReport, Ready, Stopping, ToCollector, ToNode
from tidegate.ports.facts import Addition, HeadMoved
from tidegate.ports.outside import OutsideFailed


class SayingProcess:
    """A collector that says what the test lets it say, and its last words when it is stopped."""

    def __init__(self, says: Iterable[Sequence[ToNode]], last: Sequence[ToNode] = (Stopping(),)) -> None:
        self._says, self._last = list(says), last
        self.why_ended: str | None = None
        self.starts = 0

    def start(self) -> None:
        self.starts += 1

    def kill(self) -> None: ...
    def send(self, message: ToCollector) -> None: ...

    def receive(self, timeout_s: float) -> Sequence[ToNode]:
        return self._says.pop(0) if self._says else ()

    def ended(self) -> str | None:
        return self.why_ended

    def stop(self, timeout_s: float) -> Sequence[ToNode]:
        return self._last


class QuietDetector:
    """Sees no attack; has one baseline to store each time."""

    def __init__(self) -> None:
        self.seconds: list[int] = []

    def observe(self, summary: SecondSummary) -> list[Fact]:
        self.seconds.append(summary.second)
        return []

    def open_attacks(self) -> list[Attack]:
        return []

    def pending_baselines(self) -> Iterable[tuple[bytes, bytes, int]]:
        return [(b"key", b"blob", 1)]


class ScriptedDetector(QuietDetector):
    """Says the next list of facts each second."""

    def __init__(self, *says: Sequence[Fact]) -> None:
        super().__init__()
        self._says = list(says)

    def observe(self, summary: SecondSummary) -> list[Fact]:
        return list(self._says.pop(0)) if self._says else []


class ListedBaselines:
    def __init__(self, *, fails: bool = False) -> None:
        self.saved: list[BaselineRow] = []
        self._fails = fails

    def save(self, rows: Iterable[BaselineRow]) -> None:
        if self._fails:
            raise OutsideFailed("no room", "memory", "Make room.")
        self.saved += rows

    def load(self) -> Iterable[BaselineRow]:
        return self.saved


def a_report(second: int, datagrams: int = 1, records: int = 1, exporters: int = 1) -> CollectorReport:
    table = np.zeros(exporters, EXPORTER)
    table["protocol"], table["datagrams"], table["records"] = SFLOW5, datagrams, records
    names = [f"192.0.2.1#{domain}" for domain in range(exporters)]
    return report_of(summary_of(second, exporters=table), names=names)


def a_run(process: SayingProcess, **changes: Any) -> tuple[NodeRun, FailingStore, HandClock]:
    clock, store = HandClock(), FailingStore()
    parts: dict[str, Any] = {
        "node": Node.open(store, [], clock),
        "keeper": CollectorKeeper(process, clock),
        "detector": QuietDetector(),
        "baselines": ListedBaselines(),
        "clock": clock,
        "version": "0.1.0",
    }
    return NodeRun(**(parts | changes)), store, clock


def kinds(store: MemoryStore) -> list[str]:
    return [type(decode_record(fact.body).fact).__name__ for fact in store.facts(0, 1000)]


def test_a_run_is_recorded_from_its_start_to_its_clean_stop() -> None:
    run, store, _ = a_run(SayingProcess([[Ready("0.1.0", (2055,))], [a_report(1)]]))
    run.start()
    run.turn(0)
    run.turn(0)
    run.stop()
    assert kinds(store) == ["NodeStarted", "ExporterAppeared", "NodeStopped"]
    assert run.ready == Ready("0.1.0", (2055,))


def test_an_exporter_appears_once_ever_also_after_a_restart() -> None:
    run, store, clock = a_run(SayingProcess([[a_report(1)], [a_report(2)]]))
    run.start()
    run.turn(0)
    run.turn(0)
    run.stop()
    again, _, _ = a_run(SayingProcess([[a_report(3)]]), node=Node.open(store, [], clock))
    again.start()
    again.turn(0)
    assert kinds(store).count("ExporterAppeared") == 1


@pytest.mark.parametrize("datagrams", [0, 1], ids=["only in the journal", "only refused datagrams"])
def test_whoever_told_of_no_flow_has_not_appeared(datagrams: int) -> None:
    run, store, _ = a_run(SayingProcess([[a_report(1, datagrams=datagrams, records=0)]]))
    run.start()
    run.turn(0)
    assert kinds(store) == ["NodeStarted"]


def test_a_flood_of_forged_senders_is_recorded_bit_by_bit_and_fills_no_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tidegate.app.run.EXPORTERS_SEEN_MAX", 2 * APPEARING_MAX + 5)
    run, store, _ = a_run(SayingProcess([[a_report(second, exporters=400)] for second in range(4)]))
    run.start()
    appeared = []
    for _ in range(4):
        run.turn(0)
        appeared.append(kinds(store).count("ExporterAppeared"))
    assert appeared == [APPEARING_MAX, 2 * APPEARING_MAX, 2 * APPEARING_MAX + 5, 2 * APPEARING_MAX + 5]


def test_the_collectors_last_second_is_heard_when_the_node_stops() -> None:
    detector = QuietDetector()
    run, _, _ = a_run(SayingProcess([], last=[a_report(9), Stopping()]), detector=detector)
    run.start()
    run.stop()
    assert detector.seconds == [9]


def test_every_report_is_passed_on_after_its_facts_are_stored() -> None:
    heard: list[tuple[int, int]] = []
    run, store, _ = a_run(
        SayingProcess([[a_report(1)]]),
        ears=[lambda report: heard.append((report.summary.second, store.head().size))],
    )
    run.start()
    run.turn(0)
    assert heard == [(1, 2)]


def test_what_is_usual_is_stored_every_minute_and_at_the_end() -> None:
    baselines = ListedBaselines()
    run, _, clock = a_run(SayingProcess([]), baselines=baselines)
    run.start()
    run.turn(0)
    assert not baselines.saved
    clock.at_ms += BASELINES_EVERY_MS
    run.turn(0)
    run.stop()
    assert len(baselines.saved) == 2


def test_baselines_that_cannot_be_stored_stop_nobody() -> None:
    run, store, _ = a_run(SayingProcess([]), baselines=ListedBaselines(fails=True))
    run.start()
    run.stop()
    assert kinds(store) == ["NodeStarted", "NodeStopped"]


def test_a_full_disk_is_told_once_a_minute_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    run, store, clock = a_run(SayingProcess([[a_report(1)]]))
    run.start()
    store.fails = "and did nothing"
    run.turn(0)
    for _ in range(2 * TOLD_AGAIN_MS // 1000):
        clock.at_ms += 1000
        run.turn(0)
    store.fails = None
    clock.at_ms += 1000
    with caplog.at_level("INFO"):
        run.turn(0)
    told = [record.message for record in caplog.records]
    assert len([line for line in told if line.startswith("1 fact not stored and not alerted")]) == 3
    assert told[-1] == "everything that waited is stored"
    assert kinds(store) == ["NodeStarted", "ExporterAppeared"]


def test_a_node_that_stops_with_facts_unstored_says_that_they_are_lost() -> None:
    run, store, _ = a_run(SayingProcess([[a_report(1)]]))
    run.start()
    store.fails = "and did nothing"
    run.turn(0)
    with pytest.raises(OutsideFailed, match="2 facts could not be stored, because the store does not answer"):
        run.stop()


def test_a_fact_that_the_node_refuses_takes_no_other_with_it() -> None:
    attack, unknown = an_attack(number=1), an_attack(number=7)
    detector = ScriptedDetector([AttackGrew(unknown), AttackDetected(attack)], [AttackEnded(attack)])
    run, store, _ = a_run(SayingProcess([[a_report(1)], [a_report(2)]]), detector=detector)
    run.start()
    run.turn(0)
    run.turn(0)
    assert kinds(store) == ["NodeStarted", "ExporterAppeared", "AttackDetected", "AttackEnded"]


def test_another_node_on_the_same_database_ends_this_one() -> None:
    run, store, clock = a_run(SayingProcess([[a_report(1)]]))
    run.start()
    Node.open(store, [], clock).record(AttackDetected(an_attack(number=1)))
    with pytest.raises(HeadMoved, match="another node"):
        run.turn(0)


def test_alerts_that_nobody_hears_are_told(caplog: pytest.LogCaptureFixture) -> None:
    class DeafSink:
        name = "command"

        def carry_out(self, number: int, alert: Alert) -> None:
            raise OutsideFailed("the alert command ended with 1", "/x", "Repair it.")

    store, clock = FailingStore(), HandClock()
    node = Node.open(store, [DeafSink()], clock)
    detector = ScriptedDetector([AttackDetected(an_attack(number=1))])
    run, _, _ = a_run(SayingProcess([[a_report(1)]]), node=node, clock=clock, detector=detector)
    run.start()
    run.turn(0)
    assert "alerts are not told: the alert command ended with 1" in caplog.text


def turn_often(run: NodeRun, clock: HandClock) -> None:
    for _ in range(100):
        run.turn(0)
        clock.at_ms += 1000


def test_a_collector_that_never_gets_ready_ends_the_node_with_its_reason() -> None:
    process = SayingProcess([])
    process.why_ended = "exit code 2"
    run, _, clock = a_run(process)
    run.start()
    with pytest.raises(OutsideFailed, match=f"failed {FIRST_STARTS_MAX} times .* ready: exit code 2"):
        turn_often(run, clock)
    assert process.starts == FIRST_STARTS_MAX


def test_a_collector_that_was_ready_once_is_started_again_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    process = SayingProcess([[Ready("1", ())]])
    run, _, clock = a_run(process)
    run.start()
    run.turn(0)
    process.why_ended = "killed by signal 9"
    turn_often(run, clock)
    assert process.starts > FIRST_STARTS_MAX
    assert "the collector ended and is started again: killed by signal 9" in caplog.text


def test_the_log_tells_of_a_fact_only_when_it_is_stored(caplog: pytest.LogCaptureFixture) -> None:
    class WatchedStore(FailingStore):
        """Notes what the log had said when facts came to be stored."""

        said: ClassVar[list[str]] = []

        def append(self, addition: Addition) -> None:
            self.said.append(caplog.text)
            super().append(addition)

    store, clock = WatchedStore(), HandClock()
    detector = ScriptedDetector([AttackDetected(an_attack(number=1))])
    run, _, _ = a_run(
        SayingProcess([[a_report(1)]]), node=Node.open(store, [], clock), clock=clock, detector=detector
    )
    with caplog.at_level("INFO"):
        run.start()
        run.turn(0)
    assert not any("attack 1 detected" in said for said in store.said)
    assert "attack 1 detected" in caplog.text


def test_trouble_lasts_as_long_as_facts_wait_although_effects_are_carried_out() -> None:
    run, store, _ = a_run(SayingProcess([[a_report(1)]]))
    run.start()
    store.fails = "and did nothing"
    run.turn(0)
    run.node.carry_out()
    assert run.node.trouble is not None


def test_attacks_that_go_on_are_named_when_the_node_starts(caplog: pytest.LogCaptureFixture) -> None:
    run, _, _ = a_run(SayingProcess([]))
    run.node.record(*(AttackDetected(an_attack(number=number)) for number in range(1, OPEN_TOLD_MAX + 4)))
    with caplog.at_level("INFO"):
        run.start()
    told = [record.message for record in caplog.records]
    assert told[1].startswith("attack 1 goes on: 198.51.100.7, ntp, ~12 Gbps")
    assert told[-1].startswith("3 more attacks go on")
    assert len(told) == 1 + OPEN_TOLD_MAX + 1


def test_a_start_that_takes_long_is_told_every_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    run, _, clock = a_run(SayingProcess([]))
    run.start()
    with caplog.at_level("INFO"):
        for _ in range(3 * STARTING_TOLD_EVERY_MS // 1000 + 1):
            run.turn(0)
            clock.at_ms += 1000
    assert len([one for one in caplog.records if "the collector is starting" in one.message]) == 3


@pytest.mark.parametrize("step_ms", [-3_600_000, -365 * 86_400_000, 3_600_000])
def test_a_clock_that_is_set_puts_off_nothing(step_ms: int) -> None:
    baselines, pulses = ListedBaselines(), []
    run, store, clock = a_run(
        SayingProcess([[a_report(1)]]), baselines=baselines, pulse=lambda: pulses.append(clock.at_ms)
    )
    run.start()
    store.fails = "and did nothing"
    run.turn(0)
    store.fails = None
    clock.at_ms += step_ms
    run.turn(0)
    assert pulses[-1] == clock.at_ms
    assert run.node.waiting == 0, "what waited is stored"
    assert baselines.saved


def test_what_others_learned_is_stored_with_the_detector_s() -> None:
    baselines, row = ListedBaselines(), BaselineRow(b"inbound", b"blob", 2)
    run, _, _ = a_run(SayingProcess([]), baselines=baselines, also_learned=lambda: [row])
    run.start()
    run.turn(0)
    run.stop()
    assert baselines.saved == [BaselineRow(b"key", b"blob", 1), row]
