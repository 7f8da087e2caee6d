"""A bounded, evenly thinned memory of the flows of the last minute; never written anywhere."""

import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import Prefix
from tidegate.model.flows import DIRECTION_REPETITION, FLOW, FlowBatch, FlowRows, empty_rows
from tidegate.ports.collector import SAMPLE_ROWS_MAX, FlowSample

RECENT_SECONDS_MAX = 60
"""Seconds remembered; older ones are overwritten with zeros before their room is used again."""

RECENT_ROWS_PER_SECOND_MAX = 4096
"""Rows kept of one second (33 MB in all); beyond it every kept row's chance is halved, its weight doubled."""

GAPS_DRAWN = 256
"""Gaps between kept rows that are drawn at once, at least: a draw costs as much as a hundred gaps."""

_WHOLE = np.dtype((np.void, FLOW.itemsize))
"""A row as so many bytes: NumPy copies a row of FLOW field by field, which takes ten times as long."""


class RecentFlows:
    """Rows seen lately, each second thinned by itself: every row of a second is kept with the same chance.

    A second's rows stand for `1 / chance` seen rows each, a power of two. Which are kept is drawn at
    random, never every n-th: exporters fill datagrams with equal numbers of records, and a fixed step
    would always meet the same place in them. Repetitions (direction 3) are passed over: samples are summed.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = np.random.default_rng(seed)
        self._rows = [empty_rows(RECENT_ROWS_PER_SECOND_MAX) for _ in range(RECENT_SECONDS_MAX)]
        self._whole = [rows.view(_WHOLE) for rows in self._rows]
        self._seconds = np.full(RECENT_SECONDS_MAX, -1, np.int64)
        self._kept = np.zeros(RECENT_SECONDS_MAX, np.int64)
        self._weights = np.ones(RECENT_SECONDS_MAX, np.int64)
        # Places drawn ahead, for one weight, counted from the row that is to be seen next.
        self._ahead = np.zeros(0, np.int64)
        self._ahead_weight = 0

    def add(self, batch: FlowBatch, received_ms: int) -> None:
        """Remembers rows of the batch (copies); a second older than those held is passed over."""
        at = self._place(received_ms // 1000)
        if at is None:
            return
        chosen = self._drawn(len(batch), int(self._weights[at]))
        chosen = chosen[batch.rows["direction"][chosen] != DIRECTION_REPETITION]
        while len(chosen):
            kept = int(self._kept[at])
            room = RECENT_ROWS_PER_SECOND_MAX - kept
            now, chosen = chosen[:room], chosen[room:]
            self._whole[at][kept : kept + len(now)] = batch.rows.view(_WHOLE)[now]
            self._kept[at] += len(now)
            if len(chosen):
                self._halve(at)
                chosen = chosen[self._random.random(len(chosen)) < 0.5]

    def sample(self, prefix: Prefix, limit: int, now_ms: int) -> FlowSample:
        """At most `limit` (and SAMPLE_ROWS_MAX) rows towards `prefix`, with what each stands for."""
        oldest = now_ms // 1000 - RECENT_SECONDS_MAX
        held = [int(at) for at in np.argsort(self._seconds, kind="stable") if self._seconds[at] > oldest]
        parts = [_towards(self._rows[at][: self._kept[at]], prefix) for at in held]
        rows = np.concatenate([empty_rows(0), *parts])
        counts = [len(part) for part in parts]
        weights = np.repeat(self._weights[held].astype(np.float64), counts)
        received_ms = np.minimum(np.repeat((self._seconds[held] + 1) * 1000, counts), now_ms)
        most = min(limit, SAMPLE_ROWS_MAX)
        if len(rows) > most:
            chosen = np.sort(self._random.choice(len(rows), most, replace=False))
            weights = weights[chosen] * (len(rows) / most) if most else weights[chosen]
            rows, received_ms = rows[chosen], received_ms[chosen]
        from_ms = int(self._seconds[held[0]]) * 1000 if held else now_ms
        return FlowSample(rows, weights, received_ms, from_ms, now_ms)

    def _place(self, second: int) -> int | None:
        at = second % RECENT_SECONDS_MAX
        if self._seconds[at] > second:
            return None
        if self._seconds[at] != second:
            self._rows[at].view(np.uint8)[:] = 0
            self._seconds[at], self._kept[at], self._weights[at] = second, 0, 1
        return at

    def _drawn(self, count: int, weight: int) -> npt.NDArray[np.int64]:
        """Places of 0 to count - 1, each drawn with chance 1 / weight, by the gaps between them.

        Gaps have no memory, so that what was drawn ahead for one weight may be thrown away for another.
        """
        if weight == 1:
            return np.arange(count)
        if self._ahead_weight != weight:
            self._ahead, self._ahead_weight = np.zeros(0, np.int64), weight
        while not len(self._ahead) or self._ahead[-1] < count:
            last = self._ahead[-1] if len(self._ahead) else -1
            more = last + np.cumsum(self._random.geometric(1 / weight, max(GAPS_DRAWN, count // weight)))
            self._ahead = np.concatenate([self._ahead, more])
        taken = int(self._ahead.searchsorted(count))
        chosen = self._ahead[:taken]
        self._ahead = self._ahead[taken:] - count
        return chosen

    def _halve(self, at: int) -> None:
        kept = self._whole[at][: self._kept[at]]
        staying = kept[self._random.random(len(kept)) < 0.5]
        kept[: len(staying)] = staying
        kept[len(staying) :].view(np.uint8)[:] = 0
        self._kept[at] = len(staying)
        self._weights[at] *= 2


def _towards(rows: FlowRows, prefix: Prefix) -> FlowRows:
    mask_high, mask_low = prefix.mask
    inside = (rows["dst_high"] & np.uint64(mask_high)) == np.uint64(prefix.high)
    inside &= (rows["dst_low"] & np.uint64(mask_low)) == np.uint64(prefix.low)
    towards: FlowRows = rows[inside]
    return towards
