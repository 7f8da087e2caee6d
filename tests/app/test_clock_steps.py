"""A machine whose clock is set: the collector goes on, and no attack is made of it and none is hidden."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.stand_ins import HandClock, ListJournal, ListOutlet
from tidegate.adapters.clock import SteadyClock
from tidegate.app.collector import Collector
from tidegate.app.recent import RecentFlows
from tidegate.detect.baseline import Baselines
from tidegate.detect.counting import SecondCounter
from tidegate.detect.detector import Detector
from tidegate.detect.settings import CountingSettings, DetectionSettings
from tidegate.model.addresses import MAPPED_IPV4
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.facts import AttackDetected, AttackEnded, Fact
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.wire.netflow5 import encode_netflow5
from tidegate.wire.telemetry import TelemetryDecoder

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
SENDS_PER_SECOND = 4


class Machine:
    """A collector and a detector on one machine, and a router elsewhere whose clock is right."""

    def __init__(self) -> None:
        self.wall = HandClock(START_MS)
        self.passed_ms = 0
        self.clock = SteadyClock(self.wall, lambda: self.passed_ms * 1_000_000)
        self.outlet = ListOutlet()
        self.flood_bits_per_s = 0
        self.sequence = 0
        self.detector = Detector(DetectionSettings(), lambda _: None, (), 1, Baselines())
        self.facts: list[Fact] = []
        self.collector = Collector(
            source=self,
            outlet=self.outlet,
            journal=ListJournal(),
            clock=self.clock,
            reader=TelemetryDecoder(),
            counting=SecondCounter(CountingSettings(seed=1, cells_max=65_536)),
            recent=RecentFlows(seed=1),
            load=lambda: None,
            version="1",
        )
        self.collector._second = self.clock.now_ms() // 1000

    def run(self, seconds: int) -> "Machine":
        heard = len(self.outlet.reports)
        for _ in range(seconds * SENDS_PER_SECOND):
            self.collector.turn()
        for report in self.outlet.reports[heard:]:
            self.facts += self.detector.observe(report.summary)
        return self

    def set_clock(self, by_ms: int) -> "Machine":
        self.wall.at_ms += by_ms
        return self

    def flood(self, bits_per_s: int) -> "Machine":
        self.flood_bits_per_s = bits_per_s
        return self

    def told(self, kind: type[Fact]) -> int:
        return sum(isinstance(fact, kind) for fact in self.facts)

    # The source of datagrams.
    buffer_bytes = buffer_wanted = 1 << 20
    ports = (2055,)

    def start(self) -> None: ...

    def close(self) -> None: ...

    def dropped(self) -> int:
        return 0

    def refused(self) -> dict[str, int]:
        return {}

    def receive(self, wait_ms: int) -> Iterator[DatagramBlock]:
        self.passed_ms += 1000 // SENDS_PER_SECOND
        self.wall.at_ms += 1000 // SENDS_PER_SECOND
        right_ms = START_MS + self.passed_ms
        rows = self.rows(right_ms)
        sent = encode_netflow5(
            rows,
            export_ms=right_ms,
            uptime_ms=self.passed_ms + HOUR_MS,
            sequence=self.sequence,
            sampling_rate=1,
        )
        self.sequence += len(rows)
        yield DatagramBlock.of([sent], "192.0.2.1", self.clock.now_ms())

    def rows(self, at_ms: int) -> FlowRows:
        """Ordinary traffic to a few hosts, and the flood to one."""
        rows = empty_rows(9)
        rows["family"], rows["protocol"], rows["has_ports"] = 4, 17, 1
        rows["src_low"] = MAPPED_IPV4 | 0xCB007109
        rows["dst_low"] = np.uint64(MAPPED_IPV4 | 0xC6336400) + np.arange(9, dtype=np.uint64)
        rows["src_port"], rows["dst_port"] = 50_000, 40_000
        rows["bytes"], rows["packets"] = 250_000, 250
        rows["bytes"][8] = self.flood_bits_per_s // 8 // SENDS_PER_SECOND
        rows["packets"][8] = rows["bytes"][8] // 1000
        rows["start_ms"] = rows["end_ms"] = at_ms
        return rows


@pytest.mark.parametrize("by_ms", [-HOUR_MS, HOUR_MS, -5_000, 5_000, -400])
def test_a_clock_that_is_set_makes_no_attack_and_hides_none(by_ms: int) -> None:
    machine = Machine().run(70).set_clock(by_ms).run(70)
    assert machine.facts == []
    seconds = [report.summary.second for report in machine.outlet.reports]
    assert seconds == sorted(set(seconds))
    assert 139 <= len(seconds) <= 141
    assert all(report.summary.records == 36 for report in machine.outlet.reports[1:69])
    assert sum(report.summary.records for report in machine.outlet.reports) >= 139 * 36
    machine.flood(20_000_000_000).run(30)
    assert machine.told(AttackDetected) == 1


@pytest.mark.parametrize("by_ms", [-HOUR_MS, HOUR_MS])
def test_an_attack_under_way_stays_one_attack_and_ends_when_it_ends(by_ms: int) -> None:
    machine = Machine().run(70).flood(20_000_000_000).run(30).set_clock(by_ms).run(40)
    assert machine.told(AttackDetected) == 1
    machine.flood(0).run(700)
    assert machine.told(AttackEnded) == machine.told(AttackDetected)


def test_a_clock_set_back_is_told_until_it_is_right_again() -> None:
    machine = Machine().run(3).set_clock(-HOUR_MS).run(3)
    assert machine.outlet.reports[0].clock_behind_ms == 0
    assert machine.outlet.reports[-1].clock_behind_ms == HOUR_MS
    machine.set_clock(HOUR_MS).run(3)
    assert machine.outlet.reports[-1].clock_behind_ms == 0
