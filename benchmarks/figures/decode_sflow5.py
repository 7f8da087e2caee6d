"""sFlow v5 raw-header samples decoded and counted from memory on one core."""

import numpy as np

from benchmarks.datagrams import sflow5
from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.from_memory import figure_of, measure_from_memory
from benchmarks.mix import ordinary_mix

UNIT = "samples/s"


def measure(settings: Settings) -> Figure:
    rng = np.random.default_rng(settings.seed)
    flows = 210_000 if settings.quick else 700_000
    datagrams = sflow5(ordinary_mix(rng, flows), rng)
    seconds = 3 if settings.quick else 9
    return figure_of(
        measure_from_memory(settings, datagrams, 420_000 if settings.quick else 2_100_000, seconds), UNIT
    )


DESCRIPTION = Description(
    "decode-sflow5", "decode and count, sFlow v5 raw headers, one core", UNIT, 2e6, Better.HIGHER, measure
)
