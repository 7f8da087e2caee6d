"""The console beside a node: started with it, started again where it ends, and never waited for.

Whether a page is served changes nothing for detection, plans or the border: a console that cannot run is told
to the log, and tried again.
"""

import logging

from tidegate.ports.children import ChildProgram
from tidegate.ports.clock import Clock

BACKOFF_MS = 1_000
BACKOFF_MS_MAX = 60_000
"""Pause before another start; it begins at a second and doubles with each failure up to this."""

RUNS_WELL_MS = 60_000
"""After so long without ending the pauses begin anew."""

ENDING_S = 3.0
"""The console gets this long to finish what it answers."""

log = logging.getLogger("tidegate.console")


class ConsoleKeeper:
    """A companion of the node's run (tidegate.app.run.Companion)."""

    def __init__(self, child: ChildProgram, clock: Clock, origin: str) -> None:
        self._child = child
        self._clock = clock
        self._origin = origin
        self._started_ms: int | None = None
        self._due_ms = clock.now_ms()
        self._failures = 0

    def turn(self) -> None:
        now_ms = self._clock.now_ms()
        if self._started_ms is not None:
            if (why := self._child.ended()) is None:
                return
            self._failed(why, now_ms)
        # A clock that was set back puts a start off for no longer than the longest pause.
        if now_ms >= self._due_ms or self._due_ms - now_ms > BACKOFF_MS_MAX:
            self._start(now_ms)

    def stop(self) -> None:
        self._child.stop(ENDING_S)

    def _start(self, now_ms: int) -> None:
        try:
            self._child.start()
        except OSError as error:
            self._failed(f"it could not be started: {error.strerror}", now_ms)
        else:
            self._started_ms = now_ms
            log.info("the console is started, at %s", self._origin)

    def _failed(self, why: str, now_ms: int) -> None:
        well = self._started_ms is not None and now_ms - self._started_ms >= RUNS_WELL_MS
        self._failures = 1 if well else self._failures + 1
        self._started_ms = None
        self._due_ms = now_ms + min(BACKOFF_MS << min(self._failures - 1, 16), BACKOFF_MS_MAX)
        log.warning("the console ended and is started again: %s", why)
