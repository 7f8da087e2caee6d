"""Writing IPFIX messages (RFC 7011), the inverse of the decoder."""

import struct

import numpy as np
import numpy.typing as npt

from tidegate.model.flows import FlowRows
from tidegate.model.refusals import NotAllowed
from tidegate.wire.flow_records import (
    IPFIX_LAYOUTS,
    TEMPLATE_SAMPLING,
    RecordLayout,
    data_sets,
    flow_records,
    set_of,
    template_records,
)

_HEADER = struct.Struct(">HHIII")

TEMPLATE_SET, OPTIONS_SET = 2, 3
SELECTOR_ID, OBSERVATION_DOMAIN, PACKET_INTERVAL, PACKET_SPACE = 302, 149, 305, 306


def encode_ipfix(rows: FlowRows, *, export_ms: int, sequence: int, domain: int = 0) -> bytes:
    """One message of data records, both families; the templates go before it in a message of their own.

    Rows that tell a direction go into templates of their own.

    `sequence` is the number of data records sent before. The header tells whole seconds only, so a
    receiver that trusts its own clock knows the times of flows to half a second.
    """
    return _message(data_sets(rows, IPFIX_LAYOUTS, _records), export_ms, sequence, domain)


def encode_ipfix_templates(*, export_ms: int, sequence: int, domain: int = 0) -> bytes:
    """One message with the templates of flows of both families and of sampling options."""
    flows = set_of(TEMPLATE_SET, template_records(IPFIX_LAYOUTS))
    sampling = (
        *(TEMPLATE_SAMPLING, 4, 1),
        *(OBSERVATION_DOMAIN, 4, SELECTOR_ID, 4, PACKET_INTERVAL, 4, PACKET_SPACE, 4),
    )
    return _message(
        flows + set_of(OPTIONS_SET, np.array(sampling, ">u2").tobytes()), export_ms, sequence, domain
    )


def encode_ipfix_sampling(
    rate: int, *, selector: int = 0, export_ms: int, sequence: int, domain: int = 0
) -> bytes:
    """One message that announces a rate for a selector id; id 0 announces it for the whole domain."""
    record = struct.pack(">IIII", domain, selector, 1, rate - 1)
    return _message(set_of(TEMPLATE_SAMPLING, record), export_ms, sequence, domain)


def _records(rows: FlowRows, layout: RecordLayout) -> npt.NDArray[np.void]:
    records = flow_records(rows, layout)
    records["e152"], records["e153"] = rows["start_ms"], rows["end_ms"]
    return records


def _message(sets: bytes, export_ms: int, sequence: int, domain: int) -> bytes:
    length = _HEADER.size + len(sets)
    if length > 0xFFFF:
        raise NotAllowed(f"an IPFIX message holds at most 65535 bytes, not {length}")
    return _HEADER.pack(10, length, export_ms // 1000, sequence & 0xFFFF_FFFF, domain) + sets
