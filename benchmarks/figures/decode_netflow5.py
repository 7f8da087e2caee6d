"""NetFlow v5 decoded and counted from memory on one core."""

import numpy as np

from benchmarks.datagrams import netflow5
from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.from_memory import figure_of, measure_from_memory
from benchmarks.mix import ordinary_mix

UNIT = "records/s"


def measure(settings: Settings) -> Figure:
    flows = 240_000 if settings.quick else 1_200_000
    datagrams = netflow5(ordinary_mix(np.random.default_rng(settings.seed), flows))
    seconds = 3 if settings.quick else 9
    return figure_of(
        measure_from_memory(settings, datagrams, 1_200_000 if settings.quick else 6_000_000, seconds), UNIT
    )


DESCRIPTION = Description(
    "decode-netflow5", "decode and count, NetFlow v5, one core", UNIT, 6e6, Better.HIGHER, measure
)
