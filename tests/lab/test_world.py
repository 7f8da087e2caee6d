"""The small world: what its exporters send is what truly passed, sampled, and real decoders can read it."""

import socket

import numpy as np
import pytest

from tests.lab.test_enforcement import drop, limit
from tests.lab.test_enforcement import router as held_by
from tidegate.lab import captures
from tidegate.lab.captures import CAPTURED_ATTACKS, captured_attack
from tidegate.lab.enforcement import BURST_BYTES_LEAST
from tidegate.lab.exporters import LabExporter, SflowExporter
from tidegate.lab.flow_exporters import FlowExporter, Ipfix, Netflow5, Netflow9
from tidegate.lab.ordinary import ordinary_traffic
from tidegate.lab.traffic import Traffic, ipv4_checksum, towards, traffic_of
from tidegate.lab.truth import must_be_named, packet_vector, vector_shares
from tidegate.lab.world import Gate, World
from tidegate.model.addresses import words
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowRows
from tidegate.model.refusals import NotAllowed
from tidegate.wire.telemetry import TelemetryDecoder

START_MS = 1_700_000_000_000
TARGET = "198.51.100.7"

EXPORTERS = {
    "sflow5": lambda rate: SflowExporter("127.0.0.2", rate, seed=1),
    "netflow9": lambda rate: FlowExporter("127.0.0.3", Netflow9(7), sampling_rate=rate, seed=1),
    "ipfix": lambda rate: FlowExporter("127.0.0.4", Ipfix(7), sampling_rate=rate, seed=1),
    "netflow5": lambda rate: FlowExporter("127.0.0.5", Netflow5(), sampling_rate=rate, seed=1),
}


@pytest.fixture(scope="module")
def snmp() -> Traffic:
    return captured_attack("snmp")


def told_rows(
    exporter: LabExporter, traffic: Traffic, bits_per_s: float, seconds: float, gate: Gate | None = None
) -> FlowRows:
    """Runs a world of one exporter, hears its datagrams on a real socket, and decodes them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        decoder = TelemetryDecoder()
        rows = []
        with World(ear.getsockname(), START_MS) as world:
            world.add(exporter, gate)
            world.flood(traffic, TARGET, exporter, bits_per_s=bits_per_s, from_s=0.1, for_s=seconds)
            while world.now_s < seconds + 2:
                world.advance(world.now_s + 0.075)
                datagrams, source = [], ""
                while True:
                    try:
                        datagram, (source, _) = ear.recvfrom(9216)
                    except BlockingIOError:
                        break
                    datagrams.append(datagram)
                if datagrams:
                    block = DatagramBlock.of(datagrams, source, START_MS + round(world.now_s * 1000))
                    rows += [batch.rows.copy() for batch in decoder.decode(block)]
    assert not decoder.refused()
    assert not decoder.exporters["lost"].any()
    return np.concatenate(rows)


@pytest.mark.parametrize("protocol", EXPORTERS)
def test_an_exporter_that_samples_every_packet_tells_of_exactly_what_passed(
    protocol: str, snmp: Traffic
) -> None:
    rows = told_rows(EXPORTERS[protocol](1), snmp, bits_per_s=6e6, seconds=1.0)
    packets = snmp.offered(6e6 / 8 / snmp.mean_packet_bytes / len(snmp))
    assert int(rows["packets"].sum()) == packets
    assert int(rows["bytes"].sum()) == snmp.offered_bytes(packets)
    assert set(rows["sampling_rate"].tolist()) == {1}


@pytest.mark.parametrize("protocol", EXPORTERS)
def test_what_a_sampling_exporter_tells_scales_to_what_passed(protocol: str, snmp: Traffic) -> None:
    rows = told_rows(EXPORTERS[protocol](100), snmp, bits_per_s=1e9, seconds=1.0)
    scaled = int((rows["bytes"] * rows["sampling_rate"]).sum())
    assert scaled == pytest.approx(1e9 / 8, rel=0.06)


def test_an_exporter_that_never_tells_its_sampling_leaves_it_unknown(snmp: Traffic) -> None:
    silent = FlowExporter("127.0.0.3", Netflow9(), sampling_rate=100, seed=1, tells_sampling=False)
    assert set(told_rows(silent, snmp, bits_per_s=1e9, seconds=0.5)["sampling_rate"].tolist()) == {0}


def test_a_flood_reaches_its_target_and_nobody_else(snmp: Traffic) -> None:
    rows = told_rows(EXPORTERS["sflow5"](50), snmp, bits_per_s=1e9, seconds=0.5)
    assert set(zip(rows["dst_high"].tolist(), rows["dst_low"].tolist(), strict=True)) == {words(TARGET)}


@pytest.mark.parametrize("protocol", EXPORTERS)
def test_an_exporter_tells_only_of_what_its_router_lets_through(protocol: str, snmp: Traffic) -> None:
    router = held_by(limit(100_000, protocols=(17,)))
    rows = told_rows(EXPORTERS[protocol](1), snmp, bits_per_s=8e6, seconds=1.0, gate=router)
    [counted] = router.counters().values()
    udp = rows[rows["protocol"] == 17]
    assert int(udp["bytes"].sum()) == counted.matched_bytes - counted.dropped_bytes
    assert int(udp["packets"].sum()) == counted.matched_packets - counted.dropped_packets
    assert int(udp["bytes"].sum()) <= 100_000 + BURST_BYTES_LEAST


def test_the_world_keeps_account_of_what_came_and_what_went_through(snmp: Traffic) -> None:
    with World(("127.0.0.1", 9), START_MS) as world:
        exporters = [SflowExporter(f"127.0.0.{n}", 1000, seed=n) for n in (2, 3)]
        world.add(exporters[0], held_by(drop(destination=f"{TARGET}/32", protocols=(17,))))
        world.add(exporters[1])
        floods = [
            world.flood(snmp, TARGET, exporter, bits_per_s=8e6, from_s=0.5, for_s=1.0)
            for exporter in exporters
        ]
        world.advance(2.0)
    came, through = floods[0].between(0, 2)
    other_than_udp = snmp.rows["bytes"][snmp.rows["protocol"] != 17].sum()
    assert came == pytest.approx(1e6, rel=0.01)
    assert 0 < through <= 2 * other_than_udp
    assert floods[1].between(0, 2) == (came, came)
    assert floods[1].between(0, 0.4) == (0, 0)


def test_a_flood_that_is_put_off_comes_later_and_is_as_long(snmp: Traffic) -> None:
    with World(("127.0.0.1", 9), START_MS) as world:
        exporter = SflowExporter("127.0.0.2", 1000, seed=2)
        world.add(exporter)
        flood = world.flood(snmp, TARGET, exporter, bits_per_s=8e6, from_s=0.5, for_s=1.0)
        world.advance(0.4)
        later = world.put_off(flood, 1.0)
        world.advance(4.0)
    assert later.between(0, 1.5) == (0, 0)
    assert later.between(1.5, 2.5) == later.between(0, 4)
    assert later.between(0, 4)[0] == pytest.approx(1e6, rel=0.01)


def test_flow_times_lie_within_the_flood(snmp: Traffic) -> None:
    rows = told_rows(EXPORTERS["netflow9"](10), snmp, bits_per_s=1e8, seconds=1.0)
    assert rows["start_ms"].min() >= START_MS + 50
    assert rows["end_ms"].max() <= START_MS + 1_200


def test_readdressed_packets_keep_a_right_header_checksum(snmp: Traffic) -> None:
    for frame in towards(snmp, TARGET).frames[:50]:
        assert ipv4_checksum(frame[14:34]) == 0


def test_only_packets_of_the_targets_family_are_sent_to_it() -> None:
    mixed = ordinary_traffic(1, flows=100)
    for target, family in ((TARGET, 4), ("2001:db8:a::77", 6)):
        rows = towards(mixed, target).rows
        assert set(rows["family"].tolist()) == {family}
        assert set(zip(rows["dst_high"].tolist(), rows["dst_low"].tolist(), strict=True)) == {words(target)}
        again = traffic_of("again", towards(mixed, target).frames, list(range(len(rows)))).rows
        assert set(again["dst_low"].tolist()) == {words(target)[1]}


def test_no_packet_of_another_family_is_made_up(snmp: Traffic) -> None:
    with pytest.raises(NotAllowed, match="no packet of snmp"):
        towards(snmp, "2001:db8::7")


@pytest.mark.parametrize("name", CAPTURED_ATTACKS)
def test_every_captured_attack_travels_with_the_package(name: str) -> None:
    assert len(captured_attack(name)) > 4000


@pytest.mark.parametrize(
    "name, named",
    [
        ("snmp", {"snmp"}),
        ("dns", {"dns", "fragments"}),
        ("syn", {"tcp_syn"}),
        ("bacnet", {"bacnet", "dahua"}),
    ],
)
def test_the_truth_about_a_capture_names_the_vectors_it_is_known_for(name: str, named: set[str]) -> None:
    traffic = captured_attack(name)
    truth = must_be_named(vector_shares(traffic), 2e9, 2e9 / 8 / traffic.mean_packet_bytes)
    assert named <= truth


def test_ordinary_traffic_is_the_same_for_the_same_seed() -> None:
    first, again, other = (ordinary_traffic(seed, flows=50) for seed in (1, 1, 2))
    assert first.frames == again.frames
    assert first.frames != other.frames


def test_ordinary_traffic_comes_to_xa_in_both_families() -> None:
    rows = ordinary_traffic(1, flows=100).rows
    assert set(rows["family"].tolist()) == {4, 6}
    assert {packet_vector(row) for row in rows} >= {"tcp", "quic", "dns"}


def test_frames_that_carry_no_ip_are_left_out() -> None:
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    whole = ordinary_traffic(1, flows=3)
    frames = [arp, *(frame.ljust(60, b"\0") for frame in whole.frames[:2])]
    assert len(traffic_of("x", frames, [0.0, 1.0, 2.0])) == 2


def test_packets_offered_over_many_cycles_are_counted_exactly(snmp: Traffic) -> None:
    assert snmp.offered(3.0) == 3 * len(snmp)
    assert snmp.offered_bytes(2 * len(snmp) + 5) == 2 * int(snmp.bytes_before[-1]) + int(snmp.bytes_before[5])


def test_a_capture_that_unpacks_beyond_its_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "CAPTURE_BYTES_MAX", 1000)
    with pytest.raises(NotAllowed, match="longer than 1000 bytes"):
        captured_attack("snmp")
