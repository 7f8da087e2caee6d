"""Rings of seconds for heavy cells: spreading a record over its own start to end, and reading a window."""

import numpy as np

from tidegate.kernels.jit import bare_kernel

SECONDS = 64
"""Columns of a ring, one for each second; equals model.summaries.WINDOW_SECONDS."""

RING = np.dtype(
    [
        ("newest", np.int64),  # the second that the ring has been advanced to
        ("evidence", np.int64),  # the newest second that anything was counted in
        ("touched", np.int64),  # the receive second that last brought something
        ("born", np.int64),  # the receive second in which the cell became heavy
        # Of the receive second `touched`.
        ("exporters", np.uint64),
        ("age_ms", np.float64),
        ("unscaled", np.float64),
        ("error", np.float64),
        ("cell", np.int32),
        ("used", np.uint8),
    ],
    align=True,
)
"""The head of one ring; its columns are windows[ring, second % 64] = bytes, packets and their variances."""


@bare_kernel
def clear(windows, ring):  # type: ignore[no-untyped-def]
    """Set every column of a ring to zero."""
    for column in range(SECONDS):
        for quantity in range(4):
            windows[ring, column, quantity] = 0.0


@bare_kernel
def advance(windows, head, ring, second):  # type: ignore[no-untyped-def]
    """Make room for a second: columns that fall out of the window are cleared for the new ones."""
    gap = second - head.newest
    if gap <= 0:
        return
    for s in range(second - min(gap, SECONDS) + 1, second + 1):
        for quantity in range(4):
            windows[ring, s & (SECONDS - 1), quantity] = 0.0
    head.newest = second


@bare_kernel
def spread(windows, head, ring, start_ms, end_ms, size, packets, bytes_variance, packets_variance):  # type: ignore[no-untyped-def]
    """Spread one record evenly over its milliseconds; returns False where some lay before the window.

    The caller has checked start_ms <= end_ms. The part before the window is left out: it is over.
    """
    last = end_ms // 1000
    advance(windows, head, ring, last)
    oldest = head.newest - (SECONDS - 1)
    if last < oldest:
        return False
    head.evidence = max(head.evidence, last)
    first = start_ms // 1000
    if first == last:
        column = last & (SECONDS - 1)
        windows[ring, column, 0] += size
        windows[ring, column, 1] += packets
        windows[ring, column, 2] += bytes_variance
        windows[ring, column, 3] += packets_variance
        return True
    # A record's last packet lies in its end millisecond, so that it lasts to the end of it.
    per_ms = 1.0 / (end_ms + 1 - start_ms)
    for s in range(max(first, oldest), last + 1):
        share = (min(end_ms + 1, (s + 1) * 1000) - max(start_ms, s * 1000)) * per_ms
        column = s & (SECONDS - 1)
        windows[ring, column, 0] += size * share
        windows[ring, column, 1] += packets * share
        windows[ring, column, 2] += bytes_variance * share
        windows[ring, column, 3] += packets_variance * share
    return first >= oldest


@bare_kernel
def heaviest(windows, head, ring, second, least_bytes, least_packets):  # type: ignore[no-untyped-def]
    """The most that one second of the window ending at `second` has, in units of the two floors."""
    most_bytes = most_packets = 0.0
    for s in range(max(head.newest, second) - (SECONDS - 1), head.newest + 1):
        column = s & (SECONDS - 1)
        most_bytes = max(most_bytes, windows[ring, column, 0])
        most_packets = max(most_packets, windows[ring, column, 1])
    return max(most_bytes / least_bytes, most_packets / least_packets)
