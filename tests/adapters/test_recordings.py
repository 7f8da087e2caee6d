"""Recordings are read from files, packed or not, and what cannot be read is told in words."""

import bz2
import gzip
import io
import lzma
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests import frames as f
from tests import recordings as r
from tests.naive import packets as naive
from tidegate.adapters import recordings
from tidegate.adapters.recordings import CHUNK_BYTES, Recording, open_recording
from tidegate.model.addresses import text
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.sflow import SampledHeader, encode_sflow5

AT_NS = 1_700_000_000_123_000_000
CAPTURES = files("tidegate.lab") / "captures"
BENIGN = Path(__file__).parents[1] / "data" / "benign"

SYN = f.ethernet(0x0800, f.ipv4(f.TCP, f.tcp(40000, 443, f.SYN)))
ARP = f.ethernet(0x0806, bytes(28))


def sflow(sequence: int, samples: int = 1) -> bytes:
    sampled = [SampledHeader(SYN, len(SYN) + 4, 100)] * samples
    return encode_sflow5(sampled, agent="192.0.2.9", sequence=sequence, uptime_ms=1)


def sent(payload: bytes, port: int = 6343) -> bytes:
    return f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(50000, port, payload), source="192.0.2.9"))


def fragments(payload: bytes, size: int, identification: int = 1) -> list[bytes]:
    segment = f.udp(50000, 6343, payload)
    return [
        f.ethernet(
            0x0800,
            f.ipv4(
                f.UDP,
                segment[at : at + size],
                fragment_offset=at,
                more=at + size < len(segment),
                identification=identification,
                source="192.0.2.9",
            ),
        )
        for at in range(0, len(segment), size)
    ]


def recorded(frames: list[bytes]) -> bytes:
    return r.pcap([r.Captured(frame, AT_NS + i * 1_000_000) for i, frame in enumerate(frames)])


def opened(tmp_path: Path, content: bytes, name: str = "a.pcap") -> Recording:
    path = tmp_path / name
    path.write_bytes(content)
    return open_recording(path)


def datagrams(recording: Recording) -> list[bytes]:
    return [payload for block in recording.datagrams() for payload in payloads(block)]


def payloads(block: DatagramBlock) -> list[bytes]:
    return [
        block.data[start : start + length].tobytes()
        for start, length in zip(block.starts, block.lengths, strict=True)
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_packets_are_read_packed_or_not_whatever_the_file_s_name(tmp_path: Path, pack) -> None:
    recording = opened(tmp_path, pack(recorded([SYN, ARP, SYN])), "no.suffix")
    assert recording.kind == "packets"
    (batch,) = recording.packets(exporter=4)
    assert batch.rows["family"].tolist() == [4, 0, 4]
    assert batch.rows["exporter"].tolist() == [4, 4, 4]
    assert batch.rows["start_ms"].tolist() == [1_700_000_000_123 + i for i in range(3)]
    assert (recording.counts.packets, recording.counts.without_ip) == (3, 1)


def test_a_recording_comes_through_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BufferedReader(io.BytesIO(gzip.compress(recorded([SYN]))))

    monkeypatch.setattr(sys, "stdin", Piped)
    with open_recording("-") as recording:
        assert recording.name == "standard input"
        assert [len(batch) for batch in recording.packets()] == [1]
    assert not Piped.buffer.closed


def test_telemetry_is_guessed_and_given_out_with_sender_and_time(tmp_path: Path) -> None:
    recording = opened(tmp_path, recorded([sent(sflow(1)), SYN, sent(sflow(2)), sent(sflow(3), port=40000)]))
    assert recording.kind == "datagrams"
    (block,) = recording.datagrams()
    assert payloads(block) == [sflow(1), sflow(2), sflow(3)]
    senders = {
        text(int(high), int(low)) for high, low in zip(block.source_high, block.source_low, strict=True)
    }
    assert senders == {"192.0.2.9"}
    assert block.received_ms.tolist() == [1_700_000_000_123 + i for i in (0, 2, 3)]
    assert recording.counts.datagrams == 3
    assert {column.dtype for column in (block.starts, block.lengths, block.received_ms)} == {
        np.dtype(np.int64)
    }
    assert all(column.flags.c_contiguous for column in (block.starts, block.source_high, block.source_low))


def test_an_attack_on_a_telemetry_port_is_not_taken_for_telemetry(tmp_path: Path) -> None:
    recording = opened(tmp_path, recorded([sent(b"\1" * 100, port=6343)] * 50))
    assert recording.kind == "packets"


def test_fragmented_telemetry_is_joined_where_its_last_fragment_came(tmp_path: Path) -> None:
    first, second = fragments(sflow(2, samples=14), 1000), fragments(sflow(3, samples=14), 1000, 2)
    mixed = [sent(sflow(1)), first[1], second[0], first[0], sent(sflow(9)), second[1]]
    recording = opened(tmp_path, recorded(mixed))
    assert datagrams(recording) == [sflow(1), sflow(2, samples=14), sflow(9), sflow(3, samples=14)]
    assert recording.counts.fragmented_given_up == 0


def test_fragments_that_never_become_whole_are_counted(tmp_path: Path) -> None:
    recording = opened(tmp_path, recorded([sent(sflow(1)), *fragments(sflow(2, samples=14), 1000)[:1]]))
    assert datagrams(recording) == [sflow(1)]
    assert recording.counts.fragmented_given_up == 1


def test_telemetry_cut_by_the_recording_is_counted_and_not_given_out(tmp_path: Path) -> None:
    whole, cut = sent(sflow(1)), sent(sflow(2))
    packets = [r.Captured(whole, AT_NS), r.Captured(cut[:96], AT_NS, len(cut))]
    recording = opened(tmp_path, r.pcap(packets))
    assert datagrams(recording) == [sflow(1)]
    assert recording.counts.cut_short == 1


def test_a_recording_is_read_once(tmp_path: Path) -> None:
    recording = opened(tmp_path, recorded([SYN]))
    list(recording.packets())
    with pytest.raises(NotAllowed, match="open it again"):
        next(recording.datagrams())


def test_what_cannot_be_opened_or_is_no_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match=r"missing\.pcap cannot be opened: No such file"):
        open_recording(tmp_path / "missing.pcap")
    with pytest.raises(NotAllowed, match="cannot be opened"):
        open_recording(tmp_path)
    for content in (b"", b"abc", b"%PDF-1.7", gzip.compress(b"text")):
        with pytest.raises(NotAllowed, match="neither pcap nor pcapng"):
            opened(tmp_path, content)


def test_a_link_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match=r"link of type 105, .* Ethernet"):
        opened(tmp_path, r.pcap([r.Captured(SYN, AT_NS)], link_type=105))


def test_packets_of_one_unreadable_link_among_others_are_counted(tmp_path: Path) -> None:
    content = b"".join(
        [
            r.section(),
            r.interface(189),
            r.interface(1),
            r.enhanced(b"usb", 1, number=0),
            r.enhanced(SYN, 1, number=1),
        ]
    )
    recording = opened(tmp_path, content)
    (batch,) = recording.packets()
    assert batch.rows["family"].tolist() == [0, 4]
    assert recording.counts.unreadable == 1


def test_everything_before_damage_is_given_out_and_the_damage_names_file_and_byte(tmp_path: Path) -> None:
    sound = recorded([SYN] * 5)
    recording = opened(tmp_path, sound + b"\xff" * 40)
    packets = recording.packets()
    assert len(next(packets)) == 5
    with pytest.raises(Malformed, match=rf"a\.pcap: packet length out of range \(at byte {len(sound)}\)"):
        next(packets)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_recording_that_was_cut_off_gives_what_was_unpacked(tmp_path: Path, pack) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (3000, 600), np.uint8)
    packed = pack(recorded([SYN + noise[i].tobytes() for i in range(3000)]))
    packets = opened(tmp_path, packed[: len(packed) // 2]).packets()
    assert len(next(packets)) > 100
    with pytest.raises(Malformed, match=r"a\.pcap: unpacking failed"):
        list(packets)


def test_damage_before_the_first_packet_is_told_on_opening(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="ends inside a packet"):
        opened(tmp_path, recorded([SYN])[:-1])


def test_zstd_is_read_where_a_module_for_it_is_there(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.compress(recorded([SYN]))
    assert [len(batch) for batch in opened(tmp_path, packed).packets()] == [1]
    with pytest.raises(Malformed, match="unpacking failed"):
        opened(tmp_path, packed[:4] + b"\xff" * 40)


def test_zstd_without_a_module_for_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "find_spec", lambda _: None)
    with pytest.raises(NotAllowed, match=r"packed with zstd; unpack it first"):
        opened(tmp_path, bytes.fromhex("28b52ffd") + bytes(20))


def test_a_recording_longer_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    count = 2 * CHUNK_BYTES // (len(SYN) + 16) + 7
    recording = opened(tmp_path, recorded([SYN] * count))
    assert sum(len(batch) for batch in recording.packets()) == count
    assert recording.read_bytes == 24 + count * (len(SYN) + 16)


@pytest.mark.parametrize("path", sorted(BENIGN.glob("inputs/*.pcap")), ids=lambda path: path.stem)
def test_ordinary_recordings_are_read_as_the_naive_twin_reads_them(path: Path) -> None:
    expected = [
        naive.row(packet.frame, packet.original_length, packet.link_type)
        | {"start_ms": packet.timestamp_ms, "packets": 1, "sampling_rate": 1}
        for packet in naive.read_capture(path.read_bytes())
    ]
    told = [row.copy() for batch in open_recording(path).packets() for row in batch.rows]
    assert [{name: int(row[name]) for name in expected[0]} for row in told] == expected


@pytest.mark.parametrize(
    ("name", "packets", "vector"),
    [
        ("amp.UDP.bacnet.IOT.37810.pcapng.xz", 9617, {"protocol": 17, "src_port": 47808}),
        ("amp.UDP.snmp.src161.pcapng.xz", 4373, {"protocol": 17, "src_port": 161}),
        ("amp.dns.RRSIG.fragmented.pcap.xz", 4412, {"protocol": 17, "fragment": 2}),
        ("pkt.TCP.synflood.spoofed.pcap.xz", 37841, {"protocol": 6, "tcp_flags": 2}),
    ],
)
def test_captured_attacks_travel_with_the_package(name: str, packets: int, vector: dict[str, int]) -> None:
    recording = open_recording(str(CAPTURES / name))
    assert recording.kind == "packets"
    batches = [batch.rows.copy() for batch in recording.packets()]
    rows = np.concatenate(batches)
    assert len(rows) == packets
    matching = np.logical_and.reduce([rows[column] == value for column, value in vector.items()])
    assert matching.sum() > packets * 0.15
