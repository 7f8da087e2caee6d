"""IPFIX beyond templates: variable lengths, packet sections, times, and lengths that disagree."""

from struct import pack

import pytest

from tests import frames
from tests.flow_datagrams import (
    NOW_MS,
    PLAIN,
    decode,
    ipfix,
    numbers,
    options_template10,
    plain_record,
    reasons,
    set_of,
    template,
)
from tidegate.wire.telemetry import TelemetryDecoder

VARIABLE = 65535


def text_of(length: int, *, long: bool = False) -> bytes:
    head = b"\xff" + length.to_bytes(2) if long else length.to_bytes(1)
    return head + b"x" * length


def test_fields_of_variable_length_are_walked_in_both_forms_of_their_length() -> None:
    decoder = TelemetryDecoder()
    fields = ((83, VARIABLE), *PLAIN, (82, VARIABLE, 9), (10, 4))
    records = [
        text_of(0) + plain_record(size=1) + text_of(254) + pack(">I", 11),
        text_of(300, long=True) + plain_record(size=2) + text_of(0, long=True) + pack(">I", 12),
        text_of(7) + plain_record(size=3) + text_of(255, long=True) + pack(">I", 13),
    ]
    rows = decode(decoder, ipfix(set_of(2, template(256, fields)), set_of(256, *records, bytes(3))))
    assert [(row["bytes"], row["input_if"]) for row in rows] == [(1, 11), (2, 12), (3, 13)]


@pytest.mark.parametrize("cut", [1, 3, 5, 20])
def test_a_record_that_passes_the_end_of_its_set_is_refused_with_all_the_datagram(cut: int) -> None:
    decoder = TelemetryDecoder()
    fields = ((83, VARIABLE), *PLAIN)
    decode(decoder, ipfix(set_of(2, template(256, fields))))
    before = decoder.exporters[0].copy()
    whole, broken = text_of(30) + plain_record(), text_of(30) + plain_record()
    sets = [set_of(256, whole), set_of(256, whole, broken[:-cut])]
    assert decode(decoder, ipfix(*sets)) == []
    after = decoder.exporters[0]
    assert {name for name in after.dtype.names if before[name] != after[name]} == {"malformed"}
    assert reasons(decoder) == {"record cut short": 1}


@pytest.mark.parametrize("length", [0, 15, 17 + 60])
def test_a_message_whose_length_field_is_impossible_is_refused(length: int) -> None:
    decoder = TelemetryDecoder()
    datagram = bytearray(ipfix(set_of(2, template(256, PLAIN))))
    assert len(datagram) < 17 + 60
    datagram[2:4] = length.to_bytes(2)
    assert decode(decoder, bytes(datagram)) == []
    assert reasons(decoder) == {"length field disagrees": 1}


def test_bytes_behind_the_message_are_read_past_and_counted() -> None:
    decoder = TelemetryDecoder()
    datagram = ipfix(set_of(2, template(256, PLAIN)), set_of(256, plain_record()))
    assert len(decode(decoder, datagram + b"\xff" * 40)) == 1
    assert reasons(decoder) == {"bytes after the last record, read past": 1}
    assert int(decoder.exporters[0]["malformed"]) == 0


def test_a_message_length_that_leaves_out_the_last_padding_is_believed_to_the_datagrams_end() -> None:
    datagram = bytearray(ipfix(set_of(2, template(256, PLAIN)), set_of(256, plain_record(), bytes(2))))
    datagram[2:4] = (len(datagram) - 2).to_bytes(2)
    assert len(decode(TelemetryDecoder(), bytes(datagram))) == 1


def test_numbers_may_be_shorter_than_their_element() -> None:
    """Reduced-size encoding, RFC 7011 section 6.2; and TCP flags in one byte or two."""
    for flags_length, length in ((1, 3), (2, 5), (1, 8)):
        fields = ((8, 4), (12, 4), (1, length), (2, 1), (6, flags_length), (10, 3), (16, 2))
        record = numbers(fields, (1, 2, 0x010203, 9, 0x12, 0x0A0B0C, 64500))
        (row,) = decode(TelemetryDecoder(), ipfix(set_of(2, template(256, fields)), set_of(256, record)))
        told = [row[name] for name in ("bytes", "packets", "tcp_flags", "input_if", "src_as")]
        assert told == [0x010203, 9, 0x12, 0x0A0B0C, 64500]


def test_two_byte_tcp_flags_keep_their_low_byte() -> None:
    fields = ((8, 4), (12, 4), (6, 2))
    record = numbers(fields, (1, 2, 0x0152))
    (row,) = decode(TelemetryDecoder(), ipfix(set_of(2, template(256, fields)), set_of(256, record)))
    assert row["tcp_flags"] == 0x52


def ntp(time_ms: int) -> int:
    seconds, rest = divmod(time_ms, 1000)
    return (seconds + 2_208_988_800) << 32 | (rest << 32) // 1000 + 1


TIMES = {
    "milliseconds": ((152, 8), (153, 8), NOW_MS - 9000, NOW_MS - 2000),
    "seconds": ((150, 4), (151, 4), NOW_MS // 1000 - 9, NOW_MS // 1000 - 2),
    "microseconds": ((154, 8), (155, 8), ntp(NOW_MS - 9000), ntp(NOW_MS - 2000)),
    "nanoseconds": ((156, 8), (157, 8), ntp(NOW_MS - 9000), ntp(NOW_MS - 2000)),
    "before export": ((158, 4), (159, 4), 9_000_000, 2_000_000),
    "end and duration": ((161, 4), (153, 8), 7000, NOW_MS - 2000),
    "end and observed": ((323, 8), (153, 8), NOW_MS - 9000, NOW_MS - 2000),
    "start and duration": ((152, 8), (161, 4), NOW_MS - 9000, 7000),
}


@pytest.mark.parametrize("form", TIMES)
@pytest.mark.parametrize("skew_ms", [0, -86_400_000, 3_600_000])
def test_times_in_every_form_are_told_on_the_receivers_clock(form: str, skew_ms: int) -> None:
    """The exporter's clock may be a day off: only its differences are used."""
    first, second, start, end = TIMES[form]
    fields = ((8, 4), (12, 4), first, second)
    record = numbers(fields, (1, 2, start, end))
    datagram = ipfix(set_of(2, template(256, fields)), set_of(256, record))
    decoder = TelemetryDecoder()
    (row,) = decode(decoder, datagram, received_ms=NOW_MS - skew_ms)
    assert row["end_ms"] == NOW_MS - skew_ms - 2000
    assert row["start_ms"] == NOW_MS - skew_ms - 9000
    assert int(decoder.exporters[0]["skew_ms"]) == skew_ms


UPTIMES = ((8, 4), (12, 4), (22, 4), (21, 4))


def test_uptimes_without_a_system_start_tell_only_how_long_a_flow_was() -> None:
    record = numbers(UPTIMES, (1, 2, 1000, 8000))
    decoder = TelemetryDecoder()
    (row,) = decode(decoder, ipfix(set_of(2, template(256, UPTIMES)), set_of(256, record)))
    assert (row["end_ms"], row["start_ms"]) == (NOW_MS, NOW_MS - 7000)


def test_a_system_start_in_options_relates_uptimes_to_the_export_through_wraps() -> None:
    up_ms = 2**32 + 30_000
    options = options_template10(300, ((143, 4),), ((160, 8),))
    announced = set_of(300, pack(">IQ", 1, NOW_MS - up_ms))
    first, last = (up_ms - 40_000) % 2**32, (up_ms - 5000) % 2**32
    record = numbers(UPTIMES, (1, 2, first, last))
    data = ipfix(set_of(2, template(256, UPTIMES)), set_of(256, record))
    decoder = TelemetryDecoder()
    (row,) = decode(decoder, ipfix(set_of(3, options), announced), data)
    assert (row["end_ms"], row["start_ms"]) == (NOW_MS - 5000, NOW_MS - 40_000)


def section_set(element: int, content: bytes, *, variable: bool) -> tuple[bytes, bytes]:
    fields = ((302, 8), (312, 2), (element, VARIABLE if variable else len(content)), (10, 4))
    body = pack(">QH", 0, 1514) + (len(content).to_bytes(1) if variable else b"") + content + pack(">I", 3)
    return set_of(2, template(256, fields)), set_of(256, body, body)


PACKET = frames.ipv4(frames.UDP, frames.udp(53, 4444, bytes(100)))


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize(
    ("element", "content"),
    [(315, frames.ethernet(0x0800, PACKET)), (104, frames.ethernet(0x0800, PACKET)), (313, PACKET)],
)
def test_a_sampled_packets_first_bytes_become_a_row(element: int, content: bytes, *, variable: bool) -> None:
    decoder = TelemetryDecoder()
    rows = decode(decoder, ipfix(*section_set(element, content[:80], variable=variable)))
    assert len(rows) == 2
    for row in rows:
        assert (row["source"], row["destination"]) == (frames.SOURCE, frames.DESTINATION)
        assert (row["src_port"], row["dst_port"], row["has_ports"]) == (53, 4444, 1)
        assert (row["bytes"], row["packets"], row["input_if"]) == (len(PACKET), 1, 3)
    assert int(decoder.exporters[0]["records"]) == 2


def test_a_sampled_packet_that_is_not_ip_makes_no_row() -> None:
    decoder = TelemetryDecoder()
    arp = bytes(12) + b"\x08\x06" + bytes(40)
    assert decode(decoder, ipfix(*section_set(315, arp, variable=True))) == []
    assert int(decoder.exporters[0]["not_ip"]) == 2


def test_both_families_in_one_template_are_told_apart_by_version_and_by_zeros() -> None:
    fields = ((60, 1), (8, 4), (12, 4), (27, 16), (28, 16))
    plain = fields[1:]
    four, six = (1, 2, 0, 0), (0, 0, 1 << 100, 2 << 100)
    sets = set_of(2, template(256, fields), template(257, plain))
    told = b"".join(numbers(fields, (v, *a)) for v, a in ((4, four), (6, six), (6, (1, 2, 3, 4)), (0, four)))
    guessed = b"".join(numbers(plain, a) for a in (four, six, (0, 0, 0, 0)))
    rows = decode(TelemetryDecoder(), ipfix(sets, set_of(256, told), set_of(257, guessed)))
    assert [row["family"] for row in rows] == [4, 6, 6, 4, 4, 6, 4]


def test_fragments_are_marked_by_offset_and_flags() -> None:
    fields = ((8, 4), (12, 4), (88, 2), (197, 1), (54, 4))
    told = [(0, 0), (0, 0x20), (185, 0x20), (185, 0), (0, 0x40), (0x4000, 0)]
    records = b"".join(numbers(fields, (1, 2, *each, 77)) for each in told)
    rows = decode(TelemetryDecoder(), ipfix(set_of(2, template(256, fields)), set_of(256, records)))
    assert [row["fragment"] for row in rows] == [0, 1, 2, 2, 0, 0]


def test_icmp_is_read_from_its_elements_or_from_the_destination_port() -> None:
    cases = [
        (((4, 1), (32, 2), (11, 2)), (1, 0x0300, 0), (3, 0)),
        (((4, 1), (176, 1), (177, 1)), (1, 3, 13), (3, 13)),
        (((4, 1), (178, 1), (179, 1)), (58, 1, 4), (1, 4)),
        (((4, 1), (139, 2), (32, 2)), (58, 0x8000, 0x0300), (128, 0)),
        (((4, 1), (7, 2), (11, 2)), (1, 0, 0x0800), (8, 0)),
        (((4, 1), (32, 2), (11, 2)), (1, 0, 0x0B00), (11, 0)),
        # A bare type, as some exporters send it.
        (((4, 1), (7, 2), (11, 2)), (58, 0, 135), (135, 0)),
        # No protocol at all.
        (((32, 2), (5, 1)), (0x0800, 0), (8, 0)),
        # Not ICMP.
        (((4, 1), (32, 2), (11, 2)), (6, 0x0800, 80), (0, 0)),
    ]
    for fields, values, wanted in cases:
        layout = ((8, 4), (12, 4), *fields)
        record = numbers(layout, (1, 2, *values))
        (row,) = decode(TelemetryDecoder(), ipfix(set_of(2, template(256, layout)), set_of(256, record)))
        assert (row["icmp_type"], row["icmp_code"]) == wanted, fields


def test_lost_messages_are_counted_in_data_records() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, ipfix(set_of(2, template(256, PLAIN)), sequence=10))
    decode(decoder, ipfix(set_of(256, plain_record() * 5), sequence=10))
    assert int(decoder.exporters[0]["lost"]) == 0
    decode(decoder, ipfix(set_of(256, plain_record()), sequence=18))
    assert int(decoder.exporters[0]["lost"]) == 3


def test_after_data_of_unknown_length_no_loss_is_invented() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, ipfix(set_of(2, template(256, PLAIN)), sequence=0))
    decode(decoder, ipfix(set_of(999, bytes(400)), sequence=0))
    decode(decoder, ipfix(set_of(256, plain_record()), sequence=50))
    decode(decoder, ipfix(set_of(256, plain_record()), sequence=51))
    assert int(decoder.exporters[0]["lost"]) == 0
