"""Any so many pieces give the body back, and each further piece is what slow arithmetic says."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.erasure import NEEDED_MAX, PIECES_MAX, cut, joined, piece


def slow_product(one: int, other: int) -> int:
    """Multiplication of polynomials over GF(2) modulo x^8 + x^4 + x^3 + x^2 + 1, bit by bit."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one & 0x100:
            one ^= 0x11D
        other >>= 1
    return product


def slow_inverse(value: int) -> int:
    return next(other for other in range(1, 256) if slow_product(value, other) == 1)


@given(st.binary(max_size=400), st.integers(1, 40), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_any_so_many_pieces_give_the_body_back(body: bytes, size: int, luck: random.Random) -> None:
    rows = cut(body, size + 3)
    numbers = luck.sample(range(PIECES_MAX), len(rows))
    assert joined({number: piece(rows, number) for number in numbers}, len(rows), len(body)) == body


@given(st.binary(min_size=1, max_size=60), st.integers(1, 9), st.data())
@settings(max_examples=30, deadline=None)
def test_a_piece_is_what_slow_arithmetic_says(body: bytes, size: int, data: st.DataObject) -> None:
    rows = cut(body, size)
    number = data.draw(st.integers(0, PIECES_MAX - 1))
    expected = [0] * size
    for at, row in enumerate(rows):
        weight = int(at == number) if number < len(rows) else slow_inverse(number ^ at)
        expected = [
            sum_ ^ slow_product(weight, int(octet)) for sum_, octet in zip(expected, row, strict=True)
        ]
    assert piece(rows, number) == bytes(expected)


def test_the_largest_body_comes_back_from_its_last_pieces() -> None:
    body = np.random.default_rng(5).bytes(NEEDED_MAX * 64)
    rows = cut(body, 64)
    last = range(PIECES_MAX - NEEDED_MAX, PIECES_MAX)
    assert joined({number: piece(rows, number) for number in last}, NEEDED_MAX, len(body)) == body
    with pytest.raises(NotAllowed, match="more than 128 pieces"):
        cut(body + b"x", 64)


@pytest.mark.parametrize(
    ("pieces", "needed", "length"),
    [
        ({0: b"ab"}, 2, 4),
        ({0: b"ab", 1: b"abc"}, 2, 4),
        ({0: b"ab", 255: b"ab"}, 2, 4),
        ({0: b"ab", 1: b"ab"}, 2, 5),
        ({0: b"ab"}, 0, 0),
    ],
)
def test_pieces_of_no_body_are_refused(pieces: dict[int, bytes], needed: int, length: int) -> None:
    with pytest.raises(Malformed):
        joined(pieces, needed, length)
