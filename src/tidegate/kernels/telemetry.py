"""One call for a block of datagrams: every format, every exporter, straight into flow rows."""

import numpy as np

from tidegate.kernels.bigendian import u16, u32
from tidegate.kernels.datasets import decode_sets
from tidegate.kernels.directions import mark_repetitions
from tidegate.kernels.exporters import (
    IPFIX,
    NETFLOW5,
    NETFLOW9,
    REORDERED_MAX,
    SFLOW5,
    UNITS_PER_DATAGRAM,
    add_exporter,
    find_exporter,
    note_clock,
    note_rows,
    note_sequence,
    note_uptime,
    sender_allowed,
    turn_window,
)
from tidegate.kernels.jit import bare_kernel, kernel
from tidegate.kernels.netflow import NETFLOW5_HEADER, NETFLOW5_RECORD, decode_netflow5
from tidegate.kernels.reasons import (
    ANNOUNCED_TOO_OFTEN,
    BYTES_LEFT_OVER,
    EXPORTER_NOT_ALLOWED,
    FLOW_TIME_ABSURD,
    HEADER_CUT_SHORT,
    LENGTH_DISAGREES,
    RECORD_CUT_SHORT,
    TOO_LONG,
    UNKNOWN_VERSION,
)
from tidegate.kernels.sflow import decode_sflow5, note_sample_drops, sflow5_identity
from tidegate.kernels.sflow import header_reason as sflow5_header_reason
from tidegate.kernels.templates import survey_sets

# Why decode_block returned.
ALL_DONE, ROWS_FULL, SOMETHING_NEW = 0, 1, 2

NETFLOW9_HEADER, IPFIX_HEADER = 20, 16

DATAGRAM_BYTES_MAX = 9216
"""Longest datagram read; a longer one is refused. The same number as in tidegate.model.datagrams."""

LEARNING_BYTES = 256
"""Reading announcements costs one unit a datagram, and one more for every so many bytes of it."""

LEARNING_PER_SECOND_MAX = 512
"""Units that reading one exporter's new templates and options may cost in one second; more are refused."""

LEARNING_PER_SECOND_ALL_MAX = 8192
"""The same for all exporters together: Python reads these, and must not fall behind under a flood of them."""

# Cells of the int64 array `table`.
EXPORTERS_USED, LEARNED_SECOND, LEARNED = 0, 1, 2
TABLE_CELLS = 4


@bare_kernel
def learning_allowed(states, row, table, length, received_ms):  # type: ignore[no-untyped-def]
    """Whether a datagram of this exporter may have its announcements read now, counting the cost."""
    second = received_ms // 1000
    if table[LEARNED_SECOND] != second:
        table[LEARNED_SECOND] = second
        table[LEARNED] = 0
    if states[row].learned_second != second:
        states[row].learned_second = second
        states[row].learned = 0
    if table[LEARNED] >= LEARNING_PER_SECOND_ALL_MAX or states[row].learned >= LEARNING_PER_SECOND_MAX:
        return False
    cost = 1 + length // LEARNING_BYTES
    table[LEARNED] += cost
    states[row].learned += cost
    return True


@bare_kernel
def refuse(exporters, refused, row, reason):  # type: ignore[no-untyped-def]
    """Count a datagram refused whole; `row` below 0 where the sender has none."""
    if row >= 0:
        exporters[row].malformed += np.uint64(1)
        refused[row, reason] += np.uint64(1)
    else:
        refused[refused.shape[0] - 1, reason] += np.uint64(1)


@bare_kernel
def arrived(exporters, states, row, length, received_ms):  # type: ignore[no-untyped-def]
    """Count a sound datagram."""
    if exporters[row].datagrams == np.uint64(0):
        exporters[row].first_received_ms = received_ms
        states[row].window_start_ms = received_ms
    exporters[row].datagrams += np.uint64(1)
    exporters[row].bytes += np.uint64(length)
    exporters[row].last_received_ms = received_ms
    turn_window(exporters, states, row, received_ms)


@bare_kernel
def netflow5_rate(exporters, states, row, header_word):  # type: ignore[no-untyped-def]
    """The rate in a v5 header (rule 10): its low 14 bits, whatever the mode bits say; 0 = unknown."""
    rate = header_word & 0x3FFF
    before = np.int64(states[row].header_rate)
    if rate != before:
        if rate != 0 and before != 0:
            exporters[row].sampling_changes += np.uint32(1)
        states[row].header_rate = rate
    return rate


@kernel
def decode_block(  # type: ignore[no-untyped-def]
    data,
    starts,
    lengths,
    source_high,
    source_low,
    received,
    begin,
    learned_at,
    exporters,
    states,
    exporter_index,
    table,
    allowed,
    overrides,
    override_rates,
    refused,
    template_index,
    templates,
    ops,
    samplers,
    interfaces,
    remembered,
    registers,
    rows,
    used,
):
    """Decode datagrams from number `begin` on; returns (number of the next one, rows used, why it stopped).

    `data` uint8, `starts`, `lengths`, `received` int64 (n,), `source_high`, `source_low` uint64 (n,): a
    DatagramBlock. `learned_at`: the datagram whose announcements the caller has just read, or -1; it is
    decoded now without looking for news in it. `exporters` EXPORTER, `states` STATE: one row an exporter;
    `exporter_index` int32; `table` int64 (TABLE_CELLS,). `allowed` and `overrides` uint64 (n, 4), longest
    first, with `override_rates` uint32. `refused` uint64 (rows + 1, REASONS_MAX), its last row for senders
    without a row. `template_index` int32, `templates` TEMPLATE, `ops` OP (n, OPS_MAX); `samplers` SAMPLER;
    `interfaces` INTERFACE and `remembered` int64 (2,), see tidegate.kernels.directions;
    `registers` uint64 (REGISTERS, CHUNK), scratch. `rows` FLOW, filled from `used` on.

    A datagram is decoded whole or refused whole; a refused one changes counters only.
    """
    n = starts.shape[0]
    position = np.int64(begin)
    used = np.int64(used)
    while position < n:
        start, length = starts[position], lengths[position]
        end = start + length
        received_ms = received[position]
        if length > DATAGRAM_BYTES_MAX:
            refuse(exporters, refused, -1, TOO_LONG)
            position += 1
            continue
        if length < 4:
            refuse(exporters, refused, -1, HEADER_CUT_SHORT)
            position += 1
            continue
        if rows.shape[0] - used < length:
            return position, used, ROWS_FULL

        high, low = source_high[position], source_low[position]
        domain = np.int64(0)
        sequence = np.int64(0)
        uptime_ms = np.int64(0)
        export_ms = np.int64(0)
        count = np.int64(0)
        limit = end
        reason = 0
        version = u16(data, start)
        if version == 5:
            protocol = NETFLOW5
            if length < NETFLOW5_HEADER:
                reason = HEADER_CUT_SHORT
            else:
                domain = u16(data, start + 20)
                count = u16(data, start + 2)
                sequence = u32(data, start + 16)
                uptime_ms = u32(data, start + 4)
                export_ms = u32(data, start + 8) * 1000 + u32(data, start + 12) // 1_000_000
                if length < NETFLOW5_HEADER + count * NETFLOW5_RECORD:
                    reason = RECORD_CUT_SHORT
                elif count == 0:
                    reason = LENGTH_DISAGREES
                limit = start + NETFLOW5_HEADER + count * NETFLOW5_RECORD
        elif version == 9:
            protocol = NETFLOW9
            if length < NETFLOW9_HEADER:
                reason = HEADER_CUT_SHORT
            else:
                uptime_ms = u32(data, start + 4)
                # The header has whole seconds only: take the middle of the second.
                export_ms = u32(data, start + 8) * 1000 + 500
                sequence = u32(data, start + 12)
                domain = u32(data, start + 16)
        elif version == 10:
            protocol = IPFIX
            if length < IPFIX_HEADER:
                reason = HEADER_CUT_SHORT
            else:
                export_ms = u32(data, start + 4) * 1000 + 500
                sequence = u32(data, start + 8)
                domain = u32(data, start + 12)
                limit = start + u16(data, start + 2)
                if limit > end or limit < start + IPFIX_HEADER:
                    reason = LENGTH_DISAGREES
        elif u32(data, start) == 5:
            protocol = SFLOW5
            ok, high, low, domain, sequence, uptime_ms = sflow5_identity(data, start, end)
            if not ok:
                reason = sflow5_header_reason(data, start, end)
        else:
            protocol = 0
            reason = UNKNOWN_VERSION

        row = np.int64(-1)
        if reason not in (HEADER_CUT_SHORT, UNKNOWN_VERSION):
            row = find_exporter(exporter_index, exporters, high, low, domain, protocol)
        news = 0
        sets = start + (NETFLOW9_HEADER if protocol == NETFLOW9 else IPFIX_HEADER)
        if reason == 0 and protocol in (NETFLOW9, IPFIX):
            reason, news = survey_sets(
                data, sets, limit, end, protocol == IPFIX, row, template_index, templates
            )
        sender_high, sender_low = source_high[position], source_low[position]
        if reason == 0 and not sender_allowed(states, row, allowed, sender_high, sender_low):
            reason = EXPORTER_NOT_ALLOWED
            row = np.int64(-1)
        if reason == 0 and row < 0:
            row = add_exporter(
                exporter_index,
                exporters,
                states,
                table,
                overrides,
                override_rates,
                high,
                low,
                domain,
                protocol,
            )
            if row < 0:
                reason = -row
                row = np.int64(-1)
        if reason == 0 and news and position != learned_at:
            if learning_allowed(states, row, table, length, received_ms):
                return position, used, SOMETHING_NEW
            reason = ANNOUNCED_TOO_OFTEN
        if reason != 0:
            refuse(exporters, refused, row, reason)
            position += 1
            continue

        before = used
        units = np.int64(1)
        if protocol == NETFLOW5:
            rate = netflow5_rate(exporters, states, row, u16(data, start + 22))
            used, absurd = decode_netflow5(data, start, count, received_ms, row, rate, rows, used)
            exporters[row].records += np.uint64(count)
            refused[row, FLOW_TIME_ABSURD] += np.uint64(absurd)
            units = count
        elif protocol == SFLOW5:
            used = decode_sflow5(data, start, end, received_ms, row, exporters, rows, used)
        else:
            if protocol == IPFIX:
                # IPFIX headers tell no uptime; an options record may tell when it was zero (IE 160).
                uptime_ms = np.int64(-1)
                if states[row].system_init_ms != 0:
                    uptime_ms = (export_ms - states[row].system_init_ms) & 0xFFFF_FFFF
            used, units = decode_sets(
                data,
                sets,
                limit,
                end,
                protocol == IPFIX,
                received_ms,
                export_ms,
                uptime_ms,
                row,
                exporters,
                states,
                refused,
                template_index,
                templates,
                ops,
                samplers,
                registers,
                rows,
                used,
            )
        if used < 0:
            refuse(exporters, refused, row, -used)
            used = before
            position += 1
            continue

        if protocol != SFLOW5 and limit + 3 < end:
            # Told apart from padding to whole words; the datagram's own count was believed.
            refused[row, BYTES_LEFT_OVER] += np.uint64(1)
        restarts, reordered = exporters[row].restarts, exporters[row].reordered
        if protocol != IPFIX:
            note_uptime(exporters, row, uptime_ms, received_ms)
        arrived(exporters, states, row, length, received_ms)
        if protocol != SFLOW5:
            note_clock(exporters, states, row, export_ms, received_ms)
        if protocol == IPFIX and units < 0:
            # Records of unknown number: the next sequence number cannot be told.
            exporters[row].sequence_known = 0
        elif protocol in (NETFLOW5, IPFIX):
            note_sequence(exporters, row, sequence, units, REORDERED_MAX * UNITS_PER_DATAGRAM)
        else:
            note_sequence(exporters, row, sequence, np.int64(1), REORDERED_MAX)
        if exporters[row].restarts != restarts:
            states[row].restarted_ms = received_ms
        if protocol == SFLOW5 and exporters[row].reordered == reordered:
            note_sample_drops(
                data, start, interfaces, remembered, exporters, states, refused, row, received_ms
            )
        if protocol != NETFLOW5:
            mark_repetitions(
                interfaces, remembered, exporters, states, refused, row, received_ms, rows, before, used
            )
        note_rows(exporters, states, row, received_ms, rows, before, used)
        position += 1
    return position, used, ALL_DONE
