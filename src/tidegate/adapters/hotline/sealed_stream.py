"""A stream of bytes, encrypted in pieces: what comes out was verified, in order, and whole at its end.

Each piece of at most 1 MiB is AES-256-GCM with its number and whether it is the last one in its nonce (the
STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizar, 2015), so that none can be left out, moved,
doubled or cut off at the end.
"""

from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tidegate.model.refusals import NotAllowed

PIECE_BYTES: Final = 1 << 20
TAG_BYTES: Final = 16


def nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + (b"\x01" if last else b"\x00")


class SealedWriter:
    """`close` writes the last piece; without it the stream is refused when it is read."""

    def __init__(self, to: BinaryIO, key: bytes) -> None:
        self._to, self._cipher = to, AESGCM(key)
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:
            self._piece(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]

    def close(self) -> None:
        self._piece(bytes(self._waiting), last=True)

    def _piece(self, data: bytes, *, last: bool) -> None:
        self._to.write(self._cipher.encrypt(nonce(self._number, last=last), data, None))
        self._number += 1


class SealedReader:
    """NotAllowed as soon as a piece is not the one that was written there."""

    def __init__(self, source: BinaryIO, key: bytes, where: str) -> None:
        self._source, self._cipher, self._where = source, AESGCM(key), where
        self._next = source.read(PIECE_BYTES + TAG_BYTES)
        self._at_hand = b""
        self._number = 0
        self._ended = False

    def read(self, count: int) -> bytes:
        """Exactly so many bytes; NotAllowed where the stream has fewer."""
        parts = []
        while count:
            if not self._at_hand:
                self._advance()
            part, self._at_hand = self._at_hand[:count], self._at_hand[count:]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def at_end(self) -> bool:
        while not self._at_hand and not self._ended:
            self._advance()
        return not self._at_hand

    def _advance(self) -> None:
        if self._ended:
            raise NotAllowed(f"{self._where} says more than it holds")
        piece, self._next = self._next, self._source.read(PIECE_BYTES + TAG_BYTES)
        last = not self._next
        try:
            self._at_hand = self._cipher.decrypt(nonce(self._number, last=last), piece, None)
        except (InvalidTag, ValueError):
            raise NotAllowed(f"{self._where} was cut off, changed or damaged; use another copy") from None
        self._number += 1
        self._ended = last
