"""The private encryption keys of a station: each one seed of 32 bytes, opened only as suite TG1 says."""

from collections.abc import Mapping, Sequence
from hashlib import sha256, shake_256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from tidegate.model.refusals import NotAllowed

SEED_BYTES: Final = 32
ML_KEM_SEED_BYTES: Final = 64
WRAPPING: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SeedOpener:
    """Opens with seeds by the id of their key (tidegate.ports.hotline.Opener)."""

    def __init__(self, seeds: Mapping[str, bytes]) -> None:
        self._keys = {key_id: private_key(seed) for key_id, seed in seeds.items()}

    def key_ids(self) -> Sequence[str]:
        return list(self._keys)

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        key = self._keys.get(key_id)
        if key is None:
            raise NotAllowed(
                f"an envelope is sealed to our encryption key {key_id}, which is no more (or is not ours): "
                "its sender needs our newest card, and sends again by it"
            )
        try:
            return WRAPPING.decrypt(wrapped, key, info)
        except (InvalidTag, ValueError):
            raise NotAllowed(
                f"an envelope does not open with the key {key_id} that it names: it was changed, or is made "
                "up of parts of others"
            ) from None


def private_key(seed: bytes) -> MLKEM768X25519PrivateKey:
    """Both private keys out of one seed, as the HPKE draft for hybrid keys makes them (SHAKE256)."""
    drawn = shake_256(seed).digest(ML_KEM_SEED_BYTES + SEED_BYTES)
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(drawn[:ML_KEM_SEED_BYTES]),
        X25519PrivateKey.from_private_bytes(drawn[ML_KEM_SEED_BYTES:]),
    )


def public_bytes(seed: bytes) -> bytes:
    """The public key, as it stands on a card."""
    drawn = shake_256(seed).digest(ML_KEM_SEED_BYTES + SEED_BYTES)
    ml_kem = MLKEM768PrivateKey.from_seed_bytes(drawn[:ML_KEM_SEED_BYTES])
    x25519 = X25519PrivateKey.from_private_bytes(drawn[ML_KEM_SEED_BYTES:])
    return ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def key_id_of(public: bytes) -> str:
    return sha256(public).digest()[:16].hex()
