"""Signatures in pairs, one classical and one post-quantum, each behind its purpose: both hold, or neither."""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from tidegate.model.organisations import OrganisationId, PublicPair, SignaturePair
from tidegate.model.purposes import words_to_sign
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of

ED25519_BYTES: Final = 32
P384_BYTES: Final = 97
ML_DSA_65_BYTES: Final = 1952
ED25519_SIGNATURE_BYTES: Final = 64
ML_DSA_65_SIGNATURE_BYTES: Final = 3309
P384_SIGNATURE_BYTES_MAX = 104
"""Two integers of 49 bytes in DER; a longer one holds for nothing."""

KEYS_READ_MAX = 1_024
"""Public keys that are kept as they are read; one used longest ago is read anew, in a twentieth of a
millisecond."""

UNCOMPRESSED: Final = 4
P384_ORDER: Final = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)

FIELD: Final = (1 << 255) - 19
ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER: Final = frozenset({0, 1, FIELD - 1, ORDER_8, FIELD - ORDER_8})
"""The y coordinates of the eight points of small order: for such a key there are signatures that hold for
every message (Chalkias and others, "Taming the many EdDSAs", 2020)."""


def organisation_of(first_root: PublicPair) -> OrganisationId:
    """The one name of an organisation that nobody can take: the digest of its first root key."""
    return digest_of(bytes_of(first_root))


def holds(pair: PublicPair, signatures: SignaturePair, purpose: bytes, message: bytes) -> bool:
    """Whether both signatures are this pair's, for this purpose, over exactly these bytes:

    1. The purpose is one of ours.
    2. The classical key is written in its one way, lies on its curve, and is not of small order.
    3. The classical signature holds: Ed25519 (RFC 8032, S below the order), or ECDSA over P-384 with
       SHA-384 in DER, its s in the lower half, so that nobody makes a second signature out of one.
    4. The post-quantum signature holds: ML-DSA-65 (FIPS 204), pure, with an empty context.
    """
    words = words_to_sign(purpose, message)  # 1
    classical = ed25519_holds if pair.classical_kind == "ed25519" else p384_holds
    return classical(pair.classical, signatures.classical, words) and ml_dsa_holds(  # 2, 3, 4
        pair.post_quantum, signatures.post_quantum, words
    )


def refuse_unless_a_key(pair: PublicPair, whose: str) -> None:
    """Rule 2 by itself, and the form of the post-quantum key: NotAllowed for keys that prove nothing."""
    try:
        if pair.classical_kind == "ed25519":
            ed25519_key(pair.classical)
        else:
            p384_key(pair.classical)
        ml_dsa_key(pair.post_quantum)
    except ValueError as error:
        raise NotAllowed(f"the key of {whose} is none: {error}") from None


def ed25519_holds(key: bytes, signature: bytes, words: bytes) -> bool:
    if len(signature) != ED25519_SIGNATURE_BYTES:
        return False
    try:
        ed25519_key(key).verify(signature, words)
    except (InvalidSignature, ValueError):
        return False
    return True


def p384_holds(key: bytes, signature: bytes, words: bytes) -> bool:
    try:
        r, s = decode_dss_signature(signature)
        if s > P384_ORDER // 2 or encode_dss_signature(r, s) != signature:
            return False
        p384_key(key).verify(signature, words, ECDSA(SHA384()))
    except (InvalidSignature, ValueError):
        return False
    return True


def ml_dsa_holds(key: bytes, signature: bytes, words: bytes) -> bool:
    if len(signature) != ML_DSA_65_SIGNATURE_BYTES:
        return False
    try:
        ml_dsa_key(key).verify(signature, words)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(KEYS_READ_MAX)
def ml_dsa_key(key: bytes) -> MLDSA65PublicKey:
    """ValueError for bytes that are no key of ML-DSA-65."""
    return MLDSA65PublicKey.from_public_bytes(key)


@lru_cache(KEYS_READ_MAX)
def ed25519_key(key: bytes) -> Ed25519PublicKey:
    """ValueError for a point that is not written in its one way, or has small order."""
    if len(key) != ED25519_BYTES:
        raise ValueError(f"an Ed25519 key has {ED25519_BYTES} bytes")
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    if y >= FIELD or y in SMALL_ORDER:
        raise ValueError("this point has small order, or is not written in its one way")
    return Ed25519PublicKey.from_public_bytes(key)


def p384_key(key: bytes) -> EllipticCurvePublicKey:
    """ValueError for a point that is not on the curve or not written uncompressed (SEC 1, 2.3.3)."""
    if len(key) != P384_BYTES or key[0] != UNCOMPRESSED:
        raise ValueError(f"a P-384 key is an uncompressed point of {P384_BYTES} bytes")
    return EllipticCurvePublicKey.from_encoded_point(SECP384R1(), key)
