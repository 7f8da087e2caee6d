"""Sampled packets in NetFlow v9 and IPFIX records (RFC 7133): their first bytes decoded into flow rows."""

import numpy as np

from tidegate.kernels.headers import decode_ethernet, decode_ip
from tidegate.kernels.jit import bare_kernel
from tidegate.kernels.registers import (
    BYTES,
    PACKETS,
    SECTION_AT,
    SECTION_ETHERNET,
    SECTION_LENGTH,
    SKIP,
    told,
)


@bare_kernel
def section_row(data, kind, has, registers, rows, row):  # type: ignore[no-untyped-def]
    """Turn row `row`, made by `finish_rows` of column 0, into a sampled packet's; 0 where it is not IP.

    The packet's first bytes lie at SECTION_AT (RFC 7133, RFC 5477 section 8.5).
    """
    start = np.int64(registers[SECTION_AT, 0])
    end = start + np.int64(registers[SECTION_LENGTH, 0])
    if kind == SECTION_ETHERNET:
        ip_bytes = decode_ethernet(data, start, end, rows, row)
    else:
        ip_bytes = decode_ip(data, start, end, rows, row)
    if rows[row].family == 0:
        return 0
    if told(has, PACKETS) == SKIP:
        rows[row].packets = np.uint64(1)
    if told(has, BYTES) == SKIP:
        rows[row].bytes = np.uint64(ip_bytes) * rows[row].packets
    return 1
