"""The one place that reads the time."""

import time


class WallClock:
    """The host's clock in UTC. It follows corrections of the host's clock, also backwards."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000
