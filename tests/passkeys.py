"""A passkey in software, for tests: makes assertions as authenticators and browsers do, or as cheats do."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Assertion, Intent, Level, Officer, Passkey, Plan, Signed

UP_UV = 0x05


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SoftPasskey:
    """The key follows from the name, so that a test's output stays the same (but for ECDSA's nonces)."""

    name: str
    level: Level = "desk"
    algorithm: Literal["P-256", "Ed25519"] = "P-256"
    rp_id: str = "console.example.org"
    origin: str = "https://console.example.org"
    count: int = 0

    def __post_init__(self) -> None:
        seed = sha256(self.name.encode()).digest()
        self._edwards = Ed25519PrivateKey.from_private_bytes(seed)
        self._p256 = ec.derive_private_key(int.from_bytes(seed, "big") >> 1, ec.SECP256R1())
        self.credential = sha256(b"credential of " + self.name.encode()).digest()[:16]

    @property
    def public_key(self) -> str:
        if self.algorithm == "Ed25519":
            return self._edwards.public_key().public_bytes_raw().hex()
        point = self._p256.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return point.hex()

    @property
    def cose_key(self) -> bytes:
        """The public key as authenticators tell it (RFC 9053), for the oracle."""
        import cbor2

        if self.algorithm == "Ed25519":
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: self._edwards.public_key().public_bytes_raw()})
        numbers = self._p256.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    @property
    def officer(self) -> Officer:
        passkey = Passkey(credential=base64url(self.credential), rp_id=self.rp_id, origin=self.origin)
        return Officer(name=self.name, level=self.level, public_key=self.public_key, passkey=passkey)

    def signs(self, message: bytes) -> bytes:
        if self.algorithm == "Ed25519":
            return self._edwards.sign(message)
        return self._p256.sign(message, ec.ECDSA(SHA256()))

    def client_data(self, challenge: bytes, /, **changes: object) -> bytes:
        told = {
            "type": "webauthn.get",
            "challenge": base64url(challenge),
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(told | changes, separators=(",", ":")).encode()

    def authenticator_data(self, flags: int = UP_UV, rp_id: str | None = None) -> bytes:
        return (
            sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        )

    def asserts(
        self, words: bytes, *, client_data: bytes | None = None, data: bytes | None = None
    ) -> tuple[str, Assertion]:
        """The signature and what it is over; `client_data` and `data` are signed instead where given."""
        client_data = self.client_data(sha256(words).digest()) if client_data is None else client_data
        data = self.authenticator_data() if data is None else data
        signature = self.signs(data + sha256(client_data).digest())
        return signature.hex(), Assertion(authenticator_data=data.hex(), client_data=client_data.hex())

    def says(self, plan: Plan, intent: Intent = "approve") -> Signed:
        signature, assertion = self.asserts(words_to_sign(plan, intent))
        return Signed(
            plan=plan.number, intent=intent, officer=self.name, signature=signature, assertion=assertion
        )
