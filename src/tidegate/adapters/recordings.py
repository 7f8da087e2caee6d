"""Recordings (pcap, pcapng, compressed or not), read as packets or as the telemetry datagrams in them."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Literal, Self, cast

import numpy as np
import numpy.typing as npt

from tidegate.kernels.packets import (
    TELEMETRY,
    TELEMETRY_CUT,
    UDP_FRAGMENT,
    find_telemetry,
    looks_like_telemetry,
)
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowBatch, empty_rows
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.captures import PACKETS_IN_BLOCK, PcapngReader, PcapReader, capture_reader
from tidegate.wire.fragments import Reassembly, fragment_of
from tidegate.wire.packets import LINK_TYPE_NAMES, PacketBlock, rows_from_packets

CHUNK_BYTES = 1 << 20
"""Bytes asked of the file at a time; with one packet's rest this is all of a recording that is in memory."""

GUESS_DATAGRAMS_MAX = 256
"""Datagrams looked at to guess what a recording holds."""

STANDARD_INPUT = "-"

Kind = Literal["datagrams", "packets"]


@dataclass(slots=True)
class RecordingCounts:
    """What was met so far, also what could not be used.

    `unreadable` packets are of a link type that Tidegate does not know; `cut_short` are telemetry datagrams
    of which the recording holds only the beginning.
    """

    packets: int = 0
    without_ip: int = 0
    unreadable: int = 0
    datagrams: int = 0
    cut_short: int = 0
    fragmented_given_up: int = 0


def open_recording(path: str | Path) -> "Recording":
    """A recording ready to be read once, "-" being standard input.

    NotAllowed where it cannot be opened, is no recording, or holds only links of an unknown type.
    """
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    try:
        raw = sys.stdin.buffer if str(path) == STANDARD_INPUT else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise NotAllowed(f"{name} cannot be opened: {error.strerror}.") from error
    try:
        return Recording(name, raw)
    except (Malformed, NotAllowed):
        raw.close()
        raise


class Recording:
    """One pass over one recording: either its packets or its telemetry datagrams.

    `kind` is a guess from its beginning. Damage raises Malformed, with the name and the byte offset (in
    the uncompressed recording), after everything before it has been given out.
    """

    def __init__(self, name: str, raw: BinaryIO) -> None:
        self.name = name
        self.counts = RecordingCounts()
        self._raw = raw
        self._stream = _Stream(name, raw)
        self._reader = self._open_reader()
        self._taken = False
        self._first = self._next_block()
        self._finds = _Finds()
        self.kind: Kind = self._guess()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    @property
    def read_bytes(self) -> int:
        """Bytes taken of the file as it lies on disk, for showing progress; 0 where that is not known."""
        return self._raw.tell() if self._raw.seekable() else 0

    def packets(self, *, exporter: int = 0) -> Iterator[FlowBatch]:
        """A row for each packet, as tidegate.wire.packets.rows_from_packets makes them.

        Batches hold at most PACKETS_IN_BLOCK rows, in a buffer that the next batch fills again; `exporter`
        is their row in an exporter table.
        """
        rows = empty_rows(PACKETS_IN_BLOCK)
        for block in self._blocks():
            batch = rows_from_packets(
                block.data,
                block.starts,
                block.lengths,
                block.original_lengths,
                block.timestamps_ms,
                block.link_types,
                exporter=exporter,
                rows=rows,
            )
            self.counts.without_ip += int(np.count_nonzero(batch.rows["family"] == 0))
            yield batch

    def datagrams(self) -> Iterator[DatagramBlock]:
        """Telemetry datagrams, fragmented ones put together, with their senders and capture times."""
        reassembly = Reassembly()
        for block in self._blocks():
            self._finds.search(block)
            found = _datagram_block(block, self._finds, reassembly)
            self.counts.cut_short += int(np.count_nonzero(self._finds.kinds[: len(block)] == TELEMETRY_CUT))
            self.counts.fragmented_given_up = reassembly.given_up
            self.counts.datagrams += len(found)
            if len(found):
                yield found
        self.counts.fragmented_given_up += len(reassembly)

    def _blocks(self) -> Iterator[PacketBlock]:
        if self._taken:
            raise NotAllowed(f"{self.name} has been read already; open it again.")
        self._taken = True
        block = self._first
        while block is not None:
            self.counts.packets += len(block)
            self.counts.unreadable += int(np.count_nonzero(~np.isin(block.link_types, list(LINK_TYPE_NAMES))))
            yield block
            block = self._next_block()

    def _open_reader(self) -> PcapReader | PcapngReader:
        first = self._stream.read()
        try:
            reader = capture_reader(first)
        except Malformed as error:
            raise NotAllowed(f"{self.name} is no recording: it is neither pcap nor pcapng.") from error
        reader.feed(first)
        return reader

    def _next_block(self) -> PacketBlock | None:
        try:
            while (block := self._reader.read()) is None:
                data = self._stream.read()
                if not data:
                    self._reader.finish()
                    return None
                self._reader.feed(data)
        except Malformed as error:
            raise Malformed(f"{self.name}: {error.reason}", error.at) from error
        self._refuse_unknown_links()
        return block

    def _refuse_unknown_links(self) -> None:
        links = self._reader.link_types
        if not LINK_TYPE_NAMES.keys().isdisjoint(links):
            return
        known = ", ".join(sorted(set(LINK_TYPE_NAMES.values())))
        raise NotAllowed(
            f"{self.name} was captured on a link of type {', '.join(map(str, links))}, which cannot be read;"
            f" those that can are: {known}."
        )

    def _guess(self) -> Kind:
        """Datagrams, if at least half of the first whole IP packets open as telemetry does."""
        if self._first is None:
            return "packets"
        whole = self._finds.search(self._first)
        found = np.flatnonzero(self._finds.kinds[: len(self._first)] == TELEMETRY)
        looked_at = found[:GUESS_DATAGRAMS_MAX]
        starts, sizes = self._finds.payloads[looked_at], self._finds.sizes[looked_at]
        alike = sum(
            looks_like_telemetry(self._first.data, start, start + size)
            for start, size in zip(starts, sizes, strict=True)
        )
        return "datagrams" if alike and len(found) * 2 >= whole and alike * 2 >= len(looked_at) else "packets"


class _Finds:
    """The arrays that `find_telemetry` fills, one element for each packet of a block."""

    def __init__(self) -> None:
        self.kinds = np.zeros(PACKETS_IN_BLOCK, np.int64)
        self.payloads = np.zeros(PACKETS_IN_BLOCK, np.int64)
        self.sizes = np.zeros(PACKETS_IN_BLOCK, np.int64)
        self.sources = np.zeros((PACKETS_IN_BLOCK, 2), np.uint64)

    def search(self, block: PacketBlock) -> int:
        return int(
            find_telemetry(
                block.data,
                block.starts,
                block.lengths,
                block.link_types,
                self.kinds,
                self.payloads,
                self.sizes,
                self.sources,
            )
        )


def _datagram_block(block: PacketBlock, finds: _Finds, reassembly: Reassembly) -> DatagramBlock:
    """The telemetry of one block of packets; those put together from fragments lie behind its bytes."""
    kinds = finds.kinds[: len(block)]
    extra: list[bytes] = []
    extra_at = len(block.data)
    for i in np.flatnonzero(kinds == UDP_FRAGMENT):
        start = finds.payloads[i]
        fragment = fragment_of(block.data[start : start + finds.sizes[i]].tobytes())
        whole = reassembly.add(fragment, int(block.timestamps_ms[i])) if fragment else None
        if whole and looks_like_telemetry(np.frombuffer(bytearray(whole), np.uint8), 0, len(whole)):
            kinds[i] = TELEMETRY
            finds.payloads[i], finds.sizes[i] = extra_at, len(whole)
            extra.append(whole)
            extra_at += len(whole)
    chosen = np.flatnonzero(kinds == TELEMETRY)
    data = block.data
    if extra:
        data = np.concatenate((data, np.frombuffer(b"".join(extra), np.uint8)))
    return DatagramBlock(
        data=data,
        starts=finds.payloads[chosen],
        lengths=finds.sizes[chosen],
        source_high=_contiguous(finds.sources[chosen, 0]),
        source_low=_contiguous(finds.sources[chosen, 1]),
        received_ms=block.timestamps_ms[chosen],
    )


def _contiguous(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(words)


class _Stream:
    """A file's bytes, unpacked, in chunks; those before damage are given out before the damage is told."""

    def __init__(self, name: str, raw: BinaryIO) -> None:
        self._name = name
        self._given = 0
        self._damage: Malformed | None = None
        buffered = cast(io.BufferedReader, raw)
        self._unpacked, self._failures = _unpacked(name, buffered, buffered.peek(6)[:6])

    def read(self) -> bytes:
        """The next chunk, empty at the end."""
        if self._damage:
            raise self._damage
        parts: list[bytes] = []
        missing = CHUNK_BYTES
        try:
            while missing and (part := self._unpacked.read1(missing)):
                parts.append(part)
                missing -= len(part)
        except self._failures as error:
            self._damage = Malformed(
                f"{self._name}: unpacking failed: {error}", self._given + CHUNK_BYTES - missing
            )
            if not parts:
                raise self._damage from error
        self._given += CHUNK_BYTES - missing
        return b"".join(parts)


def _unpacked(
    name: str, raw: io.BufferedReader, first: bytes
) -> tuple[io.BufferedReader, tuple[type[Exception], ...]]:
    """The file itself, or one that unpacks it, by its first bytes; and what it raises where it is damaged."""
    failures: tuple[type[Exception], ...] = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
    unpacked: BinaryIO = raw
    if first[:2] == b"\x1f\x8b":
        unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    elif first[:3] == b"BZh":
        unpacked = cast(BinaryIO, bz2.BZ2File(raw))
    elif first == b"\xfd7zXZ\0":
        unpacked = cast(BinaryIO, lzma.LZMAFile(raw))  # noqa: SIM115
    elif first[:4] == b"\x28\xb5\x2f\xfd":
        zstd = _zstd_module(name)
        unpacked = io.BufferedReader(zstd.open(raw, "rb"))
        failures += (zstd.ZstdError,)
    return cast(io.BufferedReader, unpacked), failures


def _zstd_module(name: str) -> ModuleType:
    """Python's own module for zstd (3.14), or the package of that name."""
    for package, module in (("compression", "compression.zstd"), ("zstandard", "zstandard")):
        if find_spec(package) and find_spec(module):
            return import_module(module)
    raise NotAllowed(f"{name} is packed with zstd; unpack it first, or install the package zstandard.")
