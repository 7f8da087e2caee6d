"""Rings of seconds for heavy cells: spreading a record over its own start to end, and reading a window.

What is told during the open second is kept apart (`told`) until the close: then it is added to the ring
of the next wider heavy prefix, and to the ring's own window. A record is so written to one ring only.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel, inlined_kernel

SECONDS = 64
"""Columns of a ring, one for each second; equals model.summaries.WINDOW_SECONDS."""

SLOPE = 4
"""A column of what is told is one cache line: four amounts, then by how much each rises after it."""

NEVER = 1 << 62
"""The oldest second of a ring that was told nothing in the open second."""

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
"""The head of one ring. Its columns are windows[ring, second % 64]: bytes, packets and their variances."""


@bare_kernel
def clear(windows, ring):  # type: ignore[no-untyped-def]
    """Set every column of a ring's window to zero."""
    for column in range(SECONDS):
        for quantity in range(4):
            windows[ring, column, quantity] = np.float32(0)


@bare_kernel
def advance(windows, head, ring, second):  # type: ignore[no-untyped-def]
    """Make room for a second: columns that fall out of the window are cleared for the new ones."""
    gap = second - head.newest
    if gap <= 0:
        return
    if gap >= SECONDS:
        clear(windows, ring)
    else:
        for s in range(head.newest + 1, second + 1):
            for quantity in range(4):
                windows[ring, s & (SECONDS - 1), quantity] = np.float32(0)
    head.newest = second


@inlined_kernel
def shares(start_ms, end_ms):  # type: ignore[no-untyped-def]
    """(first second, last second, share of the first, of each between, of the last) of a record.

    Its last packet lies in its end millisecond, so that it lasts to the end of that. Where the first
    second is the last, the share of the last is 0; where none lies between, so is theirs. The caller has
    checked start_ms <= end_ms.
    """
    first, last = start_ms // 1000, end_ms // 1000
    per_ms = 1.0 / (end_ms + 1 - start_ms)
    first_share = 1.0 if first == last else ((first + 1) * 1000 - start_ms) * per_ms
    last_share = 0.0 if first == last else (end_ms + 1 - last * 1000) * per_ms
    between_share = 1000.0 * per_ms if last > first + 1 else 0.0
    return first, last, first_share, between_share, last_share


@inlined_kernel
def put(told, ring, column, offset, share, size, packets, bytes_variance, packets_variance):  # type: ignore[no-untyped-def]
    """Add a share of four amounts to a column, from `offset` on."""
    told[ring, column, offset] += size * share
    told[ring, column, offset + 1] += packets * share
    told[ring, column, offset + 2] += bytes_variance * share
    told[ring, column, offset + 3] += packets_variance * share


@inlined_kernel
def spread(told, extents, ring, oldest, when, size, packets, bytes_variance, packets_variance):  # type: ignore[no-untyped-def]
    """Spread one record over its seconds (`when`: see `shares`) from `oldest` on.

    `oldest` is the first second of the window that ends with the open one; the part before it is left
    out: it is over. The seconds between first and last all have the same share: only the rise and the
    fall are noted, as slopes, until `settle_told`; in the last second the rise still holds, and is taken
    back there. So two lines are written, however long the record. A short one adds its zeros to the lines
    that it writes anyway: that is faster than to branch on how long each lasts.
    """
    first, last, first_share, between_share, last_share = when
    if last < oldest:
        return
    if first < oldest:
        first = oldest
        between_share = between_share if last > oldest else 0.0
        first_share = between_share
    mask = SECONDS - 1
    extents[ring, 0] = min(extents[ring, 0], first)
    extents[ring, 1] = max(extents[ring, 1], last)
    rest = last_share - between_share
    put(told, ring, first & mask, 0, first_share, size, packets, bytes_variance, packets_variance)
    put(told, ring, first & mask, SLOPE, between_share, size, packets, bytes_variance, packets_variance)
    put(told, ring, last & mask, 0, rest, size, packets, bytes_variance, packets_variance)
    put(told, ring, last & mask, SLOPE, -between_share, size, packets, bytes_variance, packets_variance)


@bare_kernel
def pass_on(told, extents, ring, wider):  # type: ignore[no-untyped-def]
    """Add what a ring was told in the open second to what a wider prefix's ring was told."""
    if extents[ring, 0] == NEVER:
        return
    extents[wider, 0] = min(extents[wider, 0], extents[ring, 0])
    extents[wider, 1] = max(extents[wider, 1], extents[ring, 1])
    for s in range(extents[ring, 0], extents[ring, 1] + 1):
        column = s & (SECONDS - 1)
        for quantity in range(8):
            told[wider, column, quantity] += told[ring, column, quantity]


@inlined_kernel
def settled(amount, rise, highest):  # type: ignore[no-untyped-def]
    """An amount and a rise, never below nothing. Of a rise, what rounding leaves after its fall is nothing:
    a millionth of a millionth of the highest. Where that much is a true one, its last second, from which it
    is taken back, would be less than nothing."""
    return np.float32(max(0.0, amount + (rise if rise > 1e-12 * highest else 0.0)))


@bare_kernel
def settle_told(told, extents, windows, head, ring):  # type: ignore[no-untyped-def]
    """Add what a ring was told in the open second to its window, and forget it.

    Slopes become amounts, from the oldest second on.
    """
    first, last = extents[ring, 0], extents[ring, 1]
    if first == NEVER:
        return
    advance(windows, head, ring, last)
    head.evidence = max(head.evidence, last)
    rise0 = rise1 = rise2 = rise3 = 0.0
    most0 = most1 = most2 = most3 = 0.0
    for s in range(first, last + 1):
        column = s & (SECONDS - 1)
        windows[ring, column, 0] += settled(told[ring, column, 0], rise0, most0)
        windows[ring, column, 1] += settled(told[ring, column, 1], rise1, most1)
        windows[ring, column, 2] += settled(told[ring, column, 2], rise2, most2)
        windows[ring, column, 3] += settled(told[ring, column, 3], rise3, most3)
        rise0 += told[ring, column, SLOPE]
        rise1 += told[ring, column, SLOPE + 1]
        rise2 += told[ring, column, SLOPE + 2]
        rise3 += told[ring, column, SLOPE + 3]
        most0, most1 = max(most0, rise0), max(most1, rise1)
        most2, most3 = max(most2, rise2), max(most3, rise3)
        for quantity in range(8):
            told[ring, column, quantity] = 0.0
    extents[ring, 0], extents[ring, 1] = NEVER, 0


@bare_kernel
def heaviest(windows, head, ring, second, least_bytes, least_packets):  # type: ignore[no-untyped-def]
    """The most that one second of the window ending at `second` has, in units of the two floors."""
    most_bytes = most_packets = np.float32(0)
    for s in range(max(head.newest, second) - (SECONDS - 1), head.newest + 1):
        column = s & (SECONDS - 1)
        most_bytes = max(most_bytes, windows[ring, column, 0])
        most_packets = max(most_packets, windows[ring, column, 1])
    return max(most_bytes / least_bytes, most_packets / least_packets)
