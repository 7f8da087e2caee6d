"""sFlow 5 datagrams decode whole or are refused whole, as real devices send them and as nobody should."""

from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import frames as f
from tests.naive import headers as naive_headers
from tests.naive import sflow as naive
from tidegate.kernels.reasons import REASON_TEXT
from tidegate.kernels.sflow import INTERFACE_UNKNOWN, decode_sflow5, sflow5_identity
from tidegate.model.addresses import text, words
from tidegate.model.exporters import EXPORTER
from tidegate.model.flows import FLOW, empty_rows
from tidegate.model.refusals import Malformed
from tidegate.wire import sflow
from tidegate.wire.sflow import SampledHeader, encode_sflow5

AGENT = "192.0.2.1"
SYN = f.ethernet(0x0800, f.ipv4(f.TCP, f.tcp(40000, 443, f.SYN)))
NTP = f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(123, 4444, bytes(440))))
ARP = f.ethernet(0x0806, bytes(46))


def numbers(*values: int) -> bytes:
    return pack(f">{len(values)}I", *values)


def opaque(kind: int, body: bytes) -> bytes:
    """A sample or a record: kind, length, bytes, padding."""
    return numbers(kind, len(body)) + body + bytes(-len(body) % 4)


def raw_header(frame: bytes, *, protocol: int = 1, frame_bytes: int = 1518, stripped: int = 4) -> bytes:
    body = numbers(protocol, frame_bytes, stripped, len(frame)) + frame
    return opaque(1, body + bytes(-len(body) % 4))


def flow_sample(*records: bytes, rate: int = 512, input_if: int = 3, output_if: int = 4) -> bytes:
    fixed = numbers(1, 3, rate, 1000, 0, input_if, output_if, len(records))
    return opaque(1, fixed + b"".join(records))


def expanded_sample(
    *records: bytes, rate: int = 512, incoming: tuple[int, int], outgoing: tuple[int, int]
) -> bytes:
    return opaque(3, numbers(1, 0, 3, rate, 1000, 0, *incoming, *outgoing, len(records)) + b"".join(records))


def datagram(*samples: bytes, agent: bytes = numbers(1, 0xC0000201)) -> bytes:
    return numbers(5) + agent + numbers(7, 99, 123456, len(samples)) + b"".join(samples)


def row(*records: bytes, **sample: int) -> dict[str, int]:
    """The only row of a datagram with one flow sample."""
    rows = sflow.decode_sflow5(datagram(flow_sample(*records, **sample))).batch.rows
    assert len(rows) == 1
    return {name: int(rows[0][name]) for name in FLOW.names or ()}


def test_a_sampled_packet_becomes_one_unscaled_row() -> None:
    told = row(raw_header(NTP), rate=512)
    assert (told["bytes"], told["packets"], told["sampling_rate"]) == (468, 1, 512)
    assert (told["input_if"], told["output_if"]) == (3, 4)
    assert text(told["dst_high"], told["dst_low"]) == f.DESTINATION


def test_a_row_carries_the_time_of_receipt_and_its_exporter() -> None:
    decoded = sflow.decode_sflow5(
        datagram(flow_sample(raw_header(NTP))), received_ms=1_800_000_000_123, exporter=5
    )
    assert decoded.batch.rows["start_ms"].tolist() == [1_800_000_000_123]
    assert decoded.batch.rows["end_ms"].tolist() == [1_800_000_000_123]
    assert decoded.batch.rows["exporter"].tolist() == [5]


def test_a_sampling_rate_of_zero_stays_unknown() -> None:
    assert row(raw_header(NTP), rate=0)["sampling_rate"] == 0


def test_the_agent_names_itself_over_both_families() -> None:
    sample = flow_sample(raw_header(NTP))
    assert sflow.decode_sflow5(datagram(sample)).agent == AGENT
    six = datagram(sample, agent=numbers(2) + pack(">QQ", *words("2001:db8::7")))
    decoded = sflow.decode_sflow5(six)
    assert (decoded.agent, decoded.sub_agent, decoded.sequence, decoded.uptime_ms) == (
        "2001:db8::7",
        7,
        99,
        123456,
    )
    assert len(decoded.batch) == 1


def test_bytes_come_from_the_link_where_the_header_does_not_know_them() -> None:
    packet = f.ipv4(f.UDP, f.udp(1, 2), total=0)
    frame = f.ethernet(0x8100, f.vlan(9, 0x0800, packet))
    assert row(raw_header(frame, frame_bytes=1522, stripped=4))["bytes"] == 1522 - 4 - 18
    assert row(raw_header(frame, frame_bytes=10, stripped=4))["bytes"] == 0


@pytest.mark.parametrize(
    ("protocol", "frame"),
    [
        (1, NTP),
        (7, b"\xff\x03\x00\x21" + NTP[14:]),
        (11, NTP[14:]),
        (13, f.mpls(2, NTP[14:])),
        (14, b"\x00\x21" + NTP[14:]),
    ],
    ids=["Ethernet", "PPP", "IPv4", "MPLS", "POS"],
)
def test_header_protocols_that_carry_ip_are_read(protocol: int, frame: bytes) -> None:
    assert row(raw_header(frame, protocol=protocol))["src_port"] == 123


def test_other_header_protocols_and_other_packets_are_counted_as_not_ip() -> None:
    decoded = sflow.decode_sflow5(
        datagram(flow_sample(raw_header(NTP, protocol=15)), flow_sample(raw_header(ARP)), flow_sample())
    )
    assert (len(decoded.batch), decoded.not_ip) == (0, 3)


def test_a_sampled_ipv4_record_serves_where_there_is_no_header() -> None:
    body = numbers(1400, 17, 0xCB007101, 0xC6336407, 53, 4444, 0, 0)
    told = row(opaque(2, bytes(24)), opaque(3, body))
    assert (told["family"], told["bytes"], told["src_port"], told["has_ports"]) == (4, 1400, 53, 1)
    assert text(told["src_high"], told["src_low"]) == "203.0.113.1"


def test_a_sampled_ipv6_record_serves_too() -> None:
    addresses = pack(">QQQQ", *words(f.SOURCE_6), *words(f.DESTINATION_6))
    told = row(opaque(4, numbers(80, 6) + addresses + numbers(1, 443, f.SYN, 0)))
    assert (told["family"], told["bytes"], told["tcp_flags"]) == (6, 80, f.SYN)
    assert text(told["dst_high"], told["dst_low"]) == f.DESTINATION_6


def test_the_raw_header_is_preferred_as_it_comes_first() -> None:
    body = numbers(1400, 17, 0xCB007101, 0xC6336407, 53, 4444, 0, 0)
    assert row(raw_header(SYN), opaque(3, body))["dst_port"] == 443
    assert row(raw_header(ARP), opaque(3, body))["dst_port"] == 4444


def test_as_numbers_come_from_the_extended_gateway() -> None:
    path = numbers(2, 2, 2, 64496, 64497, 1, 1, 64499)
    gateway = opaque(1003, numbers(1, 0xC0000202, 64500, 64501, 64502) + path + numbers(0, 100))
    told = row(raw_header(NTP), gateway)
    assert (told["src_as"], told["dst_as"]) == (64501, 64499)
    six = opaque(1003, numbers(2, 0, 0, 0, 0, 64500, 64501, 64502, 0, 0, 100))
    told = row(six, raw_header(NTP))
    assert (told["src_as"], told["dst_as"]) == (64501, 0)


def test_a_gateway_record_that_contradicts_itself_leaves_the_as_unknown() -> None:
    endless = opaque(1003, numbers(1, 0xC0000202, 64500, 64501, 64502, 0xFFFF_FFFF, 2, 0xFFFF_FFFF))
    told = row(raw_header(NTP), endless)
    assert (told["src_as"], told["dst_as"], told["src_port"]) == (64501, 0, 123)
    short = opaque(1003, numbers(1, 0xC0000202, 64500, 64501, 64502, 1, 2, 2, 64496))
    assert row(short, raw_header(NTP))["dst_as"] == 0
    assert row(raw_header(NTP), opaque(1003, b""))["src_as"] == 0


def test_switch_router_and_foreign_records_are_read_past() -> None:
    strangers = (opaque(1001, bytes(16)), opaque(1002, bytes(16)), opaque(4413 << 12 | 1, b"abc"))
    assert row(*strangers, raw_header(NTP))["src_port"] == 123


def test_samples_without_packets_are_counted_or_passed_over() -> None:
    decoded = sflow.decode_sflow5(
        datagram(
            opaque(2, bytes(12)),
            opaque(4, bytes(16)),
            opaque(5, bytes(36)),
            opaque(8800 << 12 | 1, b"anything at all"),
            flow_sample(raw_header(NTP)),
        )
    )
    assert (decoded.counter_samples, decoded.discard_samples, decoded.not_ip) == (2, 1, 0)
    assert len(decoded.batch) == 1


@pytest.mark.parametrize(
    ("incoming", "outgoing", "told"),
    [
        (3, 4, (3, 4)),
        (INTERFACE_UNKNOWN, 1 << 30 | 256, (0, 0)),  # made by the device; discarded
        (0, 2 << 30 | 7, (0, 0)),  # unknown; sent to seven interfaces
    ],
)
def test_interfaces_that_are_none_are_zero(incoming: int, outgoing: int, told: tuple[int, int]) -> None:
    compact = row(raw_header(NTP), input_if=incoming, output_if=outgoing)
    assert (compact["input_if"], compact["output_if"]) == told
    halves = [(value >> 30, value & 0x3FFF_FFFF) for value in (incoming, outgoing)]
    sample = expanded_sample(raw_header(NTP), incoming=halves[0], outgoing=halves[1])
    expanded = sflow.decode_sflow5(datagram(sample)).batch.rows[0]
    assert (int(expanded["input_if"]), int(expanded["output_if"])) == told


def test_expanded_samples_hold_long_interface_numbers() -> None:
    sample = expanded_sample(raw_header(NTP), incoming=(0, 0x4B00_0800), outgoing=(0, 0xFFFF_FFFF), rate=2048)
    told = sflow.decode_sflow5(datagram(sample)).batch.rows[0]
    assert (told["input_if"], told["output_if"], told["sampling_rate"]) == (0x4B00_0800, 0, 2048)


GOOD = datagram(flow_sample(raw_header(SYN)), flow_sample(raw_header(NTP)))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b"", "header cut short"),
        (GOOD[:27], "header cut short"),
        (numbers(4) + GOOD[4:], "unknown version"),
        (GOOD[:4] + numbers(3) + GOOD[8:], "unknown kind of agent address"),
        (GOOD[:-1], "sample cut short"),
        (GOOD + bytes(4), "bytes after the last sample"),
        (datagram(opaque(1, bytes(31))), "sample cut short"),
        (datagram(opaque(3, bytes(43))), "sample cut short"),
        (datagram(flow_sample(numbers(1))), "sample record cut short"),
        (datagram(flow_sample(numbers(1, 8))), "sample record cut short"),
        (datagram(flow_sample(opaque(1, bytes(12)))), "sample record cut short"),
        (datagram(flow_sample(opaque(3, bytes(28)))), "sample record cut short"),
        (datagram(flow_sample(opaque(1, numbers(1, 1518, 4, 41) + bytes(40)))), "sampled header cut short"),
        (
            datagram(opaque(1, numbers(1, 3, 512, 0, 0, 3, 4, 1) + raw_header(SYN) + bytes(4))),
            "sample length disagrees",
        ),
    ],
)
def test_a_datagram_whose_lengths_disagree_is_refused_whole(wrong: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        sflow.decode_sflow5(wrong)


def test_a_refusal_says_in_which_sample_it_lies() -> None:
    with pytest.raises(Malformed) as refused:
        sflow.decode_sflow5(GOOD[:-4])
    assert refused.value.at == 28 + len(flow_sample(raw_header(SYN)))


def test_a_refused_datagram_moves_no_counter() -> None:
    senders = np.zeros(2, EXPORTER)
    wrong = np.frombuffer(
        bytearray(datagram(flow_sample(raw_header(SYN)), opaque(2, b""), numbers(1, 8))), np.uint8
    )
    assert decode_sflow5(wrong, 0, len(wrong), 5, 1, senders, empty_rows(len(wrong) + 3), 3) < 0
    assert senders.tobytes() == bytes(senders.nbytes)


def test_counters_of_the_sender_move_by_what_was_read() -> None:
    senders = np.zeros(2, EXPORTER)
    sent = datagram(
        flow_sample(raw_header(SYN), rate=0),
        flow_sample(raw_header(NTP)),
        flow_sample(raw_header(ARP)),
        opaque(2, b""),
    )
    data = np.frombuffer(bytearray(sent), np.uint8)
    rows = empty_rows(len(data) + 3)
    for _ in range(2):
        assert decode_sflow5(data, 0, len(data), 5, 1, senders, rows, 3) == 5
    told = {name: int(senders[1][name]) for name in ("records", "counter_samples", "not_ip")}
    assert told == {"records": 4, "counter_samples": 2, "not_ip": 2}
    assert not senders[0].tobytes().strip(b"\0")


def test_encoded_samples_decode_to_their_packets() -> None:
    frames = [SYN, NTP, f.ethernet(0x86DD, f.ipv6(f.UDP, f.udp(53, 9, b"abc")))]
    samples = [
        SampledHeader(frame[:128], len(frame) + 4, 1024, input_if=1 + i) for i, frame in enumerate(frames)
    ]
    for agent in (AGENT, "2001:db8::1"):
        sent = encode_sflow5(samples, agent=agent, sub_agent=2, sequence=77, uptime_ms=1 << 33)
        decoded = sflow.decode_sflow5(sent)
        assert (decoded.agent, decoded.sub_agent, decoded.sequence, decoded.uptime_ms) == (agent, 2, 77, 0)
        assert decoded.batch.rows["bytes"].tolist() == [40, 468, 51]
        assert decoded.batch.rows["input_if"].tolist() == [1, 2, 3]
        assert decoded.batch.rows["sampling_rate"].tolist() == [1024] * 3


FRAMES = st.sampled_from([SYN, NTP, ARP, f.ethernet(0x86DD, f.ipv6(f.UDP, f.udp(53, 9))), b"", NTP[:31]])
WORD = st.integers(0, 0xFFFF_FFFF)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            SampledHeader,
            st.one_of(FRAMES, st.binary(max_size=90)),
            st.integers(64, 9000),
            WORD,
            input_if=st.one_of(st.integers(1, 100), WORD),
            output_if=st.one_of(st.integers(1, 100), WORD),
            drops=WORD,
            direction=st.integers(0, 2),
            header_protocol=st.sampled_from([1, 1, 11, 13]),
        ),
        max_size=8,
    )
)
def test_encoding_is_undone_by_decoding(samples: list[SampledHeader]) -> None:
    sent = encode_sflow5(samples, agent=AGENT, sequence=1, uptime_ms=2)
    decoded = sflow.decode_sflow5(sent)
    assert_same(decoded, naive.decode_sflow5(sent))
    kept = [sample for sample in samples if header_row(sample)["family"]]
    assert decoded.batch.rows["sampling_rate"].tolist() == [sample.sampling_rate for sample in kept]
    assert decoded.batch.rows["output_if"].tolist() == [told_index(sample.output_if) for sample in kept]
    assert decoded.batch.rows["src_low"].tolist() == [header_row(sample)["src_low"] for sample in kept]
    assert decoded.not_ip == len(samples) - len(kept)


def header_row(sample: SampledHeader) -> dict[str, int]:
    find = {1: naive_headers.in_ethernet, 11: bytes, 13: lambda frame: naive_headers.behind(0x8847, frame)}
    return naive_headers.ip(find[sample.header_protocol](sample.header) or b"")[0]


def told_index(value: int) -> int:
    return 0 if value in (INTERFACE_UNKNOWN, 0xFFFF_FFFF) else value


def assert_same(decoded: sflow.Sflow5Datagram, expected: dict) -> None:
    assert (decoded.counter_samples, decoded.discard_samples, decoded.not_ip) == (
        expected["counter"],
        expected["discard"],
        expected["not_ip"],
    )
    names = [name for name in FLOW.names or () if name not in ("start_ms", "end_ms", "exporter")]
    told = [{name: int(found[name]) for name in names} for found in decoded.batch.rows]
    assert told == expected["rows"]


RECORDS = st.one_of(
    st.builds(raw_header, FRAMES, protocol=st.sampled_from([1, 1, 1, 7, 11, 12, 13, 14, 2])),
    st.builds(opaque, st.sampled_from([1, 2, 3, 4, 1001, 1003]), st.binary(max_size=80)),
    st.builds(
        lambda path: opaque(1003, numbers(1, 2, 3, 4, 5, *path)),
        st.lists(st.one_of(st.integers(0, 3), WORD), max_size=8),
    ),
)
SAMPLES = st.one_of(
    st.builds(
        lambda records, incoming, outgoing: flow_sample(*records, input_if=incoming, output_if=outgoing),
        st.lists(RECORDS, max_size=3),
        st.one_of(st.integers(2, 4), WORD),
        st.one_of(st.integers(2, 4), st.just(2 << 30 | 10), WORD),
    ),
    st.builds(
        lambda records, incoming, outgoing: expanded_sample(*records, incoming=incoming, outgoing=outgoing),
        st.lists(RECORDS, max_size=3),
        st.tuples(st.integers(0, 2), st.one_of(st.integers(2, 4), WORD)),
        st.tuples(st.integers(0, 2), st.one_of(st.integers(2, 4), WORD)),
    ),
    st.builds(opaque, st.sampled_from([1, 2, 3, 4, 5, 6, 4413 << 12 | 1]), st.binary(max_size=40)),
)


@st.composite
def damaged_datagrams(draw: st.DrawFn) -> bytes:
    """A datagram of all kinds of samples, perhaps with some words changed or its end cut off."""
    sent = bytearray(datagram(*draw(st.lists(SAMPLES, max_size=4))))
    for at, value in draw(
        st.lists(
            st.tuples(st.integers(0, len(sent) // 4 - 1), st.one_of(st.integers(0, 200), WORD)), max_size=2
        )
    ):
        sent[at * 4 : at * 4 + 4] = numbers(value)
    return bytes(sent[: draw(st.integers(0, len(sent)))]) if draw(st.booleans()) else bytes(sent)


@settings(max_examples=600, deadline=None)
@given(st.one_of(damaged_datagrams(), st.binary(max_size=200)))
def test_any_datagram_is_read_or_refused_as_the_naive_twin_does(sent: bytes) -> None:
    try:
        expected = naive.decode_sflow5(sent)
    except naive.Wrong:
        with pytest.raises(Malformed) as refused:
            sflow.decode_sflow5(sent)
        assert refused.value.reason in REASON_TEXT.values()
        assert 0 <= refused.value.at <= len(sent) + 3
    else:
        assert_same(sflow.decode_sflow5(sent), expected)


@settings(max_examples=200, deadline=None)
@given(damaged_datagrams(), st.sampled_from([0, 0xFF]))
def test_bytes_around_a_datagram_are_never_read(sent: bytes, around: int) -> None:
    senders = np.zeros(1, EXPORTER)
    results = []
    for fill in (around, 1):
        data = np.frombuffer(bytearray([fill]) * 40 + sent + bytes([fill]) * 40, np.uint8)
        rows = empty_rows(len(sent) + 1)
        used = decode_sflow5(data, 40, 40 + len(sent), 5, 0, senders, rows, 0)
        identity = sflow5_identity(data, 40, 40 + len(sent))
        results.append((int(used), identity, rows[: max(used, 0)].tobytes()))
    assert results[0] == results[1]
