"""Captured packets become rows on every kind of link, and telemetry is found among them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import frames as f
from tests.naive import packets as naive
from tidegate.kernels import packets as kernel
from tidegate.model.flows import FLOW, FlowBatch, empty_rows
from tidegate.wire.packets import LINK_TYPE_NAMES, rows_from_packets

SYN = f.ipv4(f.TCP, f.tcp(40000, 443, f.SYN))
NETFLOW5 = b"\0\5\0\1" + bytes(20 + 48)
IPFIX = b"\0\x0a\0\x10" + bytes(12)
SFLOW = b"\0\0\0\5\0\0\0\1" + bytes(20)

ON_LINK = {
    0: b"\2\0\0\0" + SYN,
    1: f.ethernet(0x0800, SYN),
    9: b"\xff\x03\0\x21" + SYN,
    12: SYN,
    14: SYN,
    50: b"\0\x21" + SYN,
    51: f.pppoe(0x21, SYN),
    101: SYN,
    104: b"\x0f\0\x08\0" + SYN,
    108: b"\0\0\0\2" + SYN,
    113: bytes(14) + b"\x08\0" + SYN,
    228: SYN,
    229: f.ipv6(f.TCP, f.tcp(40000, 443, f.SYN)),
    276: b"\x08\0" + bytes(18) + SYN,
}


def rows_of(frames: list[bytes], link_type: int = 1, *, original: list[int] | None = None) -> FlowBatch:
    lengths = np.array([len(frame) for frame in frames], np.int64)
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)[:-1]))[: len(frames)]
    data = np.frombuffer(bytearray(b"".join(frames)), np.uint8)
    originals = lengths if original is None else np.array(original, np.int64)
    return rows_from_packets(
        data, starts, lengths, originals, np.arange(len(frames)) + 1000, link_type, exporter=2
    )


def test_every_known_link_type_is_tried() -> None:
    assert ON_LINK.keys() == LINK_TYPE_NAMES.keys()


@pytest.mark.parametrize("link_type", ON_LINK)
def test_a_syn_is_found_on_every_known_link(link_type: int) -> None:
    row = rows_of([ON_LINK[link_type]], link_type).rows[0]
    assert (row["dst_port"], row["tcp_flags"], row["packets"], row["sampling_rate"]) == (443, f.SYN, 1, 1)
    assert row["bytes"] == (60 if link_type == 229 else 40)


def test_rows_stand_in_the_order_of_the_packets_with_their_times() -> None:
    batch = rows_of([ON_LINK[1], f.ethernet(0x0806, bytes(28)), ON_LINK[1]])
    assert batch.rows["family"].tolist() == [4, 0, 4]
    assert batch.rows["bytes"].tolist() == [40, 0, 40]
    assert batch.rows["start_ms"].tolist() == batch.rows["end_ms"].tolist() == [1000, 1001, 1002]
    assert batch.rows["exporter"].tolist() == [2, 2, 2]


def test_bytes_are_the_link_s_where_the_network_card_divides_segments() -> None:
    frame = f.ethernet(0x0800, f.ipv4(f.TCP, f.tcp(1, 2, f.ACK), total=0))
    assert rows_of([frame], original=[14 + 20_000]).rows["bytes"].tolist() == [20_000]


def test_a_link_of_unknown_type_holds_no_ip() -> None:
    assert rows_of([SYN], 105).rows["family"].tolist() == [0]


def test_no_packets_are_no_rows() -> None:
    assert len(rows_of([])) == 0


@pytest.mark.parametrize(("start", "length"), [(-1, 4), (0, 5), (5, 0), (0, -1)])
def test_a_packet_outside_its_frames_is_an_error(start: int, length: int) -> None:
    one = np.ones(1, np.int64)
    with pytest.raises(ValueError, match="outside"):
        rows_from_packets(np.zeros(4, np.uint8), one * start, one * length, one, one, 1)


def test_arrays_that_differ_in_length_are_an_error() -> None:
    one, two = np.ones(1, np.int64), np.ones(2, np.int64)
    with pytest.raises(ValueError, match="differ"):
        rows_from_packets(np.zeros(4, np.uint8), one, one, two, one, 1)
    with pytest.raises(ValueError, match="cannot take"):
        rows_from_packets(np.zeros(4, np.uint8), one, one, one, one, 1, rows=empty_rows(0))


FRAMES = st.one_of(st.binary(max_size=90), st.sampled_from(list(ON_LINK.values())))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(FRAMES, min_size=1, max_size=5), st.sampled_from([*LINK_TYPE_NAMES, 105]), st.integers(0, 9000)
)
def test_any_packets_become_the_rows_of_the_naive_twin(
    frames: list[bytes], link_type: int, longer: int
) -> None:
    originals = [len(frame) + longer for frame in frames]
    batch = rows_of(frames, link_type, original=originals)
    for told, frame, original in zip(batch.rows, frames, originals, strict=True):
        expected = naive.row(frame, original, link_type)
        assert {name: int(told[name]) for name in expected} == expected
    assert batch.rows.dtype == FLOW


KINDS = {
    kernel.OTHER: "other",
    kernel.TELEMETRY: "telemetry",
    kernel.UDP_FRAGMENT: "fragment",
    kernel.TELEMETRY_CUT: "cut",
}


def search(frame: bytes, link_type: int) -> tuple[str, bytes, int]:
    data = np.frombuffer(bytearray(b"\xee" * 9 + frame + b"\xee" * 9), np.uint8)
    kinds, payloads, sizes = np.full((3, 1), 77, np.int64)
    one = np.ones(1, np.int64)
    sources = np.zeros((1, 2), np.uint64)
    whole = kernel.find_telemetry(
        data, one * 9, one * len(frame), one * link_type, kinds, payloads, sizes, sources
    )
    kind = KINDS[int(kinds[0])]
    found = b"" if kind == "other" else data[payloads[0] : payloads[0] + sizes[0]].tobytes()
    return kind, found, int(whole)


def sent(payload: bytes, port: int = 2055) -> bytes:
    return f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(50000, port, payload)))


@pytest.mark.parametrize("port", sorted(naive.TELEMETRY_PORTS))
def test_whatever_comes_to_a_port_of_telemetry_is_telemetry(port: int) -> None:
    assert search(sent(b"anything", port), 1) == ("telemetry", b"anything", 1)


@pytest.mark.parametrize("payload", [NETFLOW5, IPFIX, SFLOW, b"\0\x09\0\1" + bytes(16) + b"\0\0\0\4"])
def test_telemetry_is_known_by_its_first_bytes_on_other_ports(payload: bytes) -> None:
    assert search(sent(payload, 40000), 1) == ("telemetry", payload, 1)
    assert search(sent(b"\1" + payload[1:], 40000), 1)[0] == "other"
    assert search(sent(payload[:-1], 40000), 1)[0] == "other"


@pytest.mark.parametrize(
    ("flow_set", "kind"), [(0, "telemetry"), (1, "telemetry"), (2, "other"), (255, "other")]
)
def test_a_reserved_first_set_is_no_netflow9(flow_set: int, kind: str) -> None:
    payload = b"\0\x09\0\1" + bytes(16) + bytes([0, flow_set, 0, 4])
    assert search(sent(payload, 40000), 1)[0] == kind


def test_a_telemetry_datagram_that_was_not_captured_to_its_end_is_told_apart() -> None:
    assert search(sent(NETFLOW5)[:-1], 1)[0] == "cut"


def test_fragments_are_handed_on_whole_or_not_at_all() -> None:
    packet = f.ipv4(f.UDP, f.udp(1, 2055, bytes(50)), more=True)
    assert search(f.ethernet(0x0800, packet + b"padding"), 1) == ("fragment", packet, 0)
    assert search(f.ethernet(0x0800, packet[:-1]), 1) == ("fragment", b"", 0)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.builds(
            lambda start, rest: start + rest,
            st.sampled_from([NETFLOW5[:6], b"\0\x09\0\1", IPFIX[:4], SFLOW[:8], SFLOW[:7] + b"\2"]),
            st.one_of(st.binary(max_size=90), st.integers(0, 90).map(bytes)),
        ),
    )
)
def test_any_payload_looks_like_telemetry_as_the_naive_twin_says(payload: bytes) -> None:
    data = np.frombuffer(bytearray(b"\0" * 5 + payload), np.uint8)
    assert kernel.looks_like_telemetry(data, 5, 5 + len(payload)) == naive.looks_like_telemetry(payload)


@st.composite
def udp_packets(draw: st.DrawFn) -> bytes:
    """A UDP packet whose length may be wrong, that may be a fragment, and whose end may be missing."""
    segment = bytearray(f.udp(1, draw(st.sampled_from([2055, 6343, 53])), draw(st.binary(max_size=60))))
    segment[5] = max(segment[5] + draw(st.integers(-3, 3)), 0)
    offset = draw(st.sampled_from([0, 0, 8]))
    packet = f.ipv4(f.UDP, bytes(segment), fragment_offset=offset, more=draw(st.booleans()))
    return packet[: draw(st.integers(6, 140))]


@settings(max_examples=300, deadline=None)
@given(udp_packets(), st.sampled_from([1, 101]))
def test_any_packet_is_searched_as_the_naive_twin_does(packet: bytes, link_type: int) -> None:
    frame = f.ethernet(0x0800, packet) if link_type == 1 else packet
    assert search(frame, link_type)[:2] == naive.telemetry(frame, link_type)
