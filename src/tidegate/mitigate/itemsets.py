"""Closed itemsets: sets of items to which no item can be added without losing records that have them all.

A set that is closed names everything that its records share, so no two closed sets mean the same records
(Pasquier et al., ICDT 1999). "Without losing" is meant up to a hundredth, because samples hold strangers.
"""

import heapq

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.items import SUPPORT, Floats, Item

CLOSED_SETS_MAX = 96
"""Closed sets found in one search, those first that hold more of the attack; rarer ones are left out."""

LOST = 0.01
"""An item joins a closed set when it costs no more than this share of it."""

DISTINCT_MAX = 512
"""Distinct sets of items among the records, the heaviest; the light rest hardly moves any share."""

Words = npt.NDArray[np.uint64]


def words_of(items: list[Item], count: int) -> Words:
    """uint64 (count,): for each record the bits of the items that it has."""
    words = np.zeros(count, np.uint64)
    for at, item in enumerate(items):
        words |= item.mask.astype(np.uint64) << np.uint64(at)
    return words


def closed_itemsets(words: Words, measure: Floats, items: int, least: float = SUPPORT) -> list[int]:
    """The closed sets that hold at least `least` of the measure, as bits, the heaviest first.

    `words` uint64 (n,) are the items of each record, `measure` float64 (n,) what each holds (it may be
    negative); bits from `items` on are not used.
    """
    distinct, place = np.unique(words, return_inverse=True)
    held = np.bincount(place, measure, minlength=len(distinct))
    kept = np.argsort(-np.abs(held), kind="stable")[:DISTINCT_MAX]
    distinct, held = distinct[kept], held[kept]
    has = (((distinct[:, None] >> np.arange(items, dtype=np.uint64)) & np.uint64(1)) == 1).astype(np.float64)
    root = _shared(float(held.sum()), held @ has)
    waiting, seen, found = [(0.0, root)], {root}, list[int]()
    while waiting and len(found) < CLOSED_SETS_MAX:
        bits = heapq.heappop(waiting)[1]
        found.append(bits)
        covered = (distinct & np.uint64(bits)) == np.uint64(bits)
        inside = has[covered]
        # Entry (i, j): what the records hold that have the set, item i and item j.
        together = (inside * held[covered, None]).T @ inside
        for item in range(items):
            support = float(together[item, item])
            if bits >> item & 1 or support < least:
                continue
            closed = bits | 1 << item | _shared(support, together[item])
            if closed not in seen:
                seen.add(closed)
                heapq.heappush(waiting, (-support, closed))
    return found


def _shared(support: float, held: Floats) -> int:
    """The bits of the items that hold (almost) all of the support."""
    return sum(1 << int(item) for item in np.flatnonzero(held >= (1 - LOST) * support))
