"""Envelopes and what is sealed in them: bytes to values and back, strictly.

docs/hotline.md, "The envelope, suite TG1". One envelope has one byte string, and so has each value in it.
"""

import re
import struct
from itertools import pairwise
from typing import Final

from tidegate.model.canonical import INTEGER_MAX
from tidegate.model.messages import (
    BUCKETS,
    COMMITMENT_BYTES,
    RECIPIENTS_MAX,
    TAG_BYTES,
    WRAPPED_BYTES,
    Envelope,
    EnvelopeHeader,
    Sealed,
    Wrap,
)
from tidegate.model.refusals import Malformed
from tidegate.model.value_bytes import bytes_of, value_from

MAGIC: Final = b"TGE1"
START: Final = struct.Struct(">4sI")

HEADER_BYTES_MAX = 1 << 15
"""Room for the wraps of all recipients that a message may have; a longer header is Malformed."""
SEALED_BYTES_MAX = (1 << 21) - 4
"""What the largest bucket holds; a longer value is Malformed."""

CIPHERTEXT_BYTES: Final = frozenset(bucket + TAG_BYTES for bucket in BUCKETS)

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
KEY_ID: Final = re.compile(r"[0-9a-f]{32}")


def encode_envelope(envelope: Envelope) -> bytes:
    return START.pack(MAGIC, len(envelope.header_bytes)) + envelope.header_bytes + envelope.ciphertext


def decode_envelope(data: bytes) -> Envelope:
    """The inverse, for whoever carries it or may open it. Malformed, with where, unless:

    1. It begins with "TGE1" and a header's length that is within its bounds and the bytes.
    2. The header is canonical JSON of exactly the fields of EnvelopeHeader, of suite TG1.
    3. The commitment has 32 bytes, and the expiry is a time.
    4. There are 1 to 16 wraps, in the order of their recipients, no recipient twice.
    5. Each names its recipient and key in small hex digits and has 1,168 bytes.
    6. The ciphertext is as long as one of the twelve buckets and its tag: nothing is cut off or added.
    """
    if len(data) < START.size:  # 1
        raise Malformed("envelope cut short", len(data))
    magic, header_length = START.unpack_from(data)
    if magic != MAGIC:
        raise Malformed("not an envelope of a known version", 0)
    if not 0 < header_length <= HEADER_BYTES_MAX or START.size + header_length > len(data):
        raise Malformed("header of an impossible length", 4)
    end = START.size + header_length
    header_bytes, ciphertext = data[START.size : end], data[end:]
    if len(ciphertext) not in CIPHERTEXT_BYTES:  # 6
        raise Malformed("ciphertext of an impossible length", end)
    header = value_from(EnvelopeHeader, header_bytes, HEADER_BYTES_MAX)  # 2
    check_header(header)
    return Envelope(header, header_bytes, ciphertext)


def check_header(header: EnvelopeHeader) -> None:
    if len(header.commitment) != COMMITMENT_BYTES:  # 3
        raise Malformed("commitment of another length", START.size)
    if not 0 <= header.expires_at_s <= INTEGER_MAX:
        raise Malformed("expiry out of range", START.size)
    if not 0 < len(header.wraps) <= RECIPIENTS_MAX:  # 4
        raise Malformed("too many recipients, or none", START.size)
    names = [wrap.recipient for wrap in header.wraps]
    if any(one >= other for one, other in pairwise(names)):
        raise Malformed("recipients not in order, or one twice", START.size)
    for wrap in header.wraps:
        check_wrap(wrap)


def check_wrap(wrap: Wrap) -> None:
    """Rule 5."""
    if not DIGEST.fullmatch(wrap.recipient) or not KEY_ID.fullmatch(wrap.key_id):
        raise Malformed("a recipient or a key without a proper name", START.size)
    if len(wrap.wrapped) != WRAPPED_BYTES:
        raise Malformed("a wrap of another length", START.size)


def encode_sealed(value: Sealed) -> bytes:
    """The body of an envelope. NotAllowed for what canonical JSON cannot hold."""
    return bytes_of(value)


def decode_sealed(body: bytes) -> Sealed:
    """The inverse; Malformed unless it is exactly the canonical bytes of one kind of Sealed value. What is in
    it is believed by nobody yet."""
    value: Sealed = value_from(Sealed, body, SEALED_BYTES_MAX)  # type: ignore[arg-type]
    return value
