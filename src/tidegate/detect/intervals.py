"""How far a sampled estimate can be from the truth: 90 % intervals from an estimate and its variance.

An estimate E with sampling variance V weighs like k = E^2 / V sampled packets. The true amount is taken
as gamma with shape k + 1/2 (Jeffreys' prior for a Poisson count; for unequal weights after Fay and Feuer,
Statistics in Medicine 16, 1997), its quantiles by Wilson and Hilferty (PNAS 17, 1931).
"""

import math

import numpy as np
import numpy.typing as npt

from tidegate.model.attacks import Rate

Floats = npt.NDArray[np.float64]

Z_90 = 1.6448536269514722
"""Standard normal quantile of both ends of a 90 % interval."""

Z_CHOSEN = 2.0
"""Lower end of a rate that is told because it is high: the moment was chosen by the rate, and luck in
sampling had its part in that."""

Z_DECISION = 4.0
"""Standard deviations (once in 30,000 by luck) that a decision asks for: it is asked every second, for
every destination, so that the 5 % of a 90 % interval would alarm by luck all day."""

SAMPLES_MAX = 1e12
"""From so many samples on, an interval is narrower than any rate is told."""

LEAST = 1e-6
"""Amounts below a millionth of a byte or packet are nothing."""

RATE_MAX = 2**53 - 1
"""Facts hold whole numbers that every JSON reader keeps exactly."""


def bound(estimate: npt.ArrayLike, variance: npt.ArrayLike, z: float) -> Floats:
    """The end of the interval `z` standard deviations up (or down, where negative); same shape.

    Where the variance is 0 (or that of more than SAMPLES_MAX samples) every packet was seen, and the end
    is the estimate itself. Where the estimate is 0 nothing is known of the weight of a packet, and the
    end is 0.
    """
    estimate, variance = np.asarray(estimate, np.float64), np.asarray(variance, np.float64)
    exact = (variance * SAMPLES_MAX <= estimate * estimate) | (estimate < LEAST)
    safe_variance = np.where(exact, 1.0, variance)
    safe_estimate = np.where(exact, 1.0, estimate)
    shape = safe_estimate * safe_estimate / safe_variance + 0.5
    scale = safe_variance / safe_estimate
    part = 1.0 / (9.0 * shape)
    quantile = shape * np.maximum(0.0, 1.0 - part + z * np.sqrt(part)) ** 3
    end: Floats = np.where(exact, np.maximum(estimate, 0.0), quantile * scale)
    return end


def rate(
    amount: float,
    variance: float,
    seconds: float,
    missed: float = 0.0,
    *,
    likely: float = 0.0,
    z_low: float = Z_90,
) -> Rate:
    """An amount over some seconds as a rate per second; `missed` widens it upwards.

    `likely` is how much there probably was on top: it counts with the estimate, not at all at the lower
    end, twice at the upper.
    """
    low, high = (float(bound(amount, variance, z)) for z in (-z_low, Z_90))
    return Rate(
        estimate=whole((amount + likely) / seconds),
        low=whole(math.floor(min(low, amount) / seconds)),
        high=whole(math.ceil((max(high, amount) + missed + 2 * likely) / seconds)),
    )


def whole(value: float) -> int:
    return round(min(max(value, 0.0), RATE_MAX))


def samples(amount: float, variance: float) -> float:
    """The number of sampled packets that an estimate weighs like; infinite where all were seen."""
    return amount * amount / variance if variance > 0 else math.inf
