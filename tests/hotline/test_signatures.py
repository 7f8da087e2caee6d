"""Signatures in pairs: both hold, for one purpose, over exactly these bytes, or neither counts."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hotline.people import pair
from tidegate.hotline import signatures
from tidegate.hotline.signatures import holds, refuse_unless_a_key
from tidegate.model.organisations import PublicPair, SignaturePair
from tidegate.model.purposes import CONTENT, FRAME, PURPOSES, words_to_sign
from tidegate.model.refusals import NotAllowed

ANNA, BO = pair("anna"), pair("bo")
SIGNED = ANNA.sign(CONTENT, b"the tide turns")


def test_a_pair_holds_for_its_purpose_and_its_bytes_alone() -> None:
    key = ANNA.public_pair()
    assert holds(key, SIGNED, CONTENT, b"the tide turns")
    assert not holds(key, SIGNED, CONTENT, b"the tide turned")
    assert not holds(BO.public_pair(), SIGNED, CONTENT, b"the tide turns")
    assert not any(holds(key, SIGNED, other, b"the tide turns") for other in PURPOSES - {CONTENT})


def test_half_a_signature_is_none() -> None:
    key, bos = ANNA.public_pair(), BO.sign(CONTENT, b"the tide turns")
    for half in (
        SignaturePair(SIGNED.classical, b""),
        SignaturePair(b"", SIGNED.post_quantum),
        SignaturePair(SIGNED.classical, bos.post_quantum),
        SignaturePair(bos.classical, SIGNED.post_quantum),
    ):
        assert not holds(key, half, CONTENT, b"the tide turns")


def test_half_a_key_is_none() -> None:
    """Who holds one of the two private keys cannot put his own other key beside it."""
    mixed = PublicPair("ed25519", ANNA.public_pair().classical, BO.public_pair().post_quantum)
    assert not holds(mixed, SIGNED, CONTENT, b"the tide turns")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bit_of_a_signature_can_change(data: st.DataObject) -> None:
    which = data.draw(st.sampled_from(["classical", "post_quantum"]))
    whole = bytearray(getattr(SIGNED, which))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    changed = {"classical": SIGNED.classical, "post_quantum": SIGNED.post_quantum} | {which: bytes(whole)}
    assert not holds(ANNA.public_pair(), SignaturePair(**changed), CONTENT, b"the tide turns")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_what_is_signed_for_one_purpose_is_never_signed_for_another(one: bytes, other: bytes) -> None:
    words = [words_to_sign(purpose, said) for purpose in PURPOSES for said in {one, other}]
    assert len(set(words)) == len(words)


def test_a_purpose_of_somebody_elses_is_refused() -> None:
    with pytest.raises(NotAllowed, match="no purpose"):
        ANNA.sign(b"tidegate/plan/1", b"x")
    with pytest.raises(NotAllowed, match="no purpose"):
        holds(ANNA.public_pair(), SIGNED, b"", b"x")


@pytest.mark.parametrize("y", sorted(signatures.SMALL_ORDER))
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_key_that_anybody_can_sign_for_is_none(y: int, sign: int) -> None:
    weak = PublicPair("ed25519", (y | sign).to_bytes(32, "little"), ANNA.public_pair().post_quantum)
    with pytest.raises(NotAllowed, match="small order"):
        refuse_unless_a_key(weak, "anna")
    forged = SignaturePair((1).to_bytes(32, "little") + bytes(32), ANNA.sign(FRAME, b"x").post_quantum)
    assert not holds(weak, forged, FRAME, b"x")


def test_s_of_ed25519_is_below_the_order() -> None:
    order = (1 << 252) + 27742317777372353535851937790883648493
    s = int.from_bytes(SIGNED.classical[32:], "little") + order
    again = SIGNED.classical[:32] + s.to_bytes(32, "little")
    changed = SignaturePair(again, SIGNED.post_quantum)
    assert not holds(ANNA.public_pair(), changed, CONTENT, b"the tide turns")


def test_a_signature_of_p384_has_one_form() -> None:
    private = generate_private_key(SECP384R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key = PublicPair("p384", point, ANNA.public_pair().post_quantum)
    refuse_unless_a_key(key, "a token")
    signature = private.sign(words_to_sign(CONTENT, b"x"), ECDSA(SHA384()))
    r, s = decode_dss_signature(signature)
    low, high = sorted((s, signatures.P384_ORDER - s))
    rest = ANNA.sign(CONTENT, b"x").post_quantum
    assert holds(key, SignaturePair(encode_dss_signature(r, low), rest), CONTENT, b"x")
    assert not holds(key, SignaturePair(encode_dss_signature(r, high), rest), CONTENT, b"x")
    long_form = b"\x30\x81" + encode_dss_signature(r, low)[1:]
    assert not holds(key, SignaturePair(long_form, rest), CONTENT, b"x")
    assert not holds(key, SignaturePair(encode_dss_signature(r, low) + b"\x00", rest), CONTENT, b"x")
    assert not holds(key, SignaturePair(encode_dss_signature(r, low), rest), FRAME, b"x")
    for wrong in (point[:-1], b"\x02" + point[1:49], point[:-1] + bytes([point[-1] ^ 1]), bytes(97)):
        with pytest.raises(NotAllowed, match="is none"):
            refuse_unless_a_key(PublicPair("p384", wrong, key.post_quantum), "a token")


@pytest.mark.parametrize("length", [0, 31, 33, 1951, 1953])
def test_a_key_of_another_length_is_none(length: int) -> None:
    good = ANNA.public_pair()
    with pytest.raises(NotAllowed, match="is none"):
        refuse_unless_a_key(PublicPair("ed25519", os.urandom(length), good.post_quantum), "anna")
    with pytest.raises(NotAllowed, match="is none"):
        refuse_unless_a_key(PublicPair("ed25519", good.classical, os.urandom(length)), "anna")
    assert not holds(PublicPair("ed25519", good.classical, bytes(length)), SIGNED, CONTENT, b"x")


def test_purposes_are_those_of_the_protocols_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "hotline.md").read_text()
    assert all(f"`{purpose.decode()}`" in page for purpose in PURPOSES)
