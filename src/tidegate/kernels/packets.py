"""Captured packets: the IP header behind each kind of link, packets to rows, and telemetry among packets."""

import numpy as np

from tidegate.kernels.bigendian import u16, u32
from tidegate.kernels.headers import (
    ETHERTYPE_PPPOE_SESSION,
    FRAGMENT_NONE,
    UDP,
    clear_header,
    decode_ip,
    find_ip,
    find_ip_in_ethernet,
    find_ip_in_ppp,
    ip_header,
)
from tidegate.kernels.jit import bare_kernel

# Link types (the LINKTYPE_ registry of tcpdump.org, and the raw IP numbers that BSDs wrote in its place).
NULL, ETHERNET, PPP, RAW_BSD, RAW_OPENBSD, PPP_SERIAL, PPP_ETHERNET = 0, 1, 9, 12, 14, 50, 51
RAW, CISCO_HDLC, LOOP, LINUX_COOKED, IPV4, IPV6, LINUX_COOKED_2 = 101, 104, 108, 113, 228, 229, 276

# What `find_telemetry` says of a packet.
OTHER, TELEMETRY, UDP_FRAGMENT, TELEMETRY_CUT = 0, 1, 2, 3

NETFLOW5_RECORDS_MAX = 30
SFLOW5_SAMPLES_MAX = 512
"""A UDP payload that claims more records or samples than these does not look like telemetry."""


@bare_kernel
def find_ip_in_frame(data, start, end, link_type):  # type: ignore[no-untyped-def]
    """Offset of the IP header in a captured frame of a link type above; -1 where it holds none."""
    if link_type == ETHERNET:
        return find_ip_in_ethernet(data, start, end)
    if link_type in (RAW, RAW_BSD, RAW_OPENBSD, IPV4, IPV6):
        return np.int64(start)
    if link_type == LINUX_COOKED:
        return find_ip(data, start + 16, end, u16(data, start + 14)) if start + 16 <= end else np.int64(-1)
    if link_type == LINUX_COOKED_2:
        return find_ip(data, start + 20, end, u16(data, start)) if start + 20 <= end else np.int64(-1)
    if link_type in (NULL, LOOP):
        # Four bytes of address family, whose order and numbers differ by system: the nibble decides.
        return np.int64(start + 4)
    if link_type in (PPP, PPP_SERIAL):
        return find_ip_in_ppp(data, start, end)
    if link_type == PPP_ETHERNET:
        return find_ip(data, start, end, np.int64(ETHERTYPE_PPPOE_SESSION))
    if link_type == CISCO_HDLC:
        return find_ip(data, start + 4, end, u16(data, start + 2)) if start + 4 <= end else np.int64(-1)
    return np.int64(-1)


@bare_kernel
def rows_of_packets(data, starts, lengths, originals, times_ms, link_types, exporter, rows):  # type: ignore[no-untyped-def]
    """One row of `rows` (dtype FLOW, at least as many) for each packet; the number that hold IP.

    `data` uint8; the others int64 (n,): offset, bytes captured, bytes on the link, time, link type. A
    packet without IP has family 0 and no bytes.
    """
    with_ip = 0
    for i in range(len(starts)):
        row = rows[i]
        start = starts[i]
        end = start + lengths[i]
        ip = find_ip_in_frame(data, start, end, link_types[i])
        if ip < 0:
            clear_header(rows, i)
            row.bytes = 0
        else:
            ip_bytes = decode_ip(data, ip, end, rows, i)
            if ip_bytes == 0 and row.family:
                ip_bytes = max(originals[i] - (ip - start), 0)
            row.bytes = ip_bytes
            with_ip += row.family != 0
        row.packets = 1
        row.start_ms = times_ms[i]
        row.end_ms = times_ms[i]
        row.sampling_rate = 1
        row.exporter = exporter
        row.input_if = 0
        row.output_if = 0
        row.direction = 0
        row.src_as = 0
        row.dst_as = 0
    return with_ip


@bare_kernel
def looks_like_telemetry(data, start, end):  # type: ignore[no-untyped-def]
    """Whether the UDP payload at `start` opens as NetFlow v5 or v9, IPFIX or sFlow 5 does, lengths too."""
    size = end - start
    if size < 16:
        return False
    version = u16(data, start)
    if version == 5:
        count = u16(data, start + 2)
        return 1 <= count <= NETFLOW5_RECORDS_MAX and size >= 24 + 48 * count
    if version == 9:
        if size < 24 or u16(data, start + 2) == 0:
            return False
        flow_set = u16(data, start + 20)
        return (flow_set in (0, 1) or flow_set >= 256) and 4 <= u16(data, start + 22) <= size - 20
    if version == 10:
        return u16(data, start + 2) == size
    if version == 0 and u16(data, start + 2) == 5:
        kind = u32(data, start + 4)
        at = start + (24 if kind == 1 else 36)
        return kind in (1, 2) and size >= at + 4 - start and u32(data, at) <= SFLOW5_SAMPLES_MAX
    return False


@bare_kernel
def is_telemetry_port(port):  # type: ignore[no-untyped-def]
    """Whether exporters usually send to this UDP port."""
    return port in (2055, 4739, 6343, 9995, 9996)


@bare_kernel
def find_telemetry(data, starts, lengths, links, kinds, payloads, sizes, sources):  # type: ignore[no-untyped-def]
    """Which of the packets hold telemetry datagrams, and where; the number of packets that hold whole IP.

    Inputs as for `rows_of_packets`. For each packet: `kinds` (int64) OTHER, TELEMETRY, UDP_FRAGMENT (any
    fragment of a UDP datagram: it must be put together to know) or TELEMETRY_CUT (not captured to its end);
    `payloads` and `sizes` (int64) offset and bytes of the UDP payload, or of the IP header and packet for a
    fragment; `sources` (uint64, shape (n, 2)) the sender's address words.
    """
    whole = 0
    for i in range(len(starts)):
        kinds[i] = OTHER
        captured_end = starts[i] + lengths[i]
        ip = find_ip_in_frame(data, starts[i], captured_end, links[i])
        if ip < 0:
            continue
        family, high, low, _, _, ip_bytes, protocol, fragment, transport, end = ip_header(
            data, ip, captured_end
        )
        if family == 0:
            continue
        whole += fragment == FRAGMENT_NONE
        if protocol != UDP:
            continue
        sources[i, 0] = high
        sources[i, 1] = low
        if fragment != FRAGMENT_NONE:
            kinds[i] = UDP_FRAGMENT
            payloads[i] = ip
            sizes[i] = end - ip if ip + ip_bytes <= captured_end else 0
            continue
        if transport < 0 or transport + 8 > end:
            continue
        payload = transport + 8
        stated_end = transport + u16(data, transport + 4)
        if stated_end < payload:
            continue
        whole_end = min(stated_end, end)
        if is_telemetry_port(u16(data, transport + 2)) or looks_like_telemetry(data, payload, whole_end):
            kinds[i] = TELEMETRY if stated_end <= end else TELEMETRY_CUT
            payloads[i] = payload
            sizes[i] = whole_end - payload
    return whole
