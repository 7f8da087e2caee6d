"""How much comes in, beside what sampling leaves open of it."""

import numpy as np
import pytest

from tests.naive.flood import START, rows
from tests.stand_ins import report_of
from tidegate.app.live import Live
from tidegate.app.volume import volume
from tidegate.detect.counting import SecondCounter
from tidegate.detect.settings import CountingSettings, Floors
from tidegate.model.attacks import Rate
from tidegate.model.exporters import EXPORTER
from tidegate.model.flows import FlowBatch
from tidegate.model.summaries import SecondSummary

SIZE, SAMPLING, PACKETS = 1_000, 100, 40_000
EXPORTERS = ("192.0.2.1#0", "192.0.2.2#0", "192.0.2.3#0")


class Counted:
    """One second of telemetry after the other through the real counter."""

    def __init__(self) -> None:
        self.counter = SecondCounter(CountingSettings(Floors(), cells_max=4096, rings_max=512))
        self.second = START

    def close(self, *told: tuple[int, int, int]) -> SecondSummary:
        """Of each (exporter, sampled packets, sampling rate)."""
        self.second += 1
        for exporter, count, rate in told:
            received = rows(self.second, count, to="198.51.100.7", size=SIZE, rate=rate, exporter=exporter)
            self.counter.count(FlowBatch(received), self.second * 1000 + 999)
        return self.counter.close_second(self.second, np.zeros(len(EXPORTERS), EXPORTER), {}, 0)


@pytest.fixture(scope="module")
def counted() -> Counted:
    return Counted()


def test_the_interval_holds_the_truth_about_nine_times_in_ten(counted: Counted) -> None:
    chance, held = np.random.default_rng(7), 0
    for _ in range(200):
        sampled = int(chance.binomial(PACKETS, 1 / SAMPLING))
        told = volume(counted.close((0, sampled, SAMPLING)))
        held += told.bits_per_s.low <= PACKETS * SIZE * 8 <= told.bits_per_s.high
        assert told.packets_per_s.low < told.packets_per_s.estimate < told.packets_per_s.high
    assert 170 <= held <= 194


def test_what_was_not_sampled_is_known_exactly(counted: Counted) -> None:
    told = volume(counted.close((0, 50, 1)))
    assert told.bits_per_s == Rate(50 * SIZE * 8, 50 * SIZE * 8, 50 * SIZE * 8)
    assert told.unscaled == 0


def test_the_share_whose_sampling_is_unknown_is_told(counted: Counted) -> None:
    assert volume(counted.close((0, 30, 1), (1, 10, 0))).unscaled == 250_000
    assert volume(counted.close()).unscaled == 0


def test_a_border_point_has_the_interval_of_what_comes_in_there(counted: Counted) -> None:
    points = {EXPORTERS[0]: "north", EXPORTERS[1]: "south"}
    live = Live(points.get, ("north", "south"))
    summary = counted.close((0, 400, SAMPLING), (1, 50, 1), (2, 20, SAMPLING))
    live(report_of(summary, names=EXPORTERS))
    now = live.now("node", 1)
    north, south, elsewhere = now.point_bits_per_s
    assert now.points == ("north", "south", "")
    assert north == volume(counted.close((0, 400, SAMPLING))).bits_per_s
    assert south == Rate(50 * SIZE * 8, 50 * SIZE * 8, 50 * SIZE * 8)
    assert elsewhere.low < elsewhere.estimate == 20 * SAMPLING * SIZE * 8 < elsewhere.high
    assert now.bits_per_s == volume(summary).bits_per_s
    assert now.bits_per_s.estimate == sum(one.estimate for one in now.point_bits_per_s)
