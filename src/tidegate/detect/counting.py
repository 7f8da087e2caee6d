"""Flow batches become one summary a second: the counting table, its growth, and what it says when full."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.detect import tables
from tidegate.detect.settings import CountingSettings, WatchedObject
from tidegate.kernels.cells import (
    BLOCK_ROWS,
    CELL_STATE,
    LEVELS,
    LINK,
    MISSED_GROUPS,
    STATE,
    TRACE,
    Table,
)
from tidegate.kernels.closing import LIGHT, close_cells, sweep, weigh_rings, write_summary
from tidegate.kernels.counting import count_rows
from tidegate.kernels.slots import SLOT, index_refill
from tidegate.kernels.windows import RING, SECONDS
from tidegate.model.exporters import EXPORTERS_MAX
from tidegate.model.flows import FlowBatch
from tidegate.model.summaries import (
    CELL,
    INBOUND,
    INBOUND_AMOUNTS,
    INBOUND_ROWS_MAX,
    NO_VECTOR,
    SUMMARY_CELLS_MAX,
    SecondSummary,
)
from tidegate.model.vector_tables import least_bytes, port_vectors
from tidegate.model.vectors import VECTORS_MAX

INDEX_SLOTS_START = 1 << 16
SWEEP_TURN = 16
"""Closes in which every cell has been looked at once for being idle."""

CLIPPED_SHARE = 0.01
"""From this share of a second's records, it is said that they are older than the windows."""

CACHE_LINE_BYTES = 64


def aligned_zeros(count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Zeros that begin at a cache line; pages cost no memory until they are touched."""
    raw = np.zeros(count * dtype.itemsize + CACHE_LINE_BYTES, np.uint8)
    skip = -raw.ctypes.data % CACHE_LINE_BYTES
    return raw[skip : skip + count * dtype.itemsize].view(dtype)


def new_table(settings: CountingSettings, objects: Sequence[WatchedObject]) -> Table:
    """An empty table of the settings' bounds."""
    cells = settings.cells_max
    prefixes, chains = tables.object_prefixes(objects)
    state = np.zeros(1, STATE)
    state["tick"] = 1
    state["free"] = -1
    state["seed"] = settings.seed
    state["promote_scale"] = 1.0
    return Table(
        state=state,
        cells=aligned_zeros(cells, CELL_STATE),
        links=aligned_zeros(cells, LINK),
        traces=aligned_zeros(cells, TRACE),
        slots=aligned_zeros(min(INDEX_SLOTS_START, 2 << (cells - 1).bit_length()), SLOT),
        touched=np.zeros((LEVELS, cells), np.int32),
        touched_count=np.zeros(LEVELS, np.int64),
        missed=np.zeros(MISSED_GROUPS, np.float64),
        rings=np.zeros(settings.rings_max, RING),
        windows=aligned_zeros(settings.rings_max * SECONDS * 4, np.dtype(np.float32)).reshape(-1, SECONDS, 4),
        told=aligned_zeros(settings.rings_max * SECONDS * 8, np.dtype(np.float64)).reshape(-1, SECONDS, 8),
        extents=np.zeros((settings.rings_max, 2), np.int64),
        free_rings=np.arange(settings.rings_max, dtype=np.int32),
        port_vector=port_vectors(),
        bytes_min=least_bytes(),
        promote=tables.promote_floors(settings.floors, settings.promote_share),
        object_promote=tables.object_promote_floors(settings.floors, settings.promote_share, objects),
        object_prefixes=prefixes,
        chains=chains,
        object_cells=np.full((max(1, len(objects)), VECTORS_MAX), -1, np.int32),
        inbound=np.zeros((EXPORTERS_MAX, VECTORS_MAX + 1, len(INBOUND_AMOUNTS)), np.float64),
        hashes=np.zeros(BLOCK_ROWS, np.uint64),
        codes=np.zeros(BLOCK_ROWS, np.uint8),
        spots=np.zeros(BLOCK_ROWS, np.int64),
        nearest=np.zeros(BLOCK_ROWS, np.int64),
        climbers=np.zeros(BLOCK_ROWS, np.int64),
    )


class SecondCounter:
    """Counts scaled bytes and packets by destination prefix and vector, second by second.

    The caller closes seconds in order. Between two closes lies the *open second*; what is received in
    it with a later time is counted at its end.
    """

    def __init__(self, settings: CountingSettings, objects: Sequence[WatchedObject] = ()) -> None:
        self._settings = settings
        self._table = new_table(settings, objects)
        self._state = self._table.state[0]
        self._opened = False
        self._weights = np.empty(settings.rings_max, np.float64)

    def count(self, batch: FlowBatch, received_ms: int) -> None:
        """Add the records of a batch received at one time; nothing of the batch is kept."""
        if not self._opened or (
            received_ms // 1000 > self._state["open_second"] and not self._state["records"]
        ):
            self._state["open_second"] = received_ms // 1000
            self._opened = True
        done = 0
        while True:
            done = count_rows(self._table, batch.rows, done, received_ms)
            if done == len(batch.rows):
                return
            self._enlarge_index()

    def close_second(
        self,
        second: int,
        exporters: npt.NDArray[np.void],
        refused: dict[tuple[int, str], int],
        datagrams_dropped: int,
    ) -> SecondSummary:
        """Close the open second (`second`, UTC, or an earlier one) and tell of every heavy destination.

        `exporters` (dtype EXPORTER), `refused` and `datagrams_dropped` travel along as they are; the
        exporters are copied.
        """
        state = self._state
        if not self._opened or not state["records"]:
            state["open_second"] = max(second, int(state["open_second"]))
            self._opened = True
        close_cells(self._table)
        open_second = int(state["open_second"])
        weigh_rings(self._table, open_second, self._weights)
        # A ring that was silent in this second is told too: if the host left before the network around it,
        # the network's window would look like traffic of its own.
        heavy = np.flatnonzero(self._weights >= LIGHT * state["promote_scale"])
        left_out = max(0, len(heavy) - SUMMARY_CELLS_MAX)
        if left_out:
            heavy = heavy[np.argpartition(self._weights[heavy], left_out)[left_out:]]
        cells = np.zeros(len(heavy), CELL)
        write_summary(self._table, heavy, cells)
        inbound = self._table.inbound[: max(1, len(exporters))]
        _, _, bytes_variance, packets_variance, unscaled_bytes = inbound.sum(axis=(0, 1)).tolist()
        summary = SecondSummary(
            second=second,
            cells=cells,
            cells_left_out=left_out,
            exporters=exporters.copy(),
            refused=dict(refused),
            records=int(state["records"]),
            bytes=float(state["bytes"]),
            packets=float(state["packets"]),
            bytes_variance=bytes_variance,
            packets_variance=packets_variance,
            unscaled_bytes=unscaled_bytes,
            active_cells=int(state["used"]),
            degraded=self._degraded(),
            datagrams_dropped=datagrams_dropped,
            inbound=inbound_rows(inbound),
        )
        self._open_next(second, len(exporters))
        return summary

    def _open_next(self, second: int, exporters: int) -> None:
        state = self._state
        used_share = int(state["used"]) / self._settings.cells_max
        patience = self._settings.host_idle_seconds if used_share < 0.6 else 4
        sweep(self._table, -(-int(state["high_water"]) // SWEEP_TURN), patience)
        if state["rings_missing"]:
            state["promote_scale"] *= 2
            weigh_rings(self._table, int(state["open_second"]), self._weights)
        elif state["promote_scale"] > 1 and state["rings_used"] < self._settings.rings_max // 3:
            state["promote_scale"] /= 2
        if state["replaced"] or state["untracked"]:
            self._table.missed[:] = 0
        for counter in (
            "records",
            "bytes",
            "packets",
            "replaced",
            "untracked",
            "unrolled",
            "rings_missing",
            "clipped",
        ):
            state[counter] = 0
        self._table.inbound[: max(1, exporters)] = 0
        state["tick"] += 1
        state["open_second"] = max(second, int(state["open_second"])) + 1

    def _degraded(self) -> str | None:
        """What the closed second could not count exactly, as one sentence; None when all is exact."""
        state = self._state
        parts: list[str] = []
        if state["replaced"] or state["untracked"]:
            parts.append(
                f"the table of destinations is full: {state['replaced']} light hosts gave way, "
                f"{state['untracked']} records were counted in their prefixes only, "
                f"a host may lack {self._table.missed.max():.0f} bytes"
            )
        if state["unrolled"]:
            parts.append(f"{state['unrolled']} prefixes found no room")
        if state["rings_missing"] or state["promote_scale"] > 1:
            parts.append(
                f"the windows of heavy destinations are full: only those above "
                f"{state['promote_scale']:.0f} times the usual floor are followed"
            )
        if state["clipped"] > CLIPPED_SHARE * state["records"]:
            parts.append(
                f"{state['clipped']} of {state['records']} records reach back further than {SECONDS} s, and "
                f"what lies before that is left out: set the exporters' active timeout to at most a minute"
            )
        return "; ".join(parts) or None

    def _enlarge_index(self) -> None:
        larger = aligned_zeros(2 * len(self._table.slots), SLOT)
        index_refill(self._table.slots, larger)
        self._table = self._table._replace(slots=larger)


def inbound_rows(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.void]:
    """The amounts by exporter and vector (the last column: of no vector) that are not zero, dtype INBOUND."""
    exporters, vectors = np.nonzero(amounts[:, :, :2].any(axis=2))  # a record may tell of no bytes
    if len(exporters) > INBOUND_ROWS_MAX:
        weights = amounts[exporters, vectors, 0]
        heaviest = np.sort(np.argpartition(weights, -INBOUND_ROWS_MAX)[-INBOUND_ROWS_MAX:])
        exporters, vectors = exporters[heaviest], vectors[heaviest]
    rows = np.zeros(len(exporters), INBOUND)
    rows["exporter"] = exporters
    rows["vector"] = np.where(vectors == VECTORS_MAX, NO_VECTOR, vectors)
    for name, column in zip(INBOUND_AMOUNTS, amounts[exporters, vectors].T, strict=True):
        rows[name] = column
    return rows
