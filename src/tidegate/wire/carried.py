"""Envelopes that are carried by hand: one file, or numbered lines of text that fit into QR codes.

A file is `TGX1 ‖ (u32 length ‖ envelope)... ‖ SHA-256` of all before it. A line is `TG1:` with the file's
first eight hex digits of SHA-256, the line's number and how many there are, its share of the file in base32
(RFC 4648, without padding), and a CRC-32 over all before it, so that a line typed or scanned wrongly is known
by itself: `TG1:5E884898:3:12:MFRGG...:1C291CA3`. All of it is in the alphanumeric set of QR codes.
"""

import re
import struct
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from zlib import crc32

from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.exchange import ENVELOPE_BYTES_MAX

FILE_BYTES_MAX = 64 << 20
"""Bytes of one carried file; more is carried in several."""

LINES_MAX = 4_096
"""Lines of one file; a larger one goes by file or mail, and not by codes."""

MAGIC: Final = b"TGX1"
_LENGTH: Final = struct.Struct(">I")
_HASH_BYTES: Final = 32
_LINE: Final = re.compile(r"TG1:([0-9A-F]{8}):([1-9]\d{0,3}):([1-9]\d{0,3}):([A-Z2-7]+):([0-9A-F]{8})")
_FRAME_CHARACTERS: Final = 32


def encode_file(envelopes: Sequence[bytes]) -> bytes:
    """NotAllowed where nothing is carried, or more than one file holds."""
    body = MAGIC + b"".join(_LENGTH.pack(len(envelope)) + envelope for envelope in envelopes)
    if not envelopes or len(body) + _HASH_BYTES > FILE_BYTES_MAX:
        raise NotAllowed(f"a file carries at least one envelope and at most {FILE_BYTES_MAX} bytes")
    return body + sha256(body).digest()


def decode_file(body: bytes) -> tuple[bytes, ...]:
    """The inverse; Malformed where it was cut, altered, or is no such file."""
    if not body.startswith(MAGIC):
        raise Malformed("no carried file", 0)
    end = len(body) - _HASH_BYTES
    if end < len(MAGIC) or len(body) > FILE_BYTES_MAX or sha256(body[:end]).digest() != body[end:]:
        raise Malformed("the file was cut or altered on its way", len(body))
    envelopes: list[bytes] = []
    at = len(MAGIC)
    while at < end:
        envelope, at = _next(body, at, end)
        envelopes.append(envelope)
    return tuple(envelopes)


def _next(body: bytes, at: int, end: int) -> tuple[bytes, int]:
    begin = at + _LENGTH.size
    length = _LENGTH.unpack_from(body, at)[0] if begin <= end else 0
    if not 0 < length <= ENVELOPE_BYTES_MAX or begin + length > end:
        raise Malformed("envelope of an impossible length", at)
    return body[begin : begin + length], begin + length


def encode_lines(file: bytes, characters: int) -> list[str]:
    """A file as lines of at most so many characters; NotAllowed where they would be too many."""
    share = (characters - _FRAME_CHARACTERS) * 5 // 8
    count = -(-len(file) // share) if share > 0 else LINES_MAX + 1
    if count > LINES_MAX:
        raise NotAllowed(f"{len(file)} bytes would be {count} codes; carry them as a file or by mail")
    name = _name(file)
    lines: list[str] = []
    for at in range(count):
        text = b32encode(file[at * share : (at + 1) * share]).decode().rstrip("=")
        line = f"TG1:{name}:{at + 1}:{count}:{text}"
        lines.append(f"{line}:{_check(line)}")
    return lines


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a share of the file of that name."""

    file: str
    number: int
    count: int
    share: bytes


def decode_line(text: str) -> Line:
    """Malformed where it is no line, or was not read or typed as it was."""
    told = _LINE.fullmatch(text.strip().upper())
    if told is None:
        raise Malformed("no line of a carried file", 0)
    whole = told.group(0)
    name, number, count, share, check = told.groups()
    if _check(whole[: -len(check) - 1]) != check or int(number) > int(count) or int(count) > LINES_MAX:
        raise Malformed("a line was not read as it was written", 0)
    try:
        return Line(name, int(number), int(count), b32decode(share + "=" * (-len(share) % 8)))
    except NotBase32:
        raise Malformed("a line was not read as it was written", 0) from None


def missing(lines: Mapping[int, Line]) -> list[int]:
    """Numbers that are not there yet, of one file's lines by their number."""
    count = next(iter(lines.values())).count if lines else 0
    return [number for number in range(1, count + 1) if number not in lines]


def joined_lines(lines: Mapping[int, Line]) -> bytes:
    """The file out of all its lines; Malformed where they do not make the file that they name."""
    file = b"".join(lines[number].share for number in sorted(lines))
    if missing(lines) or any(line.file != _name(file) for line in lines.values()):
        raise Malformed("the lines do not make one file", 0)
    return file


def _name(file: bytes) -> str:
    return sha256(file).hexdigest()[:8].upper()


def _check(line: str) -> str:
    return f"{crc32(line.encode()):08X}"
