"""Rings of seconds for heavy cells: spreading a record over its own start to end, and reading a window."""

import numpy as np

from tidegate.kernels.jit import bare_kernel, inlined_kernel

SECONDS = 64
"""Columns of a ring, one for each second; equals model.summaries.WINDOW_SECONDS."""

SLOPE = 4
"""A column is one cache line: four amounts, then by how much each rises from here on."""

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
        ("sloped", np.uint8),  # slopes wait to become amounts
    ],
    align=True,
)
"""The head of one ring. Its columns are windows[ring, second % 64]: bytes, packets, variances; slopes."""


@bare_kernel
def clear(windows, ring):  # type: ignore[no-untyped-def]
    """Set every column of a ring to zero."""
    for column in range(SECONDS):
        for quantity in range(8):
            windows[ring, column, quantity] = 0.0


@inlined_kernel
def advance(windows, head, ring, second):  # type: ignore[no-untyped-def]
    """Make room for a second: columns that fall out of the window are cleared for the new ones.

    The slope of a column that falls out goes on in the oldest one that stays.
    """
    gap = second - head.newest
    if gap <= 0:
        return
    if gap >= SECONDS:
        clear(windows, ring)
        head.sloped = np.uint8(0)
    else:
        for s in range(head.newest + 1, second + 1):
            column, next_column = s & (SECONDS - 1), (s + 1) & (SECONDS - 1)
            for quantity in range(4):
                windows[ring, next_column, SLOPE + quantity] += windows[ring, column, SLOPE + quantity]
            for quantity in range(8):
                windows[ring, column, quantity] = 0.0
    head.newest = second


@inlined_kernel
def shares(start_ms, end_ms):  # type: ignore[no-untyped-def]
    """(first second, last second, share of the first, of each between, of the last) of a record.

    Its last packet lies in its end millisecond, so that it lasts to the end of that. The caller has
    checked start_ms <= end_ms.
    """
    first, last = start_ms // 1000, end_ms // 1000
    if first == last:
        return first, last, 1.0, 0.0, 0.0
    per_ms = 1.0 / (end_ms + 1 - start_ms)
    return (
        first,
        last,
        ((first + 1) * 1000 - start_ms) * per_ms,
        1000.0 * per_ms,
        (end_ms + 1 - last * 1000) * per_ms,
    )


@inlined_kernel
def put(windows, ring, column, offset, share, size, packets, bytes_variance, packets_variance):  # type: ignore[no-untyped-def]
    """Add a share of four amounts to a column, from `offset` on."""
    windows[ring, column, offset] += size * share
    windows[ring, column, offset + 1] += packets * share
    windows[ring, column, offset + 2] += bytes_variance * share
    windows[ring, column, offset + 3] += packets_variance * share


@inlined_kernel
def spread(windows, head, ring, when, size, packets, bytes_variance, packets_variance):  # type: ignore[no-untyped-def]
    """Spread one record over its seconds (`when`: see `shares`); False where some lay before the window.

    The part before the window is left out: it is over. The seconds between first and last all have the
    same share: for a long record only the rise and the fall are noted, as slopes, until `settle_slopes`.
    """
    first, last, first_share, between_share, last_share = when
    advance(windows, head, ring, last)
    oldest = head.newest - (SECONDS - 1)
    if last < oldest:
        return False
    head.evidence = max(head.evidence, last)
    mask = SECONDS - 1
    if first >= oldest:
        put(windows, ring, first & mask, 0, first_share, size, packets, bytes_variance, packets_variance)
    if last == first:
        return True
    put(windows, ring, last & mask, 0, last_share, size, packets, bytes_variance, packets_variance)
    begin = max(first + 1, oldest)
    if last - begin <= 2:
        for s in range(begin, last):
            put(windows, ring, s & mask, 0, between_share, size, packets, bytes_variance, packets_variance)
    else:
        put(
            windows, ring, begin & mask, SLOPE, between_share, size, packets, bytes_variance, packets_variance
        )
        put(
            windows, ring, last & mask, SLOPE, -between_share, size, packets, bytes_variance, packets_variance
        )
        head.sloped = np.uint8(1)
    return first >= oldest


@bare_kernel
def settle_slopes(windows, head, ring):  # type: ignore[no-untyped-def]
    """Turn the slopes of a ring into amounts, from the oldest second on.

    What rounding leaves of a rise after its fall, below a billionth of it, is nothing.
    """
    if head.sloped == 0:
        return
    head.sloped = np.uint8(0)
    for quantity in range(4):
        running = highest = 0.0
        for s in range(head.newest - (SECONDS - 1), head.newest + 1):
            column = s & (SECONDS - 1)
            running += windows[ring, column, SLOPE + quantity]
            windows[ring, column, SLOPE + quantity] = 0.0
            highest = max(highest, running)
            if running > 1e-9 * highest:
                windows[ring, column, quantity] += running


@bare_kernel
def heaviest(windows, head, ring, second, least_bytes, least_packets):  # type: ignore[no-untyped-def]
    """The most that one second of the window ending at `second` has, in units of the two floors."""
    most_bytes = most_packets = 0.0
    for s in range(max(head.newest, second) - (SECONDS - 1), head.newest + 1):
        column = s & (SECONDS - 1)
        most_bytes = max(most_bytes, windows[ring, column, 0])
        most_packets = max(most_packets, windows[ring, column, 1])
    return max(most_bytes / least_bytes, most_packets / least_packets)
