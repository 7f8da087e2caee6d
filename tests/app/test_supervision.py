"""Keeping a collector running: the policy with a clock in hand, and the keeper with a process of lists."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from tests.stand_ins import HandClock, report_of, summary_of
from tidegate.app import supervision
from tidegate.app.supervision import (
    BACKOFF_MS,
    BACKOFF_MS_MAX,
    RUNS_WELL_MS,
    SILENCE_MS_MAX,
    STARTING_MS_MAX,
    CollectorKeeper,
    Watch,
    WatchState,
    failed,
    first_watch,
    heard,
    overdue,
    started,
    turned,
)
from tidegate.model.addresses import Prefix
from tidegate.model.facts import CollectorRestarted
from tidegate.model.flows import empty_rows
from tidegate.model.refusals import Full, Malformed
from tidegate.ports.collector import (
    CollectorReport,
    Failed,
    FlowSample,
    Ready,
    SampleReply,
    SampleRequest,
    Stopping,
    ToCollector,
    ToNode,
)
from tidegate.ports.outside import OutsideFailed

READY = Ready("1", (2055,))
PREFIX = Prefix.parse("198.51.100.0/24")


def report(second: int = 1) -> CollectorReport:
    return report_of(summary_of(second))


def running(now_ms: int = 0) -> Watch:
    return heard(started(first_watch(now_ms), now_ms), READY, now_ms)[0]


def quiet_for(watch: Watch, duration_ms: int) -> Watch:
    start_ms = watch.turned_ms
    for at_ms in range(start_ms, start_ms + duration_ms + 1, 500):
        watch = turned(watch, at_ms)
    return watch


def test_a_start_is_due_at_once() -> None:
    assert first_watch(7).start_due_ms == 7


def test_pauses_double_up_to_a_bound_and_begin_anew_after_running_well() -> None:
    watch = running()
    pauses = []
    for _ in range(12):
        watch = failed(watch, "exit code 1", watch.turned_ms)
        pauses.append(watch.start_due_ms - watch.since_ms)
        watch = heard(started(watch, watch.start_due_ms), READY, watch.start_due_ms)[0]
    assert pauses[:3] == [BACKOFF_MS, 2 * BACKOFF_MS, 4 * BACKOFF_MS]
    assert pauses[-1] == BACKOFF_MS_MAX
    well = turned(watch, watch.since_ms + RUNS_WELL_MS)
    assert failed(well, "exit code 1", well.turned_ms).start_due_ms == well.turned_ms + BACKOFF_MS


def test_a_silent_collector_is_overdue_and_one_that_speaks_is_not() -> None:
    watch = quiet_for(running(), SILENCE_MS_MAX)
    assert overdue(watch) is None
    assert overdue(turned(watch, watch.turned_ms + 500)) == "silent for 5 s"
    spoken, _ = heard(watch, report(), watch.turned_ms)
    assert overdue(turned(spoken, spoken.turned_ms + 500)) is None


def test_a_start_may_take_long_but_not_for_ever() -> None:
    watch = started(first_watch(0), 0)
    assert overdue(quiet_for(watch, STARTING_MS_MAX)) is None
    assert overdue(quiet_for(watch, STARTING_MS_MAX + 1000)) == "not ready after 300 s"


@pytest.mark.parametrize("step_ms", [3_600_000, -3_600_000])
def test_a_clock_that_is_set_makes_no_collector_look_dead(step_ms: int) -> None:
    assert overdue(turned(running(10**12), 10**12 + step_ms)) is None


def test_a_clock_set_back_does_not_put_off_the_next_start() -> None:
    watch = failed(running(10**12), "exit code 1", 10**12)
    watch = turned(watch, 10**12 - 3_600_000)
    assert watch.start_due_ms == 10**12 - 3_600_000 + BACKOFF_MS


def test_the_gap_is_told_from_the_last_word_to_the_next_ready() -> None:
    watch = quiet_for(running(10_000), 3000)
    watch = failed(watch, "killed by signal 9", 13_000)
    watch = failed(started(watch, 13_250), "exit code 1", 13_400)
    watch, fact = heard(started(watch, 14_000), READY, 15_000)
    assert fact == CollectorRestarted("exit code 1", 10_000, 15_000)
    assert heard(watch, READY, 16_000)[1] is None, "it is told once"


def test_the_first_start_is_no_restart_however_often_it_failed() -> None:
    watch = failed(started(first_watch(0), 0), "exit code 1", 100)
    assert heard(started(watch, 500), READY, 900)[1] is None


class ListProcess:
    """A collector process that says what the test lets it say."""

    def __init__(self) -> None:
        self.says: list[list[ToNode] | Malformed] = []
        self.sent: list[ToCollector] = []
        self.starts = self.kills = 0
        self.why_ended: str | None = "not started"
        self.start_error: OSError | None = None

    def start(self) -> None:
        if self.start_error:
            raise self.start_error
        self.starts += 1
        self.why_ended = None

    def receive(self, timeout_s: float) -> Sequence[ToNode]:
        said = self.says.pop(0) if self.says else []
        if isinstance(said, Malformed):
            raise said
        return said

    def send(self, message: ToCollector) -> None:
        self.sent.append(message)

    def ended(self) -> str | None:
        return self.why_ended

    def kill(self) -> None:
        self.kills += 1
        self.why_ended = "killed by signal 9"

    def stop(self, timeout_s: float) -> Sequence[ToNode]:
        return [report(8), Stopping()]


class World:
    def __init__(self) -> None:
        self.clock = HandClock(1_000_000)
        self.process = ListProcess()
        self.keeper = CollectorKeeper(self.process, self.clock)

    def turn(self, *says: ToNode, pass_ms: int = 0) -> list[CollectorReport | CollectorRestarted | Ready]:
        self.process.says = [list(says)]
        told = self.keeper.turn(0.1)
        self.clock.at_ms += pass_ms
        return told


def test_reports_are_passed_on_in_order() -> None:
    world = World()
    one, two = report(1), report(2)
    assert world.turn(READY, one, two) == [READY, one, two]
    assert world.process.starts == 1


def test_a_collector_that_dies_is_started_again_and_the_gap_told_as_a_fact() -> None:
    world = World()
    world.turn(READY, report(), pass_ms=100)
    world.process.why_ended = "killed by signal 9"
    world.turn(pass_ms=100)
    world.turn(pass_ms=400)
    assert world.process.starts == 1, "not before the pause is over"
    world.turn(pass_ms=2000)
    assert world.process.starts == 2
    assert world.turn(READY) == [CollectorRestarted("killed by signal 9", 1_000_000, 1_002_600), READY]


def test_a_silent_collector_is_killed() -> None:
    world = World()
    world.turn(READY)
    for _ in range(SILENCE_MS_MAX // 500 + 2):
        world.turn(pass_ms=500)
    assert world.process.kills == 1
    assert world.keeper.watch.reason == "silent for 5 s"


def test_a_collector_whose_messages_make_no_sense_is_killed() -> None:
    world = World()
    world.turn(READY)
    world.process.says = [Malformed("frame too long", 4)]
    assert world.keeper.turn(0.1) == []
    assert world.process.kills == 1
    assert world.keeper.watch.reason == "its messages make no sense: frame too long"


def test_a_collector_that_cannot_be_started_is_tried_again_and_known_as_never_ready() -> None:
    world = World()
    world.process.start_error = OSError("no such program")
    world.turn(pass_ms=10_000)
    world.turn()
    assert world.keeper.watch.failures == 2
    assert not world.keeper.watch.ever_ready
    assert world.keeper.watch.state is WatchState.WAITING
    assert "no such program" in world.keeper.watch.reason


def test_what_a_failing_collector_said_last_is_the_reason_and_not_that_of_the_next_failure() -> None:
    world = World()
    world.process.start_error = None
    world.turn(Failed("the port is taken"))
    world.process.why_ended = "exit code 2"
    world.turn(pass_ms=BACKOFF_MS)
    assert world.keeper.watch.reason == "the port is taken"
    world.turn()
    world.process.why_ended = "killed by signal 9"
    world.turn()
    assert world.keeper.watch.reason == "killed by signal 9"


def test_each_start_is_prepared_and_one_that_cannot_be_is_tried_again() -> None:
    world = World()
    asked = []

    def prepare() -> None:
        asked.append(world.clock.at_ms)
        if len(asked) == 1:
            raise FileNotFoundError(2, "no such folder")

    world.keeper = CollectorKeeper(world.process, world.clock, prepare)
    world.turn(pass_ms=BACKOFF_MS)
    assert world.process.starts == 0
    world.turn()
    assert (len(asked), world.process.starts) == (2, 1)


def test_the_last_reports_come_with_the_stop() -> None:
    world = World()
    assert [told.summary.second for told in world.keeper.stop(1.0)] == [8]


def reply_to(request: ToCollector, rows: int) -> SampleReply:
    assert isinstance(request, SampleRequest)
    sample = FlowSample(empty_rows(rows), np.ones(rows), np.ones(rows, np.int64), 1, 2)
    return SampleReply(request.number, sample)


def test_a_sample_reaches_the_one_who_asked() -> None:
    world = World()
    world.turn(READY)
    found: list[FlowSample] = []
    askers = [
        threading.Thread(target=lambda: found.append(world.keeper.sample(PREFIX, 10, timeout_s=10)))
        for _ in range(2)
    ]
    for asker in askers:
        asker.start()
    while len(world.process.sent) < 2:
        pass
    world.turn(*(reply_to(request, rows) for rows, request in enumerate(world.process.sent, 1)))
    for asker in askers:
        asker.join(10)
    assert sorted(len(sample.rows) for sample in found) == [1, 2]


def test_a_sample_without_an_answer_fails_and_a_late_answer_is_nobodys() -> None:
    world = World()
    world.turn(READY)
    with pytest.raises(OutsideFailed, match="no sample"):
        world.keeper.sample(PREFIX, 10, timeout_s=0.01)
    assert world.turn(reply_to(world.process.sent[0], 1)) == []


def test_too_many_askers_are_pushed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "SAMPLES_ASKED_MAX", 0)
    with pytest.raises(Full):
        World().keeper.sample(PREFIX, 10, timeout_s=0.01)
