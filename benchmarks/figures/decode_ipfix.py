"""IPFIX decoded and counted from memory on one core."""

import numpy as np

from benchmarks.datagrams import ipfix
from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.from_memory import figure_of, measure_from_memory
from benchmarks.mix import ordinary_mix

UNIT = "records/s"


def measure(settings: Settings) -> Figure:
    flows = 240_000 if settings.quick else 1_200_000
    datagrams = ipfix(ordinary_mix(np.random.default_rng(settings.seed), flows))
    seconds = 3 if settings.quick else 9
    return figure_of(
        measure_from_memory(settings, datagrams, 1_200_000 if settings.quick else 6_000_000, seconds), UNIT
    )


DESCRIPTION = Description(
    "decode-ipfix", "decode and count, IPFIX, one core", UNIT, 6e6, Better.HIGHER, measure
)
