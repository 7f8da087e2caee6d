"""The made country is the same for the same seed, and what exporters tell of it adds up to what is true."""

import numpy as np
import pytest

from benchmarks.accuracy.attacks import Capture, Spread, truth_of
from benchmarks.accuracy.benign import EVERYTHING, packets_of, read_benign, sessions_of
from benchmarks.accuracy.bursts import Burst, Teller, flow_records
from benchmarks.accuracy.country import WEB_DATA, Exporter, Kind, found_networks
from benchmarks.accuracy.happenings import happenings_of, packets_to
from benchmarks.accuracy.judged import Ages
from benchmarks.accuracy.ordinary import ACTIVE_MS, INACTIVE_MS, Ordinary
from tidegate.model.exporters import EXPORTER, NETFLOW9, SFLOW5
from tidegate.model.flows import empty_rows

MONDAY = 1_795_392_000
EXPORTERS = (Exporter(Kind.SFLOW, 64, 20), Exporter(Kind.NETFLOW, 64, 20))


def burst(exporter: int, flows: int = 4, duration_s: int = 130) -> Burst:
    networks = found_networks(EXPORTERS, np.random.default_rng(1))
    return Burst(
        name="download",
        exporter=exporter,
        network=0,
        start_s=MONDAY,
        duration_s=duration_s,
        packets_per_s=64_000.0,
        packets=packets_to(networks, 0, 1, 1, ((WEB_DATA, 1.0),)),
        flows=flows,
    )


def test_the_same_seed_makes_the_same_second_and_another_seed_another() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(5))
    one, same, other = (Ordinary(EXPORTERS, networks, (seed,)).second(MONDAY + 7) for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()


def test_a_second_is_the_same_whichever_seconds_were_asked_before() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(5))
    straight, thinned = Ordinary(EXPORTERS, networks, (1,)), Ordinary(EXPORTERS, networks, (1,))
    for second in range(MONDAY, MONDAY + 5):
        straight.second(second)
    assert straight.second(MONDAY + 5).tobytes() == thinned.second(MONDAY + 5).tobytes()


def test_a_silent_exporter_tells_nothing() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(5))
    rows = Ordinary(EXPORTERS, networks, (1,)).second(MONDAY, frozenset({1}))
    assert set(np.unique(rows["exporter"])) == {0}


def test_no_row_ends_after_the_second_in_which_it_is_told() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(5))
    rows = Ordinary(EXPORTERS, networks, (1,)).second(MONDAY)
    assert rows["end_ms"].max() <= MONDAY * 1000 + 999
    assert (rows["start_ms"] <= rows["end_ms"]).all()
    assert (rows["end_ms"] - rows["start_ms"]).max() <= ACTIVE_MS


@pytest.mark.parametrize("exporter", [0, 1])
def test_a_burst_is_told_whole_by_samples_and_by_a_flow_cache(exporter: int) -> None:
    made = burst(exporter)
    teller = Teller(made, EXPORTERS[exporter], seed=3)
    until = made.told_until_s(EXPORTERS[exporter]) + 1
    rows = np.concatenate([teller.second(second) for second in range(MONDAY, until)])
    packets = int((rows["packets"] * rows["sampling_rate"].astype(np.uint64)).sum())
    true = made.packets_per_s * made.duration_s
    assert abs(packets - true) < 5 * np.sqrt(true * 64)
    assert set(np.unique(rows["exporter"])) == {exporter}


def test_a_flow_cache_cuts_at_its_timeouts_and_loses_no_byte() -> None:
    rows = empty_rows(6)
    rows["packets"], rows["bytes"] = 1, 100
    rows["start_ms"] = rows["end_ms"] = [0, 50_000, 61_000, 70_000, 0, 16_000]
    # Flow 0 goes quiet for longer than the inactive timeout once; flow 1 likewise.
    records, told = flow_records(rows, np.array([0, 0, 0, 0, 1, 1]))
    assert int(records["bytes"].sum()) == 600
    assert sorted(
        zip(records["start_ms"].tolist(), records["end_ms"].tolist(), told.tolist(), strict=True)
    ) == [
        (0, 0, INACTIVE_MS),
        (0, 0, INACTIVE_MS),
        (16_000, 16_000, 16_000 + INACTIVE_MS),
        (50_000, 70_000, 70_000 + INACTIVE_MS),
    ]


def test_a_lasting_flow_is_told_every_active_timeout() -> None:
    rows = empty_rows(130)
    rows["packets"], rows["bytes"] = 1, 100
    rows["start_ms"] = rows["end_ms"] = np.arange(130) * 1000
    records, told = flow_records(rows, np.zeros(130, np.int64))
    assert records["packets"].tolist() == [60, 60, 10]
    assert told.tolist() == [ACTIVE_MS, 2 * ACTIVE_MS, 129_000 + INACTIVE_MS]


def test_happenings_stay_within_their_days_networks_and_hours() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(5))
    found = happenings_of(networks, EXPORTERS, MONDAY, 7, np.random.default_rng(6))
    assert found
    assert all(MONDAY <= one.start_s < MONDAY + 7 * 86_400 for one in found)
    assert all(1 <= (one.start_s % 86_400) / 3600 <= 4 for one in found if one.name == "nightly backup")


def test_an_attack_is_aimed_where_its_truth_says() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(5))
    network = int(np.flatnonzero(networks.family == 4)[0])
    rows = empty_rows(2)
    rows["packets"], rows["bytes"], rows["protocol"], rows["family"] = 1, (300, 100), 17, 4
    capture = Capture("snmp", rows, np.array(["snmp", "icmp"]))
    truth = truth_of(
        capture=capture,
        networks=networks,
        exporters=EXPORTERS,
        network=network,
        spread=Spread.HOST,
        step=2,
        start_s=MONDAY,
        duration_s=20,
    )
    told = Teller(truth.burst, EXPORTERS[truth.burst.exporter], 1).second(MONDAY)
    assert set(told["dst_low"].tolist()) == {int(networks.low[network]) + 7}
    assert truth.target.endswith(".7/32")
    assert truth.vectors == {"snmp", "icmp"}
    assert truth.vector_bits_per_s["snmp"] == pytest.approx(0.75 * truth.bits_per_s)
    assert truth.vector_packets_per_s["icmp"] == pytest.approx(0.5 * truth.burst.packets_per_s)


def test_the_captured_sessions_are_the_packets_of_the_captures_sent_elsewhere() -> None:
    captures = read_benign()
    assert {"dns", "sip", "tls", "ovpn", "ssdp"} < set(captures)
    assert len(captures[EVERYTHING]) == sum(
        len(rows) for name, rows in captures.items() if name != EVERYTHING
    )
    networks = found_networks(EXPORTERS, np.random.default_rng(1))
    made = packets_of(captures["sip"], networks, 3, 2)(np.arange(400), np.random.default_rng(2))
    assert set(made["bytes"].tolist()) == set(captures["sip"]["bytes"].tolist())
    assert set(made["src_port"].tolist()) == set(captures["sip"]["src_port"].tolist())
    assert {int(low) - int(networks.low[3]) for low in made["dst_low"]} == {1, 2}
    assert (made["start_ms"] == np.arange(400)).all()


def test_captured_sessions_are_the_same_for_the_same_seed_and_stay_in_their_days() -> None:
    networks = found_networks(EXPORTERS, np.random.default_rng(1))
    one, same = (sessions_of(networks, EXPORTERS, MONDAY, 3, np.random.default_rng(4)) for _ in range(2))
    told = [(burst.name, burst.network, burst.start_s, burst.packets_per_s) for burst in one]
    assert told == [(burst.name, burst.network, burst.start_s, burst.packets_per_s) for burst in same]
    assert len(one) > 20
    assert all(MONDAY <= burst.start_s < MONDAY + 3 * 86_400 for burst in one)


def test_ages_are_those_of_flow_caches_and_are_forgotten_after_two_stretches() -> None:
    table = np.zeros(2, EXPORTER)
    table["protocol"] = SFLOW5, NETFLOW9
    rows = empty_rows(2)
    rows["exporter"] = 0, 1
    rows["start_ms"] = rows["end_ms"] = MONDAY * 1000 - 30_000
    ages = Ages(2)
    ages.note(rows, MONDAY, table)
    assert table["age_max_ms"].tolist() == [0, 30_999]
    ages.note(rows[:0], MONDAY + 60, table)
    assert table["age_max_ms"].tolist() == [0, 30_999]
    ages.note(rows[:0], MONDAY + 120, table)
    assert table["age_max_ms"].tolist() == [0, 0]
