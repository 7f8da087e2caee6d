"""A small, seeded maker of flow records, second by second, for scenarios of detection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegate.detect.baseline import Baselines
from tidegate.detect.counting import SecondCounter
from tidegate.detect.detector import Detector
from tidegate.detect.settings import CountingSettings, DetectionSettings
from tidegate.model.addresses import words
from tidegate.model.attacks import Attack
from tidegate.model.exporters import EXPORTER
from tidegate.model.facts import Fact
from tidegate.model.flows import FLOW, FlowBatch
from tidegate.model.summaries import SecondSummary

Rows = npt.NDArray[np.void]
Source = Callable[[int], Rows]
"""The records received in a second."""

START = 1_800_000_000


def rows(
    second: int,
    count: int,
    *,
    to: str,
    spread: int = 1,
    size: int = 1400,
    protocol: int = 17,
    src_port: int = 40_000,
    flags: int = 0,
    fragment: int = 0,
    rate: int = 1,
    packets: int = 1,
    lasts_ms: int = 0,
    exporter: int = 0,
    seed: int = 0,
) -> Rows:
    """`count` records to `spread` addresses from `to` on, all received in the second and ending in it."""
    made = np.zeros(count, FLOW)
    random = np.random.default_rng((seed, second))
    high, low = words(to)
    made["dst_high"], made["dst_low"] = high, low + random.integers(0, spread, count).astype(np.uint64)
    made["src_low"] = 0xFFFF_0000_0000 + random.integers(0, 1 << 32, count).astype(np.uint64)
    made["bytes"], made["packets"] = size * packets, packets
    made["end_ms"] = second * 1000 + np.sort(random.integers(0, 1000, count))
    made["start_ms"] = made["end_ms"] - lasts_ms
    made["sampling_rate"], made["exporter"] = rate, exporter
    made["protocol"], made["tcp_flags"], made["fragment"] = protocol, flags, fragment
    made["src_port"], made["dst_port"], made["has_ports"] = src_port, 12_345, fragment != 2
    made["family"] = 6 if ":" in to else 4
    return made


def flood(
    mbit_per_s: float, *, begin: int, until: int, rate: int = 1, size: int = 1400, **how: object
) -> Source:
    """A steady flood between two seconds, sampled 1:rate by chance."""

    def received(second: int) -> Rows:
        if not begin <= second < until:
            return np.zeros(0, FLOW)
        expected = mbit_per_s * 1e6 / 8 / size / max(rate, 1)
        chance = np.random.default_rng((99, second, rate))
        count = round(expected) if rate <= 1 else int(chance.poisson(expected))
        return rows(second, count, size=size, rate=rate, **how)  # type: ignore[arg-type]

    return received


def through_cache(
    mbit_per_s: float, begin_ms: int, until_ms: int, timeouts_ms: tuple[int, int], flows: int, seed: int
) -> Source:
    """NTP packets to one host, sampled 1 in 1,000, told by a flow cache with an active and an inactive
    timeout; `flows` 0 makes each packet a flow of its own."""
    active, inactive = timeouts_ms
    random = np.random.default_rng(seed)
    count = random.poisson(mbit_per_s * 1e6 / 8 / 1400 / 1000 * (until_ms - begin_ms) / 1000)
    times: dict[int, list[int]] = {}
    for number, time in enumerate(np.sort(random.integers(begin_ms, until_ms, count)).tolist()):
        times.setdefault(int(random.integers(flows)) if flows else number, []).append(time)
    records: list[tuple[int, int, int, int]] = []  # told, first, last, packets
    for own in times.values():
        first, last, packets = own[0], own[0], 0
        for time in own:
            if time - last >= inactive or time - first >= active:
                told = last + inactive if time - last >= inactive else first + active
                records.append((told, first, last, packets))
                first, packets = time, 0
            last, packets = time, packets + 1
        records.append((last + inactive, first, last, packets))
    table = np.array(sorted(records))
    made = rows(0, len(table), to="198.51.100.7", src_port=123, rate=1000)
    made["start_ms"], made["end_ms"], made["packets"] = table[:, 1], table[:, 2], table[:, 3]
    made["bytes"] = 1400 * table[:, 3]

    def received(second: int) -> Rows:
        begin, end = np.searchsorted(table[:, 0], (second * 1000, second * 1000 + 1000))
        return made[begin:end]

    return received


@dataclass
class World:
    """Counter and detector together, fed by sources, second by second."""

    sources: Sequence[Source]
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    counting: CountingSettings = field(default_factory=lambda: CountingSettings(seed=1, cells_max=65_536))
    baselines: Baselines = field(default_factory=Baselines)
    open_attacks: Sequence[Attack] = ()
    delay_ms: int = 0
    exporters: Rows = field(default_factory=lambda: np.zeros(2, EXPORTER))
    facts: list[tuple[int, Fact]] = field(default_factory=list)
    last: SecondSummary | None = None

    def __post_init__(self) -> None:
        self.exporters["address_low"] = 0xFFFF_0000_0000 | int.from_bytes(bytes([192, 0, 2, 1]))
        self.exporters["age_max_ms"] = self.delay_ms
        self.counter = SecondCounter(self.counting, self.detection.objects)
        self.detector = Detector(self.detection, lambda _: "XA north", self.open_attacks, 1, self.baselines)

    def run(self, begin: int, until: int) -> "World":
        for second in range(begin, until):
            for source in self.sources:
                received = source(second)
                if len(received):
                    self.counter.count(FlowBatch(received), second * 1000 + 999)
            self.last = self.counter.close_second(second, self.exporters, {}, 0)
            self.facts += [(second, fact) for fact in self.detector.observe(self.last)]
        return self

    def told(self) -> list[tuple[int, str]]:
        return [(second - START, type(fact).__name__) for second, fact in self.facts]

    def attacks(self) -> list[Attack]:
        """The last value of each attack, in order of number."""
        latest: dict[int, Attack] = {}
        for _, fact in self.facts:
            attack = fact.attack  # type: ignore[union-attr]
            latest[attack.number] = attack
        return [latest[number] for number in sorted(latest)]
