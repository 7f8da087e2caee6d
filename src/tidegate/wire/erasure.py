"""Bytes as numbered pieces of which any so many give the bytes back: Reed-Solomon over GF(256), systematic.

The first `needed` pieces are the bytes themselves, cut and padded; each further piece is the sum of those
with the weights of its row in a Cauchy matrix. Every square part of such a matrix has an inverse (Blömer et
al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995), so any `needed` pieces suffice.
"""

from collections.abc import Mapping, Sequence
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
    if chosen[-1] >= PIECES_MAX or len({len(body) for body in pieces.values()}) != 1:
        raise Malformed("pieces do not fit together", 0)
    rows = np.array([np.frombuffer(pieces[number], np.uint8) for number in chosen])
    if rows.size < length:
        raise Malformed("pieces do not fit together", 0)
    return _solved(chosen, rows).tobytes()[:length]


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


def _solved(numbers: Sequence[int], rows: Octets) -> Octets:
    """Gauss-Jordan; pieces that are the body's own are where they belong from the beginning."""
    needed = len(numbers)
    products, inverses = _products(), _inverses()
    own = [number for number in numbers if number < needed]
    matrix = np.zeros((needed, needed), np.uint8)
    ordered = np.zeros_like(rows)
    free = [row for row in range(needed) if row not in set(own)]
    for number, row in zip(numbers, rows, strict=True):
        at = number if number < needed else free.pop()
        ordered[at] = row
        if number < needed:
            matrix[at, at] = 1
        else:
            matrix[at] = _weights(number, needed)
    for column in range(needed):
        pivot = column + int(np.argmax(matrix[column:, column] != 0))
        if pivot != column:
            matrix[[column, pivot]] = matrix[[pivot, column]]
            ordered[[column, pivot]] = ordered[[pivot, column]]
        scale = inverses[matrix[column, column]]
        matrix[column] = products[scale, matrix[column]]
        ordered[column] = products[scale, ordered[column]]
        for row in np.flatnonzero(matrix[:, column]):
            if row != column:
                factor = matrix[row, column]
                matrix[row] ^= products[factor, matrix[column]]
                ordered[row] ^= products[factor, ordered[column]]
    return ordered
