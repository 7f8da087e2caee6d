"""The Ed25519 key with which a node signs the checkpoints of its ledger."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.model.organisations import OrganisationId

ED25519_NOTE: Final = b"\x01"
"""c2sp.org/signed-note: the kind of signature that stands before the key."""


class SoftLogKey:
    """Signs in memory (tidegate.ports.hotline.LogSigner)."""

    def __init__(self, organisation: OrganisationId, seed: bytes) -> None:
        self._name = f"tidegate/{organisation}"
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def verifier_key(self) -> str:
        public = ED25519_NOTE + self._key.public_key().public_bytes_raw()
        key_id = sha256(self._name.encode() + b"\n" + public).digest()[:4].hex()
        return f"{self._name}+{key_id}+{b64encode(public).decode()}"

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)
