"""sFlow version 5 datagrams (sflow.org, July 2004): one row for every flow sample that holds IP."""

import numpy as np

from tidegate.kernels.bigendian import u32, u64
from tidegate.kernels.directions import EGRESS, INGRESS, NOT_TOLD, note_drops
from tidegate.kernels.headers import (
    DCCP,
    ETHERTYPE_MPLS,
    MAPPED_IPV4,
    SCTP,
    TCP,
    UDP,
    UDP_LITE,
    clear_header,
    decode_ip,
    find_ip,
    find_ip_in_ethernet,
    find_ip_in_ppp,
)
from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.reasons import (
    AGENT_ADDRESS_UNKNOWN,
    HEADER_CUT_SHORT,
    SAMPLE_CUT_SHORT,
    SAMPLE_LENGTH_DISAGREES,
    SAMPLE_RECORD_CUT_SHORT,
    SAMPLED_HEADER_CUT_SHORT,
    TRAILING_BYTES,
    UNKNOWN_VERSION,
)

# Sample and record formats: enterprise number << 12 | format; enterprise 0 is sFlow's own.
FLOW_SAMPLE, COUNTER_SAMPLE, EXPANDED_FLOW_SAMPLE, EXPANDED_COUNTER_SAMPLE, DISCARD_SAMPLE = 1, 2, 3, 4, 5
RAW_HEADER, SAMPLED_IPV4, SAMPLED_IPV6, EXTENDED_GATEWAY = 1, 3, 4, 1003

# Header protocols of a raw packet header; every other one is counted as not IP.
ETHERNET, PPP, IPV4, IPV6, MPLS, POS = 1, 7, 11, 12, 13, 14

INTERFACE_UNKNOWN = 0x3FFF_FFFF
OUTPUT_SEVERAL = 2


@bare_kernel
def sflow5_identity(data, start, end):  # type: ignore[no-untyped-def]
    """Who sent the datagram at `start`: (ok, address high, address low, sub-agent, sequence, uptime in ms).

    `ok` is 0 where the header is no sFlow 5 header or cut short; the words are uint64, the rest int64.
    """
    none = np.uint64(0)
    refused = np.int64(0), none, none, np.int64(0), np.int64(0), np.int64(0)
    if header_reason(data, start, end):
        return refused
    after = np.int64(start) + 12
    high, low = none, np.uint64(u32(data, start + 8) | MAPPED_IPV4)
    if u32(data, start + 4) == 2:
        after = np.int64(start) + 24
        high, low = u64(data, start + 8), u64(data, start + 16)
    return np.int64(1), high, low, u32(data, after), u32(data, after + 4), u32(data, after + 8)


@bare_kernel
def header_reason(data, start, end):  # type: ignore[no-untyped-def]
    """0 where a whole sFlow 5 header is there, else the reason code."""
    if end - start < 8:
        return HEADER_CUT_SHORT
    if u32(data, start) != 5:
        return UNKNOWN_VERSION
    address_kind = u32(data, start + 4)
    if address_kind not in (1, 2):
        return AGENT_ADDRESS_UNKNOWN
    if end - start < (28 if address_kind == 1 else 40):
        return HEADER_CUT_SHORT
    return 0


@bare_kernel
def padded(length):  # type: ignore[no-untyped-def]
    """Bytes that `length` opaque bytes take in XDR (RFC 4506 section 4.9)."""
    return (length + 3) & ~3


@bare_kernel
def interface_index(kind, value):  # type: ignore[no-untyped-def]
    """The ifIndex, or 0: not known, discarded, sent to several, or made by the device itself."""
    if kind != 0 or value in (INTERFACE_UNKNOWN, 0xFFFF_FFFF):
        return np.int64(0)
    return value


@inlined_kernel
def direction_of(kind, source, input_if, output_if, output_kind):  # type: ignore[no-untyped-def]
    """Where a packet was sampled, by its data source: on its way in at `input_if` or out at `output_if`.

    `kind` of the source is 0 where it is an interface; a VLAN or an entity of the device tells nothing. A
    packet that leaves by several interfaces does not name them: then any but its input sampled it going out.
    """
    if kind != 0 or source == 0:
        return NOT_TOLD
    if source == input_if:
        return INGRESS
    if source == output_if or (output_kind == OUTPUT_SEVERAL and input_if != 0):
        return EGRESS
    return NOT_TOLD


@bare_kernel
def decode_raw_header(data, start, end, rows, at):  # type: ignore[no-untyped-def]
    """The raw header record at `start` into row `at`: 1 where it holds IP, 0 where not, else -(reason)."""
    if end - start < 16:
        return -SAMPLE_RECORD_CUT_SHORT
    protocol, frame_bytes, stripped = u32(data, start), u32(data, start + 4), u32(data, start + 8)
    header = np.int64(start) + 16
    header_end = header + u32(data, start + 12)
    if header_end > end:
        return -SAMPLED_HEADER_CUT_SHORT
    if protocol == ETHERNET:
        ip = find_ip_in_ethernet(data, header, header_end)
    elif protocol in (IPV4, IPV6):
        ip = header
    elif protocol in (PPP, POS):
        ip = find_ip_in_ppp(data, header, header_end)
    elif protocol == MPLS:
        ip = find_ip(data, header, header_end, np.int64(ETHERTYPE_MPLS))
    else:
        ip = np.int64(-1)
    if ip < 0:
        return 0
    ip_bytes = decode_ip(data, ip, header_end, rows, at)
    if rows[at].family == 0:
        return 0
    if ip_bytes == 0:
        ip_bytes = max(frame_bytes - stripped - (ip - header), 0)
    rows[at].bytes = ip_bytes
    return 1


@bare_kernel
def decode_sampled_ip(data, start, end, family, rows, at):  # type: ignore[no-untyped-def]
    """A sampled IPv4 or IPv6 record (fields, not a header) into row `at`: 1, or -(reason)."""
    address_bytes = 4 if family == 4 else 16
    if end - start < 24 + 2 * address_bytes:
        return -SAMPLE_RECORD_CUT_SHORT
    clear_header(rows, at)
    row = rows[at]
    source, destination = np.int64(start) + 8, np.int64(start) + 8 + address_bytes
    if family == 4:
        row.src_low = np.uint64(u32(data, source) | MAPPED_IPV4)
        row.dst_low = np.uint64(u32(data, destination) | MAPPED_IPV4)
    else:
        row.src_high, row.src_low = u64(data, source), u64(data, source + 8)
        row.dst_high, row.dst_low = u64(data, destination), u64(data, destination + 8)
    ports = destination + address_bytes
    protocol = u32(data, start + 4) & 0xFF
    row.family = family
    row.bytes = u32(data, start)
    row.protocol = protocol
    if protocol in (TCP, UDP, UDP_LITE, SCTP, DCCP):
        row.src_port = u32(data, ports) & 0xFFFF
        row.dst_port = u32(data, ports + 4) & 0xFFFF
        row.has_ports = 1
    if protocol == TCP:
        row.tcp_flags = u32(data, ports + 8) & 0xFF
    return 1


@bare_kernel
def gateway_as(data, start, end):  # type: ignore[no-untyped-def]
    """(source AS, last AS of the path to the destination) of an extended gateway record; 0 where not sent.

    A record that contradicts itself is read past: it says nothing of the packet itself.
    """
    if end - start < 4:
        return np.int64(0), np.int64(0)
    next_hop_kind = u32(data, start)
    at = np.int64(start) + 4
    if next_hop_kind == 1:
        at += 4
    elif next_hop_kind == 2:
        at += 16
    if at + 16 > end:
        return np.int64(0), np.int64(0)
    source = u32(data, at + 4)
    segments = u32(data, at + 12)
    at += 16
    last = np.int64(0)
    for _ in range(segments):
        if at + 8 > end:
            return source, np.int64(0)
        count = u32(data, at + 4)
        at += 8 + 4 * count
        if at > end:
            return source, np.int64(0)
        if count:
            last = u32(data, at - 4)
    return source, last


@bare_kernel
def decode_flow_sample(data, start, end, expanded, rows, at):  # type: ignore[no-untyped-def]
    """The flow sample at `start` into row `at`: 1 where it holds IP, 0 where not, else -(reason).

    Fills every column but exporter and the times. The first record with IP wins.
    """
    fixed = 44 if expanded else 32
    if end - start < fixed:
        return -SAMPLE_CUT_SHORT
    if expanded:
        kind, source = u32(data, start + 4), u32(data, start + 8)
        rate = u32(data, start + 12)
        input_if = interface_index(u32(data, start + 24), u32(data, start + 28))
        output_kind = u32(data, start + 32)
        output_if = interface_index(output_kind, u32(data, start + 36))
    else:
        kind, source = np.int64(data[start + 4]), u32(data, start + 4) & 0xFF_FFFF
        rate = u32(data, start + 8)
        incoming, outgoing = u32(data, start + 20), u32(data, start + 24)
        input_if = interface_index(incoming >> 30, incoming & 0x3FFF_FFFF)
        output_kind = outgoing >> 30
        output_if = interface_index(output_kind, outgoing & 0x3FFF_FFFF)
    records = u32(data, start + fixed - 4)
    src_as, dst_as = np.int64(0), np.int64(0)
    found = 0
    record = np.int64(start) + fixed
    for _ in range(records):
        if end - record < 8:
            return -SAMPLE_RECORD_CUT_SHORT
        form = u32(data, record)
        body = record + 8
        body_end = body + u32(data, record + 4)
        if body_end > end:
            return -SAMPLE_RECORD_CUT_SHORT
        if form == EXTENDED_GATEWAY:
            src_as, dst_as = gateway_as(data, body, body_end)
        elif found == 0:
            if form == RAW_HEADER:
                found = decode_raw_header(data, body, body_end, rows, at)
            elif form == SAMPLED_IPV4:
                found = decode_sampled_ip(data, body, body_end, 4, rows, at)
            elif form == SAMPLED_IPV6:
                found = decode_sampled_ip(data, body, body_end, 6, rows, at)
            if found < 0:
                return found
        record = body + padded(body_end - body)
    if padded(record - start) != padded(end - start):
        return -SAMPLE_LENGTH_DISAGREES
    row = rows[at]
    row.packets = 1
    row.sampling_rate = rate
    row.input_if = input_if
    row.output_if = output_if
    row.direction = direction_of(kind, source, input_if, output_if, output_kind)
    row.src_as = src_as
    row.dst_as = dst_as
    return found


@bare_kernel
def decode_sflow5(data, start, end, received_ms, exporter, exporters, rows, used):  # type: ignore[no-untyped-def]
    """Append the rows of one sFlow 5 datagram; the new number of rows in use, or -(reason code).

    `data` uint8, the datagram at offsets `start` to `end`; `received_ms` int64 milliseconds UTC, taken as
    each packet's time; `exporter` the row of its sender in `exporters` (dtype EXPORTER), where records,
    counter_samples, discard_samples and not_ip are counted; `rows` dtype FLOW with at least `end - start`
    free rows from `used`. A datagram whose lengths disagree is refused whole: rows from `used` on then
    hold nothing, and no counter has moved. Counter samples, discarded-packet samples and samples of other
    enterprises are read past.
    """
    return read_sflow5(data, start, end, received_ms, exporter, exporters, rows, used)[0]


@bare_kernel
def read_sflow5(data, start, end, received_ms, exporter, exporters, rows, used):  # type: ignore[no-untyped-def]
    """As `decode_sflow5`, with the offset reached: behind the last sample, or of the sample that is wrong."""
    reason = header_reason(data, start, end)
    if reason:
        return np.int64(-reason), np.int64(start)
    at = np.int64(start) + (24 if u32(data, start + 4) == 1 else 36)
    samples = u32(data, at)
    at += 4
    row = np.int64(used)
    counters, discards, not_ip = 0, 0, 0
    for _ in range(samples):
        if end - at < 8:
            return np.int64(-SAMPLE_CUT_SHORT), at
        kind = u32(data, at)
        body = at + 8
        body_end = body + u32(data, at + 4)
        if body_end > end:
            return np.int64(-SAMPLE_CUT_SHORT), at
        if kind in (FLOW_SAMPLE, EXPANDED_FLOW_SAMPLE):
            found = decode_flow_sample(data, body, body_end, kind == EXPANDED_FLOW_SAMPLE, rows, row)
            if found < 0:
                return np.int64(found), at
            if found:
                rows[row].exporter = exporter
                rows[row].start_ms = received_ms
                rows[row].end_ms = received_ms
                row += 1
            else:
                not_ip += 1
        elif kind in (COUNTER_SAMPLE, EXPANDED_COUNTER_SAMPLE):
            counters += 1
        elif kind == DISCARD_SAMPLE:
            discards += 1
        at = body + padded(body_end - body)
    if at < end:
        return np.int64(-TRAILING_BYTES), at
    sender = exporters[exporter]
    sender.records += np.uint64(row - used)
    sender.counter_samples += np.uint64(counters)
    sender.discard_samples += np.uint64(discards)
    sender.not_ip += np.uint64(not_ip)
    return row, at


@inlined_kernel
def note_sample_drops(  # type: ignore[no-untyped-def]
    data, start, interfaces, remembered, exporters, states, refused, row, received_ms
):
    """Count what the flow samples of a datagram that was decoded tell of packets they could not sample.

    `row` is the sender's; the tables are those of `decode_block`. A total is told by data source.
    """
    at = np.int64(start) + (24 if u32(data, start + 4) == 1 else 36)
    samples = u32(data, at)
    at += 4
    last_source, last_total = np.int64(-1), np.int64(-1)
    for _ in range(samples):
        form, body = u32(data, at), at + 8
        if form in (FLOW_SAMPLE, EXPANDED_FLOW_SAMPLE):
            kind, index = np.int64(data[body + 4]), u32(data, body + 4) & 0xFF_FFFF
            total = u32(data, body + 16)
            if form == EXPANDED_FLOW_SAMPLE:
                kind, index, total = u32(data, body + 4), u32(data, body + 8), u32(data, body + 20)
            source = kind << 32 | index
            if source != last_source or total != last_total:
                note_drops(
                    interfaces, remembered, exporters, states, refused, row, received_ms, kind, index, total
                )
            last_source, last_total = source, total
        at = body + padded(u32(data, at + 4))
