"""Several envelopes in one body: what one exchange over HTTPS carries each way, and what a file holds.

Each envelope stands behind its length, four bytes, big-endian; nothing else. Nothing is opened here.
"""

import struct
from collections.abc import Sequence

from tidegate.model.refusals import Malformed, NotAllowed

ENVELOPE_BYTES_MAX = (2 << 20) + (64 << 10)
"""The largest bucket of ciphertext and a header with every recipient; a longer envelope is Malformed."""

EXCHANGE_ENVELOPES_MAX = 256
"""Envelopes in one body; what is more goes into the next one."""

EXCHANGE_BYTES_MAX = 4 << 20
"""Bytes of one body, so that an exchange over a slow link still ends; what is more goes into the next one."""

_LENGTH = struct.Struct(">I")


def encode_exchange(envelopes: Sequence[bytes]) -> bytes:
    """NotAllowed where they are more than one body takes; `fitting` says how many do."""
    if fitting(envelopes) < len(envelopes):
        raise NotAllowed(
            f"{len(envelopes)} envelopes do not fit one exchange of at most {EXCHANGE_BYTES_MAX} bytes "
            f"and {EXCHANGE_ENVELOPES_MAX} envelopes; send them in several"
        )
    return b"".join(piece for envelope in envelopes for piece in (_LENGTH.pack(len(envelope)), envelope))


def decode_exchange(body: bytes) -> tuple[bytes, ...]:
    """The inverse; Malformed where lengths and bytes disagree or a bound is passed."""
    if len(body) > EXCHANGE_BYTES_MAX:
        raise Malformed("exchange too long", EXCHANGE_BYTES_MAX)
    envelopes: list[bytes] = []
    at = 0
    while at < len(body):
        if len(envelopes) == EXCHANGE_ENVELOPES_MAX:
            raise Malformed("too many envelopes in one exchange", at)
        envelopes.append(_envelope_at(body, at))
        at += _LENGTH.size + len(envelopes[-1])
    return tuple(envelopes)


def fitting(envelopes: Sequence[bytes]) -> int:
    """How many of these, from the first on, one body takes."""
    room = EXCHANGE_BYTES_MAX
    for count, envelope in enumerate(envelopes[:EXCHANGE_ENVELOPES_MAX]):
        room -= _LENGTH.size + len(envelope)
        if room < 0 or not 0 < len(envelope) <= ENVELOPE_BYTES_MAX:
            return count
    return min(len(envelopes), EXCHANGE_ENVELOPES_MAX)


def _envelope_at(body: bytes, at: int) -> bytes:
    begin = at + _LENGTH.size
    if begin > len(body):
        raise Malformed("exchange cut short", at)
    (length,) = _LENGTH.unpack_from(body, at)
    if not 0 < length <= ENVELOPE_BYTES_MAX:
        raise Malformed("envelope of an impossible length", at)
    if begin + length > len(body):
        raise Malformed("exchange cut short", at)
    return body[begin : begin + length]
