"""Several envelopes in one body come back as they were, or the body is refused whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.exchange import (
    ENVELOPE_BYTES_MAX,
    EXCHANGE_BYTES_MAX,
    EXCHANGE_ENVELOPES_MAX,
    decode_exchange,
    encode_exchange,
    fitting,
)

envelopes = st.lists(st.binary(min_size=1, max_size=40), max_size=12)


@given(envelopes)
def test_envelopes_come_back_as_they_were(given_envelopes: list[bytes]) -> None:
    assert decode_exchange(encode_exchange(given_envelopes)) == tuple(given_envelopes)


@given(st.binary(max_size=60))
def test_whatever_is_read_is_written_alike(body: bytes) -> None:
    try:
        read = decode_exchange(body)
    except Malformed:
        return
    assert encode_exchange(read) == body


@given(envelopes.filter(bool), st.data())
def test_a_cut_body_is_refused_or_holds_fewer_whole_envelopes(
    given_envelopes: list[bytes], data: st.DataObject
) -> None:
    body = encode_exchange(given_envelopes)
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    try:
        read = decode_exchange(cut)
    except Malformed:
        return
    assert read == tuple(given_envelopes[: len(read)])


def test_the_bounds_hold_on_both_sides() -> None:
    many = [b"x"] * (EXCHANGE_ENVELOPES_MAX + 1)
    assert fitting(many) == EXCHANGE_ENVELOPES_MAX
    with pytest.raises(NotAllowed, match="do not fit one exchange"):
        encode_exchange(many)
    with pytest.raises(Malformed, match="too many envelopes"):
        decode_exchange((b"\0\0\0\1x") * (EXCHANGE_ENVELOPES_MAX + 1))
    large = bytes(EXCHANGE_BYTES_MAX // 2)
    assert fitting([large, large]) == 1
    assert fitting([bytes(ENVELOPE_BYTES_MAX + 1)]) == 0
    with pytest.raises(Malformed, match="impossible length"):
        decode_exchange((ENVELOPE_BYTES_MAX + 1).to_bytes(4) + b"x")
    with pytest.raises(Malformed, match="exchange too long"):
        decode_exchange(bytes(EXCHANGE_BYTES_MAX + 1))
