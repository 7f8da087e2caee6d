"""How much comes in, as a rate with what sampling leaves open."""

import msgspec

from tidegate.detect.intervals import rate
from tidegate.model.attacks import Rate
from tidegate.model.plans import MILLION
from tidegate.model.summaries import SecondSummary

NOTHING = Rate(0, 0, 0)


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """Of one second. `unscaled` is the share of the bits, in millionths, whose sampling is unknown: they
    count as they were told, and the whole is then at least so much."""

    bits_per_s: Rate
    packets_per_s: Rate
    unscaled: int


SILENCE = Volume(bits_per_s=NOTHING, packets_per_s=NOTHING, unscaled=0)


def bits_per_s(size: float, variance: float) -> Rate:
    """Of bytes in one second, and the variance of the sampling behind them."""
    return rate(size * 8, variance * 64, 1.0)


def volume(summary: SecondSummary) -> Volume:
    return Volume(
        bits_per_s=bits_per_s(summary.bytes, summary.bytes_variance),
        packets_per_s=rate(summary.packets, summary.packets_variance, 1.0),
        unscaled=round(MILLION * summary.unscaled_bytes / summary.bytes) if summary.bytes else 0,
    )
