"""The time of day, which everyone but one adapter takes as an argument."""

from typing import Protocol


class Clock(Protocol):
    """Wall clock in UTC. It may step backwards when the host's clock is corrected."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""
