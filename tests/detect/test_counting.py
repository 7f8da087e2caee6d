"""The counting table says what dictionaries say, whatever arrives."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.counting import NaiveCounter
from tests.naive.flood import START, rows
from tidegate.detect.counting import SecondCounter
from tidegate.detect.settings import CountingSettings, Floors, WatchedObject
from tidegate.model.addresses import Prefix, words
from tidegate.model.exporters import EXPORTER
from tidegate.model.flows import FLOW, FlowBatch
from tidegate.model.refusals import NotAllowed
from tidegate.model.summaries import INBOUND_AMOUNTS, SUMMARY_CELLS_MAX, SecondSummary
from tidegate.model.vectors import CODE_OF

SOME_EXPORTERS = np.zeros(128, EXPORTER)
OBJECTS = (
    WatchedObject("XA ministry", (Prefix.parse("198.51.100.0/28"),), capacity_bits_per_s=10_000_000),
    WatchedObject("XA country", (Prefix.parse("198.51.0.0/16"), Prefix.parse("2001:db8::/32"))),
)
HOSTS = [
    "198.51.100.1", "198.51.100.2", "198.51.100.200", "198.51.101.9", "203.0.113.5",
    "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8:9::1", "2001:db9::1",
]  # fmt: skip

record = st.fixed_dictionaries(
    {
        "host": st.sampled_from(HOSTS),
        "bytes": st.integers(0, 3_000_000),
        "packets": st.integers(0, 3_000),
        "ago_ms": st.one_of(st.integers(-1500, 3000), st.integers(0, 80_000)),
        "lasted_ms": st.one_of(st.just(0), st.integers(-900, 900), st.integers(0, 70_000)),
        "sampling_rate": st.sampled_from([0, 1, 1, 10, 1000]),
        "exporter": st.sampled_from([0, 1, 62, 63, 90]),
        "protocol": st.sampled_from([17, 17, 6, 1, 47, 58]),
        "src_port": st.sampled_from([53, 123, 443, 50_000]),
        "tcp_flags": st.sampled_from([2, 16, 24]),
        "no_flow": st.sampled_from([False] * 9 + [True]),
        "direction": st.sampled_from([0, 0, 1, 2, 3]),
    }
)
seconds = st.lists(st.lists(record, max_size=25), min_size=1, max_size=6)


def made(records: list[dict[str, int | str]], second: int) -> npt.NDArray[np.void]:
    found = np.zeros(len(records), FLOW)
    for row, told in zip(found, records, strict=True):
        row["dst_high"], row["dst_low"] = words(str(told["host"]))
        row["family"] = 0 if told["no_flow"] else (6 if ":" in str(told["host"]) else 4)
        row["end_ms"] = second * 1000 + 500 - int(told["ago_ms"])
        row["start_ms"] = row["end_ms"] - int(told["lasted_ms"])
        row["has_ports"] = 1
        for name in ("bytes", "packets", "sampling_rate", "exporter", "protocol", "src_port"):
            row[name] = told[name]
        row["tcp_flags"], row["direction"] = told["tcp_flags"], told["direction"]
    return found


def place_of(cell: np.void) -> Prefix | int:
    if cell["object"] >= 0:
        return int(cell["object"])
    return Prefix(int(cell["high"]), int(cell["low"]), int(cell["length"]))


def close(counter: SecondCounter, second: int) -> SecondSummary:
    return counter.close_second(second, SOME_EXPORTERS, {}, 0)


@settings(max_examples=150, deadline=None)
@given(seconds, st.sampled_from([1e-7, 0.003, 0.1]), st.integers(0, 2**64 - 1))
def test_heavy_cells_are_those_of_plain_dictionaries(
    told: list[list[dict[str, int | str]]], scale: float, seed: int
) -> None:
    asked = CountingSettings(Floors(scale=scale * 1.000001), cells_max=4096, rings_max=512, seed=seed)
    counter, naive = SecondCounter(asked, OBJECTS), NaiveCounter(asked, OBJECTS)
    close(counter, START - 1)
    naive.open = START
    for second, records in enumerate(told, START):
        received = made(records, second)
        for part in np.array_split(received, 2):
            counter.count(FlowBatch(part), second * 1000 + 500)
            naive.count(part, second * 1000 + 500)
        summary, expected = close(counter, second), naive.close()
        cells = {(place_of(cell), int(cell["vector"])): cell for cell in summary.cells}
        assert cells.keys() == expected.keys()
        assert summary.records == sum(record["direction"] != 3 for record in records)
        assert summary.degraded is None or "reach back" in summary.degraded
        inbound = {(int(row["exporter"]), int(row["vector"])): row for row in summary.inbound}
        assert inbound.keys() == {key for key, amounts in naive.inbound.items() if amounts[:2].any()}
        for place, row in inbound.items():
            assert [row[name] for name in INBOUND_AMOUNTS] == pytest.approx(list(naive.inbound[place]))
        for name in INBOUND_AMOUNTS:
            assert summary.inbound[name].sum() == pytest.approx(getattr(summary, name))
        naive.inbound.clear()
        for key, (ring, had) in expected.items():
            cell, window = cells[key], ring.window()
            assert cell["newest_second"] == ring.evidence
            assert cell["exporters"] == had.exporters
            for column, name in enumerate(("bytes", "packets", "bytes_variance", "packets_variance")):
                told_of = window[:, column]
                np.testing.assert_allclose(cell[name], told_of, rtol=1e-5, atol=1e-6 + 2e-12 * told_of.max())
                assert (cell[name] >= 0).all()
            total = had.amounts[0]
            assert cell["unscaled"] == pytest.approx(had.unscaled / total if total else 0, rel=1e-5)
            assert cell["age_ms"] == pytest.approx(had.age / total if total else 0, abs=1)


def counted(summary: SecondSummary, place: str, vector: str) -> float:
    """Bytes of the newest second; 0 where the prefix is not told of."""
    for cell in summary.cells:
        if place_of(cell) == Prefix.parse(place) and cell["vector"] == CODE_OF[vector]:
            return float(cell["bytes"][-1])
    return 0.0


def test_a_full_table_keeps_prefixes_exact_and_finds_a_new_heavy_host_within_its_bound() -> None:
    counter = SecondCounter(CountingSettings(Floors(scale=0.01), cells_max=4096, seed=3))
    crowd = rows(START, 60_000, to="198.51.0.0", spread=65_536, size=60, src_port=123)
    heavy = rows(START, 4_000, to="203.0.113.5", size=1000, src_port=123)
    mixed = np.concatenate((crowd, heavy))
    np.random.default_rng(5).shuffle(mixed)
    counter.count(FlowBatch(mixed), START * 1000 + 999)
    summary = close(counter, START)
    assert summary.degraded is not None
    assert "gave way" in summary.degraded
    assert counted(summary, "203.0.113.0/24", "ntp") == 4_000_000
    host = next(cell for cell in summary.cells if place_of(cell) == Prefix.parse("203.0.113.5/32"))
    assert host["bytes"][-1] <= 4_000_000 <= host["bytes"][-1] + host["error_bytes"]
    assert host["bytes"][-1] > 3_900_000


def test_counting_is_exact_again_after_the_table_was_full() -> None:
    counter = SecondCounter(CountingSettings(Floors(scale=0.01), cells_max=4096, seed=3))
    crowd = rows(START, 30_000, to="198.51.0.0", spread=65_536, size=60, src_port=123)
    counter.count(FlowBatch(crowd), START * 1000 + 999)
    assert close(counter, START).degraded is not None
    for second in range(START + 1, START + 40):
        close(counter, second)
    again = rows(START + 40, 500, to="203.0.113.5", size=1000, src_port=123)
    counter.count(FlowBatch(again), (START + 40) * 1000 + 999)
    summary = close(counter, START + 40)
    assert summary.degraded is None
    assert counted(summary, "203.0.113.5/32", "ntp") == 500_000


def test_idle_destinations_leave_the_table_and_come_back_whole() -> None:
    counter = SecondCounter(CountingSettings(cells_max=16_384, seed=3))
    for second in (START, START + 900):
        crowd = rows(second, 10_000, to="2001:db8::", spread=5_000, size=1400, src_port=123)
        counter.count(FlowBatch(crowd), second * 1000 + 999)
        summary = close(counter, second)
        assert counted(summary, "2001:db8::/32", "ntp") == 10_000 * 1400
        assert summary.active_cells > 3_000
        for quiet in range(second + 1, second + 700):
            summary = close(counter, quiet)
        assert summary.active_cells == 0


def test_no_setting_keeps_a_host_longer_than_the_prefixes_around_it() -> None:
    counter = SecondCounter(CountingSettings(cells_max=4096, host_idle_seconds=1_000_000, seed=3))
    crowd = rows(START, 500, to="198.51.100.0", spread=256, size=60, src_port=123)
    counter.count(FlowBatch(crowd), START * 1000 + 999)
    assert close(counter, START).active_cells > 200
    for quiet in range(START + 1, START + 190):
        summary = close(counter, quiet)
    assert summary.active_cells == 3


def test_a_host_goes_to_the_ring_that_is_nearest_in_each_second() -> None:
    """First to that of its network, then to its own, and when that was taken back to its network's again."""
    counter = SecondCounter(CountingSettings(Floors(scale=0.1), cells_max=4096, seed=3))
    for second in range(START, START + 120):
        loud = START + 10 <= second < START + 20
        around = rows(second, 4_000, to="198.51.100.0", spread=256, size=1000, src_port=123)
        own = rows(second, 4_000 if loud else 1, to="198.51.100.7", size=1000, src_port=123)
        counter.count(FlowBatch(np.concatenate((around, own))), second * 1000 + 999)
        summary = close(counter, second)
        assert counted(summary, "198.51.100.0/24", "ntp") == (len(around) + len(own)) * 1000
        if loud:
            to_host = (around["dst_low"] == own["dst_low"][0]).sum() + len(own)
            assert counted(summary, "198.51.100.7/32", "ntp") == to_host * 1000
    assert counted(summary, "198.51.100.7/32", "ntp") == 0


def test_when_windows_run_out_only_the_heaviest_are_followed_and_it_is_said() -> None:
    counter = SecondCounter(CountingSettings(Floors(scale=1e-4), rings_max=64, cells_max=8192, seed=3))
    for second in range(START, START + 12):
        crowd = rows(second, 20_000, to="198.51.100.0", spread=256, size=500, src_port=123)
        flood = rows(second, 40_000, to="203.0.113.5", size=1400, src_port=123)
        counter.count(FlowBatch(np.concatenate((crowd, flood))), second * 1000 + 999)
        summary = close(counter, second)
    assert summary.degraded is not None
    assert "windows" in summary.degraded
    assert counted(summary, "203.0.113.5/32", "ntp") == 40_000 * 1400


def test_more_heavy_cells_than_a_summary_holds_leave_out_the_lightest() -> None:
    counter = SecondCounter(CountingSettings(Floors(scale=1e-6), rings_max=16_384, cells_max=65_536, seed=3))
    crowd = rows(START, 60_000, to="198.51.0.0", spread=12_000, size=500, src_port=123)
    flood = rows(START, 40_000, to="203.0.113.5", size=1400, src_port=123)
    counter.count(FlowBatch(np.concatenate((crowd, flood))), START * 1000 + 999)
    summary = close(counter, START)
    assert len(summary.cells) == SUMMARY_CELLS_MAX
    assert summary.cells_left_out > 3_000
    assert counted(summary, "203.0.113.5/32", "ntp") == 40_000 * 1400


def test_the_index_grows_without_losing_a_destination() -> None:
    counter = SecondCounter(CountingSettings(cells_max=1 << 18, seed=3))
    crowd = rows(START, 120_000, to="198.51.0.0", spread=100_000, size=1400, src_port=123)
    for part in np.array_split(crowd, 7):
        counter.count(FlowBatch(part), START * 1000 + 999)
    summary = close(counter, START)
    hosts = len(np.unique(crowd["dst_low"]))
    assert summary.active_cells == hosts + sum(len(np.unique(crowd["dst_low"] >> n)) for n in (8, 12, 16))
    assert sum(counted(summary, f"198.{i}.0.0/16", "ntp") for i in (51, 52)) == 120_000 * 1400


def test_a_record_of_impossible_size_or_age_changes_nothing_else() -> None:
    counter = SecondCounter(CountingSettings(seed=3))
    odd = rows(START, 3, to="203.0.113.9", src_port=123)
    odd["bytes"], odd["packets"], odd["sampling_rate"] = 2**64 - 1, 2**64 - 1, 2**32 - 1
    odd["start_ms"][0], odd["end_ms"][1] = -(2**62), 2**62
    odd["start_ms"][2] = odd["end_ms"][2] = -(2**62)
    odd["exporter"] = 2**32 - 1
    sound = rows(START, 5_000, to="203.0.113.5", src_port=123)
    counter.count(FlowBatch(np.concatenate((odd, sound))), START * 1000 + 999)
    summary = close(counter, START)
    assert counted(summary, "203.0.113.5/32", "ntp") == 5_000 * 1400
    assert all(
        np.isfinite(summary.cells[name]).all() for name in ("bytes", "bytes_variance", "packets_variance")
    )


def test_an_address_in_too_many_objects_is_refused_at_the_start() -> None:
    many = [WatchedObject(f"XA {n}", (Prefix.parse("198.51.100.0/24"),)) for n in range(5)]
    with pytest.raises(NotAllowed, match="4 objects at most"):
        SecondCounter(CountingSettings(seed=1), many)


def test_settings_outside_their_bounds_are_refused() -> None:
    with pytest.raises(NotAllowed):
        replace(CountingSettings(), cells_max=10)


def test_records_that_reach_back_beyond_the_window_are_said_to_be_cut() -> None:
    counter = SecondCounter(CountingSettings(seed=3))
    recent = rows(START, 9_000, to="203.0.113.5", src_port=123, lasts_ms=60_000)
    old = rows(START, 1_000, to="203.0.113.5", src_port=123, lasts_ms=90_000)
    counter.count(FlowBatch(recent), START * 1000 + 999)
    assert close(counter, START).degraded is None
    counter.count(FlowBatch(np.concatenate((recent, old))), START * 1000 + 1999)
    said = close(counter, START + 1).degraded
    assert said is not None
    assert said.startswith("1000 of 10000 records reach back further than 64 s")
    counter.count(FlowBatch(recent), START * 1000 + 2999)
    assert close(counter, START + 2).degraded is None
