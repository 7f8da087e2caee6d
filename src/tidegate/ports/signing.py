"""An officer's private key, wherever it is kept: a protected file, or an agent that never gives it away."""

from collections.abc import Sequence
from typing import Protocol


class Signer(Protocol):
    """Signs with Ed25519 (RFC 8032). A private key never leaves the officer's side of this port."""

    def public_keys(self) -> Sequence[str]:
        """The keys at hand, each as 64 hex digits. Reading a file's key may ask for its passphrase.

        NotAllowed where the key may not be used (others can read its file, it has no passphrase, a wrong
        passphrase); OutsideFailed where it cannot be reached.
        """

    def sign(self, public_key: str, message: bytes) -> str:
        """The signature over exactly these bytes, as 128 hex digits. Errors as above."""
