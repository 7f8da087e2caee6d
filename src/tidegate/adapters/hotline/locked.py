"""Bytes under a passphrase: Argon2id (RFC 9106) makes the key, AES-256-GCM keeps them.

A file is the canonical JSON of `Locked`. What is open in it is bound to what is closed, so that nobody puts
another public key before a private one.
"""

import hmac
import os
import threading
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of

MEMORY_KIB: Final = 1 << 16
PASSES: Final = 3
LANES: Final = 4
"""RFC 9106, section 4, second choice: a fifth of a second for the owner, and 64 MiB for each guess."""

MEMORY_KIB_MAX = 1 << 20
PASSES_MAX = 16
LANES_MAX = 16
"""Of a file that is read, so that it cannot stop the machine; one that asks for more is refused."""

SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
CHECK_BYTES: Final = 32
_DERIVING: Final = threading.Lock()
"""OpenSSL gives the lanes of all derivations one pool of threads: two at once may wait for each other for
ever."""

NONCE: Final = bytes(12)
"""Fixed: each salt is new, so each key encrypts once."""


class Locked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`what` says what it is, `open` what anybody may read of it. `check` tells a wrong passphrase from a
    damaged file, and lets one file open under one passphrase at most."""

    tidegate: str
    what: str
    open: bytes
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    check: bytes
    closed: bytes


VERSION: Final = "locked file 1"


def lock(body: bytes, passphrase: str, what: str, open_part: bytes = b"") -> Locked:
    salt = os.urandom(SALT_BYTES)
    key, check = _derived(passphrase, salt, MEMORY_KIB, PASSES, LANES)
    bare = Locked(
        tidegate=VERSION,
        what=what,
        open=open_part,
        memory_kib=MEMORY_KIB,
        passes=PASSES,
        lanes=LANES,
        salt=salt,
        check=check,
        closed=b"",
    )
    return msgspec.structs.replace(bare, closed=AESGCM(key).encrypt(NONCE, body, bytes_of(bare)))


def unlock(locked: Locked, passphrase: str, what: str, where: str) -> bytes:
    """NotAllowed, in words, for a file that is something else, a wrong passphrase, and a changed file."""
    if locked.tidegate != VERSION or locked.what != what:
        raise NotAllowed(f"{where} holds no {what}, but: {locked.what[:40]!r}")
    costs = (locked.memory_kib, locked.passes, locked.lanes)
    if not (
        0 < locked.passes <= PASSES_MAX
        and 0 < locked.lanes <= LANES_MAX
        and 8 * locked.lanes <= locked.memory_kib <= MEMORY_KIB_MAX
        and len(locked.salt) == SALT_BYTES
    ):
        raise NotAllowed(f"{where} asks for more work, or less, than such a file may")
    key, check = _derived(passphrase, locked.salt, *costs)
    if not hmac.compare_digest(check, locked.check):
        raise NotAllowed(f"{where} does not open: a wrong passphrase")
    try:
        bare = msgspec.structs.replace(locked, closed=b"")
        return AESGCM(key).decrypt(NONCE, locked.closed, bytes_of(bare))
    except InvalidTag:
        raise NotAllowed(f"{where} was changed or damaged; restore it from a back-up") from None


def _derived(passphrase: str, salt: bytes, memory_kib: int, passes: int, lanes: int) -> tuple[bytes, bytes]:
    derive = Argon2id(
        salt=salt, length=KEY_BYTES + CHECK_BYTES, iterations=passes, lanes=lanes, memory_cost=memory_kib
    )
    with _DERIVING:
        made = derive.derive(passphrase.encode())
    return made[:KEY_BYTES], made[KEY_BYTES:]
