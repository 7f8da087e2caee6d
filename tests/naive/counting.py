"""Counting by dictionaries: every prefix and object of every record, one after the other."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tests.naive.classify import vector_name
from tidegate.detect.settings import CountingSettings, WatchedObject
from tidegate.model.addresses import Prefix
from tidegate.model.summaries import NO_VECTOR
from tidegate.model.vectors import CODE_OF

WINDOW = 64
REPETITION = 3
LEVELS = {4: (128, 120, 116, 112), 6: (128, 64, 56, 48, 32)}

Place = Prefix | int
Key = tuple[Place, int]
Four = npt.NDArray[np.float64]


def nothing() -> Four:
    return np.zeros(4)


@dataclass
class Ring:
    newest: int
    born: int
    evidence: int
    seconds: dict[int, Four] = field(default_factory=lambda: defaultdict(nothing))

    def spread(self, start_ms: int, end_ms: int, amounts: Four, received: int) -> None:
        """What lies a window or more before the second in which it was received is left out."""
        if end_ms // 1000 <= received - WINDOW:
            return
        self.newest = max(self.newest, end_ms // 1000)
        self.evidence = max(self.evidence, end_ms // 1000)
        for second in range(start_ms // 1000, end_ms // 1000 + 1):
            overlap = min(end_ms + 1, (second + 1) * 1000) - max(start_ms, second * 1000)
            if second > received - WINDOW:
                self.seconds[second] = self.seconds[second] + amounts * overlap / (end_ms + 1 - start_ms)

    def peak(self, second: int, floor: tuple[float, float]) -> float:
        inside = [v for s, v in self.seconds.items() if max(self.newest, second) - WINDOW < s <= self.newest]
        return max((max(v[0] / floor[0], v[1] / floor[1]) for v in inside), default=0.0)

    def window(self) -> npt.NDArray[np.float64]:
        """(64, 4), the last row being the newest second with evidence."""
        seconds = range(self.evidence - WINDOW + 1, self.evidence + 1)
        return np.array(
            [self.seconds.get(s, nothing()) if s > self.newest - WINDOW else nothing() for s in seconds]
        )


@dataclass
class Second:
    """What one key received in the open second."""

    amounts: Four = field(default_factory=nothing)
    age: float = 0.0
    span: float = 0.0
    unscaled: float = 0.0
    exporters: int = 0


class NaiveCounter:
    """The same rules as SecondCounter without bounds: nothing gives way, no ring runs out."""

    def __init__(self, settings: CountingSettings, objects: Sequence[WatchedObject] = ()) -> None:
        self.settings = settings
        self.objects = objects
        self.open = 0
        self.seconds: dict[Key, Second] = defaultdict(Second)
        self.rings: dict[Key, Ring] = {}
        self.touched: dict[Key, int] = {}
        self.last: dict[Key, Second] = {}
        self.inbound: dict[tuple[int, int], Four] = defaultdict(lambda: np.zeros(5))

    def places(self, high: int, low: int, family: int) -> list[Place]:
        host = Prefix(high, low, 128)
        found: list[Place] = [host.parent(length) for length in LEVELS[family]]
        found += self.objects_around(host)
        return found

    def objects_around(self, prefix: Prefix) -> list[int]:
        return [n for n, o in enumerate(self.objects) if any(p.covers(prefix) for p in o.prefixes)]

    def floor(self, key: Key) -> tuple[float, float]:
        place, vector = key
        share, floors = self.settings.promote_share, self.settings.floors
        if isinstance(place, int):
            found = [floors.watched(vector, self.objects[place])]
        else:
            ipv4 = place.high == 0 and place.low >> 32 == 0xFFFF
            level = LEVELS[4].index(place.length) if ipv4 else 4 + LEVELS[6].index(place.length)
            found = [floors.prefix(vector, level)]
            found += [floors.watched(vector, self.objects[n]) for n in self.objects_around(place)]
        return share * min(bits for bits, _ in found) / 8, share * min(packets for _, packets in found)

    def promote(self, key: Key) -> None:
        had = self.seconds[key]
        ring = self.rings[key] = Ring(self.open, self.open, self.open - WINDOW + 1)
        weight = max(had.amounts[0], 1.0)
        end_ms = self.open * 1000 + 999 - int(had.age / weight)
        ring.spread(end_ms - int(had.span / weight), end_ms, had.amounts, self.open)

    def count(self, rows: npt.NDArray[np.void], received_ms: int) -> None:
        if not self.seconds:
            self.open = max(self.open, received_ms // 1000)
        for row in rows:
            self.count_one({name: int(row[name]) for name in rows.dtype.names}, received_ms)

    def count_one(self, record: dict[str, int], received_ms: int) -> None:
        name = vector_name(record)
        rate = max(1, record["sampling_rate"])
        size, packets = record["bytes"], record["packets"]
        amounts = np.array(
            [
                size * rate,
                packets * rate,
                rate * (rate - 1) * size**2 / max(1, packets),
                rate * (rate - 1) * packets,
            ],
            float,
        )
        if name is not None or record["direction"] != REPETITION:
            inbound = self.inbound[record["exporter"], NO_VECTOR if name is None else CODE_OF[name]]
            inbound += (*amounts, amounts[0] if record["sampling_rate"] == 0 else 0)
        if name is None:
            return
        end_ms = min(record["end_ms"], self.open * 1000 + 999)
        start_ms = min(record["start_ms"], end_ms)
        for place in self.places(record["dst_high"], record["dst_low"], record["family"]):
            key = place, CODE_OF[name]
            had = self.seconds[key]
            had.exporters |= 1 << min(63, record["exporter"])
            had.unscaled += amounts[0] if record["sampling_rate"] == 0 else 0
            if key in self.rings:
                self.rings[key].spread(start_ms, end_ms, amounts, self.open)
            had.amounts = had.amounts + amounts
            had.age += amounts[0] * max(0, received_ms - end_ms)
            had.span += amounts[0] * (end_ms - start_ms)

    def close(self) -> dict[Key, tuple[Ring, Second]]:
        """The heavy keys with the second in which each last received something; forgets the second."""
        for key, had in self.seconds.items():
            floor = self.floor(key)
            if key not in self.rings and (had.amounts[0] >= floor[0] or had.amounts[1] >= floor[1]):
                self.promote(key)
            if key in self.rings:
                self.touched[key], self.last[key] = self.open, had
        found = {}
        for key, ring in list(self.rings.items()):
            peak = ring.peak(self.open, self.floor(key))
            if self.open - self.touched[key] >= WINDOW or (peak < 0.5 and self.open - ring.born >= WINDOW):
                del self.rings[key]
            elif peak >= 0.5:
                found[key] = ring, self.last[key]
        self.seconds = defaultdict(Second)
        self.open += 1
        return found
