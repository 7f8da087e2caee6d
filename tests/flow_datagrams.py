"""NetFlow and IPFIX built by hand for tests, one plain function a structure; rows as plain dictionaries."""

from collections.abc import Iterable, Sequence
from struct import pack

from tidegate.model.addresses import text
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowRows
from tidegate.wire.telemetry import TelemetryDecoder

EXPORTER = "192.0.2.1"
NOW_MS = 1_700_000_000_500
UPTIME_MS = 500_000_000

FieldSpec = tuple[int, int] | tuple[int, int, int]
"""(element, length) or (element, length, enterprise)."""


def netflow5(
    records: Sequence[bytes],
    *,
    sequence: int = 0,
    sampling: int = 0,
    uptime_ms: int = UPTIME_MS,
    export_ms: int = NOW_MS,
    engine: int = 0,
) -> bytes:
    header = pack(">HHIII", 5, len(records), uptime_ms, export_ms // 1000, export_ms % 1000 * 1_000_000)
    return header + pack(">IHH", sequence, engine, sampling) + b"".join(records)


def record5(
    *,
    source: bytes = b"\xc0\x00\x02\x09",
    destination: bytes = b"\xc6\x33\x64\x07",
    size: int = 1000,
    packets: int = 2,
    first: int = UPTIME_MS,
    last: int = UPTIME_MS,
    ports: tuple[int, int] = (53, 4444),
    protocol: int = 17,
) -> bytes:
    counters = pack(">HHIIII", 1, 2, packets, size, first, last)
    transport = pack(">HHBBBBHHBBH", *ports, 0, 0x10, protocol, 0, 64500, 64501, 24, 24, 0)
    return source + destination + bytes(4) + counters + transport


def netflow9(
    *sets: bytes,
    sequence: int = 0,
    domain: int = 0,
    uptime_ms: int = UPTIME_MS,
    export_ms: int = NOW_MS,
) -> bytes:
    return pack(">HHIIII", 9, len(sets), uptime_ms, export_ms // 1000, sequence, domain) + b"".join(sets)


def ipfix(*sets: bytes, sequence: int = 0, domain: int = 0, export_ms: int = NOW_MS) -> bytes:
    body = b"".join(sets)
    return pack(">HHIII", 10, 16 + len(body), export_ms // 1000, sequence, domain) + body


def set_of(identity: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return pack(">HH", identity, 4 + len(body)) + body


def specifiers(fields: Iterable[FieldSpec]) -> bytes:
    out = b""
    for element, length, *enterprise in fields:
        out += (
            pack(">HHI", element | 0x8000, length, *enterprise)
            if enterprise
            else pack(">HH", element, length)
        )
    return out


def template(identity: int, fields: Sequence[FieldSpec]) -> bytes:
    return pack(">HH", identity, len(fields)) + specifiers(fields)


def options_template9(identity: int, scopes: Sequence[FieldSpec], fields: Sequence[FieldSpec]) -> bytes:
    lengths = pack(">HHH", identity, 4 * len(scopes), 4 * len(fields))
    return lengths + specifiers(scopes) + specifiers(fields)


def options_template10(identity: int, scopes: Sequence[FieldSpec], fields: Sequence[FieldSpec]) -> bytes:
    counts = pack(">HHH", identity, len(scopes) + len(fields), len(scopes))
    return counts + specifiers(scopes) + specifiers(fields)


def numbers(fields: Sequence[FieldSpec], values: Sequence[int]) -> bytes:
    """One record whose fields are unsigned numbers."""
    return b"".join(value.to_bytes(field[1]) for field, value in zip(fields, values, strict=True))


PLAIN: tuple[FieldSpec, ...] = ((8, 4), (12, 4), (4, 1), (7, 2), (11, 2), (1, 4), (2, 4))
"""Source, destination, protocol, ports, bytes, packets."""


def plain_record(destination: int = 0xC633_6407, size: int = 1000) -> bytes:
    return numbers(PLAIN, (0xC000_0209, destination, 17, 53, 4444, size, 2))


def decode(
    decoder: TelemetryDecoder, *datagrams: bytes, source: str = EXPORTER, received_ms: int = NOW_MS
) -> list[dict]:
    """The rows of these datagrams, received together, as dictionaries."""
    rows: list[dict] = []
    for batch in decoder.decode(DatagramBlock.of(datagrams, source, received_ms)):
        rows += as_dicts(batch.rows)
    return rows


def as_dicts(rows: FlowRows) -> list[dict]:
    out = []
    for row in rows:
        told = {name: int(row[name]) for name in row.dtype.names}
        told["source"] = text(told.pop("src_high"), told.pop("src_low"))
        told["destination"] = text(told.pop("dst_high"), told.pop("dst_low"))
        out.append(told)
    return out


def reasons(decoder: TelemetryDecoder) -> dict[str, int]:
    """What was refused, all exporters together."""
    found: dict[str, int] = {}
    for (_, reason), count in decoder.refused().items():
        found[reason] = found.get(reason, 0) + count
    return found
