"""Messages between the collector process and the node: framed, versioned, bounded, columns as raw bytes.

A frame is a header of 12 bytes (mark, version, kind, lengths of the two parts that follow), a
MessagePack part with the small values, and the columns' bytes one after the other. Nothing is ever
unpickled: a column's layout is the one both ends were built with, and `Ready` carries its fingerprint.
"""

import hashlib
import struct
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import Prefix
from tidegate.model.exporters import EXPORTER, EXPORTERS_MAX
from tidegate.model.flows import FLOW
from tidegate.model.refusals import Malformed
from tidegate.model.summaries import CELL, INBOUND, INBOUND_ROWS_MAX, SUMMARY_CELLS_MAX, SecondSummary
from tidegate.ports.collector import (
    SAMPLE_ROWS_MAX,
    CollectorReport,
    Failed,
    FlowSample,
    Ready,
    SampleReply,
    SampleRequest,
    Stopping,
    ToCollector,
    ToNode,
)

FRAME_BYTES_MAX = 16 << 20
"""Longest frame: a summary with every cell and every exporter takes less; a longer one is Malformed."""

WHY_CHARACTERS_MAX = 1_000
"""Of the reason why a collector failed, so much is told."""

LINK_VERSION: Final = 1
_MARK: Final = b"tg"
_HEADER: Final = struct.Struct("<2sBBII")

_COLUMNS: Final = (CELL, EXPORTER, FLOW, INBOUND)
_LAYOUT: Final = hashlib.sha256(repr([each.descr for each in _COLUMNS]).encode()).hexdigest()[:16]

Message = ToNode | ToCollector
_Columns = tuple[npt.NDArray[np.generic], ...]


class _Report(msgspec.Struct, frozen=True, array_like=True):
    second: int
    cells: int
    inbound: int
    cells_left_out: int
    exporters: int
    refused: list[tuple[int, str, int]]
    records: int
    bytes: float
    packets: float
    bytes_variance: float
    packets_variance: float
    unscaled_bytes: float
    active_cells: int
    degraded: str | None
    datagrams_dropped_this_second: int
    exporter_names: list[str]
    datagrams_dropped: int
    summaries_dropped: int
    receive_buffer_bytes: int
    receive_buffer_wanted: int
    journal_trouble: str | None
    clock_behind_ms: int


class _Sample(msgspec.Struct, frozen=True, array_like=True):
    number: int
    rows: int
    from_ms: int
    until_ms: int


class _Request(msgspec.Struct, frozen=True, array_like=True):
    number: int
    high: int
    low: int
    length: int
    limit: int


class _Ready(msgspec.Struct, frozen=True, array_like=True):
    version: str
    ports: tuple[int, ...]
    layout: str


class _Stopping(msgspec.Struct, frozen=True, array_like=True):
    pass


class _Failed(msgspec.Struct, frozen=True, array_like=True):
    why: str


_REPORT, _SAMPLE, _REQUEST, _READY, _STOPPING, _FAILED = range(1, 7)
_PARTS: Final[dict[int, type[msgspec.Struct]]] = {
    _REPORT: _Report,
    _SAMPLE: _Sample,
    _REQUEST: _Request,
    _READY: _Ready,
    _STOPPING: _Stopping,
    _FAILED: _Failed,
}
_pack = msgspec.msgpack.Encoder().encode
_unpack = {kind: msgspec.msgpack.Decoder(part).decode for kind, part in _PARTS.items()}


def encode(message: Message) -> bytes:
    """The frame of a message."""
    return b"".join(pieces(message))


def pieces(message: Message) -> list[bytes | memoryview]:
    """The frame of a message in pieces, of which those of columns are views: copying 8 MB takes its time."""
    kind, part, columns = _taken_apart(message)
    packed = _pack(part)
    raw = [np.ascontiguousarray(column).view(np.uint8).data for column in columns]
    header = _HEADER.pack(_MARK, LINK_VERSION, kind, len(packed), sum(map(len, raw)))
    return [header + packed, *raw]


def _taken_apart(message: Message) -> tuple[int, msgspec.Struct, _Columns]:
    match message:
        case CollectorReport(summary=summary):
            return _REPORT, _report_part(message), (summary.cells, summary.exporters, summary.inbound)
        case SampleReply(number, sample):
            part = _Sample(number, len(sample.rows), sample.from_ms, sample.until_ms)
            return _SAMPLE, part, (sample.rows, sample.weights, sample.received_ms)
        case SampleRequest(number, prefix, limit):
            return _REQUEST, _Request(number, prefix.high, prefix.low, prefix.length, limit), ()
        case Ready(version, ports):
            return _READY, _Ready(version, ports, _LAYOUT), ()
        case Stopping():
            return _STOPPING, _Stopping(), ()
        case Failed(why):
            return _FAILED, _Failed(why[:WHY_CHARACTERS_MAX]), ()


def _report_part(report: CollectorReport) -> _Report:
    summary = report.summary
    return _Report(
        second=summary.second,
        cells=len(summary.cells),
        cells_left_out=summary.cells_left_out,
        exporters=len(summary.exporters),
        inbound=len(summary.inbound),
        refused=[(int(row), reason, int(count)) for (row, reason), count in summary.refused.items()],
        records=int(summary.records),
        bytes=float(summary.bytes),
        packets=float(summary.packets),
        bytes_variance=float(summary.bytes_variance),
        packets_variance=float(summary.packets_variance),
        unscaled_bytes=float(summary.unscaled_bytes),
        active_cells=int(summary.active_cells),
        degraded=summary.degraded,
        datagrams_dropped_this_second=summary.datagrams_dropped,
        exporter_names=list(report.exporter_names),
        datagrams_dropped=report.datagrams_dropped,
        summaries_dropped=report.summaries_dropped,
        receive_buffer_bytes=report.receive_buffer_bytes,
        receive_buffer_wanted=report.receive_buffer_wanted,
        journal_trouble=report.journal_trouble,
        clock_behind_ms=int(report.clock_behind_ms),
    )


class FrameReader:
    """Bytes of the link in, whole messages out; holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, received: bytes) -> list[Message]:
        """The messages completed by these bytes. Malformed leaves the reader useless: end the link."""
        self._pending += received
        messages: list[Message] = []
        at = 0
        while (end := self._frame_end(at)) is not None:
            with memoryview(self._pending) as pending:
                frame = bytes(pending[at:end])
            messages.append(decode(frame))
            at = end
        del self._pending[:at]
        return messages

    @property
    def unfinished(self) -> bool:
        return bool(self._pending)

    def _frame_end(self, at: int) -> int | None:
        if len(self._pending) - at < _HEADER.size:
            return None
        end = at + _frame_bytes(*_HEADER.unpack_from(self._pending, at))
        return end if end <= len(self._pending) else None


def _frame_bytes(mark: bytes, version: int, kind: int, packed: int, raw: int) -> int:
    if mark != _MARK:
        raise Malformed("not a frame of the collector's link", 0)
    if version != LINK_VERSION:
        raise Malformed("link version of another release", 2)
    if kind not in _PARTS:
        raise Malformed("unknown kind of message", 3)
    total = _HEADER.size + packed + raw
    if total > FRAME_BYTES_MAX:
        raise Malformed("frame too long", 4)
    return total


def decode(frame: bytes) -> Message:
    """The message of one whole frame; Malformed when its parts disagree."""
    if len(frame) < _HEADER.size:
        raise Malformed("frame cut short", len(frame))
    mark, version, kind, packed, raw = _HEADER.unpack_from(frame)
    if len(frame) != _frame_bytes(mark, version, kind, packed, raw):
        raise Malformed("frame cut short", len(frame))
    start = _HEADER.size + packed
    try:
        part = _unpack[kind](frame[_HEADER.size : start])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed("message part is not what its kind says", _HEADER.size) from error
    return _put_together(part, _ColumnReader(frame, start))


class _ColumnReader:
    """Takes columns off a frame one after the other, each copied to where its fields are aligned."""

    def __init__(self, frame: bytes, at: int) -> None:
        self._frame, self._at = frame, at

    def take(self, dtype: np.dtype[np.generic], count: int, limit: int) -> npt.NDArray[Any]:
        if not 0 <= count <= limit:
            raise Malformed("column longer than its bound", self._at)
        end = self._at + count * dtype.itemsize
        if end > len(self._frame):
            raise Malformed("column cut short", self._at)
        column = np.empty(count, dtype)
        column.view(np.uint8)[:] = np.frombuffer(self._frame, np.uint8, end - self._at, self._at)
        self._at = end
        return column

    def end(self) -> None:
        if self._at != len(self._frame):
            raise Malformed("bytes after the last column", self._at)


def _put_together(part: msgspec.Struct, columns: _ColumnReader) -> Message:
    message: Message
    match part:
        case _Report():
            message = _report(part, columns)
        case _Sample(number, rows, from_ms, until_ms):
            flows = columns.take(FLOW, rows, SAMPLE_ROWS_MAX)
            weights = columns.take(np.dtype(np.float64), rows, SAMPLE_ROWS_MAX)
            received_ms = columns.take(np.dtype(np.int64), rows, SAMPLE_ROWS_MAX)
            message = SampleReply(number, FlowSample(flows, weights, received_ms, from_ms, until_ms))
        case _Request(number, high, low, length, limit):
            if not (0 <= high < 1 << 64 and 0 <= low < 1 << 64 and 0 <= length <= 128 and limit >= 0):
                raise Malformed("no prefix", _HEADER.size)
            message = SampleRequest(number, Prefix(high, low, length), limit)
        case _Ready(version, ports, layout):
            if layout != _LAYOUT:
                raise Malformed(
                    "the collector is of another release than the node: restart the node", _HEADER.size
                )
            message = Ready(version, ports)
        case _Failed(why):
            message = Failed(why)
        case _:
            message = Stopping()
    columns.end()
    return message


def _report(part: _Report, columns: _ColumnReader) -> CollectorReport:
    if len(part.exporter_names) != part.exporters:
        raise Malformed("exporters without a name", _HEADER.size)
    summary = SecondSummary(
        second=part.second,
        cells=columns.take(CELL, part.cells, SUMMARY_CELLS_MAX),
        cells_left_out=part.cells_left_out,
        exporters=columns.take(EXPORTER, part.exporters, EXPORTERS_MAX),
        refused={(row, reason): count for row, reason, count in part.refused},
        records=part.records,
        bytes=part.bytes,
        packets=part.packets,
        bytes_variance=part.bytes_variance,
        packets_variance=part.packets_variance,
        unscaled_bytes=part.unscaled_bytes,
        active_cells=part.active_cells,
        degraded=part.degraded,
        datagrams_dropped=part.datagrams_dropped_this_second,
        inbound=columns.take(INBOUND, part.inbound, INBOUND_ROWS_MAX),
    )
    return CollectorReport(
        summary=summary,
        exporter_names=tuple(part.exporter_names),
        datagrams_dropped=part.datagrams_dropped,
        summaries_dropped=part.summaries_dropped,
        receive_buffer_bytes=part.receive_buffer_bytes,
        receive_buffer_wanted=part.receive_buffer_wanted,
        journal_trouble=part.journal_trouble,
        clock_behind_ms=part.clock_behind_ms,
    )
