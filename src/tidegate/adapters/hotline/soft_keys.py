"""A hybrid signing key in memory: Ed25519 and ML-DSA-65, each from a seed of 32 bytes."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from tidegate.model.organisations import PublicPair, SignaturePair
from tidegate.model.purposes import words_to_sign

SEED_BYTES: Final = 32


class SoftPair:
    """Signs with both keys (tidegate.ports.hotline.PairSigner)."""

    def __init__(self, classical_seed: bytes, post_quantum_seed: bytes) -> None:
        self._classical = Ed25519PrivateKey.from_private_bytes(classical_seed)
        self._post_quantum = MLDSA65PrivateKey.from_seed_bytes(post_quantum_seed)

    def public_pair(self) -> PublicPair:
        return PublicPair(
            classical_kind="ed25519",
            classical=self._classical.public_key().public_bytes_raw(),
            post_quantum=self._post_quantum.public_key().public_bytes_raw(),
        )

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair:
        words = words_to_sign(purpose, message)
        return SignaturePair(self._classical.sign(words), self._post_quantum.sign(words))
