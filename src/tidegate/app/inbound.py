"""What usually comes in at each border point: the median of one-minute values of the last day."""

from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median_low

import numpy as np

from tidegate.app.samples import Flows, FlowsAsked
from tidegate.model.addresses import Prefix

EVERYTHING = Prefix(0, 0, 0)
"""Every destination of both families."""

INBOUND_EVERY_MS = 60_000

INBOUND_MINUTES_MAX = 1_440
"""Minutes remembered of each border point; the oldest gives way. A night and a day are in the median."""

INBOUND_MINUTES_MIN = 30
"""Below so many minutes nothing is called usual, and plans ask for the senior level instead."""

INBOUND_ROWS_MAX = 16_384
"""Rows of the sample that one minute's value rests on; the collector thins evenly above that."""


class Inbound:
    """Learns from a sample a minute; the median lets a flood of hours pass without becoming usual."""

    def __init__(self, points: Sequence[str]) -> None:
        self._minutes = {name: deque[int](maxlen=INBOUND_MINUTES_MAX) for name in points}

    def learn(self, inbound: Mapping[str, int]) -> None:
        for name, bits_per_s in inbound.items():
            self._minutes[name].append(bits_per_s)

    def usual(self) -> Mapping[str, int]:
        """Bits a second by border point; without those that are not known long enough."""
        return {
            name: median_low(minutes)
            for name, minutes in self._minutes.items()
            if len(minutes) >= INBOUND_MINUTES_MIN
        }


def inbound_now(asked: FlowsAsked, points: Sequence[str]) -> Mapping[str, int]:
    """Bits a second of the last minute by border point; OutsideFailed without a sample."""
    return inbound_of(asked.towards([EVERYTHING], INBOUND_ROWS_MAX), points)


def inbound_of(flows: Flows, points: Sequence[str]) -> Mapping[str, int]:
    """Records that do not say how they were sampled are passed over: too little is usual then, never too
    much."""
    seconds = max(flows.until_ms - flows.from_ms, 1_000) / 1000
    amounts = (
        flows.weights * flows.rows["sampling_rate"] * flows.rows["bytes"].astype(np.float64) * 8 / seconds
    )
    return {name: round(float(amounts[flows.point_of == at].sum())) for at, name in enumerate(points)}
