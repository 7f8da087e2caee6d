"""Suite TG1: one body sealed to several organisations, so that each opens the same and nobody else any.

docs/hotline.md, "The envelope, suite TG1". Primitives are those of the cryptography library; here they are
put together. There is no way to send unsealed, and none to open without every check.
"""

import hmac
import os
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidegate.model.messages import BUCKETS, RECIPIENTS_MAX, Envelope, EnvelopeHeader, Wrap
from tidegate.model.organisations import Card, EncryptionKey, OrganisationId
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of

SUITE: Final = "TG1"
WRAPPING: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
NONCE: Final = bytes(12)
"""Fixed: each key encrypts once."""

CONTENT_KEY_BYTES: Final = 32
LENGTH_BYTES: Final = 4
ML_KEM_768_BYTES: Final = 1184

BODY_BYTES_MAX = (1 << 21) - 4
"""What the largest bucket holds behind its length; a longer body is refused before it is sealed."""


KEYS_READ_MAX = 512
"""Encryption keys of peers that are kept as they are read; one used longest ago is read anew."""


class Unwrapper(Protocol):
    """The one call of tidegate.ports.hotline.Opener that opening needs."""

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes: ...


def seal(
    body: bytes, recipients: Sequence[tuple[OrganisationId, EncryptionKey]], expires_at_s: int
) -> Envelope:
    """The body for all of them. NotAllowed for nobody, too many, one twice, a key of another suite, or a body
    that is too long: then nothing is sent at all."""
    check_recipients(recipients)
    if len(body) > BODY_BYTES_MAX:
        raise NotAllowed(
            f"a message of {len(body)} bytes is longer than {BODY_BYTES_MAX}; leave something out"
        )
    return seal_with(
        os.urandom(CONTENT_KEY_BYTES), body, sorted(recipients, key=lambda one: one[0]), expires_at_s
    )


def seal_with(
    content_key: bytes,
    body: bytes,
    recipients: Sequence[tuple[OrganisationId, EncryptionKey]],
    expires_at_s: int,
) -> Envelope:
    """Seal, with a given content key: a key that was ever used before gives both bodies away."""
    key, commitment = derived(content_key)
    info = wrap_info(commitment, expires_at_s, [(name, one.key_id) for name, one in recipients])
    header = EnvelopeHeader(
        suite=SUITE,
        commitment=commitment,
        wraps=tuple(
            Wrap(name, one.key_id, WRAPPING.encrypt(content_key, public_key(one.public), info))
            for name, one in recipients
        ),
        expires_at_s=expires_at_s,
    )
    header_bytes = bytes_of(header)
    return Envelope(header, header_bytes, AESGCM(key).encrypt(NONCE, padded(body), header_bytes))


def open_envelope(envelope: Envelope, own: OrganisationId, opener: Unwrapper) -> bytes:
    """The body. Refused, each with its reason, unless:

    1. We are among the recipients (NotAllowed).
    2. Our wrap opens, with the key that it names, for exactly this commitment, expiry and list of recipients
       (NotAllowed by the opener).
    3. The content key in it is the one that the header commits to.
    4. The ciphertext is of this key, and of this header to the byte.
    5. The plaintext fills the smallest bucket that holds its body.
    6. What is behind the body is zeros.

    What 3 to 6 refuse is Malformed: only one of the recipients' organisation or its sender can have made it.
    """
    header = envelope.header
    wrap = next((one for one in header.wraps if one.recipient == own), None)
    if wrap is None:  # 1
        raise NotAllowed("an envelope is sealed to others, and not to us")
    info = wrap_info(
        header.commitment, header.expires_at_s, [(one.recipient, one.key_id) for one in header.wraps]
    )
    content_key = opener.unwrap(wrap.key_id, wrap.wrapped, info)  # 2
    key, commitment = derived(content_key)
    if not hmac.compare_digest(commitment, header.commitment):  # 3
        raise Malformed("the content key is not the one that the header commits to", 0)
    try:
        plaintext = AESGCM(key).decrypt(NONCE, envelope.ciphertext, envelope.header_bytes)  # 4
    except InvalidTag:
        raise Malformed("the ciphertext is not of this key and header", 0) from None
    return unpadded(plaintext)  # 5, 6


def key_to_seal_to(card: Card, now_s: int) -> EncryptionKey:
    """The newest of the card's keys that has begun and not ended. NotAllowed where there is none: there is no
    other way to send, and least of all an unsealed one."""
    usable = [key for key in card.encryption if key.suite == SUITE and key.from_s <= now_s < key.until_s]
    if not usable:
        raise NotAllowed(
            f"{card.name} has no encryption key that counts now, so nothing can be sealed to it; "
            "it has to sign a new card"
        )
    return max(usable, key=lambda key: key.from_s)


def check_recipients(recipients: Sequence[tuple[OrganisationId, EncryptionKey]]) -> None:
    if not 0 < len(recipients) <= RECIPIENTS_MAX:
        raise NotAllowed(f"an envelope has 1 to {RECIPIENTS_MAX} recipients, not {len(recipients)}")
    if len({name for name, _ in recipients}) < len(recipients):
        raise NotAllowed("an envelope names each of its recipients once")
    for name, key in recipients:
        if key.suite != SUITE or key.key_id != key_id_of(key.public):
            raise NotAllowed(f"the encryption key {key.key_id} of {name} is not one of suite {SUITE}")


def derived(content_key: bytes) -> tuple[bytes, bytes]:
    """The key that encrypts, and the commitment to it: nobody finds two content keys with one commitment."""
    if len(content_key) != CONTENT_KEY_BYTES:
        raise Malformed("a content key of another length", 0)
    return expanded(content_key, b"tidegate/TG1/key"), expanded(content_key, b"tidegate/TG1/commitment")


def expanded(content_key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(content_key)


class Bound(msgspec.Struct, frozen=True, array_like=True):
    """What each wrap is bound to, as an array in canonical JSON."""

    commitment: bytes
    expires_at_s: int
    recipients: Sequence[tuple[OrganisationId, str]]


def wrap_info(
    commitment: bytes, expires_at_s: int, recipients: Sequence[tuple[OrganisationId, str]]
) -> bytes:
    """What each wrap is bound to: all of the header but the wraps' own bytes."""
    bound = Bound(commitment, expires_at_s, recipients)
    return b"tidegate/TG1/wrap\x00" + sha256(bytes_of(bound)).digest()


@lru_cache(KEYS_READ_MAX)
def public_key(raw: bytes) -> MLKEM768X25519PublicKey:
    """NotAllowed for bytes that are no key."""
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:ML_KEM_768_BYTES]),
            X25519PublicKey.from_public_bytes(raw[ML_KEM_768_BYTES:]),
        )
    except ValueError as error:
        raise NotAllowed(f"an encryption key of {len(raw)} bytes is none: {error}") from None


def key_id_of(public: bytes) -> str:
    return sha256(public).digest()[:16].hex()


def bucket_for(body_bytes: int) -> int:
    """The smallest one that holds a body of this length; the caller knows that there is one."""
    return next(bucket for bucket in BUCKETS if LENGTH_BYTES + body_bytes <= bucket)


def padded(body: bytes) -> bytes:
    return (len(body).to_bytes(LENGTH_BYTES) + body).ljust(bucket_for(len(body)), b"\x00")


def unpadded(plaintext: bytes) -> bytes:
    """Rules 5 and 6 of `open_envelope`."""
    end = LENGTH_BYTES + int.from_bytes(plaintext[:LENGTH_BYTES])
    if end > BUCKETS[-1] or len(plaintext) != bucket_for(end - LENGTH_BYTES):  # 5
        raise Malformed("the padding is not that of the body's length", 0)
    if plaintext.count(0, end) != len(plaintext) - end:  # 6
        raise Malformed("the padding is not zeros", end)
    return plaintext[LENGTH_BYTES:end]
