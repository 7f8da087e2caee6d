"""The most that fits through border points, told from the other side: by the tightest set that limits it."""

from collections.abc import Sequence
from itertools import product


def most_carried(demand: Sequence[int], capacity: Sequence[int], usable: Sequence[Sequence[bool]]) -> int:
    """Whatever set of points one fills up, no more fits than their capacity and the demands that can use
    others; the least of these over all sets is what fits (the cut that is a maximum flow's equal).
    """
    least = sum(demand)
    for full in product([False, True], repeat=len(capacity)):
        filled = sum(room for room, chosen in zip(capacity, full, strict=True) if chosen)
        others = sum(
            amount
            for amount, points in zip(demand, usable, strict=True)
            if any(can and not chosen for can, chosen in zip(points, full, strict=True))
        )
        least = min(least, filled + others)
    return least
