"""The one place that reads the time."""

import time
from collections.abc import Callable
from typing import Final

from tidegate.ports.clock import Clock

SLIGHT_MS: Final = 1_000
"""A wall clock that steps back by less is waited for; after a longer step, time goes on without it."""


class WallClock:
    """The host's clock in UTC. It follows corrections of the host's clock, also backwards."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class SteadyClock:
    """Time that never steps backwards (ports.clock.ReceiveClock): the wall clock's, or the machine's pace.

    `monotonic_ns`: nanoseconds since any moment, never backwards.
    """

    def __init__(self, wall: Clock, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._wall = wall
        self._monotonic_ns = monotonic_ns
        self._told_ns = 0
        self._told_at_ns = 0
        self._behind_ns = 0

    def now_ms(self) -> int:
        wall_ns, now_ns = self._wall.now_ms() * 1_000_000, self._monotonic_ns()
        stepped_back = self._told_ns - wall_ns >= SLIGHT_MS * 1_000_000
        if stepped_back:
            self._told_ns += now_ns - self._told_at_ns
        else:
            self._told_ns = max(self._told_ns, wall_ns)
        self._behind_ns = self._told_ns - wall_ns if stepped_back else 0
        self._told_at_ns = now_ns
        return self._told_ns // 1_000_000

    @property
    def behind_ms(self) -> int:
        return self._behind_ns // 1_000_000


def boot_ns() -> int:
    """Nanoseconds since the machine started, also those in which it was suspended; nothing sets it back.

    The same for every process of one machine, so that two of them agree on when a lease ends.
    """
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
