"""Recordings replayed: captured attacks are found in the time of their capture."""

from pathlib import Path

import numpy as np
import pytest

from tests import frames as f
from tests import recordings as r
from tests.flow_datagrams import netflow5, record5
from tidegate.adapters.recordings import open_recording
from tidegate.app.replay import (
    AttackTold,
    Progress,
    ReplayReport,
    by_second,
    replay_files,
    runs,
)
from tidegate.app.sentences import is_exact
from tidegate.app.settings import Config, DetectionSection
from tidegate.lab.captures import CAPTURED_ATTACKS
from tidegate.model.datagrams import DatagramBlock

CAPTURES = Path(__file__).parents[2] / "src" / "tidegate" / "lab" / "captures"
LOW_FLOORS = Config(detection=DetectionSection(floor_scale=0.01))


def capture(name: str) -> Path:
    return next(CAPTURES.glob(f"{CAPTURED_ATTACKS[name].file}*"))


def replayed(
    *files: Path, config: Config = LOW_FLOORS, kind: str | None = None
) -> tuple[list[AttackTold], ReplayReport]:
    told: list[AttackTold] = []
    report = None
    for step in replay_files(config, [open_recording(file) for file in files], kind):
        match step:
            case AttackTold():
                told.append(step)
            case ReplayReport():
                report = step
            case Progress():
                pass
    assert report is not None
    return told, report


def test_a_syn_flood_is_found_in_its_packets() -> None:
    told, report = replayed(capture("syn"))
    assert [attack.targets for attack in report.attacks] == [("10.10.10.10/32",)]
    assert {part.vector for part in report.attacks[0].vectors} == {"tcp_syn"}
    assert told[0].change == "detected"
    assert report.kind == "packets"
    assert report.attacks[0].exporters == told[0].attack.exporters == ("packets",)
    assert [health.exporter for health in report.exporters] == ["packets"]
    assert report.records == 37_841


def test_times_are_the_recordings_own() -> None:
    told, report = replayed(capture("syn"))
    assert report.from_ms <= told[0].at_ms <= report.until_ms + 1000
    assert report.from_ms - 1000 <= report.attacks[0].first_seen_ms <= report.until_ms


def test_an_attack_that_lasts_to_the_end_of_the_recording_stays_open() -> None:
    assert replayed(capture("syn"))[1].open_attacks == (1,)


def test_rates_of_whole_packets_are_exact() -> None:
    (attack,) = replayed(capture("syn"))[1].attacks
    assert is_exact(attack.bits_per_s)


def test_several_recordings_are_one_stretch_of_time() -> None:
    _, report = replayed(capture("syn"), capture("dns"))
    assert len(report.files) == 2
    assert report.records > 37_841


def telemetry_of_a_flood(seconds: int) -> bytes:
    """A recording of what a router said: two datagrams a second, three records each, of NTP answers."""
    record = record5(size=46_800, packets=100, ports=(123, 40_000))
    captured = []
    for number in range(2 * seconds):
        at_ms = 1_700_000_000_200 + 500 * number
        said = netflow5([record] * 3, sequence=3 * number, sampling=1000, export_ms=at_ms)
        frame = f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(50_000, 2055, said), source="192.0.2.9"))
        captured.append(r.Captured(frame, at_ms * 1_000_000))
    return r.pcap(captured)


def test_a_flood_is_found_in_recorded_telemetry(tmp_path: Path) -> None:
    file = tmp_path / "telemetry.pcap"
    file.write_bytes(telemetry_of_a_flood(seconds=10))
    told, report = replayed(file, config=Config())
    assert (report.kind, report.records) == ("datagrams", 60)
    (attack,) = report.attacks
    assert told[0].change == "detected"
    assert attack.targets == ("198.51.100.7/32",)
    assert [part.vector for part in attack.vectors] == ["ntp"]
    assert attack.exporters == ("192.0.2.9#0",)
    assert attack.bits_per_s.low < 6 * 46_800 * 1000 * 8 < attack.bits_per_s.high
    (health,) = report.exporters
    assert (health.protocol, health.sampling_rate, health.lost) == ("netflow5", 1000, 0)


def test_what_a_recording_is_read_as_can_be_told(tmp_path: Path) -> None:
    file = tmp_path / "telemetry.pcap"
    file.write_bytes(telemetry_of_a_flood(seconds=1))
    _, as_packets = replayed(file, kind="packets")
    assert (as_packets.kind, as_packets.records) == ("packets", 2)
    _, as_datagrams = replayed(capture("syn"), kind="datagrams")
    assert (as_datagrams.kind, as_datagrams.records, as_datagrams.attacks) == ("datagrams", 0, ())


def test_a_damaged_recording_is_read_up_to_the_damage(tmp_path: Path) -> None:
    import lzma

    whole = lzma.decompress(capture("syn").read_bytes())
    damaged = tmp_path / "damaged.pcap"
    damaged.write_bytes(whole[: len(whole) // 2])
    _, report = replayed(damaged)
    assert 18_000 < report.records < 19_000
    assert "what comes before was read" in report.notes[0]


def test_a_block_is_cut_where_the_second_changes() -> None:
    block = DatagramBlock.of([b"a", b"bb", b"ccc"], "192.0.2.1", 1000)
    block.received_ms[:] = [999, 1000, 1001]
    parts = list(by_second(block))
    assert [(second, len(part)) for second, part in parts] == [(0, 1), (1, 2)]
    assert parts[1][1].lengths.tolist() == [2, 3]


@pytest.mark.parametrize(
    "values, found",
    [([], []), ([5], [(0, 1)]), ([5, 5, 6], [(0, 2), (2, 3)]), ([1, 2, 1], [(0, 1), (1, 2), (2, 3)])],
)
def test_runs_are_stretches_of_equal_neighbours(values: list[int], found: list[tuple[int, int]]) -> None:
    assert list(runs(np.array(values, np.int64))) == found
