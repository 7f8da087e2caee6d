"""What the collector tells the node each second: heavy destinations, totals, and its own health."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WINDOW_SECONDS = 64
"""Seconds of history that travel with each heavy cell, newest last."""

SUMMARY_CELLS_MAX = 8192
"""Heavy cells in one summary; beyond it the lightest are left out and `cells_left_out` says how many."""

CELL = np.dtype(
    [
        # The destination: a prefix over the two words (tidegate.model.addresses), or an operator's object.
        ("high", np.uint64),
        ("low", np.uint64),
        ("length", np.uint8),
        ("vector", np.uint8),  # row in tidegate.model.vectors.VECTORS
        ("object", np.int16),  # operator-defined object, or -1
        ("newest_second", np.int64),  # UTC second that the last column of the window describes
        ("exporters", np.uint64),  # bit i: exporter row i sent part of it; bit 63 stands for all rows from 63
        ("age_ms", np.int32),  # receive time minus flow end, byte-weighted, in the newest receive second
        ("unscaled", np.float32),  # share of the bytes whose sampling is unknown: those are a lower bound
        ("error_bytes", np.float64),  # most bytes that degraded counting may have added or missed; 0 = exact
        # Scaled estimates per second over the window, and the variance of the sampling behind them.
        ("bytes", np.float32, (WINDOW_SECONDS,)),
        ("packets", np.float32, (WINDOW_SECONDS,)),
        ("bytes_variance", np.float32, (WINDOW_SECONDS,)),
        ("packets_variance", np.float32, (WINDOW_SECONDS,)),
    ],
    align=True,
)
"""One heavy (destination, vector) pair. A window column is the second `newest_second - 63 + i`."""


INBOUND_ROWS_MAX = 16_384
"""Rows of inbound volume in one summary; the lightest beyond it are left out, and only totals hold them."""

NO_VECTOR = 255
"""In a row of inbound volume: traffic of no vector (not IP)."""

INBOUND_AMOUNTS = ("bytes", "packets", "bytes_variance", "packets_variance", "unscaled_bytes")
"""Scaled as far as can be, the variance of the sampling behind it, and bytes whose sampling is unknown."""

INBOUND = np.dtype(
    [("exporter", np.uint16), ("vector", np.uint8), *((name, np.float64) for name in INBOUND_AMOUNTS)]
)
"""What one exporter (its row) told of one vector in the receive second."""


@dataclass(frozen=True, slots=True)
class SecondSummary:
    """One receive second, closed.

    `inbound` dtype INBOUND adds up to `bytes`, `packets`, their variances and `unscaled_bytes`.
    `cells` dtype CELL; `exporters` dtype EXPORTER
    (tidegate.model.exporters), the table as it stood; `refused` counts by (exporter row, or -1 where the
    sender has none; reason) since the start.
    """

    second: int
    cells: npt.NDArray[np.void]
    cells_left_out: int
    exporters: npt.NDArray[np.void]
    refused: dict[tuple[int, str], int]
    records: int
    bytes: float
    packets: float
    bytes_variance: float
    packets_variance: float
    unscaled_bytes: float
    active_cells: int
    degraded: str | None
    datagrams_dropped: int  # by the kernel, for want of room in the socket's queue (SO_RXQ_OVFL), this second
    inbound: npt.NDArray[np.void]
