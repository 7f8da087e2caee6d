"""What is usual: one-minute values of each heavy key, as quantiles for every hour of the week.

A key is a counted prefix or an operator's object, with a vector. A key that was never heavy while others
were learned is known to be quiet: its absence is history too.
"""

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegate.model.vectors import CODE_OF, VECTORS

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

KEYS_MAX = 16_384
"""Keys with a baseline (about 3.5 KB each); when full, the one heard least recently gives way if it has
been quiet for an hour, else the new one is not learned."""

HOURS = 168
MINUTES = 60
QUANTITIES = 2  # bits and packets per second
USUAL, HIGH = 0, 1  # median and 95th percentile of an hour's one-minute values
SHARES = (0.5, 0.95)

WEEK_WEIGHT = 0.4
"""Weight of the newest week in an hour's quantiles: half of what is known is from the last fortnight."""

LEVEL_MINUTES = 10
"""Time constant of the short moving level."""

DAY_HOURS = 24
WEEK_HOURS = 168

BLOB_FORMAT = 1
_PREFIX_KEY = struct.Struct(">QQB")

OBSERVED_KEY = b"\x00observed"
_OBSERVED = struct.Struct(">BI")


@dataclass(frozen=True, slots=True)
class Key:
    """A counted prefix (words and length) and a vector code; `watched` is an object's name instead."""

    high: int
    low: int
    length: int
    vector: int
    watched: str | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = hash((self.high, self.low, self.length, self.vector, self.watched))
        object.__setattr__(self, "_hash", named)

    def __hash__(self) -> int:
        """Thousands of keys are looked up each second; the hash of one is reckoned once."""
        return self._hash

    def pack(self) -> bytes:
        """As stored: names instead of codes, because codes may move between two versions."""
        vector = VECTORS[self.vector].name.encode()
        if self.watched is not None:
            return b"\x02" + vector + b"\x00" + self.watched.encode()
        return b"\x01" + _PREFIX_KEY.pack(self.high, self.low, self.length) + vector

    @classmethod
    def unpack(cls, packed: bytes) -> "Key | None":
        """None for a key of an unknown form or of a vector that is no more."""
        try:
            if packed[:1] == b"\x02":
                vector, _, name = packed[1:].partition(b"\x00")
                return cls(0, 0, 0, CODE_OF[vector.decode()], name.decode())
            if packed[:1] == b"\x01":
                high, low, length = _PREFIX_KEY.unpack_from(packed, 1)
                return cls(high, low, length, CODE_OF[packed[1 + _PREFIX_KEY.size :].decode()])
        except (struct.error, KeyError, UnicodeDecodeError):
            return None
        return None


def quantiles_of(minutes: npt.NDArray[np.float32], learned: Rows) -> Floats:
    """(rows, QUANTITIES, 2): the SHARES of each row's `learned` values that are not NaN.

    `minutes` (rows, 60, QUANTITIES). As numpy.nanquantile, which goes through rows one by one and takes
    seconds at every full hour.
    """
    ordered = np.sort(minutes, axis=1).astype(np.float64)  # NaN last
    at = np.array(SHARES)[None, :] * (learned[:, None] - 1)
    below = np.floor(at).astype(np.int64)
    above = np.ceil(at).astype(np.int64)
    rows = np.arange(len(minutes))[:, None]
    low, high = ordered[rows, below], ordered[rows, above]  # (rows, 2, QUANTITIES)
    found: Floats = (low + (high - low) * (at - below)[:, :, None]).transpose(0, 2, 1)
    return found


@dataclass(frozen=True, slots=True)
class History:
    """What is known of some keys at one hour; arrays (rows, 2): bits and packets per second."""

    usual_high: Floats
    level: Floats
    observed_hours: int

    @property
    def insufficient(self) -> bool:
        return self.observed_hours < DAY_HOURS

    @property
    def short(self) -> bool:
        return DAY_HOURS <= self.observed_hours < WEEK_HOURS


class Baselines:
    """Learns what is usual for each key, and is asked for it. Times are UTC seconds, in order."""

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._row: dict[Key, int] = {}
        self._free = list(range(keys_max - 1, -1, -1))
        self._key: list[Key | None] = [None] * keys_max
        self.quantiles = np.zeros((keys_max, HOURS, QUANTITIES, 2), np.float32)
        self.weeks = np.zeros((keys_max, HOURS), np.uint8)
        self._minutes = np.zeros((keys_max, MINUTES, QUANTITIES), np.float32)
        self._sum = np.zeros((keys_max, QUANTITIES))
        self._level = np.zeros((keys_max, QUANTITIES))
        self._learned_to = np.zeros(keys_max, np.int64)
        self._heard = np.zeros(keys_max, np.int64)
        self._frozen = np.zeros(keys_max, np.bool_)
        self._usual = np.zeros((keys_max, QUANTITIES))
        self._usual_hour = np.full(keys_max, -1, np.int64)
        self._changed: set[int] = set()
        self.observed_hours = 0
        self._hour_from = 0
        self._minute: int | None = None
        self._minutes_in_hour = 0
        self.not_learned = 0
        """Keys that found no room, since the start."""

    def __len__(self) -> int:
        return len(self._row)

    @property
    def ever_observed(self) -> bool:
        """Whether a whole minute, of this run or an earlier one, has been learned."""
        return self.observed_hours > 0 or self._minutes_in_hour > 0

    # Learning.

    def rows(self, keys: Sequence[Key], second: int) -> Rows:
        """The row of each key, -1 where it is not known and there is no room; new keys are begun."""
        found = np.empty(len(keys), np.int64)
        for at, key in enumerate(keys):
            row = self._row.get(key, -1)
            found[at] = self._begin(key, second) if row < 0 else row
        known = found[found >= 0]
        self._heard[known] = second
        return found

    def known(self, keys: Sequence[Key]) -> Rows:
        """The row of each key, -1 where it has none; nothing is begun."""
        return np.array([self._row.get(key, -1) for key in keys], np.int64)

    def _begin(self, key: Key, second: int) -> int:
        if not self._free and not self._give_way(second):
            self.not_learned += 1
            return -1
        row = self._free.pop()
        self._row[key] = row
        self._key[row] = key
        for array in (self.quantiles, self.weeks, self._minutes, self._sum, self._level):
            array[row] = 0
        self._learned_to[row] = second - 1
        self._heard[row] = second
        self._frozen[row] = False
        self._usual_hour[row] = -1
        return row

    def _give_way(self, second: int) -> bool:
        quietest = int(np.argmin(self._heard))
        key = self._key[quietest]
        if key is None or second - self._heard[quietest] < 3600:
            return False
        del self._row[key]
        self._key[quietest] = None
        self._changed.discard(quietest)
        self._free.append(quietest)
        return True

    def learn(self, rows: Rows, amounts: Floats, newest: int, settled: Rows) -> None:
        """Add what is settled of each row's window to its minute.

        `amounts` (n, 64, 2): bits and packets in each second of the window that ends at `newest`;
        `settled` (n,): the second up to which no more is to come. Rows -1 are passed over.
        """
        use = rows >= 0
        rows, amounts, settled = rows[use], amounts[use], settled[use]
        seconds = newest - amounts.shape[1] + 1 + np.arange(amounts.shape[1])
        fresh = (seconds[None, :] > self._learned_to[rows, None]) & (seconds[None, :] <= settled[:, None])
        np.add.at(self._sum, rows, (amounts * fresh[:, :, None]).sum(axis=1))
        self._learned_to[rows] = np.maximum(self._learned_to[rows], settled)

    def freeze(self, rows: Rows) -> None:
        """Leave the current minute of these rows out: they are, or may be, under attack."""
        self._frozen[rows[rows >= 0]] = True

    def suppose(self, rows: Rows, levels: Floats) -> None:
        """Take these levels (n, 2) as the moving level of rows just begun, before anything is learned."""
        use = rows >= 0
        self._level[rows[use]] = np.maximum(self._level[rows[use]], levels[use])

    def pass_time(self, second: int) -> None:
        """Close the minutes, and the hour, that have passed."""
        minute = second // 60
        if self._minute is None:
            self._minute = minute
            self._hour_from = minute % MINUTES
            return
        if minute == self._minute:
            return
        missed = minute - self._minute
        self._close_minute(self._minute)
        if self._minute // MINUTES != minute // MINUTES:
            self._close_hour(self._minute // MINUTES)
        self._minute = minute
        if missed > LEVEL_MINUTES:  # nothing was heard for long: the level is no longer known
            self._level[:] = 0

    def _close_minute(self, minute: int) -> None:
        used = np.fromiter(self._row.values(), np.int64, len(self._row))
        values = self._sum[used] / 60.0
        frozen = self._frozen[used]
        self._minutes[used, minute % MINUTES] = np.where(frozen[:, None], np.nan, values)
        # While a level is young it follows quickly: a key begun in this hour has few minutes behind it.
        weight = max(
            1 - math.exp(-1 / LEVEL_MINUTES), 1 / (1 + self._minutes_in_hour + HOURS * self.observed_hours)
        )
        level = self._level[used]
        self._level[used] = np.where(frozen[:, None], level, level + weight * (values - level))
        self._sum[used] = 0
        self._frozen[used] = False
        self._minutes_in_hour += 1

    def _close_hour(self, hour: int) -> None:
        """Blend the quantiles of the hour's minutes into its hour of the week, if most of it was heard."""
        heard = self._minutes_in_hour
        self._minutes_in_hour = 0
        if heard < MINUTES // 2:
            return
        self.observed_hours += 1
        slot = hour % HOURS
        used = np.fromiter(self._row.values(), np.int64, len(self._row))
        minutes = self._minutes[used]
        learned = np.isfinite(minutes[:, :, 0]).sum(axis=1)
        valid = learned >= MINUTES // 2
        used, minutes, learned = used[valid], minutes[valid], learned[valid]
        if len(used):
            now = quantiles_of(minutes, learned)
            first = np.asarray(self.weeks[used, slot] == 0)
            before = self.quantiles[used, slot]
            blended = before + WEEK_WEIGHT * (now - before)
            self.quantiles[used, slot] = np.where(first[:, None, None], now, blended)
            self.weeks[used, slot] = np.minimum(self.weeks[used, slot] + 1, 255)
            self._changed.update(used.tolist())
        self._usual_hour[:] = -1
        self._minutes[:] = 0

    # Asking.

    def history(self, rows: Rows, second: int) -> History:
        """What is usual for rows (-1: never heavy) around this hour of the week, and just now.

        The high quantile of the hour before, this hour and the next, the largest; where this hour of
        the week is not learned, that of the same hour on any day; else of all hours.
        """
        usual = np.zeros((len(rows), QUANTITIES))
        level = np.zeros((len(rows), QUANTITIES))
        known = np.flatnonzero(rows >= 0)
        if len(known):
            at = rows[known]
            hour = second // 3600
            self._reckon_usual(at[self._usual_hour[at] != hour], hour)
            usual[known] = self._usual[at]
            level[known] = self._level[at]
        return History(usual, level, self.observed_hours)

    def _reckon_usual(self, rows: Rows, hour: int) -> None:
        """What is usual for these rows in an hour: it stays so until an hour is learned."""
        near = np.array([(hour + step) % HOURS for step in (-1, 0, 1)])
        any_day = np.unique((near[:, None] + 24 * np.arange(7)[None, :]) % HOURS)
        weeks = self.weeks[rows]
        exact = weeks[:, near[1]] > 0
        same_hour = ~exact & weeks[:, any_day].any(axis=1)
        for chosen, hours in ((exact, near), (same_hour, any_day), (~exact & ~same_hour, np.arange(HOURS))):
            some = rows[chosen]
            self._usual[some] = self.quantiles[some[:, None], hours[None, :], :, HIGH].max(axis=1, initial=0)
        self._usual_hour[rows] = hour

    # Keeping.

    def pending(self, second: int) -> Iterator[tuple[bytes, bytes, int]]:
        """(key, blob, updated ms) of everything learned since the last call, to be stored."""
        changed, self._changed = self._changed, set()
        if changed:
            yield OBSERVED_KEY, _OBSERVED.pack(BLOB_FORMAT, self.observed_hours), second * 1000
        for row in sorted(changed):
            key = self._key[row]
            if key is not None:
                yield key.pack(), self._blob(row), second * 1000

    def _blob(self, row: int) -> bytes:
        return b"".join(
            (bytes([BLOB_FORMAT]), self.weeks[row].tobytes(), self.quantiles[row].astype(">f4").tobytes())
        )

    def recall(self, stored: Iterable[tuple[bytes, bytes]], second: int) -> int:
        """Take up stored baselines, the most important first: what there is no room for is left.

        Returns how many could not be read (another version, damaged).
        """
        unread = 0
        size = 1 + HOURS + HOURS * QUANTITIES * 2 * 4
        for packed, blob in stored:
            if packed == OBSERVED_KEY and len(blob) == _OBSERVED.size and blob[0] == BLOB_FORMAT:
                self.observed_hours = max(self.observed_hours, _OBSERVED.unpack(blob)[1])
                continue
            key = Key.unpack(packed)
            if key is None or len(blob) != size or blob[0] != BLOB_FORMAT:
                unread += 1
                continue
            row = int(self.rows([key], second)[0])
            if row < 0:
                continue
            quantiles = np.frombuffer(blob, ">f4", offset=1 + HOURS).reshape(HOURS, QUANTITIES, 2)
            sound = np.isfinite(quantiles).all() and (quantiles >= 0).all()
            if not sound:
                unread += 1
                continue
            self._usual_hour[row] = -1
            self.weeks[row] = np.frombuffer(blob, np.uint8, HOURS, 1)
            self.quantiles[row] = quantiles
        return unread
