"""Journal entries of what exporters announced: versioned, self-checking bytes that outlive a restart."""

import struct
import zlib
from dataclasses import dataclass

from tidegate.kernels.sampling import BY_INTERFACE, BY_SAMPLER
from tidegate.model.refusals import Malformed
from tidegate.wire.sampling import BY_DOMAIN, AnnouncedRate
from tidegate.wire.templates import Template, Withdrawal, read_template_set

MAGIC = b"TGL"
VERSION = 1

ENTRY_BYTES_MAX = 4096
"""Longest entry: a template of FIELDS_MAX enterprise fields fits twice."""

_HEADER = struct.Struct(">3sBBQQIB")
_RATE = struct.Struct(">BQI")
_INIT = struct.Struct(">q")

TEMPLATE, OPTIONS_TEMPLATE, WITHDRAWN, OPTIONS_WITHDRAWN, RATE, SYSTEM_INIT = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class ExporterKey:
    """Who announced it: address words, observation domain and protocol."""

    high: int
    low: int
    domain: int
    protocol: int


@dataclass(frozen=True, slots=True)
class SystemInit:
    """The exporter's clock, in ms, when its uptime was zero (IE 160)."""

    at_ms: int


Learned = Template | Withdrawal | AnnouncedRate | SystemInit


def encode_learned(key: ExporterKey, learned: Learned) -> bytes:
    """One journal entry; `decode_learned` is its inverse."""
    kind, body = _body(learned)
    header = _HEADER.pack(MAGIC, VERSION, kind, key.high, key.low, key.domain, key.protocol)
    return header + body + struct.pack(">I", zlib.crc32(header + body))


def _body(learned: Learned) -> tuple[int, bytes]:
    match learned:
        case Template():
            return (OPTIONS_TEMPLATE if learned.options else TEMPLATE), learned.raw
        case Withdrawal():
            kind = OPTIONS_WITHDRAWN if learned.options else WITHDRAWN
            return kind, struct.pack(">H", learned.identity)
        case AnnouncedRate():
            return RATE, _RATE.pack(learned.kind, learned.identity, learned.rate)
        case SystemInit():
            return SYSTEM_INIT, _INIT.pack(learned.at_ms)


def decode_learned(entry: bytes) -> tuple[ExporterKey, Learned]:
    """The inverse of `encode_learned`; Malformed for anything else."""
    if not _HEADER.size + 4 <= len(entry) <= ENTRY_BYTES_MAX:
        raise Malformed("journal entry of no possible length", 0)
    magic, version, kind, high, low, domain, protocol = _HEADER.unpack_from(entry)
    if magic != MAGIC or version != VERSION:
        raise Malformed("journal entry of another kind or version", 0)
    if zlib.crc32(entry[:-4]) != int.from_bytes(entry[-4:]):
        raise Malformed("journal entry damaged", len(entry) - 4)
    body = entry[_HEADER.size : -4]
    return ExporterKey(high, low, domain, protocol), _learned(kind, body, protocol)


def _learned(kind: int, body: bytes, protocol: int) -> Learned:
    match kind:
        case 1 | 2 if protocol in {9, 10}:
            read = list(read_template_set(body, protocol, kind == OPTIONS_TEMPLATE))
            if len(read) == 1 and isinstance(read[0], Template) and read[0].raw == body:
                return read[0]
        case 3 | 4 if len(body) == 2:
            return Withdrawal(int.from_bytes(body), kind == OPTIONS_WITHDRAWN)
        case 5 if len(body) == _RATE.size:
            rate = AnnouncedRate(*_RATE.unpack(body))
            if rate.rate and rate.kind in {BY_DOMAIN, BY_SAMPLER, BY_INTERFACE}:
                return rate
        case 6 if len(body) == _INIT.size:
            (at_ms,) = _INIT.unpack(body)
            if SYSTEM_INIT_MS_MIN <= at_ms < SYSTEM_INIT_MS_LIMIT:
                return SystemInit(at_ms)
    raise Malformed("journal entry with an impossible content", _HEADER.size)


SYSTEM_INIT_MS_MIN = 1
SYSTEM_INIT_MS_LIMIT = 1 << 45
"""Ends in the year 3084: a system start outside these is nonsense."""
