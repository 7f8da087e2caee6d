"""When is traffic an attack: n of m seconds above the threshold, and more than luck in sampling explains."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.detect.intervals import Z_DECISION, Floats, bound
from tidegate.model.summaries import WINDOW_SECONDS

SCALES = (1, 4, 12)
"""Lengths in seconds of one step of persistence. Coarse sampling shows a weak attack only over many."""


SAMPLES_LEAST = 3
"""Sampled packets in its whole window, without which a row is passed over: Z_DECISION never lets so few make
an attack, and under coarse sampling most rows hold one packet that was met by chance."""


def weighty(cells: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The CELL rows that rest on SAMPLES_LEAST samples, or on all packets."""
    packets = cells["packets"].sum(axis=1, dtype=np.float64)
    variance = cells["packets_variance"].sum(axis=1, dtype=np.float64)
    kept: npt.NDArray[np.void] = cells[packets * packets >= SAMPLES_LEAST * variance]
    return kept


@dataclass(frozen=True, slots=True)
class Aligned:
    """The rows of a summary on one axis: column i is the second `newest - 63 + i` in all of them.

    Each array float64 (rows, 64): scaled bytes and packets in the second, and their variances.
    """

    newest: int
    bytes: Floats
    packets: Floats
    bytes_variance: Floats
    packets_variance: Floats

    def column(self, second: int) -> int:
        return second - self.newest + WINDOW_SECONDS - 1

    def window(self, at: int) -> Floats:
        """(4, 64): bytes, packets, and their variances, of one row."""
        return np.stack(
            (self.bytes[at], self.packets[at], self.bytes_variance[at], self.packets_variance[at])
        )

    def second(self, column: int) -> int:
        return self.newest - WINDOW_SECONDS + 1 + column


def align(cells: npt.NDArray[np.void], newest: int) -> Aligned:
    """The windows of CELL rows, moved so that all end at `newest`; what falls out is left out."""
    late = newest - cells["newest_second"]
    other = np.flatnonzero(late)
    take = np.arange(WINDOW_SECONDS)[None, :] + late[other, None]
    inside = (take >= 0) & (take < WINDOW_SECONDS)
    take = np.where(inside, take, 0)

    def moved(name: str) -> Floats:
        amounts: Floats = cells[name].astype(np.float64)
        amounts[other] = np.where(inside, np.take_along_axis(amounts[other], take, axis=1), 0.0)
        return amounts

    return Aligned(
        newest, moved("bytes"), moved("packets"), moved("bytes_variance"), moved("packets_variance")
    )


def window_sums(values: Floats, length: int) -> Floats:
    """Sum over the `length` columns that end at each column; columns before the first count as 0."""
    total = np.cumsum(values, axis=1)
    total[:, length:] -= total[:, :-length].copy()
    return total


def _steps(values: Floats, scale: int, among: int) -> Floats:
    """Sum of the values at each column and at the `among` - 1 columns before it, `scale` columns apart."""
    total = np.zeros_like(values)
    for back in range(among):
        shift = back * scale
        total[:, shift:] += values[:, : values.shape[1] - shift]
    return total


def persistent(
    amount: Floats, variance: Floats, threshold: Floats, needed: int, among: int
) -> npt.NDArray[np.int64]:
    """(rows, 64): how many seconds of evidence, ending at each second, make an attack; 0 where none do.

    `threshold` (rows,) in the amount's unit per second. At one of SCALES: `needed` of `among` steps
    reach the threshold, and the lower end of the sampling interval of all that do, together, reaches it
    as well: among few samples a step reaches it by luck, and what lies a little below it would alarm
    sooner or later. `among` steps that do not fit the window are not asked.
    """
    decided = np.zeros(amount.shape, np.int64)
    for scale in SCALES:
        if scale * among > WINDOW_SECONDS:
            continue
        step = window_sums(amount, scale)
        limit = threshold[:, None] * scale
        reached = step >= limit
        count = _steps(reached.astype(np.float64), scale, among)
        asked = (decided == 0) & (count >= needed)
        if not asked.any():
            continue
        high = _steps(np.where(reached, step, 0.0), scale, among)[asked]
        spread = _steps(np.where(reached, window_sums(variance, scale), 0.0), scale, among)[asked]
        sure = bound(high, spread, -Z_DECISION) >= (limit * count)[asked]
        decided[asked] = np.where(sure, scale * among, 0)
    return decided
