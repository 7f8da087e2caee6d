"""NetFlow v5 records, and data records of NetFlow v9 (RFC 3954) and IPFIX (RFC 7011), into flow rows."""

import numpy as np

from tidegate.kernels.bigendian import u16, u32
from tidegate.kernels.directions import EGRESS, INGRESS, NOT_TOLD
from tidegate.kernels.headers import MAPPED_IPV4
from tidegate.kernels.jit import bare_kernel
from tidegate.kernels.registers import (
    BYTES,
    DIRECTION,
    DST_AS,
    DST_HIGH,
    DST_LOW,
    DST_PORT,
    DST_V4,
    DURATION,
    FIRST,
    FRAGMENT_FLAGS,
    FRAGMENT_OFFSET,
    ICMP4,
    ICMP4_CODE,
    ICMP4_TYPE,
    ICMP6,
    ICMP6_CODE,
    ICMP6_TYPE,
    INPUT_IF,
    IP_VERSION,
    LAST,
    OUTPUT_IF,
    PACKETS,
    PROTOCOL,
    RATE_FIRST,
    RATE_SECOND,
    SAMPLER,
    SKIP,
    SRC_AS,
    SRC_HIGH,
    SRC_LOW,
    SRC_PORT,
    SRC_V4,
    TCP_FLAGS,
    TIME_BEFORE_EXPORT_US,
    TIME_NONE,
    TIME_NTP,
    TIME_SECONDS,
    TIME_UPTIME,
    blank_untold,
    told,
)
from tidegate.kernels.sampling import (
    NO_RATE,
    rate_by_sampler,
    rate_from_words,
    rate_unnamed,
)

AGE_MAX_MS = 6 * 3600 * 1000
"""A flow that ended or began longer ago has an absurd time: receive time is taken, and it is counted."""

FUTURE_MAX_MS = 60_000
"""A flow that ended later than this behind its own export has an absurd time; less is a stamp taken late."""

NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 (NTP era 0) to 1970."""

ETHERNET_HEADER = 14

ICMP, TCP, UDP, DCCP, ICMPV6, SCTP, UDP_LITE = 1, 6, 17, 33, 58, 132, 136

NETFLOW5_HEADER, NETFLOW5_RECORD = 24, 48
NETFLOW5_RECORDS_MAX = 30
"""Records in one NetFlow v5 datagram, by its format; some exporters send more, and whole ones are read."""


@bare_kernel
def has_ports(protocol):  # type: ignore[no-untyped-def]
    """Whether this transport protocol has ports."""
    return protocol in (TCP, UDP, DCCP, SCTP, UDP_LITE)


@bare_kernel
def time_in_ms(mode, time):  # type: ignore[no-untyped-def]
    """`time`, in the units of an absolute `mode`, as ms of the exporter's clock; -1 where it is nonsense."""
    if mode == TIME_NTP:
        seconds = np.int64(time >> np.uint64(32)) - NTP_EPOCH_S
        fraction = np.int64(((time & np.uint64(0xFFFF_FFFF)) * np.uint64(1000)) >> np.uint64(32))
        return seconds * 1000 + fraction
    if time >> np.uint64(44) != np.uint64(0):
        return np.int64(-1)
    # The middle of a second, where only whole ones are told.
    return np.int64(time) * 1000 + 500 if mode == TIME_SECONDS else np.int64(time)


@bare_kernel
def age_and_length(mode, first, last, export_ms, uptime_ms):  # type: ignore[no-untyped-def]
    """(how long before the export the flow ended, how long it lasted) in ms, by the exporter's own clocks.

    The age is negative where the exporter puts the end behind the export. `first` and `last` are in the
    units of `mode`; differences of the 32-bit uptime are taken modulo 2**32, so that its wraps cancel out.
    `uptime_ms` is -1 where nothing relates the uptime to the export; then the end is taken as now.
    """
    if mode == TIME_UPTIME:
        age = signed32(uptime_ms - np.int64(last & np.uint64(0xFFFF_FFFF))) if uptime_ms >= 0 else np.int64(0)
        return age, signed32(np.int64((last - first) & np.uint64(0xFFFF_FFFF)))
    if mode == TIME_BEFORE_EXPORT_US:
        end = np.int64((last & np.uint64(0xFFFF_FFFF)) // np.uint64(1000))
        return end, np.int64((first & np.uint64(0xFFFF_FFFF)) // np.uint64(1000)) - end
    first_ms, last_ms = time_in_ms(mode, first), time_in_ms(mode, last)
    return export_ms - last_ms, last_ms - first_ms


@bare_kernel
def signed32(difference):  # type: ignore[no-untyped-def]
    """A difference modulo 2**32 as the nearest number to zero."""
    return ((difference + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


@bare_kernel
def span(mode, first, last, export_ms, uptime_ms):  # type: ignore[no-untyped-def]
    """(age of the end, age of the start, 1 if absurd) in ms, at least 0, the start's at least the end's."""
    age, lasted = age_and_length(mode, first, last, export_ms, uptime_ms)
    absurd = 0
    if age > AGE_MAX_MS or age < -FUTURE_MAX_MS:
        # Whatever is wrong with the clock, its differences may still hold.
        age = np.int64(0)
        absurd = 1
    age = age if age > 0 else np.int64(0)
    if lasted < 0 or age + lasted > AGE_MAX_MS:
        absurd |= lasted > 0
        lasted = np.int64(0)
    return age, age + lasted, absurd


@bare_kernel
def clear_inner(rows, at):  # type: ignore[no-untyped-def]
    """Say that row `at` carries no tunnel: flow records do not tell."""
    zero = np.uint64(0)
    rows[at].inner_src_high = zero
    rows[at].inner_src_low = zero
    rows[at].inner_dst_high = zero
    rows[at].inner_dst_low = zero
    rows[at].tunnel = 0
    rows[at].inner_protocol = 0


@bare_kernel
def set_transport(rows, at, protocol, source_port, destination_port, icmp, told_icmp):  # type: ignore[no-untyped-def]
    """Protocol, ports and ICMP type of row `at`; where `icmp` is untold or 0, the port has type and code."""
    rows[at].protocol = protocol
    rows[at].src_port = 0
    rows[at].dst_port = 0
    rows[at].has_ports = 0
    rows[at].flags_seen = 0
    rows[at].icmp_type = 0
    rows[at].icmp_code = 0
    if has_ports(protocol):
        rows[at].src_port = source_port
        rows[at].dst_port = destination_port
        rows[at].has_ports = 1
    elif protocol in (ICMP, ICMPV6):
        if not told_icmp or icmp == 0:
            # Type 0 has no codes, so a number below 256 is the bare type: some exporters send it so.
            icmp = destination_port << 8 if destination_port < 256 else destination_port
        rows[at].icmp_type = icmp >> 8
        rows[at].icmp_code = icmp & 0xFF


@bare_kernel
def decode_netflow5(data, start, count, received_ms, exporter, rate, rows, used):  # type: ignore[no-untyped-def]
    """Append the `count` records of a NetFlow v5 datagram at `start`, wholly there: (used, absurd times).

    Source: the version 5 header and record formats of Cisco's NetFlow Services Solutions Guide.
    """
    uptime_ms = u32(data, start + 4)
    absurd = 0
    for i in range(count):
        at = np.int64(start) + NETFLOW5_HEADER + i * NETFLOW5_RECORD
        row = used + i
        rows[row].src_high = np.uint64(0)
        rows[row].src_low = np.uint64(MAPPED_IPV4 | u32(data, at))
        rows[row].dst_high = np.uint64(0)
        rows[row].dst_low = np.uint64(MAPPED_IPV4 | u32(data, at + 4))
        rows[row].input_if = u16(data, at + 12)
        rows[row].output_if = u16(data, at + 14)
        rows[row].packets = np.uint64(u32(data, at + 16))
        rows[row].bytes = np.uint64(u32(data, at + 20))
        end_age, start_age, wrong = span(
            TIME_UPTIME, np.uint64(u32(data, at + 24)), np.uint64(u32(data, at + 28)), 0, uptime_ms
        )
        absurd += wrong
        rows[row].end_ms = received_ms - end_age
        rows[row].start_ms = received_ms - start_age
        set_transport(rows, row, np.int64(data[at + 38]), u16(data, at + 32), u16(data, at + 34), 0, False)
        rows[row].tcp_flags = data[at + 37]
        rows[row].src_as = u16(data, at + 40)
        rows[row].dst_as = u16(data, at + 42)
        rows[row].family = 4
        rows[row].fragment = 0
        rows[row].sampling_rate = rate
        rows[row].direction = NOT_TOLD
        rows[row].exporter = exporter
        clear_inner(rows, row)
    return used + count, absurd


@bare_kernel
def set_addresses(rows, at, family, registers, i):  # type: ignore[no-untyped-def]
    """Both addresses of row `at` from column `i`; of family 6 from the IPv6 registers."""
    rows[at].family = family
    if family == 6:
        rows[at].src_high = registers[SRC_HIGH, i]
        rows[at].src_low = registers[SRC_LOW, i]
        rows[at].dst_high = registers[DST_HIGH, i]
        rows[at].dst_low = registers[DST_LOW, i]
    else:
        rows[at].src_high = np.uint64(0)
        rows[at].src_low = np.uint64(MAPPED_IPV4) | registers[SRC_V4, i]
        rows[at].dst_high = np.uint64(0)
        rows[at].dst_low = np.uint64(MAPPED_IPV4) | registers[DST_V4, i]


@bare_kernel
def family_of(has_v4, has_v6, ip_version, registers, i):  # type: ignore[no-untyped-def]
    """4 or 6: by what the template has, then the version field, then by which addresses are not all zero."""
    if not has_v6:
        return 4
    if not has_v4:
        return 6
    version = registers[ip_version, i]
    if version == np.uint64(4) or version == np.uint64(6):
        return np.int64(version)
    six = registers[SRC_HIGH, i] | registers[SRC_LOW, i] | registers[DST_HIGH, i] | registers[DST_LOW, i]
    return 6 if six != np.uint64(0) else 4


@bare_kernel
def implied_protocol(has, family):  # type: ignore[no-untyped-def]
    """ICMP or ICMPv6 where the template has elements of it, else 0."""
    if family == 4:
        return np.int64(ICMP) if has & np.uint64(7 << ICMP4) != np.uint64(0) else np.int64(0)
    return np.int64(ICMPV6) if has & np.uint64(7 << ICMP6) != np.uint64(0) else np.int64(0)


@bare_kernel
def direction_of(flow_direction):  # type: ignore[no-untyped-def]
    """The direction that flowDirection (IE 61) tells: 0 is ingress, 1 egress, and others mean nothing."""
    if flow_direction == np.uint64(0):
        return INGRESS
    return EGRESS if flow_direction == np.uint64(1) else NOT_TOLD


@bare_kernel
def finish_rows(  # type: ignore[no-untyped-def]
    registers,
    count,
    has,
    time_mode,
    rate_mode,
    layer2,
    received_ms,
    export_ms,
    uptime_ms,
    exporter,
    states,
    samplers,
    rows,
    used,
):
    """Make `count` rows from the registers of records with addresses; returns how many times were absurd."""
    c_bytes, c_packets = told(has, BYTES), told(has, PACKETS)
    c_protocol, c_flags = told(has, PROTOCOL), told(has, TCP_FLAGS)
    c_src_port, c_dst_port = told(has, SRC_PORT), told(has, DST_PORT)
    c_input, c_output = told(has, INPUT_IF), told(has, OUTPUT_IF)
    c_src_as, c_dst_as = told(has, SRC_AS), told(has, DST_AS)
    c_first, c_last, c_duration = told(has, FIRST), told(has, LAST), told(has, DURATION)
    c_offset, c_fragment = told(has, FRAGMENT_OFFSET), told(has, FRAGMENT_FLAGS)
    c_version, c_sampler = told(has, IP_VERSION), told(has, SAMPLER)
    c_direction = told(has, DIRECTION)
    v4 = np.uint64(1 << SRC_V4 | 1 << DST_V4)
    v6 = np.uint64(1 << SRC_HIGH | 1 << DST_HIGH)
    has_v4, has_v6 = (has & v4) != np.uint64(0), (has & v6) != np.uint64(0)
    if has_v4:
        blank_untold(registers, has, SRC_V4, DST_V4 + 1, count)
    if has_v6:
        blank_untold(registers, has, SRC_HIGH, DST_LOW + 1, count)
    icmp_told = (has >> np.uint64(ICMP4)) & np.uint64(0x3F) != np.uint64(0)
    plain_ports = c_src_port != SKIP or c_dst_port != SKIP
    absurd = 0
    set_rate = rate_unnamed(samplers, states, exporter, 0, 0)
    by_interface = states[exporter].interfaces > 0
    everywhere = np.int64(states[exporter].everywhere)
    if everywhere >= 0:
        by_interface |= states[everywhere].interfaces > 0
    for i in range(count):
        row = used + i
        family = family_of(has_v4, has_v6, c_version, registers, i)
        set_addresses(rows, row, family, registers, i)
        rows[row].bytes = registers[c_bytes, i]
        rows[row].packets = registers[c_packets, i]
        if layer2:
            headers = registers[c_packets, i] * np.uint64(ETHERNET_HEADER)
            frames = registers[c_bytes, i]
            rows[row].bytes = frames - headers if frames >= headers else np.uint64(0)
        protocol = np.int64(registers[c_protocol, i] & np.uint64(0xFF))
        if c_protocol == SKIP and icmp_told:
            # Some exporters leave the protocol out of their ICMP templates.
            protocol = implied_protocol(has, family)
        source_port = np.int64(registers[c_src_port, i] & np.uint64(0xFFFF))
        destination_port = np.int64(registers[c_dst_port, i] & np.uint64(0xFFFF))
        icmp = np.int64(0)
        if icmp_told and protocol in (ICMP, ICMPV6):
            icmp = icmp_of(registers, has, protocol == ICMPV6, i)
        set_transport(rows, row, protocol, source_port, destination_port, icmp, icmp_told)
        if not plain_ports:
            rows[row].has_ports = 0
        rows[row].tcp_flags = np.int64(registers[c_flags, i] & np.uint64(0xFF))
        rows[row].fragment = 0
        if c_offset != SKIP and registers[c_offset, i] & np.uint64(0x1FFF) != np.uint64(0):
            rows[row].fragment = 2
        elif c_fragment != SKIP and registers[c_fragment, i] & np.uint64(0x20) != np.uint64(0):
            rows[row].fragment = 1
        input_if = np.int64(registers[c_input, i] & np.uint64(0xFFFF_FFFF))
        output_if = np.int64(registers[c_output, i] & np.uint64(0xFFFF_FFFF))
        rows[row].input_if = input_if
        rows[row].output_if = output_if
        rows[row].src_as = np.int64(registers[c_src_as, i] & np.uint64(0xFFFF_FFFF))
        rows[row].dst_as = np.int64(registers[c_dst_as, i] & np.uint64(0xFFFF_FFFF))
        rows[row].exporter = exporter
        rows[row].direction = NOT_TOLD
        if c_direction != SKIP:
            rows[row].direction = direction_of(registers[c_direction, i])
        clear_inner(rows, row)

        end_age, start_age = np.int64(0), np.int64(0)
        if time_mode != TIME_NONE:
            first, last = registers[c_first, i], registers[c_last, i]
            if c_first == SKIP:
                first = last
            elif c_last == SKIP:
                last = first
            end_age, start_age, wrong = span(time_mode, first, last, export_ms, uptime_ms)
            absurd += wrong
        if c_duration != SKIP:
            duration = np.int64(min(registers[c_duration, i], np.uint64(AGE_MAX_MS)))
            if c_last == SKIP and c_first != SKIP:
                end_age = start_age - duration if start_age > duration else np.int64(0)
            elif c_first == SKIP:
                start_age = end_age + duration
        rows[row].end_ms = received_ms - end_age
        rows[row].start_ms = received_ms - start_age

        rate = set_rate
        if c_sampler != SKIP:
            rate = rate_by_sampler(samplers, states, exporter, registers[c_sampler, i], input_if, output_if)
        elif by_interface:
            rate = rate_unnamed(samplers, states, exporter, input_if, output_if)
        if rate_mode != NO_RATE:
            # Rule 3: what the record says of itself.
            own = rate_from_words(rate_mode, registers[RATE_FIRST, i], registers[RATE_SECOND, i])
            if own != 0:
                rate = own
        rows[row].sampling_rate = rate
    return absurd


@bare_kernel
def icmp_of(registers, has, version6, i):  # type: ignore[no-untyped-def]
    """ICMP type << 8 | code of column `i`, from either form of the information elements."""
    both, kind, code = ICMP4, ICMP4_TYPE, ICMP4_CODE
    if version6:
        both, kind, code = ICMP6, ICMP6_TYPE, ICMP6_CODE
    if told(has, both) != SKIP:
        return np.int64(registers[both, i] & np.uint64(0xFFFF))
    value = np.int64(0)
    if told(has, kind) != SKIP:
        value = np.int64(registers[kind, i] & np.uint64(0xFF)) << 8
    if told(has, code) != SKIP:
        value |= np.int64(registers[code, i] & np.uint64(0xFF))
    return value
