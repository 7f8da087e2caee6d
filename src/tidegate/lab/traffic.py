"""Packets of the small world, real or made, repeated at any rate; and what they truly were."""

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tidegate.kernels.headers import decode_ethernet
from tidegate.model.addresses import words
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.model.refusals import NotAllowed

HEADER_BYTES_MAX = 128
"""Bytes of a frame that the lab's exporters sample, as most switches do."""

ETHERNET_BYTES = 14
IPV4_END = ETHERNET_BYTES + 20
PLAIN_HEADER = 0x45
"""First byte of an IPv4 header without options."""

IPV6_DESTINATION_AT = 24
FLOW_KEY = ("src_high", "src_low", "dst_high", "dst_low", "src_port", "dst_port", "protocol", "fragment")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Packets in order, to be offered again and again.

    `frames[i]` is the start of frame i (at most HEADER_BYTES_MAX bytes), `frame_bytes` int64 (n,) its
    length on the wire; `rows` dtype FLOW (n,) one record a packet; `flow` int64 (n,) numbers the flow
    that a packet belongs to; `place` float64 (n,), rising in [0, 1), says where in the cycle it comes;
    `bytes_before` int64 (n + 1,) sums the IP bytes of the packets before each.
    """

    name: str
    frames: tuple[bytes, ...]
    frame_bytes: npt.NDArray[np.int64]
    rows: FlowRows
    flow: npt.NDArray[np.int64]
    place: npt.NDArray[np.float64]
    bytes_before: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def mean_packet_bytes(self) -> float:
        return float(self.bytes_before[-1]) / len(self)

    def offered(self, cycles: float) -> int:
        """How many packets have been offered after so many cycles."""
        whole = int(cycles)
        return whole * len(self) + int(np.searchsorted(self.place, cycles - whole))

    def offered_bytes(self, packets: int) -> int:
        """IP bytes of the first so many offered packets."""
        whole, rest = divmod(packets, len(self))
        return whole * int(self.bytes_before[-1]) + int(self.bytes_before[rest])


def traffic_of(name: str, frames: Sequence[bytes], times_s: Sequence[float]) -> Traffic:
    """Traffic of whole Ethernet frames; frames that carry no IP are left out."""
    data = np.frombuffer(b"".join(frames), np.uint8)
    ends = np.cumsum([len(frame) for frame in frames])
    rows = empty_rows(len(frames))
    starts = ends - [len(frame) for frame in frames]
    rows["bytes"] = [
        decode_ethernet(data, start, end, rows, i)
        for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
    ]
    rows["packets"] = 1
    rows["sampling_rate"] = 1
    kept = np.flatnonzero(rows["family"]).tolist()
    rows = rows[kept]
    _, flow = np.unique(rows[list(FLOW_KEY)], return_inverse=True)
    times = np.maximum.accumulate(np.asarray(times_s, np.float64)[kept])
    span = (times[-1] - times[0]) * (1 + 1 / len(kept)) or 1.0
    return Traffic(
        name=name,
        frames=tuple(frames[i][:HEADER_BYTES_MAX] for i in kept),
        frame_bytes=np.array([len(frames[i]) for i in kept], np.int64),
        rows=rows,
        flow=flow.astype(np.int64),
        place=(times - times[0]) / span,
        bytes_before=_bytes_before(rows),
    )


def towards(traffic: Traffic, target: str) -> Traffic:
    """The packets of the target's family, sent to it; header checksums are made right again.

    NotAllowed where there is none of that family.
    """
    address = ipaddress.ip_address(target)
    mine = traffic.rows["family"] == address.version
    if not mine.all():
        traffic = only(traffic, mine)
    rows = traffic.rows.copy()
    rows["dst_high"], rows["dst_low"] = words(target)
    readdressed = _readdressed if address.version == 4 else _readdressed6
    return replace(traffic, rows=rows, frames=readdressed(traffic.frames, address.packed))


def only(traffic: Traffic, wanted: npt.NDArray[np.bool_]) -> Traffic:
    """The wanted packets at their places in the cycle; NotAllowed where there is none."""
    kept = np.flatnonzero(wanted)
    if not len(kept):
        raise NotAllowed(f"no packet of {traffic.name} is of the kind asked for")
    rows = traffic.rows[kept]
    return replace(
        traffic,
        frames=tuple(traffic.frames[i] for i in kept.tolist()),
        frame_bytes=traffic.frame_bytes[kept],
        rows=rows,
        flow=np.unique(traffic.flow[kept], return_inverse=True)[1].astype(np.int64),
        place=traffic.place[kept],
        bytes_before=_bytes_before(rows),
    )


def _bytes_before(rows: FlowRows) -> npt.NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(rows["bytes"].astype(np.int64))))


def _readdressed(frames: Sequence[bytes], address: bytes) -> tuple[bytes, ...]:
    """All headers without options at once, which nearly every one is; the others one by one."""
    heads = (
        np.frombuffer(b"".join(frame[:IPV4_END] for frame in frames), np.uint8).reshape(-1, IPV4_END).copy()
    )
    heads[:, ETHERNET_BYTES + 10 : ETHERNET_BYTES + 12] = 0
    heads[:, ETHERNET_BYTES + 16 :] = np.frombuffer(address, np.uint8)
    headers = np.ascontiguousarray(heads[:, ETHERNET_BYTES:])
    totals = headers.view(">u2").sum(axis=1, dtype=np.uint32)
    for _ in range(2):  # the second time for what the first carries
        totals = (totals & 0xFFFF) + (totals >> 16)
    heads[:, ETHERNET_BYTES + 10 : ETHERNET_BYTES + 12] = (
        (~totals & 0xFFFF).astype(">u2").view(np.uint8).reshape(-1, 2)
    )
    made = heads.tobytes()
    return tuple(
        made[at * IPV4_END : (at + 1) * IPV4_END] + frame[IPV4_END:]
        if frame[ETHERNET_BYTES] == PLAIN_HEADER
        else _readdressed_alone(frame, address)
        for at, frame in enumerate(frames)
    )


def _readdressed_alone(frame: bytes, address: bytes) -> bytes:
    header_end = ETHERNET_BYTES + (frame[ETHERNET_BYTES] & 0x0F) * 4
    header = bytearray(frame[ETHERNET_BYTES:header_end])
    header[10:12] = b"\0\0"
    header[16:20] = address
    header[10:12] = struct.pack("!H", ipv4_checksum(bytes(header)))
    return frame[:ETHERNET_BYTES] + bytes(header) + frame[header_end:]


def _readdressed6(frames: Sequence[bytes], address: bytes) -> tuple[bytes, ...]:
    at = ETHERNET_BYTES + IPV6_DESTINATION_AT
    return tuple(frame[:at] + address + frame[at + 16 :] for frame in frames)


def ipv4_checksum(header: bytes) -> int:
    """RFC 791: the ones' complement of the ones' complement sum of the header's 16-bit words."""
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
