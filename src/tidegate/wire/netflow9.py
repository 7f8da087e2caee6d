"""Writing NetFlow v9 datagrams (RFC 3954), the inverse of the decoder."""

import struct
from functools import partial

import numpy as np
import numpy.typing as npt

from tidegate.model.flows import FlowRows
from tidegate.wire.flow_records import (
    NETFLOW9_LAYOUTS,
    TEMPLATE_SAMPLING,
    RecordLayout,
    data_sets,
    flow_records,
    set_of,
    template_records,
)

_HEADER = struct.Struct(">HHIIII")

TEMPLATE_SET, OPTIONS_SET = 0, 1


def encode_netflow9(
    rows: FlowRows, *, export_ms: int, uptime_ms: int, sequence: int, domain: int = 0
) -> bytes:
    """One datagram of data records, both families; the templates go before it in a datagram of their own.

    Rows that tell a direction go into templates of their own.

    `sequence` counts datagrams, templates' included. NotAllowed for rows with a tunnel.
    """
    booted_ms = export_ms - uptime_ms
    sets = data_sets(rows, NETFLOW9_LAYOUTS, partial(_records, booted_ms=booted_ms))
    return _header(len(rows), export_ms, uptime_ms, sequence, domain) + sets


def encode_netflow9_templates(*, export_ms: int, uptime_ms: int, sequence: int, domain: int = 0) -> bytes:
    """One datagram with the templates of flows of both families and of sampling options."""
    records = template_records(NETFLOW9_LAYOUTS)
    # One scope, the system; then sampler id, mode and interval (RFC 3954 section 8).
    sampling = (TEMPLATE_SAMPLING, 4, 12, 1, 4, 48, 4, 49, 1, 50, 4)
    sets = set_of(TEMPLATE_SET, records) + set_of(OPTIONS_SET, np.array(sampling, ">u2").tobytes())
    return _header(len(NETFLOW9_LAYOUTS) + 1, export_ms, uptime_ms, sequence, domain) + sets


def encode_netflow9_sampling(
    rate: int, *, sampler: int = 0, export_ms: int, uptime_ms: int, sequence: int, domain: int = 0
) -> bytes:
    """One datagram that announces a rate for a sampler id; id 0 announces it for the whole domain."""
    record = struct.pack(">IIBI", 0, sampler, 2, rate)
    return _header(1, export_ms, uptime_ms, sequence, domain) + set_of(TEMPLATE_SAMPLING, record)


def _records(rows: FlowRows, layout: RecordLayout, *, booted_ms: int) -> npt.NDArray[np.void]:
    records = flow_records(rows, layout)
    records["e22"] = (rows["start_ms"] - booted_ms) & 0xFFFF_FFFF
    records["e21"] = (rows["end_ms"] - booted_ms) & 0xFFFF_FFFF
    return records


def _header(records: int, export_ms: int, uptime_ms: int, sequence: int, domain: int) -> bytes:
    return _HEADER.pack(
        9, records, uptime_ms & 0xFFFF_FFFF, export_ms // 1000, sequence & 0xFFFF_FFFF, domain
    )
