"""Data sets of NetFlow v9 (RFC 3954) and IPFIX (RFC 7011), whole datagrams of them or nothing."""

import numpy as np

from tidegate.kernels.bigendian import u16
from tidegate.kernels.jit import bare_kernel
from tidegate.kernels.netflow import finish_rows
from tidegate.kernels.reasons import FLOW_TIME_ABSURD, RECORD_CUT_SHORT, SET_ID_RESERVED
from tidegate.kernels.registers import CHUNK, load_columns, load_walked
from tidegate.kernels.sections import section_row
from tidegate.kernels.templates import FLOWS, NOT_IP, WITHDRAWN, find_template


@bare_kernel
def decode_fixed(  # type: ignore[no-untyped-def]
    data,
    at,
    end,
    template,
    templates,
    ops,
    received_ms,
    export_ms,
    uptime_ms,
    exporter,
    states,
    samplers,
    registers,
    rows,
    used,
):
    """Append the records of fixed length in [at, end); returns (used, records, absurd times)."""
    record_length = np.int64(templates[template].record_length)
    has = templates[template].has
    section = templates[template].section
    program = ops[template]
    op_count = np.int64(templates[template].op_count)
    records = (end - at) // record_length
    absurd = 0
    done = np.int64(0)
    while done < records:
        count = min(records - done, 1 if section else CHUNK)
        load_columns(data, at + done * record_length, record_length, count, program, op_count, registers)
        absurd += finish_rows(
            registers,
            count,
            has,
            templates[template].time_mode,
            templates[template].rate_mode,
            templates[template].layer2,
            received_ms,
            export_ms,
            uptime_ms,
            exporter,
            states,
            samplers,
            rows,
            used,
        )
        if section:
            used += section_row(data, section, has, registers, rows, used)
        else:
            used += count
        done += count
    return used, records, absurd


@bare_kernel
def decode_variable(  # type: ignore[no-untyped-def]
    data,
    at,
    end,
    template,
    templates,
    ops,
    received_ms,
    export_ms,
    uptime_ms,
    exporter,
    states,
    samplers,
    registers,
    rows,
    used,
):
    """As `decode_fixed`, for records walked field by field; `records` is -1 where one passes the set's end.

    What is left at the end and too short for any record is padding (RFC 7011 section 3.3.1).
    """
    least = np.int64(templates[template].record_length)
    has = templates[template].has
    section = templates[template].section
    flows = templates[template].kind == FLOWS
    program = ops[template]
    op_count = np.int64(templates[template].op_count)
    records = np.int64(0)
    absurd = 0
    while at + least <= end:
        at = load_walked(data, at, end, program, op_count, registers, 0)
        if at < 0:
            return used, np.int64(-1), absurd
        records += 1
        if not flows:
            continue
        absurd += finish_rows(
            registers,
            1,
            has,
            templates[template].time_mode,
            templates[template].rate_mode,
            templates[template].layer2,
            received_ms,
            export_ms,
            uptime_ms,
            exporter,
            states,
            samplers,
            rows,
            used,
        )
        used += section_row(data, section, has, registers, rows, used) if section else 1
    return used, records, absurd


@bare_kernel
def decode_sets(  # type: ignore[no-untyped-def]
    data,
    at,
    limit,
    end,
    ipfix,
    received_ms,
    export_ms,
    uptime_ms,
    exporter,
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
):
    """Decode the data sets of a surveyed datagram; returns (used, data records or -1 if some are unknown).

    `used` is -(reason) where a record passes its set's end: then no counter has changed.
    """
    before = used
    all_records = np.int64(0)
    flow_records = np.int64(0)
    option_records = np.int64(0)
    template_records = np.int64(0)
    without_template = 0
    absurd = 0
    reserved = 0
    while at + 4 <= limit:
        identity, length = u16(data, at), u16(data, at + 2)
        if length < 4:
            # The survey let this pass: a tail of zeros.
            break
        content, after = at + 4, at + length
        at = after
        if identity < 256:
            if identity in ((2, 3) if ipfix else (0, 1)):
                template_records += 1
            else:
                reserved += 1
            continue
        template = find_template(template_index, templates, exporter, identity)
        if template < 0 or templates[template].kind == WITHDRAWN:
            without_template += 1
            continue
        kind = templates[template].kind
        if templates[template].variable:
            used, records, wrong = decode_variable(
                data,
                content,
                after,
                template,
                templates,
                ops,
                received_ms,
                export_ms,
                uptime_ms,
                exporter,
                states,
                samplers,
                registers,
                rows,
                used,
            )
            if records < 0:
                return np.int64(-RECORD_CUT_SHORT), np.int64(0)
            absurd += wrong
        elif kind == FLOWS:
            used, records, wrong = decode_fixed(
                data,
                content,
                after,
                template,
                templates,
                ops,
                received_ms,
                export_ms,
                uptime_ms,
                exporter,
                states,
                samplers,
                registers,
                rows,
                used,
            )
            absurd += wrong
        else:
            records = (after - content) // np.int64(templates[template].record_length)
        all_records += records
        if kind in (FLOWS, NOT_IP):
            flow_records += records
        else:
            option_records += records
    exporters[exporter].records += np.uint64(used - before)
    exporters[exporter].not_ip += np.uint64(flow_records - (used - before))
    exporters[exporter].option_records += np.uint64(option_records)
    exporters[exporter].template_records += np.uint64(template_records)
    exporters[exporter].without_template += np.uint64(without_template)
    refused[exporter, FLOW_TIME_ABSURD] += np.uint64(absurd)
    refused[exporter, SET_ID_RESERVED] += np.uint64(reserved)
    return used, all_records if without_template == 0 else np.int64(-1)
