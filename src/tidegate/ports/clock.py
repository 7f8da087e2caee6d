"""The time of day, which everyone but one adapter takes as an argument."""

from typing import Protocol


class Clock(Protocol):
    """Wall clock in UTC. It may step backwards when the host's clock is corrected."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""


class ReceiveClock(Clock, Protocol):
    """The collector's time: UTC that never steps backwards, so that seconds close one after the other.

    It follows the wall clock, also forwards by any step. While the wall clock is behind what was told
    before, time goes on from there.
    """

    @property
    def behind_ms(self) -> int:
        """How far the wall clock was behind at the last look; 0 while it is followed."""
