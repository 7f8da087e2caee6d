"""Keys and organisations for tests of the hotline, made from names, so that they stay the same."""

from hashlib import sha256

from tidegate.adapters.hotline.encryption_keys import SeedOpener, key_id_of, public_bytes
from tidegate.adapters.hotline.soft_keys import SoftPair
from tidegate.model.organisations import EncryptionKey


def seed(name: str) -> bytes:
    return sha256(name.encode()).digest()


def pair(name: str) -> SoftPair:
    """A signing key."""
    return SoftPair(seed(f"{name} classical"), seed(f"{name} post-quantum"))


def encryption_key(name: str, from_s: int = 0, until_s: int = 1 << 40) -> EncryptionKey:
    public = public_bytes(seed(name))
    return EncryptionKey(key_id=key_id_of(public), suite="TG1", public=public, from_s=from_s, until_s=until_s)


def opener(*names: str) -> SeedOpener:
    """Opens what is sealed to the encryption keys of these names."""
    return SeedOpener({encryption_key(name).key_id: seed(name) for name in names})
