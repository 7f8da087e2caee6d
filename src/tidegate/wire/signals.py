"""What a signal datagram says, inside its seal: a piece of an exchange, a word, a probe, and their answers.

A datagram has at most 1,200 bytes, which every path carries whole (RFC 9000, section 14): 20 of header, 16
of authentication, and at most 1,164 of these plain bytes, of which the first tells what follows.
"""

import struct
from dataclasses import dataclass

from tidegate.model.messages import WORD_BYTES_MAX
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.erasure import NEEDED_MAX

DATAGRAM_BYTES_MAX = 1_200
"""Bytes of a signal datagram; a longer one is dropped unread."""

SEAL_BYTES = 36
PIECE_BYTES = 1_144
"""Bytes of one piece of an exchange."""

BODY_BYTES_MAX = 64 << 10
"""Bytes of an exchange that travels in pieces; larger ones go by other paths."""

_PIECE = struct.Struct(">B8sIB")
_GOT = struct.Struct(">B8s")
_WORD = struct.Struct(">B8s")


@dataclass(frozen=True, slots=True)
class Piece:
    """Piece `number` of the exchange `transfer`, whose body has `length` bytes."""

    transfer: bytes
    length: int
    number: int
    body: bytes

    @property
    def needed(self) -> int:
        return pieces_needed(self.length)


@dataclass(frozen=True, slots=True)
class Word:
    """A whole coded word."""

    transfer: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Probe:
    """Are you there, and is anything waiting for me?"""

    transfer: bytes


@dataclass(frozen=True, slots=True)
class Got:
    """The whole exchange, the word or the probe has come: nothing of it need be sent again."""

    transfer: bytes


Signal = Piece | Word | Probe | Got


def pieces_needed(length: int) -> int:
    return max(1, -(-length // PIECE_BYTES))


def encode_signal(signal: Signal) -> bytes:
    match signal:
        case Piece(transfer, length, number, body):
            return _PIECE.pack(1, transfer, length, number) + body
        case Word(transfer, body):
            if len(body) > WORD_BYTES_MAX:
                raise NotAllowed(f"a word of {len(body)} bytes does not fit a datagram ({WORD_BYTES_MAX})")
            return _WORD.pack(2, transfer) + body
        case Probe(transfer):
            return _GOT.pack(3, transfer)
        case Got(transfer):
            return _GOT.pack(4, transfer)


def decode_signal(plain: bytes) -> Signal:
    """The inverse; Malformed for anything else."""
    kind = plain[0] if plain else 0
    if kind == 1 and len(plain) == _PIECE.size + PIECE_BYTES:
        _, transfer, length, number = _PIECE.unpack_from(plain)
        if 0 < length <= BODY_BYTES_MAX and number < 255 and pieces_needed(length) <= NEEDED_MAX:
            return Piece(transfer, length, number, plain[_PIECE.size :])
    elif kind == 2 and _WORD.size <= len(plain) <= _WORD.size + WORD_BYTES_MAX:
        return Word(plain[1:9], plain[9:])
    elif kind in {3, 4} and len(plain) == _GOT.size:
        return Probe(plain[1:]) if kind == 3 else Got(plain[1:])
    raise Malformed("no signal of this version", 0)
