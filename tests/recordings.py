"""Recordings written by hand for tests: pcap and pcapng in every byte order and clock."""

from dataclasses import dataclass
from struct import pack

MAGICS = {
    ("<", "us"): 0xA1B2C3D4,
    (">", "us"): 0xA1B2C3D4,
    ("<", "ns"): 0xA1B23C4D,
    (">", "ns"): 0xA1B23C4D,
}


@dataclass(frozen=True)
class Captured:
    """One packet to be written. `original_length` 0 stands for all of it."""

    frame: bytes
    at_ns: int
    original_length: int = 0

    @property
    def length(self) -> int:
        return self.original_length or len(self.frame)


def pcap(packets: list[Captured], *, order: str = "<", clock: str = "us", link_type: int = 1) -> bytes:
    unit_ns = 1000 if clock == "us" else 1
    parts = [pack(order + "IHHiIII", MAGICS[order, clock], 2, 4, 0, 0, 262144, link_type)]
    for packet in packets:
        seconds, rest_ns = divmod(packet.at_ns, 1_000_000_000)
        parts += (
            pack(order + "IIII", seconds, rest_ns // unit_ns, len(packet.frame), packet.length),
            packet.frame,
        )
    return b"".join(parts)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = pack(order + "I", 12 + len(body))
    return pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type: int = 1, *options: bytes, snap_bytes: int = 0, order: str = "<") -> bytes:
    ended = b"".join(options) + (option(0, b"", order) if options else b"")
    return block(1, pack(order + "HHI", link_type, 0, snap_bytes) + ended, order)


def enhanced(frame: bytes, ticks: int, *, number: int = 0, length: int = 0, order: str = "<") -> bytes:
    fixed = pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFF_FFFF, len(frame), length or len(frame))
    return block(6, fixed + frame, order)


def simple(frame: bytes, length: int = 0, order: str = "<") -> bytes:
    return block(3, pack(order + "I", length or len(frame)) + frame, order)


def old(frame: bytes, ticks: int, *, number: int = 0, order: str = "<") -> bytes:
    fixed = pack(order + "HHIIII", number, 0, ticks >> 32, ticks & 0xFFFF_FFFF, len(frame), len(frame))
    return block(2, fixed + frame, order)
