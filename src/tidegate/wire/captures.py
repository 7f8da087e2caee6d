"""The pcap and pcapng formats: bytes of a recording in, blocks of its packets out.

Sources: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
"""

from dataclasses import dataclass
from struct import Struct

import numpy as np
import numpy.typing as npt

from tidegate.kernels.captures import DAMAGED, OTHER_BLOCK, SECONDS_MAX, scan_pcap, scan_pcapng
from tidegate.model.refusals import Malformed
from tidegate.wire.packets import PacketBlock

PACKETS_IN_BLOCK = 4096
"""Most packets in one block."""

INTERFACES_MAX = 1024
"""Interfaces described in one pcapng section; a recording with more is refused."""

DESCRIPTION_BYTES_MAX = 1 << 20
"""Longest section header or interface description; a longer one is damage. Others are passed over unread."""

SECTION_HEADER, INTERFACE_DESCRIPTION = 0x0A0D0D0A, 1
OPTION_END, OPTION_TIMESTAMP_RESOLUTION, OPTION_TIMESTAMP_OFFSET = 0, 9, 14
PCAP_HEADER_BYTES = 24


@dataclass(frozen=True, slots=True)
class PcapKind:
    """What a pcap file's magic number tells."""

    little_endian: bool
    fractions_per_ms: int
    record_header_bytes: int


PCAP_KINDS = {
    bytes.fromhex("a1b2c3d4"): PcapKind(False, 1_000, 16),
    bytes.fromhex("d4c3b2a1"): PcapKind(True, 1_000, 16),
    bytes.fromhex("a1b23c4d"): PcapKind(False, 1_000_000, 16),
    bytes.fromhex("4d3cb2a1"): PcapKind(True, 1_000_000, 16),
    bytes.fromhex("a1b2cd34"): PcapKind(False, 1_000, 24),  # Alexey Kuznetzov's, of old Linux systems
    bytes.fromhex("34cdb2a1"): PcapKind(True, 1_000, 24),
}
PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
BYTE_ORDERS = {bytes.fromhex("4d3c2b1a"): True, bytes.fromhex("1a2b3c4d"): False}
"""Whether the section is little-endian, by its magic number."""


def capture_reader(first: bytes) -> "PcapReader | PcapngReader":
    """The reader for a recording that begins with `first` (at least 4 bytes); Malformed if it is neither."""
    if first[:4] == PCAPNG_MAGIC:
        return PcapngReader()
    if first[:4] in PCAP_KINDS:
        return PcapReader(PCAP_KINDS[first[:4]])
    raise Malformed("neither pcap nor pcapng", 0)


class _Unread:
    """Bytes fed and not yet read, and where in the recording they stand."""

    def __init__(self) -> None:
        self.data = np.zeros(0, np.uint8)
        self.at = 0
        self._skip = 0
        self._before = 0

    def feed(self, data: bytes) -> None:
        self._before += self.at
        rest = bytearray(self.data[self.at :].tobytes() + data)
        # Writable, like the buffers of live traffic, so that both share one compiled kernel.
        self.data = np.frombuffer(rest, np.uint8)
        self.at = min(self._skip, len(rest))
        self._skip -= self.at

    def skip(self, count: int) -> None:
        """Pass over the next `count` bytes, those yet to come included."""
        here = min(count, len(self))
        self.at += here
        self._skip = count - here

    def __len__(self) -> int:
        return len(self.data) - self.at

    def bytes(self, start: int, end: int) -> bytes:
        return self.data[self.at + start : self.at + end].tobytes()

    @property
    def position(self) -> int:
        return self._before + self.at

    def finish(self) -> None:
        if len(self) or self._skip:
            raise Malformed("recording ends inside a packet", self.position)


class PcapReader:
    """Packets of a pcap recording: `feed` bytes, `read` until it gives None, at the end `finish`."""

    def __init__(self, kind: PcapKind) -> None:
        self._kind = kind
        self._unread = _Unread()
        self._packets = np.zeros((5, PACKETS_IN_BLOCK), np.int64)
        self.link_types: tuple[int, ...] = ()

    def feed(self, data: bytes) -> None:
        self._unread.feed(data)

    def read(self) -> PacketBlock | None:
        """The next packets, or None where more bytes are needed; Malformed at the offset of the damage."""
        unread, kind = self._unread, self._kind
        if not self.link_types:
            if len(unread) < PCAP_HEADER_BYTES:
                return None
            link_type = Struct("<I" if kind.little_endian else ">I").unpack(unread.bytes(20, 24))[0]
            self.link_types = (link_type & 0xFFFF,)
            self._packets[4] = self.link_types[0]
            unread.skip(PCAP_HEADER_BYTES)
        found, at, how = scan_pcap(
            unread.data,
            unread.at,
            kind.little_endian,
            kind.record_header_bytes,
            kind.fractions_per_ms,
            self._packets,
        )
        unread.at = at
        if not found and how == DAMAGED:
            raise Malformed("packet length out of range", unread.position)
        return _block(unread.data, self._packets, found)

    def finish(self) -> None:
        """Malformed where the recording ends inside its header or a packet."""
        self._unread.finish()


class PcapngReader:
    """Packets of a pcapng recording, as PcapReader. Sections, interfaces and their clocks are followed."""

    def __init__(self) -> None:
        self._unread = _Unread()
        self._packets = np.zeros((5, PACKETS_IN_BLOCK), np.int64)
        self._little_endian = True
        self._interfaces = np.zeros((0, 4), np.int64)
        self._last_ms = 0
        self.link_types: tuple[int, ...] = ()

    def feed(self, data: bytes) -> None:
        self._unread.feed(data)

    def read(self) -> PacketBlock | None:
        """The next packets, or None where more bytes are needed; Malformed at the offset of the damage."""
        unread = self._unread
        while True:
            found, at, how = scan_pcapng(
                unread.data, unread.at, self._little_endian, self._interfaces, self._last_ms, self._packets
            )
            unread.at = at
            if found:
                self._last_ms = int(self._packets[3, found - 1])
                return _block(unread.data, self._packets, found)
            if how == DAMAGED:
                raise Malformed("packet block damaged", unread.position)
            if how != OTHER_BLOCK or not self._read_other_block():
                return None

    def finish(self) -> None:
        """Malformed where the recording ends inside a block."""
        self._unread.finish()

    def _read_other_block(self) -> bool:
        """Take in or pass over a block that holds no packet; False where more bytes are needed."""
        unread = self._unread
        kind = self._number(0, 4)
        if kind == SECTION_HEADER:
            if unread.bytes(8, 12) not in BYTE_ORDERS:
                raise Malformed("no byte order in section header", unread.position)
            self._little_endian = BYTE_ORDERS[unread.bytes(8, 12)]
        length = self._number(4, 8)
        if length < (28 if kind == SECTION_HEADER else 12) or length % 4:
            raise Malformed("block length out of range", unread.position)
        if kind in (SECTION_HEADER, INTERFACE_DESCRIPTION):
            if length > DESCRIPTION_BYTES_MAX:
                raise Malformed("block length out of range", unread.position)
            if len(unread) < length:
                return False
            if self._number(length - 4, length) != length:
                raise Malformed("block lengths disagree", unread.position)
            if kind == SECTION_HEADER:
                self._begin_section()
            else:
                self._add_interface(unread.bytes(8, length - 4))
        unread.skip(length)
        return True

    def _number(self, start: int, end: int) -> int:
        return int.from_bytes(self._unread.bytes(start, end), "little" if self._little_endian else "big")

    def _begin_section(self) -> None:
        if self._number(12, 14) != 1:
            raise Malformed("unknown pcapng version", self._unread.position)
        self._interfaces = np.zeros((0, 4), np.int64)

    def _add_interface(self, body: bytes) -> None:
        if len(body) < 8 or len(self._interfaces) >= INTERFACES_MAX:
            raise Malformed("interface description out of range", self._unread.position)
        order = "<" if self._little_endian else ">"
        link_type, _, snap_bytes = Struct(order + "HHI").unpack_from(body)
        ticks_per_s, offset_s = 1_000_000, 0
        at = 8
        while at + 4 <= len(body):
            code, size = Struct(order + "HH").unpack_from(body, at)
            value = body[at + 4 : at + 4 + size]
            if code == OPTION_END or len(value) < size:
                break
            if code == OPTION_TIMESTAMP_RESOLUTION and size >= 1:
                ticks_per_s = 1 << (value[0] & 0x7F) if value[0] & 0x80 else int(10 ** value[0])
            elif code == OPTION_TIMESTAMP_OFFSET and size >= 8:
                offset_s = Struct(order + "q").unpack_from(value)[0]
            at += 4 + (size + 3 & ~3)
        if ticks_per_s >= 1 << 63 or abs(offset_s) > SECONDS_MAX:
            raise Malformed("interface clock out of range", self._unread.position)
        interface = np.array([[link_type, snap_bytes, ticks_per_s, offset_s]], np.int64)
        self._interfaces = np.concatenate((self._interfaces, interface))
        if link_type not in self.link_types:
            self.link_types += (link_type,)


def _block(data: npt.NDArray[np.uint8], packets: npt.NDArray[np.int64], found: int) -> PacketBlock | None:
    if not found:
        return None
    starts, lengths, original_lengths, timestamps_ms, link_types = packets[:, :found]
    return PacketBlock(data, starts, lengths, original_lengths, timestamps_ms, link_types)
