"""Packet records in the bytes of a pcap or pcapng recording, found without copying them."""

import numpy as np

from tidegate.kernels.jit import bare_kernel

PACKET_BYTES_MAX = 1 << 18
"""Longest captured packet (libpcap's own limit); a longer length means that the recording is damaged."""

SECONDS_MAX = 1 << 40
"""Latest second of a timestamp; any later one is cut to it, so that its milliseconds fit 64 bits."""

# How a scan ended.
MORE, FULL, DAMAGED, OTHER_BLOCK = 0, 1, 2, 3

ENHANCED_PACKET, SIMPLE_PACKET, OLD_PACKET = 6, 3, 2


@bare_kernel
def number32(data, at, little):  # type: ignore[no-untyped-def]
    """Four bytes as int64: little-endian where `little`, else big-endian."""
    i = np.uint64(at)
    a, b = np.int64(data[i]), np.int64(data[i + np.uint64(1)])
    c, d = np.int64(data[i + np.uint64(2)]), np.int64(data[i + np.uint64(3)])
    if little:
        return (d << 24) | (c << 16) | (b << 8) | a
    return (a << 24) | (b << 16) | (c << 8) | d


@bare_kernel
def number16(data, at, little):  # type: ignore[no-untyped-def]
    """Two bytes as int64: little-endian where `little`, else big-endian."""
    i = np.uint64(at)
    a, b = np.int64(data[i]), np.int64(data[i + np.uint64(1)])
    return (b << 8) | a if little else (a << 8) | b


@bare_kernel
def scan_pcap(data, at, little, record_header_bytes, fractions_per_ms, packets):  # type: ignore[no-untyped-def]
    """Packet records from offset `at` of `data` (uint8): (records found, offset reached, how it ended).

    `fractions_per_ms` is 1,000 or 1,000,000 by the file's magic number. `packets` (int64, shape (5, n))
    gets offset, bytes captured, bytes on the link and milliseconds UTC in its first four rows. Ends with
    MORE (no whole record is left), FULL, or DAMAGED (a length that cannot be).
    """
    found = 0
    size = len(data)
    while found < packets.shape[1]:
        start = at + record_header_bytes
        if start > size:
            return found, at, MORE
        captured = number32(data, at + 8, little)
        if captured > PACKET_BYTES_MAX:
            return found, at, DAMAGED
        if start + captured > size:
            return found, at, MORE
        packets[0, found] = start
        packets[1, found] = captured
        packets[2, found] = number32(data, at + 12, little)
        milliseconds = number32(data, at + 4, little) // fractions_per_ms
        packets[3, found] = number32(data, at, little) * 1000 + milliseconds
        at = start + captured
        found += 1
    return found, at, FULL


@bare_kernel
def timestamp_ms(high, low, ticks_per_s, offset_s):  # type: ignore[no-untyped-def]
    """Milliseconds UTC of a pcapng timestamp of two 32-bit halves, rounded down."""
    ticks = (np.uint64(high) << np.uint64(32)) | np.uint64(low)
    rate = np.uint64(ticks_per_s)
    seconds = np.int64(min(ticks // rate, np.uint64(SECONDS_MAX)))
    rest = ticks % rate
    if rate < np.uint64(1 << 54):
        milliseconds = np.int64(rest * np.uint64(1000) // rate)
    else:  # rest * 1000 could pass 64 bits
        milliseconds = min(np.int64(rest // (rate // np.uint64(1000))), np.int64(999))
    return (seconds + offset_s) * 1000 + milliseconds


@bare_kernel
def scan_pcapng(data, at, little, interfaces, last_ms, packets):  # type: ignore[no-untyped-def]
    """Packet blocks from offset `at` of `data`: (packets found, offset reached, how it ended).

    `interfaces` (int64, shape (k, 4)): link type, snap length, ticks per second, offset in seconds of each
    interface of this section. `packets` (int64, shape (5, n)) gets offset, bytes captured, bytes on the
    link, milliseconds UTC, link type; a simple packet block has no time and takes that of the packet before
    it, at first `last_ms`. Ends with MORE, FULL, DAMAGED, or OTHER_BLOCK at a block that holds no packet.
    """
    found = 0
    size = len(data)
    while found < packets.shape[1]:
        if at + 12 > size:
            return found, at, MORE
        kind = number32(data, at, little)
        if kind not in (ENHANCED_PACKET, SIMPLE_PACKET, OLD_PACKET):
            return found, at, OTHER_BLOCK
        block = number32(data, at + 4, little)
        fixed = 16 if kind == SIMPLE_PACKET else 32
        if block < fixed or block & 3 or block > PACKET_BYTES_MAX * 2:
            return found, at, DAMAGED
        if at + block > size:
            return found, at, MORE
        if number32(data, at + block - 4, little) != block:
            return found, at, DAMAGED
        interface = np.int64(0)
        if kind == ENHANCED_PACKET:
            interface = number32(data, at + 8, little)
        elif kind == OLD_PACKET:
            interface = number16(data, at + 8, little)
        if interface >= len(interfaces):
            return found, at, DAMAGED
        if kind == SIMPLE_PACKET:
            start = at + 12
            original = number32(data, at + 8, little)
            snap = interfaces[interface, 1]
            captured = min(original, snap, block - fixed) if snap else min(original, block - fixed)
        else:
            start = at + 28
            captured, original = number32(data, at + 20, little), number32(data, at + 24, little)
            last_ms = timestamp_ms(
                number32(data, at + 12, little),
                number32(data, at + 16, little),
                interfaces[interface, 2],
                interfaces[interface, 3],
            )
        if captured > block - fixed or captured > PACKET_BYTES_MAX:
            return found, at, DAMAGED
        packets[0, found] = start
        packets[1, found] = captured
        packets[2, found] = original
        packets[3, found] = last_ms
        packets[4, found] = interfaces[interface, 0]
        at += block
        found += 1
    return found, at, FULL
