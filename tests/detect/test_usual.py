"""What is usual is learned, kept, and not learned from attacks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.detect.baseline import HOURS, SHARES, Baselines, Key, quantiles_of
from tidegate.detect.detector import Detector
from tidegate.detect.levels import LEVEL_LENGTHS
from tidegate.detect.rows import Row
from tidegate.detect.settings import DetectionSettings, Floors
from tidegate.model.addresses import Prefix
from tidegate.model.exporters import EXPORTER
from tidegate.model.facts import Fact
from tidegate.model.summaries import CELL, INBOUND, SecondSummary
from tidegate.model.vectors import CODE_OF

MONDAY = 1_800_000_000 // (7 * 86_400) * 7 * 86_400
HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
PREFIX = Prefix.parse("198.51.100.7/32")
STEP = 60
"""Seconds between two summaries here; a window of 64 seconds tells what lay between."""


def summary(second: int, levels: dict[tuple[Prefix, str], float]) -> SecondSummary:
    """One summary in which each (prefix, vector) has had its level in bits/s through the whole window."""
    cells = np.zeros(len(levels), CELL)
    for cell, ((prefix, vector), bits) in zip(cells, levels.items(), strict=True):
        cell["high"], cell["low"], cell["length"] = prefix.high, prefix.low, prefix.length
        cell["vector"], cell["object"], cell["newest_second"] = CODE_OF[vector], -1, second
        cell["bytes"], cell["packets"] = bits / 8, bits / 8 / 1400
        cell["exporters"] = 1
    totals = (0.0,) * 5
    return SecondSummary(
        second, cells, 0, np.zeros(1, EXPORTER), {}, 1, *totals, len(cells), None, 0, np.zeros(0, INBOUND)
    )


class Watch:
    """A detector fed with levels instead of flows, weeks of them in a moment."""

    def __init__(self, baselines: Baselines | None = None, step: int = STEP) -> None:
        self.baselines = baselines or Baselines()
        self.detector = Detector(DetectionSettings(), lambda _: None, (), 1, self.baselines)
        self.step = step
        self.facts: list[tuple[int, Fact]] = []

    def learn(self, begin: int, until: int, level: object, vector: str = "tcp") -> None:
        """Pass by, but of each hour hear little more than the half that is needed to learn it."""
        for hour in range(begin, until, HOUR):
            self.pass_by(hour, hour + 33 * 60, level, vector)

    def pass_by(
        self, begin: int, until: int, level: object, vector: str = "tcp", prefix: Prefix = PREFIX
    ) -> None:
        for second in range(begin, until, self.step):
            bits = level(second) if callable(level) else float(level)  # type: ignore[arg-type]
            levels = {(prefix, vector): bits} if bits else {}
            self.facts += [(second, fact) for fact in self.detector.observe(summary(second, levels))]

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for _, fact in self.facts]


def rhythm(second: int) -> float:
    """2 Gb/s at four at night, 6 Gb/s at four in the afternoon."""
    return 4e9 - 2e9 * np.cos(2 * np.pi * (second % DAY / DAY - 4 / 24))


def test_a_daily_rhythm_above_the_floor_does_not_alarm_once_it_is_known() -> None:
    watch = Watch()
    watch.learn(MONDAY, MONDAY + 7 * DAY, rhythm)
    watch.pass_by(MONDAY + 7 * DAY, MONDAY + 9 * DAY, rhythm)
    assert watch.facts == []
    watch.pass_by(MONDAY + 9 * DAY, MONDAY + 9 * DAY + 10 * 60, lambda second: 40e9)
    assert watch.kinds()[0] == "AttackDetected"
    assert watch.facts[0][1].attack.doubts == ()  # type: ignore[union-attr]


def test_a_flash_crowd_over_half_an_hour_does_not_alarm_but_a_step_does() -> None:
    watch = Watch()
    watch.pass_by(MONDAY, MONDAY + 3 * DAY, 2e9)
    begin = MONDAY + 3 * DAY
    watch.pass_by(begin, begin + HOUR, lambda second: 2e9 * (1 + 9 * min(1, (second - begin) / 1800)))
    assert watch.facts == []
    watch.pass_by(begin + HOUR, begin + HOUR + 600, lambda second: 90e9)
    assert watch.kinds()[0] == "AttackDetected"


def test_reflection_does_not_become_usual_by_growing_slowly() -> None:
    watch = Watch()
    watch.pass_by(MONDAY, MONDAY + 2 * DAY, 15e6, "ntp")
    begin = MONDAY + 2 * DAY
    watch.pass_by(begin, begin + 2 * HOUR, lambda second: 15e6 * 2 ** ((second - begin) / 1200), "ntp")
    assert watch.kinds()[:1] == ["AttackDetected"]


def test_a_resolver_with_much_ordinary_dns_is_left_alone_after_a_day() -> None:
    watch = Watch()
    watch.pass_by(MONDAY, MONDAY + 2 * DAY, 250e6, "dns")
    watch.pass_by(MONDAY + 2 * DAY, MONDAY + 2 * DAY + HOUR, 600e6, "dns")
    assert watch.facts == []
    watch.pass_by(MONDAY + 2 * DAY + HOUR, MONDAY + 2 * DAY + HOUR + 300, 900e6, "dns")
    assert watch.kinds() == ["AttackDetected"]
    assert watch.facts[0][1].attack.doubts == ("short_history",)  # type: ignore[union-attr]


def test_an_attack_is_not_learned_as_usual() -> None:
    watch = Watch()
    watch.pass_by(MONDAY, MONDAY + 2 * DAY, 15e6, "ntp")
    for day in range(2, 5):
        begin = MONDAY + day * DAY
        watch.pass_by(begin, begin + 2 * HOUR, 400e6, "ntp")
        watch.pass_by(begin + 2 * HOUR, begin + DAY, 15e6, "ntp")
    assert watch.kinds() == ["AttackDetected", "AttackEnded"] * 3


def test_on_the_first_day_a_providers_network_is_taken_as_it_is_found() -> None:
    watch = Watch()
    wide = Prefix.parse("198.51.0.0/16")
    watch.pass_by(MONDAY, MONDAY + HOUR, 90e9, "tcp", wide)
    assert watch.facts == []
    watch.pass_by(MONDAY + HOUR, MONDAY + HOUR + 300, 600e9, "tcp", wide)
    assert watch.kinds() == ["AttackDetected"]
    assert watch.facts[0][1].attack.doubts == ("insufficient_history",)  # type: ignore[union-attr]


def test_what_was_learned_survives_a_restart() -> None:
    first = Watch()
    first.learn(MONDAY, MONDAY + 8 * DAY, 250e6, "dns")
    kept: dict[bytes, bytes] = {}
    kept.update((key, blob) for key, blob, _ in first.detector.pending_baselines())
    baselines = Baselines()
    assert baselines.recall(kept.items(), MONDAY + 8 * DAY) == 0
    second = Watch(baselines)
    second.pass_by(MONDAY + 8 * DAY, MONDAY + 8 * DAY + HOUR, 600e6, "dns")
    assert second.facts == []
    second.pass_by(MONDAY + 8 * DAY + HOUR, MONDAY + 8 * DAY + HOUR + 300, 900e6, "dns")
    assert second.kinds() == ["AttackDetected"]
    assert second.facts[0][1].attack.doubts == ()  # type: ignore[union-attr]


def test_of_more_than_there_is_room_for_the_first_are_taken_up() -> None:
    learned = Baselines()
    keys = [Key(0, at, 128, 3) for at in range(12)]
    learned.learn(learned.rows(keys, MONDAY), np.ones((12, 64, 2)), MONDAY, np.full(12, MONDAY))
    stored = [(key.pack(), learned._blob(row)) for row, key in enumerate(keys)]
    small = Baselines(8)
    assert small.recall(reversed(stored), MONDAY) == 0, "none of them is damaged"
    assert [row >= 0 for row in small.known(keys)] == [False] * 4 + [True] * 8


def test_only_what_changed_is_kept_anew() -> None:
    watch = Watch()
    watch.pass_by(MONDAY, MONDAY + 3 * HOUR, 250e6, "dns")
    assert len(list(watch.detector.pending_baselines())) == 2
    assert list(watch.detector.pending_baselines()) == []


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=2900)), max_size=5))
def test_unreadable_baselines_are_counted_and_passed_over(stored: list[tuple[bytes, bytes]]) -> None:
    baselines = Baselines(8)
    assert baselines.recall(stored, MONDAY) == len(stored)
    assert len(baselines) == 0


@pytest.mark.parametrize(
    "key", [Key(1, 2, 64, 3), Key(0, 0xFFFF_C633_6407, 128, 20), Key(0, 0, 0, 0, "XA ministry")]
)
def test_a_key_survives_being_stored(key: Key) -> None:
    assert Key.unpack(key.pack()) == key


def test_when_baselines_are_full_the_longest_unheard_key_gives_way() -> None:
    baselines = Baselines(2)
    old, kept, new, late = (Key(0, n, 128, 0) for n in range(4))
    baselines.rows([old], MONDAY)
    baselines.rows([kept], MONDAY + HOUR)
    baselines.rows([new], MONDAY + HOUR + 60)
    assert [row >= 0 for row in baselines.known([old, kept, new])] == [False, True, True]
    baselines.rows([late], MONDAY + HOUR + 120)
    assert baselines.known([late]).tolist() == [-1]
    assert baselines.not_learned == 1


def test_the_hour_of_the_week_decides_what_is_usual() -> None:
    watch = Watch()
    weekend = lambda second: 5e9 if second % WEEK // DAY >= 5 else 2e9  # noqa: E731
    watch.learn(MONDAY, MONDAY + WEEK + 2 * HOUR, weekend)
    key = Row(PREFIX, -1, CODE_OF["tcp"]).key(())
    rows = watch.baselines.known([key])
    noon = 12 * HOUR
    workday = watch.baselines.history(rows, MONDAY + WEEK + 2 * DAY + noon).usual_high[0, 0]
    saturday = watch.baselines.history(rows, MONDAY + WEEK + 5 * DAY + noon).usual_high[0, 0]
    assert workday == pytest.approx(2e9, rel=0.05)
    assert saturday == pytest.approx(5e9, rel=0.05)
    assert (watch.baselines.weeks[rows[0]] > 0).sum() == HOURS


def test_a_packet_met_by_chance_under_coarse_sampling_begins_no_baseline() -> None:
    watch = Watch()
    told = summary(MONDAY, {(PREFIX, "tcp"): 0.0, (Prefix.parse("198.51.100.0/24"), "tcp"): 0.0})
    for cell, samples in zip(told.cells, (1, 4), strict=True):
        cell["packets"][-samples:], cell["bytes"][-samples:] = 4096, 4096 * 1500
        cell["packets_variance"][-samples:] = 4096 * 4095
        cell["bytes_variance"][-samples:] = 4096 * 4095 * 1500.0**2
    watch.detector.observe(told)
    assert len(watch.baselines) == 1


@pytest.mark.parametrize(("vector", "bits"), [("dns", 600e6), ("fragments", 235e6)])
def test_a_wide_prefixs_floor_for_reflection_comes_down_once_its_history_is_known(
    vector: str, bits: float
) -> None:
    network = Prefix.parse("198.51.96.0/20")
    watch = Watch()
    watch.pass_by(MONDAY, MONDAY + HOUR, bits, vector, network)
    assert watch.kinds() == []
    watch.learn(MONDAY + HOUR, MONDAY + 30 * HOUR, 0.0)
    watch.pass_by(MONDAY + 30 * HOUR, MONDAY + 30 * HOUR + 180, bits, vector, network)
    assert watch.kinds() == ["AttackDetected"]


def test_only_reflection_settles_and_an_ipv6_lan_is_a_lan() -> None:
    slash_20, slash_64 = LEVEL_LENGTHS.index(116), LEVEL_LENGTHS.index(64)
    floors = Floors()
    assert floors.settled(CODE_OF["tcp_syn"], slash_20) == floors.prefix(CODE_OF["tcp_syn"], slash_20)
    assert floors.settled(CODE_OF["dns"], slash_20) < floors.prefix(CODE_OF["dns"], slash_20)
    assert floors.prefix(CODE_OF["tcp"], slash_64) == tuple(2 * one for one in floors.host(CODE_OF["tcp"]))
    assert floors.prefix(CODE_OF["dns"], slash_64) == floors.host(CODE_OF["dns"])


@given(st.integers(0, 1 << 32))
def test_quantiles_of_what_was_learned_are_numpys(seed: int) -> None:
    random = np.random.default_rng(seed)
    minutes = random.random((5, 60, 2)).astype(np.float32)
    for row in minutes:
        row[random.choice(60, int(random.integers(0, 31)), replace=False)] = np.nan
    learned = np.isfinite(minutes[:, :, 0]).sum(axis=1)
    naive = np.nanquantile(minutes, SHARES, axis=1).transpose(1, 2, 0)
    np.testing.assert_allclose(quantiles_of(minutes, learned), naive, rtol=1e-6)
