"""Flow batches: columns of decoded flow records in one structured array, never one object a record.

Every column is a strided view, `batch.rows["bytes"]`; a kernel takes the whole array as one argument
and touches a record's two cache lines together (docs/decisions/0001).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FLOW = np.dtype(
    [
        # Who to whom. IPv4 is mapped into IPv6 (tidegate.model.addresses). These are the outermost
        # addresses, those that a border router sees and can match.
        ("src_high", np.uint64),
        ("src_low", np.uint64),
        ("dst_high", np.uint64),
        ("dst_low", np.uint64),
        # As reported, *before* scaling by the sampling rate. Bytes are IP bytes (layer 3).
        ("bytes", np.uint64),
        ("packets", np.uint64),
        # First and last packet, milliseconds UTC on the receiver's clock (receive time wins).
        ("start_ms", np.int64),
        ("end_ms", np.int64),
        # Where an inner packet travels inside GRE, IP-in-IP or VXLAN: its own addresses, else zero.
        ("inner_src_high", np.uint64),
        ("inner_src_low", np.uint64),
        ("inner_dst_high", np.uint64),
        ("inner_dst_low", np.uint64),
        # Packets represented by one sampled packet; 0 = unknown, which is never the same as 1.
        ("sampling_rate", np.uint32),
        ("exporter", np.uint32),  # row in the exporter table
        ("input_if", np.uint32),
        ("output_if", np.uint32),
        ("src_as", np.uint32),  # 0 = not sent
        ("dst_as", np.uint32),
        ("src_port", np.uint16),
        ("dst_port", np.uint16),
        ("protocol", np.uint8),
        ("tcp_flags", np.uint8),  # union of the flags seen; 0 also where not sent (see flags_seen)
        ("family", np.uint8),  # 4 or 6; 0 = not an IP flow (counted, never attributed)
        ("fragment", np.uint8),  # 0 not a fragment or not known, 1 first fragment, 2 later fragment
        ("icmp_type", np.uint8),
        ("icmp_code", np.uint8),
        ("tunnel", np.uint8),  # 0 none, 1 GRE, 2 IP-in-IP, 3 VXLAN
        ("inner_protocol", np.uint8),
        ("has_ports", np.uint8),  # 1 where src_port and dst_port were really seen or sent
        # Where the exporter saw it (rules in tidegate.kernels.directions): 0 not told, 1 ingress, 2 egress,
        # 3 egress of a packet that the same exporter also tells on ingress: a repetition, never counted.
        ("direction", np.uint8),
        (
            "flags_seen",
            np.uint8,
        ),  # 1 where tcp_flags were read in a packet's own header, so that 0 means none
    ],
    align=True,
)
"""One flow record. Units and owners are beside each field."""

FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER = 0, 1, 2
TUNNEL_NONE, TUNNEL_GRE, TUNNEL_IP_IN_IP, TUNNEL_VXLAN = 0, 1, 2, 3
SAMPLING_UNKNOWN = 0
DIRECTION_NOT_TOLD, DIRECTION_INGRESS, DIRECTION_EGRESS, DIRECTION_REPETITION = 0, 1, 2, 3

FlowRows = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class FlowBatch:
    """Decoded flow records that arrived together.

    `rows`: shape (n,), dtype FLOW. It may be a view into a buffer that the decoder fills again on its
    next call: whoever keeps rows copies them.
    """

    rows: FlowRows

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> npt.NDArray[np.generic]:
        return self.rows[name]


def empty_rows(count: int) -> FlowRows:
    return np.zeros(count, FLOW)
