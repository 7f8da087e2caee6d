"""90 % intervals of sampled amounts and shares, in the whole numbers that plans hold."""

import math

import numpy as np
import numpy.typing as npt

from tidegate.model.attacks import Rate
from tidegate.model.plans import MILLION, Share

Floats = npt.NDArray[np.float64]

Z_90 = 1.6448536269514722
"""Standard normal quantile of both ends of a 90 % interval."""

RATE_MAX = 2**53 - 1
"""Facts hold whole numbers that every JSON reader keeps exactly; a higher rate is told as this one."""

NOTHING = Share(0, 0, 0)


def amount_rate(amount: float, variance: float, slack: float = 0.0) -> Rate:
    """An amount with its sampling variance as a rate; `slack` widens it upwards.

    The amount weighs like k = amount^2 / variance counted things, so its ends are those of a Poisson mean
    (Garwood 1936), with the chi-square quantiles of Wilson and Hilferty (PNAS 17, 1931).
    """
    if amount <= 0:
        return Rate(0, 0, whole(math.ceil(slack)))
    low = high = amount
    if variance > 0:
        counted = amount * amount / variance
        low = amount * _poisson_end(counted, -Z_90) / counted
        high = amount * _poisson_end(counted + 1, Z_90) / counted
    return Rate(whole(amount), whole(math.floor(low)), whole(math.ceil(high + slack)))


def _poisson_end(count: float, z: float) -> float:
    return count * max(0.0, 1 - 1 / (9 * count) + z / (3 * math.sqrt(count))) ** 3


def share_of(part: float, counted: float) -> tuple[float, float]:
    """The ends of the 90 % interval of a share that rests on `counted` things (Wilson, JASA 22, 1927)."""
    if counted <= 0:
        return 0.0, 1.0
    spread = Z_90 * Z_90 / counted
    middle = (part + spread / 2) / (1 + spread)
    half = Z_90 / (1 + spread) * math.sqrt(part * (1 - part) / counted + spread / (4 * counted))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(estimate: float, low: float, high: float) -> Share:
    """Shares between 0 and 1 in millionths, in order, the interval rounded outwards."""
    estimate = min(max(estimate, 0.0), 1.0)
    return Share(
        estimate=round(estimate * MILLION),
        low=max(0, math.floor(min(low, estimate) * MILLION)),
        high=min(MILLION, math.ceil(max(high, estimate) * MILLION)),
    )


def dot(one: Floats, other: Floats) -> float:
    """The sum of products; not by BLAS, whose threads cost more than they save on this much."""
    return float(np.einsum("i,i->", one, other))


def whole(value: float) -> int:
    return round(min(max(value, 0.0), RATE_MAX))
