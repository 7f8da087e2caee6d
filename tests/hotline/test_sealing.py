"""Suite TG1: whoever is named opens the same body; whatever was changed, moved or made up is refused."""

import os
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hotline.people import encryption_key, opener
from tidegate.hotline import sealing
from tidegate.hotline.sealing import open_envelope, seal, seal_with
from tidegate.model.messages import (
    BUCKETS,
    RECIPIENTS_MAX,
    CardNews,
    Envelope,
    EnvelopeHeader,
    SignedReceipt,
    StationSignature,
)
from tidegate.model.organisations import EncryptionKey
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of
from tidegate.wire.envelope import (
    HEADER_BYTES_MAX,
    decode_envelope,
    decode_sealed,
    encode_envelope,
    encode_sealed,
)

XA, XB, QM = (sha256(name.encode()).hexdigest() for name in ("XA", "XB", "QM"))
NAMES = {XA: "xa", XB: "xb", QM: "qm"}
UNTIL_S = 1_800_000_000


def to(*organisations: str) -> list[tuple[str, EncryptionKey]]:
    return [(one, encryption_key(NAMES[one])) for one in organisations]


def opened_by(organisation: str, envelope: Envelope) -> bytes:
    return open_envelope(envelope, organisation, opener(NAMES[organisation]))


def changed(envelope: Envelope, **fields: Any) -> Envelope:
    """With another header, its bytes made anew."""
    header = msgspec.structs.replace(envelope.header, **fields)
    return Envelope(header, bytes_of(header), envelope.ciphertext)


BODY = b'{"said":"the tide turns"}'
FOR_BOTH = seal(BODY, to(XA, XB), UNTIL_S)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=5000), st.sets(st.sampled_from([XA, XB, QM]), min_size=1))
def test_whoever_is_named_opens_the_same_body_and_nobody_else(body: bytes, names: set[str]) -> None:
    envelope = decode_envelope(encode_envelope(seal(body, to(*names), UNTIL_S)))
    for one in names:
        assert opened_by(one, envelope) == body
    for other in {XA, XB, QM} - names:
        with pytest.raises(NotAllowed, match="sealed to others"):
            opened_by(other, envelope)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_bit_of_an_envelope_can_change(data: st.DataObject) -> None:
    whole = bytearray(encode_envelope(FOR_BOTH))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises((Malformed, NotAllowed)):
        opened_by(XA, decode_envelope(bytes(whole)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 12), st.binary(min_size=1, max_size=40))
def test_what_is_cut_off_or_added_is_noticed(cut: int, more: bytes) -> None:
    whole = encode_envelope(FOR_BOTH)
    cut = min(cut, len(whole) - 1)
    for wrong in (whole[:cut], whole + more, whole[cut:] if cut else b"", more):
        with pytest.raises(Malformed):
            decode_envelope(wrong)


@pytest.mark.parametrize("bucket", BUCKETS[:4] + BUCKETS[-1:])
def test_lengths_show_a_bucket_and_no_more(bucket: int) -> None:
    for length in (bucket // 2 - 3, bucket - 5, bucket - 4):
        envelope = seal(os.urandom(length) if bucket > 1024 else bytes(length), to(XA), UNTIL_S)
        assert len(envelope.ciphertext) == bucket + 16
    assert len(opened_by(XA, envelope)) == bucket - 4


def test_a_body_beyond_the_largest_bucket_is_refused_before_it_is_sealed() -> None:
    with pytest.raises(NotAllowed, match="longer than 2097148"):
        seal(bytes((1 << 21) - 3), to(XA), UNTIL_S)


def test_the_largest_header_fits() -> None:
    many = [(sha256(bytes([at])).hexdigest(), encryption_key("xa")) for at in range(RECIPIENTS_MAX)]
    envelope = seal(BODY, many, (1 << 53) - 1)
    assert len(envelope.header_bytes) <= HEADER_BYTES_MAX
    assert decode_envelope(encode_envelope(envelope)) == envelope
    with pytest.raises(NotAllowed, match="1 to 16 recipients"):
        seal(BODY, [*many, (XA, encryption_key("xa"))], UNTIL_S)


def test_nothing_is_sealed_to_nobody_to_one_twice_or_with_a_wrong_key() -> None:
    good = encryption_key("xa")
    for wrong, why in (
        ([], "1 to 16"),
        ([(XA, good), (XA, good)], "once"),
        ([(XA, msgspec.structs.replace(good, suite="TG2"))], "suite TG1"),
        ([(XA, msgspec.structs.replace(good, key_id="0" * 32))], "suite TG1"),
        ([(XA, key_of(good.public[:-1]))], "is none"),
        ([(XA, key_of(b"\xff" * 1216))], "is none"),
    ):
        with pytest.raises(NotAllowed, match=why):
            seal(BODY, wrong, UNTIL_S)


def key_of(public: bytes) -> EncryptionKey:
    return EncryptionKey(sealing.key_id_of(public), "TG1", public, 0, 1 << 40)


# What an adversary tries.


def test_a_wrap_does_not_count_in_another_header() -> None:
    """Surreptitious forwarding: XB, who opened it, sends it on to QM as if it had been sealed to QM."""
    wraps = FOR_BOTH.header.wraps
    for header in (
        {"expires_at_s": UNTIL_S + 1},
        {"wraps": wraps[:1]},
        {"wraps": (*wraps, seal(BODY, to(QM), UNTIL_S).header.wraps[0])},
        {"commitment": bytes(32)},
    ):
        forged = changed(FOR_BOTH, **header)
        with pytest.raises(NotAllowed, match="does not open"):
            opened_by(wraps[0].recipient, forged)


def test_wraps_cannot_be_swapped() -> None:
    one, other = FOR_BOTH.header.wraps
    swapped = (
        msgspec.structs.replace(one, wrapped=other.wrapped),
        msgspec.structs.replace(other, wrapped=one.wrapped),
    )
    for organisation in (XA, XB):
        with pytest.raises(NotAllowed, match="does not open"):
            opened_by(organisation, changed(FOR_BOTH, wraps=swapped))


def test_a_header_spliced_onto_another_ciphertext_opens_nothing() -> None:
    other = seal(b"other words", to(XA, XB), UNTIL_S)
    spliced = Envelope(FOR_BOTH.header, FOR_BOTH.header_bytes, other.ciphertext)
    with pytest.raises(Malformed, match="not of this key and header"):
        opened_by(XA, spliced)


def test_one_content_key_under_another_header_does_not_open() -> None:
    """The recipient XA, who knows the content key, makes a header that names only XB."""
    content_key = os.urandom(32)
    whole = seal_with(content_key, BODY, to(XA), UNTIL_S)
    other = seal_with(content_key, BODY, to(XB), UNTIL_S)
    with pytest.raises(Malformed, match="not of this key and header"):
        opened_by(XB, Envelope(other.header, other.header_bytes, whole.ciphertext))


def test_one_ciphertext_never_says_two_things() -> None:
    """Key commitment: a sender wraps one content key to XA and another to XB. AES-GCM alone would allow a
    ciphertext that opens to two texts (Dodis and others, 2018); the commitment holds for one key at most."""
    keys = os.urandom(32), os.urandom(32)
    (_, mine), (_, yours) = to(XA, XB)
    for committed in (0, 1):
        key, commitment = sealing.derived(keys[committed])
        names = sorted([(XA, mine, keys[0]), (XB, yours, keys[1])], key=lambda one: one[0])
        info = sealing.wrap_info(commitment, UNTIL_S, [(name, one.key_id) for name, one, _ in names])
        wraps = tuple(
            sealing.Wrap(
                name, one.key_id, sealing.WRAPPING.encrypt(secret, sealing.public_key(one.public), info)
            )
            for name, one, secret in names
        )
        header = EnvelopeHeader(suite="TG1", commitment=commitment, wraps=wraps, expires_at_s=UNTIL_S)
        ciphertext = AESGCM(key).encrypt(bytes(12), sealing.padded(BODY), bytes_of(header))
        envelope = decode_envelope(encode_envelope(Envelope(header, bytes_of(header), ciphertext)))
        honest, cheated = (XA, XB) if committed == 0 else (XB, XA)
        assert opened_by(honest, envelope) == BODY
        with pytest.raises(Malformed, match="commits to"):
            opened_by(cheated, envelope)


@pytest.mark.parametrize(
    "plaintext, why",
    [
        (b"\x00\x00\x00\x01" + bytes(1020) + bytes(1024), "padding is not that"),
        (b"\x00\x00\x04\x00" + bytes(1020), "padding is not that"),
        (b"\xff\xff\xff\xff" + bytes(1020), "padding is not that"),
        (b"\x00\x00\x00\x01{" + b"\x01".rjust(1019, b"\x00"), "not zeros"),
    ],
)
def test_padding_hides_nothing(plaintext: bytes, why: str) -> None:
    content_key = os.urandom(32)
    envelope = seal_with(content_key, b"", to(XA), UNTIL_S)
    key, _ = sealing.derived(content_key)
    forged = AESGCM(key).encrypt(bytes(12), plaintext, envelope.header_bytes)
    with pytest.raises(Malformed, match=why):
        opened_by(XA, replace_ciphertext(envelope, forged))


def replace_ciphertext(envelope: Envelope, ciphertext: bytes) -> Envelope:
    return Envelope(envelope.header, envelope.header_bytes, ciphertext)


def test_a_key_that_is_gone_is_told_in_words() -> None:
    with pytest.raises(NotAllowed, match=r"no more .* needs our newest card"):
        open_envelope(FOR_BOTH, XA, opener("another"))


def test_a_content_key_of_another_length_is_none() -> None:
    class Short:
        def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
            return b"short"

    with pytest.raises(Malformed, match="another length"):
        open_envelope(FOR_BOTH, XA, Short())


# The header's text.

TEXT = FOR_BOTH.header_bytes.decode()
ONE_WRAP = bytes_of(FOR_BOTH.header.wraps[0]).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace('"TG1"', '"TG0"'),
        TEXT.replace('"suite":"TG1"', '"suite":"TG1","suite":"TG1"'),
        TEXT.replace('"expires_at_s":', '"expires_at_s":0,"expires_at_s":'),
        TEXT.replace("{", '{"extra":1,', 1),
        TEXT.replace(",", ", ", 1),
        TEXT + " ",
        TEXT.replace("1800000000", "1800000000.0"),
        TEXT.replace("1800000000", "1.8e9"),
        TEXT.replace("1800000000", "-1"),
        TEXT.replace("1800000000", str(1 << 53)),
        TEXT.replace("1800000000", "null"),
        TEXT.replace('"TG1"', '"\\u0054G1"'),
        TEXT.replace(XA, XA.upper()),
        TEXT.replace(XA, XB),
        re.sub(r'"commitment":"....', '"commitment":"', TEXT),
        re.sub(r'"commitment":"[^"]*"', f'"commitment":"{b64encode(bytes(31)).decode()}"', TEXT),
        re.sub(r'"key_id":"..', '"key_id":"', TEXT),
        re.sub(r'"wrapped":"....', '"wrapped":"', TEXT),
        re.sub(r'"wraps":\[.*\]', '"wraps":[]', TEXT),
        re.sub(r'"wraps":\[.*\]', f'"wraps":[{",".join([ONE_WRAP] * 2)}]', TEXT),
        re.sub(r'"wraps":\[(.*),(\{.*)\]', r'"wraps":[\2,\1]', TEXT),
        "[" * 30_000,
        '{"suite":' * 3_000,
        "{}",
        "",
    ],
    ids=lambda _: "",  # the keys in it are new in every process, and workers must agree on names
)
def test_a_header_that_is_not_written_in_its_one_way_is_refused(text: str) -> None:
    data = b"TGE1" + len(text.encode()).to_bytes(4) + text.encode() + FOR_BOTH.ciphertext
    with pytest.raises(Malformed):
        decode_envelope(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_at_all_are_refused_as_malformed(junk: bytes) -> None:
    with pytest.raises(Malformed):
        decode_envelope(junk)
    with pytest.raises(Malformed):
        decode_envelope(b"TGE1" + (40).to_bytes(4) + junk.ljust(40, b"{") + bytes(1024 + 16))


# What is sealed.

NEWS = CardNews(card=b"xyz")
RECEIPT = SignedReceipt(receipt=b"{}", signature=StationSignature(b"\x01", b"\x02"))


@pytest.mark.parametrize("value", [NEWS, RECEIPT])
def test_sealed_values_come_back(value: Any) -> None:
    assert decode_sealed(encode_sealed(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        b'{"card":"eHl6","type":"cards"}',
        b'{"type":"card","card":"eHl6"}',
        b'{"card":"eHl6","card":"eHl6","type":"card"}',
        b'{"card":"eHl7","type":"card"}'.replace(b"7", b"6 "),
        b'{"card":"eHk","type":"card"}',
        b'{"card":"eHh=","type":"card"}',
        b'{"card":"eHl6","type":"card","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"card":"eHl6"}',
        b"null",
        b"",
        b"\xff\xfe",
    ],
    ids=lambda body: str(body[:30]),
)
def test_a_body_that_is_not_written_in_its_one_way_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode_sealed(body)


def test_a_body_is_bounded() -> None:
    with pytest.raises(Malformed, match="too long"):
        decode_sealed(bytes(1 << 21))
