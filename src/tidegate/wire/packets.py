"""Captured packets: blocks of them, and the flow rows that an exporter seeing every packet would make."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.kernels.packets import rows_of_packets
from tidegate.model.flows import FlowBatch, FlowRows, empty_rows

LINK_TYPE_NAMES = {
    0: "BSD loopback",
    1: "Ethernet",
    9: "PPP",
    12: "raw IP",
    14: "raw IP",
    50: "PPP over serial",
    51: "PPPoE",
    101: "raw IP",
    104: "Cisco HDLC",
    108: "OpenBSD loopback",
    113: "Linux cooked",
    228: "raw IPv4",
    229: "raw IPv6",
    276: "Linux cooked v2",
}
"""Link types whose packets can be read, by their number in the LINKTYPE_ registry of tcpdump.org."""

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PacketBlock:
    """Packets in the order of the recording; the arrays are filled again when the next block is asked for.

    `data` uint8; the others int64 (n,): `starts` offset of each frame, `lengths` bytes captured,
    `original_lengths` bytes on the link, `timestamps_ms` UTC, `link_types` numbers of the LINKTYPE_
    registry of tcpdump.org.
    """

    data: npt.NDArray[np.uint8]
    starts: Offsets
    lengths: Offsets
    original_lengths: Offsets
    timestamps_ms: Offsets
    link_types: Offsets

    def __len__(self) -> int:
        return len(self.starts)


def rows_from_packets(
    frames: npt.NDArray[np.uint8],
    starts: Offsets,
    lengths: Offsets,
    original_lengths: Offsets,
    timestamps_ms: Offsets,
    link_type: int | Offsets,
    *,
    exporter: int = 0,
    rows: FlowRows | None = None,
) -> FlowBatch:
    """One row for each packet, unsampled (rate 1), starting and ending at its time.

    Arrays as in PacketBlock; `link_type` may be one number for all. Bytes are the IP header's own length,
    or, where that is zero, what the link carried behind the link header. A packet that holds no IP, or is
    of an unknown link type, becomes a row of family 0 without bytes. `rows`, if given, is filled and the
    batch is a view of it. ValueError where a packet lies outside `frames` or the arrays differ in length.
    """
    count = len(starts)
    links = np.full(count, link_type, np.int64) if isinstance(link_type, int) else link_type
    if {len(lengths), len(original_lengths), len(timestamps_ms), len(links)} != {count}:
        raise ValueError("arrays of packets differ in length")
    outside = (starts < 0) | (lengths < 0) | (starts + lengths > len(frames))
    if outside.any():
        raise ValueError(f"packet {int(outside.argmax())} lies outside the frames")
    filled = empty_rows(count) if rows is None else rows
    if len(filled) < count:
        raise ValueError(f"{len(filled)} rows cannot take {count} packets")
    rows_of_packets(frames, starts, lengths, original_lengths, timestamps_ms, links, exporter, filled)
    return FlowBatch(filled[:count])
