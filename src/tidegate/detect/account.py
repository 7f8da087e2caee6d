"""What an attack amounted to, from its seconds that are told in full: the mean, and the heaviest seconds.

A second is told in full once it is older than its exporters' delay. Seconds are added in order, each
once, so that an attack of days takes no more room than one of a minute.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from tidegate.detect.intervals import Z_90, Floats, bound, whole
from tidegate.model.attacks import Rate

Sums = dict[int, Floats]
"""By vector: bytes, packets, and their variances (4,)."""


@dataclass(slots=True)
class Account:
    """Sums over an attack's seconds. `window`: how many seconds a peak is the mean of."""

    window: int
    total: Sums = field(default_factory=dict)
    seconds: int = 0
    _pending: Sums = field(default_factory=dict)
    _pending_seconds: int = 0
    _recent: deque[Floats] = field(default_factory=deque)
    _heaviest: Floats | None = None
    _windows: int = 0

    def add(self, sums: Sums, *, goes_on: bool) -> None:
        """One more second. It counts once the attack is known to go on after it: an attack ends
        somewhere inside its last second."""
        _add_to(self._pending, sums)
        self._pending_seconds += 1
        self._recent.append(sum(sums.values(), np.zeros(4)))
        if len(self._recent) > self.window:
            self._recent.popleft()
        if not goes_on:
            return
        _add_to(self.total, self._pending)
        self.seconds += self._pending_seconds
        self._pending, self._pending_seconds = {}, 0
        if len(self._recent) == self.window:
            self._windows += 1
            amount = np.sum(self._recent, axis=0)
            if self._heaviest is None or amount[0] > self._heaviest[0]:
                self._heaviest = amount

    def peak(self) -> Rate | None:
        """Bits per second over the heaviest `window` seconds; None before there are so many.

        The largest of many estimates is too large by luck: what that luck is worth (the expected largest
        of so many normal values, after Blom, 1958) is taken off, down to the mean at most, and widens the
        interval downwards.
        """
        if self._heaviest is None:
            return None
        amount, variance = self._heaviest[0] * 8, self._heaviest[2] * 64
        luck = expected_largest(self._windows)
        mean = sum(float(sums[0]) for sums in self.total.values()) * 8 / self.seconds
        likely = max(min(mean * self.window, amount), amount - luck * math.sqrt(variance))
        low, high = (float(bound(amount, variance, z)) for z in (-Z_90 - luck, Z_90))
        return Rate(
            estimate=whole(likely / self.window),
            low=whole(math.floor(min(low, likely) / self.window)),
            high=whole(math.ceil(max(high, likely) / self.window)),
        )


def expected_largest(count: int) -> float:
    """About how many standard deviations the largest of `count` overlapping windows lies above the mean.

    Neighbouring windows share most of their seconds: `count` of them vary like half as many.
    """
    independent = max(1.0, count / 2)
    return max(0.0, NormalDist().inv_cdf((independent - 0.375) / (independent + 0.25)))


def _add_to(total: Sums, more: Sums) -> None:
    for vector, amounts in more.items():
        known = total.get(vector)
        total[vector] = amounts.copy() if known is None else known + amounts
