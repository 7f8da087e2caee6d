"""Officers' Ed25519 keys in files: private ones always under a passphrase, public ones in any usual form."""

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_BYTES_MAX = 1 << 16
"""Longest key file that is read; a longer one is no key of ours."""

KDF_ROUNDS = 64
"""Rounds of bcrypt-pbkdf: half a second for the officer, and for each guess of whoever stole the file."""

PASSPHRASE_MIN = 12
"""Characters of the passphrase of a key that is generated here."""

HEX_KEY = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
OPENSSH_MARK = b"BEGIN OPENSSH PRIVATE KEY"


class KeyFile:
    """A private key under a passphrase (tidegate.ports.signing.Signer): OpenSSH's form, or PKCS8 in PEM.

    `ask` gives the passphrase; it is asked once, when the key is first needed.
    """

    def __init__(self, path: Path, ask: Callable[[], str]) -> None:
        self._path = path
        self._ask = ask
        self._key: Ed25519PrivateKey | None = None

    def public_keys(self) -> Sequence[str]:
        return (self._private().public_key().public_bytes_raw().hex(),)

    def sign(self, public_key: str, message: bytes) -> str:
        if public_key not in self.public_keys():
            raise NotAllowed(f"{self._path} holds another key than {public_key}")
        return self._private().sign(message).hex()

    def _private(self) -> "Ed25519PrivateKey":
        if self._key is None:
            written = read_private(self._path)
            self._key = unlocked(written, self._ask().encode(), self._path)
        return self._key


def generate_key(path: Path, passphrase: str) -> str:
    """Makes a key, writes it to a new file that only its owner can read, and tells its public half in hex.

    NotAllowed where the file exists, or the passphrase is short; OutsideFailed where it cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

    if len(passphrase) < PASSPHRASE_MIN:
        raise NotAllowed(f"a passphrase has at least {PASSPHRASE_MIN} characters")
    key = Ed25519PrivateKey.generate()
    locked = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(KDF_ROUNDS).build(passphrase.encode())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, locked)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(file)
    except FileExistsError:
        raise NotAllowed(f"{path} exists; a key is never written over another file") from None
    except OSError as error:
        failed("the key file cannot be written", path, error)
    return key.public_key().public_bytes_raw().hex()


def read_private(path: Path) -> bytes:
    """The bytes of a private key's file; NotAllowed where others than its owner can read it."""
    try:
        with path.open("rb") as opened:
            found = os.fstat(opened.fileno())
            data = opened.read(KEY_BYTES_MAX)
    except OSError as error:
        failed("the key file cannot be read", path, error)
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
        raise NotAllowed(f"others may read the key {path}; run: chmod 600 {path}")
    return data


def unlocked(written: bytes, passphrase: bytes, path: Path) -> "Ed25519PrivateKey":
    """The private key; NotAllowed for a wrong passphrase, for a key without one, and for other kinds."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    load = load_ssh_private_key if OPENSSH_MARK in written else load_pem_private_key
    try:
        key = load(written, passphrase)
    except TypeError:
        # The library's way to say that the file is not encrypted.
        raise NotAllowed(f"the key {path} has no passphrase; give it one: ssh-keygen -p -f {path}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise NotAllowed(f"the key {path} does not open: a wrong passphrase, or no private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NotAllowed(f"{path} holds no Ed25519 key; officers sign with Ed25519 alone")
    return key


def public_key_from(text: str) -> str:
    """A public key as 64 hex digits, out of OpenSSH's line, a PEM, or the digits; NotAllowed for the rest."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

    text = text.strip()
    if HEX_KEY.fullmatch(text):
        return text.lower()
    if "PRIVATE KEY" in text:
        raise NotAllowed(
            "this is a private key; it stays with its officer, and the roster takes the public one"
        )
    load = load_pem_public_key if text.startswith("-----") else load_ssh_public_key
    try:
        key = load(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise NotAllowed("no public key: write ssh-ed25519 AAAA..., a PEM, or 64 hex digits") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NotAllowed("not an Ed25519 key; make one with: ssh-keygen -t ed25519")
    return key.public_bytes_raw().hex()


def read_public(path: Path) -> str:
    """The public key in a file. Errors as `public_key_from`, and OutsideFailed where it cannot be read."""
    try:
        with path.open("rb") as opened:
            return public_key_from(opened.read(KEY_BYTES_MAX).decode(errors="replace"))
    except OSError as error:
        failed("the public key cannot be read", path, error)


def failed(what: str, path: Path, error: OSError) -> NoReturn:
    raise OutsideFailed(f"{what} ({error.strerror})", str(path), "Check the path and its rights.") from error
