"""Keeping a collector running: when it is started again, when it counts as silent, and what is reported.

`Watch` and the functions on it are the policy, with the clock as an argument; `CollectorKeeper` applies
it to a process. Quiet time is added up turn by turn, and a single turn counts for at most a second: a
clock that was set forward, or a machine that slept, makes no collector look dead.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from tidegate.model.addresses import Prefix
from tidegate.model.facts import CollectorRestarted
from tidegate.model.refusals import Full, Malformed
from tidegate.ports.clock import Clock
from tidegate.ports.collector import (
    CollectorProcess,
    CollectorReport,
    Failed,
    FlowSample,
    Ready,
    SampleReply,
    SampleRequest,
    ToNode,
)
from tidegate.ports.outside import OutsideFailed

SILENCE_MS_MAX = 5_000
"""A collector that says nothing for so long (it reports every second) is killed and started again."""

STARTING_MS_MAX = 300_000
"""The same until it is ready: the first start on a machine compiles the kernels."""

BACKOFF_MS = 250
BACKOFF_MS_MAX = 30_000
"""Pause before another start; it begins at 0.25 s and doubles with each failure up to this."""

RUNS_WELL_MS = 60_000
"""After so long without failure the pauses begin anew."""

TURN_MS_MAX = 1_000
SAMPLES_ASKED_MAX = 8
"""Samples waited for at once; a further asker gets Full."""


class WatchState(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the collector. `failures` in a row; `silent_from_ms` while nothing is heard."""

    state: WatchState
    since_ms: int
    turned_ms: int
    quiet_ms: int = 0
    failures: int = 0
    ever_ready: bool = False
    silent_from_ms: int | None = None
    reason: str = ""

    @property
    def start_due_ms(self) -> int:
        """When it is to be started again; meaningful while waiting."""
        pause = min(BACKOFF_MS << min(self.failures - 1, 16), BACKOFF_MS_MAX) if self.failures else 0
        return self.since_ms + pause


def first_watch(now_ms: int) -> Watch:
    """Nothing was started yet, and a start is due."""
    return Watch(WatchState.WAITING, now_ms, now_ms)


def started(watch: Watch, now_ms: int) -> Watch:
    return replace(watch, state=WatchState.STARTING, since_ms=now_ms, turned_ms=now_ms, quiet_ms=0)


def turned(watch: Watch, now_ms: int) -> Watch:
    """Time went by; a clock set back counts as none."""
    passed = min(max(now_ms - watch.turned_ms, 0), TURN_MS_MAX)
    # A clock set back far would keep a waiting collector waiting until it has caught up.
    since_ms = min(watch.since_ms, now_ms)
    watch = replace(watch, turned_ms=now_ms, quiet_ms=watch.quiet_ms + passed, since_ms=since_ms)
    well = watch.state is WatchState.RUNNING and now_ms - watch.since_ms >= RUNS_WELL_MS
    return replace(watch, failures=0) if well else watch


def heard(watch: Watch, message: ToNode, now_ms: int) -> tuple[Watch, CollectorRestarted | None]:
    """It spoke; when it is ready again after a failure, the fact that tells of the gap."""
    watch = replace(watch, quiet_ms=0)
    if not isinstance(message, Ready):
        return watch, None
    fact = None
    if watch.silent_from_ms is not None:
        fact = CollectorRestarted(watch.reason, watch.silent_from_ms, max(now_ms, watch.silent_from_ms))
    ready = replace(watch, state=WatchState.RUNNING, since_ms=now_ms, ever_ready=True, silent_from_ms=None)
    return ready, fact


def overdue(watch: Watch) -> str | None:
    """Why it must be killed, or None."""
    if watch.state is WatchState.RUNNING and watch.quiet_ms > SILENCE_MS_MAX:
        return f"silent for {SILENCE_MS_MAX // 1000} s"
    if watch.state is WatchState.STARTING and watch.quiet_ms > STARTING_MS_MAX:
        return f"not ready after {STARTING_MS_MAX // 1000} s"
    return None


def failed(watch: Watch, reason: str, now_ms: int) -> Watch:
    """It ended or was killed. The gap began when it was last heard, if it ever was."""
    gap = watch.silent_from_ms
    if gap is None and watch.ever_ready:
        gap = now_ms - watch.quiet_ms
    return replace(
        watch,
        state=WatchState.WAITING,
        since_ms=now_ms,
        failures=watch.failures + 1,
        silent_from_ms=gap,
        reason=reason,
    )


class _Asked:
    """One sample somebody waits for."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.sample: FlowSample | None = None


class CollectorKeeper:
    """Keeps one collector running; `turn` is called again and again by one thread, `sample` by any.

    `prepare` is called before each start; an OSError of it counts as a start that failed.
    """

    def __init__(
        self, process: CollectorProcess, clock: Clock, prepare: Callable[[], None] = lambda: None
    ) -> None:
        self._process = process
        self._clock = clock
        self._prepare = prepare
        self._watch = first_watch(clock.now_ms())
        self._mutex = threading.Lock()
        self._asked: dict[int, _Asked] = {}
        self._next_number = 1
        self._last_words: str | None = None

    @property
    def watch(self) -> Watch:
        return self._watch

    def turn(self, timeout_s: float) -> list[CollectorReport | CollectorRestarted | Ready]:
        """Starts what is due, waits at most `timeout_s` for messages, kills what is silent."""
        self._watch = turned(self._watch, self._clock.now_ms())
        if self._watch.state is WatchState.WAITING and self._clock.now_ms() >= self._watch.start_due_ms:
            self._start()
        try:
            messages = self._process.receive(timeout_s)
        except Malformed as malformed:
            self._fail(f"its messages make no sense: {malformed.reason}")
            return []
        told = [known for message in messages for known in self._took(message)]
        if self._watch.state is not WatchState.WAITING and (
            reason := self._process.ended() or overdue(self._watch)
        ):
            self._fail(self._last_words or reason)
        return told

    def sample(self, prefix: Prefix, limit: int, timeout_s: float) -> FlowSample:
        """Recent flows towards `prefix`. Full when too many ask at once; OutsideFailed without an answer."""
        asked = _Asked()
        with self._mutex:
            if len(self._asked) >= SAMPLES_ASKED_MAX:
                raise Full("samples asked at once", SAMPLES_ASKED_MAX)
            number, self._next_number = self._next_number, self._next_number + 1
            self._asked[number] = asked
        try:
            self._process.send(SampleRequest(number, prefix, limit))
            asked.answered.wait(timeout_s)
        finally:
            with self._mutex:
                del self._asked[number]
        if asked.sample is None:
            raise OutsideFailed(
                "no sample of recent flows came", "the collector", "Ask again in a few seconds."
            )
        return asked.sample

    def stop(self, timeout_s: float) -> list[CollectorReport]:
        """Ends the collector; the reports of its last second."""
        messages = self._process.stop(timeout_s)
        return [message for message in messages if isinstance(message, CollectorReport)]

    def _start(self) -> None:
        self._last_words = None
        try:
            self._prepare()
            self._process.start()
        except OSError as error:
            self._fail(f"it could not be started: {error}")
        else:
            self._watch = started(self._watch, self._clock.now_ms())

    def _fail(self, reason: str) -> None:
        self._process.kill()
        self._watch = failed(self._watch, reason, self._clock.now_ms())

    def _took(self, message: ToNode) -> list[CollectorReport | CollectorRestarted | Ready]:
        self._watch, fact = heard(self._watch, message, self._clock.now_ms())
        match message:
            case SampleReply(number, sample):
                self._answer(number, sample)
                return []
            case Failed(why):
                self._last_words = why
            case CollectorReport() | Ready():
                return [message] if fact is None else [fact, message]
        return []

    def _answer(self, number: int, sample: FlowSample) -> None:
        with self._mutex:
            asked = self._asked.get(number)
        if asked is not None:
            asked.sample = sample
            asked.answered.set()
