"""pcap and pcapng recordings are read to their last sound packet, however they are cut into chunks."""

from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import recordings as r
from tests.naive import packets as naive
from tidegate.kernels.captures import PACKET_BYTES_MAX
from tidegate.model.refusals import Malformed
from tidegate.wire.captures import INTERFACES_MAX, PACKETS_IN_BLOCK, PcapReader, capture_reader

MILLISECOND = 1_000_000
AT_MS = 1_700_000_000_123
AT_NS = AT_MS * MILLISECOND + 456_789


def read(recording: bytes, chunk: int = 1 << 20) -> list[naive.Packet]:
    """All packets; Malformed where the recording is damaged."""
    packets: list[naive.Packet] = []
    read_into(packets, recording, chunk)
    return packets


def read_into(packets: list[naive.Packet], recording: bytes, chunk: int = 1 << 20) -> None:
    reader = capture_reader(recording[:4])
    for at in range(0, len(recording), chunk):
        reader.feed(recording[at : at + chunk])
        while (block := reader.read()) is not None:
            assert 0 < len(block) <= PACKETS_IN_BLOCK
            columns = (
                block.starts,
                block.lengths,
                block.original_lengths,
                block.timestamps_ms,
                block.link_types,
            )
            for start, length, original, at_ms, link_type in zip(
                *(column.tolist() for column in columns), strict=True
            ):
                frame = block.data[start : start + length].tobytes()
                packets.append(naive.Packet(frame, original, at_ms, link_type))
    reader.finish()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("clock", ["us", "ns"])
def test_pcap_is_read_in_every_byte_order_and_clock(order: str, clock: str) -> None:
    packets = [r.Captured(b"first", AT_NS), r.Captured(b"", AT_NS + 1), r.Captured(b"third", AT_NS, 1500)]
    recording = r.pcap(packets, order=order, clock=clock, link_type=101)
    assert read(recording) == naive.read_pcap(recording)
    assert read(recording) == [
        naive.Packet(b"first", 5, AT_MS, 101),
        naive.Packet(b"", 0, AT_MS, 101),
        naive.Packet(b"third", 1500, AT_MS, 101),
    ]


def test_the_modified_pcap_of_old_linux_systems_is_read() -> None:
    header = pack(">IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    record = pack(">IIIIIHBB", 1_700_000_000, 123_456, 3, 60, 7, 0x0800, 0, 0) + b"abc"
    assert read(header + record * 2) == [naive.Packet(b"abc", 60, AT_MS, 1)] * 2


def test_the_frame_check_flags_beside_a_link_type_do_not_disturb_it() -> None:
    assert read(r.pcap([r.Captured(b"x", AT_NS)], link_type=1 | 0x2400_0000))[0].link_type == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_is_read_with_every_kind_of_packet_block(order: str) -> None:
    ticks = AT_MS * 1000 + 999
    recording = b"".join(
        [
            r.section(order),
            r.interface(1, order=order),
            r.enhanced(b"enhanced", ticks, length=99, order=order),
            r.block(5, b"statistics are passed over", order),
            r.old(b"old", ticks + 1000, order=order),
            r.simple(b"simple", order=order),
        ]
    )
    assert read(recording) == [
        naive.Packet(b"enhanced", 99, AT_MS, 1),
        naive.Packet(b"old", 3, AT_MS + 1, 1),
        naive.Packet(b"simple", 6, AT_MS + 1, 1),  # without a time of its own
    ]


def test_each_interface_has_its_own_link_type_clock_and_offset() -> None:
    offset = r.option(14, (1_000_000_000).to_bytes(8, "little"))
    recording = b"".join(
        [
            r.section(),
            r.interface(1),
            r.interface(113, r.option(2, b"eth0"), r.option(9, b"\x09")),
            r.interface(101, r.option(9, b"\x8a"), offset),
            r.interface(276, r.option(9, b"\x00")),
            r.interface(12, r.option(9, b"\xbe")),
            r.enhanced(b"a", AT_MS * 1000, number=0),
            r.enhanced(b"b", AT_NS, number=1),
            r.enhanced(b"c", 700_000_000 * 1024 + 126, number=2),
            r.enhanced(b"d", 1_700_000_000, number=3),
            r.enhanced(b"e", (1 << 63) + (1 << 61), number=4),
        ]
    )
    assert [(packet.link_type, packet.timestamp_ms) for packet in read(recording)] == [
        (1, AT_MS),
        (113, AT_MS),
        (101, AT_MS),
        (276, 1_700_000_000_000),
        (12, 2500),
    ]


def test_a_new_section_begins_with_new_interfaces_and_its_own_byte_order() -> None:
    first = r.section("<") + r.interface(1) + r.enhanced(b"a", AT_MS * 1000)
    second = r.section(">") + r.interface(101, order=">") + r.enhanced(b"b", AT_MS * 1000, order=">")
    assert [packet.link_type for packet in read(first + second)] == [1, 101]
    with pytest.raises(Malformed, match="packet block damaged"):
        read(first + r.section() + r.enhanced(b"c", 1))


def test_a_simple_packet_is_no_longer_than_its_interface_s_snap_length() -> None:
    recording = r.section() + r.interface(1, snap_bytes=4) + r.simple(b"abcd", length=1500)
    assert read(recording) == [naive.Packet(b"abcd", 1500, 0, 1)]


def test_a_block_longer_than_any_chunk_is_passed_over() -> None:
    start = r.section() + r.interface(1)
    recording = start + r.block(0xBAD, bytes(100_000)) + r.enhanced(b"after", AT_MS * 1000)
    assert [packet.frame for packet in read(recording, chunk=512)] == [b"after"]


def test_more_packets_than_a_block_holds_come_in_several() -> None:
    recording = r.pcap([r.Captured(b"%d" % i, AT_NS) for i in range(PACKETS_IN_BLOCK * 2 + 5)])
    assert [packet.frame for packet in read(recording)] == [
        b"%d" % i for i in range(PACKETS_IN_BLOCK * 2 + 5)
    ]


SOUND = r.section() + r.interface(1) + r.enhanced(b"sound", AT_MS * 1000)
SOUND_PCAP = r.pcap([r.Captured(b"sound", AT_NS)])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (r.enhanced(b"x", 1, number=1), "packet block damaged"),
        (pack("<IIIIIII", 6, 36, 0, 0, 0, 5, 5) + bytes(4) + pack("<I", 36), "packet block damaged"),
        (pack("<II", 6, 1 << 31) + bytes(40), "packet block damaged"),
        (pack("<II", 6, 34) + bytes(40), "packet block damaged"),
        (r.enhanced(b"x", 1)[:-4] + bytes(4), "packet block damaged"),
        (pack("<III", 0xBAD, 8, 8), "block length out of range"),
        (pack("<III", 0xBAD, 15, 15), "block length out of range"),
        (pack("<II", 1, 1 << 24) + bytes(8), "block length out of range"),
        (r.interface()[:-4] + bytes(4), "block lengths disagree"),
        (r.block(1, b"abcd"), "interface description out of range"),
        (r.interface(1, r.option(9, b"\x7f")), "interface clock out of range"),
        (r.interface(1, r.option(9, b"\xff")), "interface clock out of range"),
        (r.interface(1, r.option(14, b"\xff" * 7 + b"\x7f")), "interface clock out of range"),
        (r.block(0x0A0D0D0A, bytes(16)), "no byte order in section header"),
        (r.block(0x0A0D0D0A, pack("<IHHq", 0x1A2B3C4D, 2, 0, -1)), "unknown pcapng version"),
        (r.interface(1) * INTERFACES_MAX, "interface description out of range"),
        (SOUND[:-1], "recording ends inside a packet"),
        (r.block(0xBAD, bytes(100))[:-1], "recording ends inside a packet"),
    ],
)
def test_packets_before_the_damage_are_given_out_and_the_damage_is_named(damage: bytes, reason: str) -> None:
    packets: list[naive.Packet] = []
    with pytest.raises(Malformed) as refused:
        read_into(packets, SOUND + damage)
    assert refused.value.reason == reason
    assert packets[0].frame == b"sound"
    assert len(SOUND) <= refused.value.at <= len(SOUND) + len(damage)


def test_damage_in_pcap_is_named_with_its_offset() -> None:
    for damage, reason in [
        (pack("<IIII", 0, 0, PACKET_BYTES_MAX + 1, 0), "packet length out of range"),
        (bytes(15), "recording ends inside a packet"),
        (pack("<IIII", 0, 0, 5, 5) + b"four", "recording ends inside a packet"),
    ]:
        packets: list[naive.Packet] = []
        with pytest.raises(Malformed, match=reason) as refused:
            read_into(packets, SOUND_PCAP + damage, chunk=7)
        assert [packet.frame for packet in packets] == [b"sound"]
        assert refused.value.at == len(SOUND_PCAP)


def test_what_is_neither_format_is_refused() -> None:
    with pytest.raises(Malformed, match="neither pcap nor pcapng"):
        capture_reader(b"GIF89a")


def test_an_unended_option_list_is_forgiven() -> None:
    body = pack("<HHI", 1, 0, 0) + pack("<HH", 9, 60) + b"\x09\0\0\0"
    recording = r.section() + r.block(1, body) + r.enhanced(b"x", AT_MS * 1000)
    assert read(recording)[0].timestamp_ms == AT_MS


def test_nothing_in_a_header_alone_is_nothing() -> None:
    assert read(r.pcap([])) == []
    assert read(r.section()) == []


CAPTURED = st.builds(
    r.Captured, st.binary(max_size=40), st.integers(0, 4_000_000_000_000_000_000), st.integers(40, 9000)
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(CAPTURED, max_size=8), st.sampled_from("<>"), st.sampled_from(["us", "ns"]), st.integers(1, 60)
)
def test_a_recording_reads_the_same_in_chunks_of_any_size(
    packets: list[r.Captured], order: str, clock: str, chunk: int
) -> None:
    recording = r.pcap(packets, order=order, clock=clock)
    assert read(recording, chunk) == naive.read_pcap(recording)
    blocks = [
        r.enhanced(packet.frame, packet.at_ns // 1000, length=packet.length, order=order)
        for packet in packets
    ]
    recording = b"".join([r.section(order), r.interface(1, order=order), *blocks])
    assert read(recording, chunk) == naive.read_pcap(r.pcap(packets))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([SOUND * 2, SOUND_PCAP + SOUND_PCAP[24:] * 3]), st.data(), st.integers(1, 100))
def test_damage_anywhere_never_does_worse_than_malformed(
    sound: bytes, data: st.DataObject, chunk: int
) -> None:
    damaged = bytearray(sound)
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(4, len(sound) - 1), st.integers(0, 255)), max_size=4)
    ):
        damaged[at] = value
    whole, apart = [], []
    for packets, size in ((whole, len(sound)), (apart, chunk)):
        try:
            read_into(packets, bytes(damaged), size)
        except Malformed as refused:
            packets.append(refused.at)
    assert whole == apart


def test_the_bytes_kept_between_chunks_are_only_those_of_one_packet() -> None:
    reader = capture_reader(SOUND_PCAP)
    assert isinstance(reader, PcapReader)
    reader.feed(SOUND_PCAP[:24])
    for _ in range(200):
        reader.feed(SOUND_PCAP[24:] * 50)
        while (block := reader.read()) is not None:
            assert block.data.nbytes <= 51 * len(SOUND_PCAP)
            assert block.data.dtype == np.uint8
