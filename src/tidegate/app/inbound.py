"""What usually comes in at each border point: the median of one-minute values of the last day."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from statistics import median_low

import numpy as np

from tidegate.app.samples import Flows, FlowsAsked
from tidegate.model.addresses import Prefix
from tidegate.ports.baselines import BaselineRow

EVERYTHING = Prefix(0, 0, 0)
"""Every destination of both families."""

INBOUND_EVERY_MS = 60_000

INBOUND_MINUTES_MAX = 1_440
"""Minutes remembered of each border point, and how old they grow. A night and a day are in the median."""

INBOUND_MINUTES_MIN = 30
"""Below so many minutes nothing is called usual, and plans ask for the senior level instead."""

INBOUND_ROWS_MAX = 16_384
"""Rows of the sample that one minute's value rests on; the collector thins evenly above that."""


MINUTE_MS = 60_000
HOUR = 60
HOURS_KEPT = 25
"""Rows of one border point: a day that begins within an hour touches so many hours."""

KEY_BEGIN = b"\x03inbound\x00"
"""What keys of these rows begin with; the detector's begin with other bytes (tidegate.detect.baseline)."""

ROW_FORMAT = 1
HOUR_ROW = struct.Struct(f">BI{HOUR}q")
BITS_MAX = (1 << 53) - 1
"""Nine petabits a second: a greater value is taken for this."""

NOT_KNOWN = -1


class Inbound:
    """Learns from a sample a minute; the median lets a flood of hours pass without becoming usual.

    What was learned outlives a restart: each hour is one row among the baselines, overwritten a day later.
    A minute older than INBOUND_MINUTES_MAX counts for nothing, whether or not the node ran meanwhile, and
    so does one that lies ahead, which only a clock that was set back can make.
    """

    def __init__(self, points: Sequence[str]) -> None:
        self._minutes: dict[str, dict[int, int]] = {name: {} for name in points}
        self._changed: set[tuple[str, int]] = set()

    def learn(self, inbound: Mapping[str, int], now_ms: int) -> None:
        """What came in at each border point in the minute before `now_ms`, in bits a second."""
        minute = now_ms // MINUTE_MS
        for name, bits_per_s in inbound.items():
            known = self._minutes[name]
            known[minute] = min(bits_per_s, BITS_MAX)
            for old in [one for one in known if not is_fresh(one, minute)]:
                del known[old]
            self._changed.add((name, minute // HOUR))

    def usual(self, now_ms: int) -> Mapping[str, int]:
        """Bits a second by border point; without those that are not known long enough."""
        now = now_ms // MINUTE_MS
        fresh = {
            name: [bits for minute, bits in minutes.items() if is_fresh(minute, now)]
            for name, minutes in self._minutes.items()
        }
        return {name: median_low(bits) for name, bits in fresh.items() if len(bits) >= INBOUND_MINUTES_MIN}

    # Keeping.

    def pending(self) -> Iterator[BaselineRow]:
        """The hours in which anything was learned since the last call, to be stored."""
        changed, self._changed = self._changed, set()
        for name, hour in sorted(changed):
            known = self._minutes[name]
            values = [known.get(hour * HOUR + at, NOT_KNOWN) for at in range(HOUR)]
            key = KEY_BEGIN + bytes([hour % HOURS_KEPT]) + name.encode()
            yield BaselineRow(key, HOUR_ROW.pack(ROW_FORMAT, hour, *values), hour * HOUR * MINUTE_MS)

    def recall(self, row: BaselineRow) -> bool:
        """Takes up a stored hour; False for a row that is none of these, which are the detector's.

        An hour of another version, or of a border point that is no more, is passed over.
        """
        if not row.key.startswith(KEY_BEGIN):
            return False
        name = row.key[len(KEY_BEGIN) + 1 :].decode(errors="replace")
        if name in self._minutes and len(row.blob) == HOUR_ROW.size and row.blob[0] == ROW_FORMAT:
            _, hour, *values = HOUR_ROW.unpack(row.blob)
            self._minutes[name].update(
                (hour * HOUR + at, bits) for at, bits in enumerate(values) if 0 <= bits <= BITS_MAX
            )
        return True


def is_fresh(minute: int, now: int) -> bool:
    return 0 <= now - minute < INBOUND_MINUTES_MAX


def inbound_now(asked: FlowsAsked, points: Sequence[str]) -> Mapping[str, int]:
    """Bits a second of the last minute by border point; OutsideFailed without a sample."""
    return inbound_of(asked.towards([EVERYTHING], INBOUND_ROWS_MAX), points)


def inbound_of(flows: Flows, points: Sequence[str]) -> Mapping[str, int]:
    """Records that do not say how they were sampled are passed over: too little is usual then, never too
    much."""
    seconds = max(flows.until_ms - flows.from_ms, 1_000) / 1000
    amounts = (
        flows.weights * flows.rows["sampling_rate"] * flows.rows["bytes"].astype(np.float64) * 8 / seconds
    )
    return {name: round(float(amounts[flows.point_of == at].sum())) for at, name in enumerate(points)}
