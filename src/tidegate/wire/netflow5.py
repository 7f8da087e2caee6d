"""Writing NetFlow v5 datagrams, the inverse of the decoder."""

import struct

import numpy as np

from tidegate.kernels.netflow import NETFLOW5_RECORDS_MAX
from tidegate.model.flows import FlowRows
from tidegate.model.refusals import NotAllowed
from tidegate.wire.flow_records import WORD32, icmp_words

_HEADER = struct.Struct(">HHIIIIBBH")

RECORD = np.dtype(
    [
        ("src", ">u4"),
        ("dst", ">u4"),
        ("next_hop", ">u4"),
        ("input_if", ">u2"),
        ("output_if", ">u2"),
        ("packets", ">u4"),
        ("bytes", ">u4"),
        ("first", ">u4"),
        ("last", ">u4"),
        ("src_port", ">u2"),
        ("dst_port", ">u2"),
        ("pad1", ">u1"),
        ("tcp_flags", ">u1"),
        ("protocol", ">u1"),
        ("tos", ">u1"),
        ("src_as", ">u2"),
        ("dst_as", ">u2"),
        ("src_mask", ">u1"),
        ("dst_mask", ">u1"),
        ("pad2", ">u2"),
    ]
)
"""One record on the wire (NetFlow Services Solutions Guide, version 5 flow record format)."""


def encode_netflow5(
    rows: FlowRows,
    *,
    export_ms: int,
    uptime_ms: int,
    sequence: int,
    engine: int = 0,
    sampling_rate: int = 0,
) -> bytes:
    """One datagram of 1 to 30 IPv4 rows, exported at `export_ms`, when the exporter was up `uptime_ms`.

    Counters, interfaces and AS numbers are cut to the format's width. `engine` is engine type << 8 | id;
    `sampling_rate` 0 says unknown. NotAllowed for rows that NetFlow v5 cannot carry.
    """
    if not 1 <= len(rows) <= NETFLOW5_RECORDS_MAX:
        raise NotAllowed(f"a NetFlow v5 datagram holds 1 to {NETFLOW5_RECORDS_MAX} records, not {len(rows)}")
    if np.any(rows["family"] != 4) or sampling_rate >= 1 << 14:
        raise NotAllowed("NetFlow v5 carries IPv4 only, and sampling rates below 16384")
    records = np.zeros(len(rows), RECORD)
    records["src"], records["dst"] = rows["src_low"] & WORD32, rows["dst_low"] & WORD32
    for name in ("input_if", "output_if", "packets", "bytes", "src_as", "dst_as"):
        records[name] = rows[name].astype(RECORD[name])
    booted_ms = export_ms - uptime_ms
    records["first"] = (rows["start_ms"] - booted_ms) & 0xFFFF_FFFF
    records["last"] = (rows["end_ms"] - booted_ms) & 0xFFFF_FFFF
    has_ports = rows["has_ports"] != 0
    records["src_port"] = np.where(has_ports, rows["src_port"], 0)
    records["dst_port"] = np.where(has_ports, rows["dst_port"], icmp_words(rows))
    records["tcp_flags"], records["protocol"] = rows["tcp_flags"], rows["protocol"]
    header = _HEADER.pack(
        5,
        len(rows),
        uptime_ms & 0xFFFF_FFFF,
        export_ms // 1000,
        export_ms % 1000 * 1_000_000,
        sequence & 0xFFFF_FFFF,
        engine >> 8,
        engine & 0xFF,
        sampling_rate,
    )
    return header + records.tobytes()
