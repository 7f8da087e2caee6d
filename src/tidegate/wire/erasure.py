"""Bytes as numbered pieces of which any so many give the bytes back: Reed-Solomon over GF(256), systematic.

The first `needed` pieces are the bytes themselves, cut and padded; each further piece is the sum of those
with the weights of its row in a Cauchy matrix. Every square part of such a matrix has an inverse (Blömer et
al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995), so any `needed` pieces suffice.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tidegate.model.refusals import Malformed, NotAllowed

PIECES_MAX = 255
"""Pieces of one body, those that are the body itself and the further ones; beyond it they begin again."""

NEEDED_MAX = 128
"""Pieces that a body is cut into, so that there are as many further ones; a longer body is NotAllowed."""

# x^8 + x^4 + x^3 + x^2 + 1, of which x is a primitive element.
_POLYNOMIAL = 0x11D

Octets = NDArray[np.uint8]


@cache
def _products() -> Octets:
    """All products of two elements, 64 KiB."""
    powers, logarithm = np.zeros(510, np.uint8), np.zeros(256, np.int64)
    value = 1
    for power in range(255):
        powers[power] = powers[power + 255] = value
        logarithm[value] = power
        value = (value << 1) ^ (_POLYNOMIAL if value & 0x80 else 0)
    products: Octets = powers[logarithm[:, None] + logarithm[None, :]]
    products[0, :] = products[:, 0] = 0
    return products


@cache
def _inverses() -> Octets:
    inverses: Octets = np.argmax(_products() == 1, axis=1).astype(np.uint8)
    return inverses


def cut(body: bytes, piece_bytes: int) -> Octets:
    """The body as rows of `piece_bytes`, the last filled with zeros; NotAllowed beyond NEEDED_MAX rows."""
    rows = max(1, -(-len(body) // piece_bytes))
    if rows > NEEDED_MAX:
        raise NotAllowed(f"{len(body)} bytes are more than {NEEDED_MAX} pieces of {piece_bytes}")
    padded = np.zeros(rows * piece_bytes, np.uint8)
    padded[: len(body)] = np.frombuffer(body, np.uint8)
    return padded.reshape(rows, piece_bytes)


def piece(rows: Octets, number: int) -> bytes:
    """Piece `number`, from 0 on, below PIECES_MAX."""
    if number < len(rows):
        return bytes(rows[number])
    return _sum(_weights(number, len(rows)), rows)


def joined(pieces: Mapping[int, bytes], needed: int, length: int) -> bytes:
    """The body out of any `needed` pieces by their numbers; Malformed where these cannot be of one body."""
    if len(pieces) < needed or not 0 < needed <= NEEDED_MAX:
        raise Malformed("too few pieces", 0)
    chosen = sorted(pieces)[:needed]
    sizes = {len(body) for body in pieces.values()}
    if chosen[-1] >= PIECES_MAX or len(sizes) != 1 or needed * max(sizes) < length:
        raise Malformed("pieces do not fit together", 0)
    own = {number: pieces[number] for number in chosen if number < needed}
    if len(own) < needed:
        own |= _missing(own, {number: pieces[number] for number in chosen if number >= needed}, needed)
    return b"".join(own[number] for number in range(needed))[:length]


def _weights(number: int, needed: int) -> Octets:
    """Row `number` of the matrix: 1/(number + column) where the sum is GF(256)'s, so never zero."""
    weights: Octets = _inverses()[np.arange(needed) ^ number]
    return weights


@cache
def _times() -> list[bytes]:
    """For each element, all others times it, as `bytes.translate` takes them: faster than to index arrays."""
    return [line.tobytes() for line in _products()]


def _sum(weights: Octets, rows: Octets) -> bytes:
    times, total = _times(), 0
    for weight, row in zip(weights.tolist(), rows, strict=True):
        total ^= int.from_bytes(row.tobytes().translate(times[weight]), "little")
    return total.to_bytes(rows.shape[1], "little")


def _missing(own: Mapping[int, bytes], further: Mapping[int, bytes], needed: int) -> dict[int, bytes]:
    """The body's own pieces that did not come, out of as many further ones: what these are beyond the share
    of those that came, divided by what the missing ones weigh in them."""
    came, gone = [*own], [number for number in range(needed) if number not in own]
    rows = _as_rows(own.values())
    left, weights = [], []
    for number, body in further.items():
        row = _weights(number, needed)
        share = np.frombuffer(_sum(row[came], rows), np.uint8) if came else np.uint8(0)
        left.append(np.frombuffer(body, np.uint8) ^ share)
        weights.append(row[gone])
    solved = _solved(np.array(weights), np.array(left))
    return {number: row.tobytes() for number, row in zip(gone, solved, strict=True)}


def _as_rows(pieces: Iterable[bytes]) -> Octets:
    return np.array([np.frombuffer(one, np.uint8) for one in pieces], np.uint8)


def _solved(matrix: Octets, rows: Octets) -> Octets:
    """What, weighed by this square matrix, is these rows; by Gauss and Jordan. Both are used up."""
    products, inverses = _products(), _inverses()
    for column in range(len(matrix)):
        pivot = column + int(np.argmax(matrix[column:, column] != 0))
        if pivot != column:
            matrix[[column, pivot]] = matrix[[pivot, column]]
            rows[[column, pivot]] = rows[[pivot, column]]
        scale = inverses[matrix[column, column]]
        matrix[column] = products[scale, matrix[column]]
        rows[column] = products[scale, rows[column]]
        for row in np.flatnonzero(matrix[:, column]):
            if row != column:
                factor = matrix[row, column]
                matrix[row] ^= products[factor, matrix[column]]
                rows[row] ^= products[factor, rows[column]]
    return rows
