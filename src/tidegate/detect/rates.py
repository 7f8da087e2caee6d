"""Sums of an attack's traffic over some seconds as rates: of all of it, and of each vector."""

import numpy as np

from tidegate.detect.account import Sums
from tidegate.detect.intervals import Z_90, Floats, rate
from tidegate.model.attacks import Rate, VectorRate
from tidegate.model.vectors import VECTORS


class Rates:
    """Sums over some seconds as rates; `untold` is the share of them that may still come on top, `likely`
    the share that most likely was on top and was never counted, `z_low` how far down the lower ends reach."""

    def __init__(
        self,
        sums: Sums,
        seconds: int,
        missed_bits: float,
        untold: float = 0.0,
        *,
        likely: float = 0.0,
        z_low: float = Z_90,
    ) -> None:
        self.total: Floats = sum(sums.values(), np.zeros(4))
        self.missed_bits = missed_bits

        def per_second(amounts: Floats, quantity: int, unit: int, missed: float = 0.0) -> Rate:
            amount = amounts[quantity] * unit
            variance = amounts[quantity + 2] * unit**2
            more = missed + untold * amount
            return rate(amount, variance, seconds, more, likely=likely * amount, z_low=z_low)

        self.bits = per_second(self.total, 0, 8, missed_bits)
        self.packets = per_second(self.total, 1, 1)
        self.vectors = tuple(
            VectorRate(VECTORS[vector].name, per_second(amounts, 0, 8), per_second(amounts, 1, 1))
            for vector, amounts in sorted(sums.items(), key=lambda item: -item[1][0])
        )
