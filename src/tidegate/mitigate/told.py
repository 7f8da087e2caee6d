"""Until when telemetry has told of traffic: an exporter tells of a flow only when it has come to its end."""

import numpy as np
import numpy.typing as npt

from tidegate.model.flows import FlowRows

TOLD_SHARE = 0.99
"""A moment counts as told once so much of the bytes that came then is told; the rest may be one connection
that lasts for hours, whose record comes in the end."""


def told_until_ms(
    rows: FlowRows, weights: npt.NDArray[np.float64], received_ms: npt.NDArray[np.int64], now_ms: int
) -> int:
    """Traffic from before this moment is told, as far as the lateness of these records goes on.

    `rows` dtype FLOW (n,), each standing for `weights` float64 (n,) seen ones, received at `received_ms`
    int64 (n,). How late a record comes is counted from the first packet that it tells of. Without any record
    nobody is known to be late: silence is told until now.
    """
    octets = weights * np.maximum(rows["sampling_rate"], 1) * rows["bytes"]
    total = float(octets.sum())
    if total <= 0:
        return now_ms
    late_ms = np.clip(received_ms - rows["start_ms"], 0, None)
    order = np.argsort(late_ms, kind="stable")
    enough = int(np.searchsorted(np.cumsum(octets[order]), TOLD_SHARE * total))
    return now_ms - int(late_ms[order[min(enough, len(rows) - 1)]])
