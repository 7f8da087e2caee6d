"""Key files of roots and officers: a hybrid private key under a passphrase, its public half readable."""

import os
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.hotline.kept_files import read, write_new
from tidegate.adapters.hotline.locked import Locked, lock, unlock
from tidegate.adapters.hotline.soft_keys import SEED_BYTES, SoftPair
from tidegate.adapters.hotline.token_keys import TokenPair
from tidegate.adapters.keys import PASSPHRASE_MIN, read_private
from tidegate.model.organisations import PublicPair, SignaturePair
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.hotline import PairSigner
from tidegate.ports.hotline_identity import Ask, TokenPlace
from tidegate.ports.outside import OutsideFailed

PAIR_FILE_BYTES_MAX = 1 << 16
"""Longest key file that is read; ours have 6 KB."""

WHAT: Final = "hotline key"


class Secrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the passphrase protects: seeds, or where the classical key lies instead of its seed."""

    classical_seed: bytes
    post_quantum_seed: bytes
    token: TokenPlace | None


class PairFile:
    """The key in a file (tidegate.ports.hotline.PairSigner).

    `ask_passphrase` is asked once, when the key first signs; `ask_pin` where half of it is in a token.
    """

    def __init__(self, path: Path, ask_passphrase: Ask, ask_pin: Ask) -> None:
        self._path = path
        self._ask_passphrase = ask_passphrase
        self._ask_pin = ask_pin
        self._signer: PairSigner | None = None

    def public_pair(self) -> PublicPair:
        return _public_of(_locked_from(read_private(self._path), self._path), self._path)

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair:
        if self._signer is None:
            self._signer = self._unlocked()
        return self._signer.sign(purpose, message)

    def _unlocked(self) -> PairSigner:
        locked = _locked_from(read_private(self._path), self._path)
        body = unlock(locked, self._ask_passphrase(), WHAT, str(self._path))
        secrets = value_from(Secrets, body, PAIR_FILE_BYTES_MAX)
        if secrets.token is None:
            signer: PairSigner = SoftPair(secrets.classical_seed, secrets.post_quantum_seed)
        else:
            signer = TokenPair(secrets.token, secrets.post_quantum_seed, self._ask_pin)
        if signer.public_pair() != _public_of(locked, self._path):
            raise NotAllowed(f"{self._path}: the private key is not the one that its public half names")
        return signer


class LocalPairFiles:
    """tidegate.ports.hotline_identity.PairFiles on this machine's disks."""

    def open(self, path: Path, passphrase: Ask, pin: Ask) -> PairSigner:
        return PairFile(path, passphrase, pin)

    def make(self, path: Path, passphrase: str) -> PublicPair:
        return make_pair(path, passphrase)

    def make_in_token(self, path: Path, passphrase: str, place: TokenPlace, pin: Ask) -> PublicPair:
        return make_token_pair(path, passphrase, place, pin)

    def read_public(self, path: Path) -> PublicPair:
        return read_public_pair(path)


def make_pair(path: Path, passphrase: str) -> PublicPair:
    """A new key in a new file that its owner alone can read, and its public half in PATH.pub.

    NotAllowed where either file exists, or the passphrase is short; OutsideFailed where it cannot be written.
    """
    secrets = Secrets(
        classical_seed=os.urandom(SEED_BYTES), post_quantum_seed=os.urandom(SEED_BYTES), token=None
    )
    return keep_pair(path, passphrase, secrets, SoftPair(secrets.classical_seed, secrets.post_quantum_seed))


def make_token_pair(path: Path, passphrase: str, key: TokenPlace, ask_pin: Ask) -> PublicPair:
    """A key half of which is in a token, made there where it has none of this label. Errors as above."""
    secrets = Secrets(classical_seed=b"", post_quantum_seed=os.urandom(SEED_BYTES), token=key)
    signer = TokenPair(key, secrets.post_quantum_seed, ask_pin)
    refuse_short(passphrase)
    signer.make()
    return keep_pair(path, passphrase, secrets, signer)


def keep_pair(path: Path, passphrase: str, secrets: Secrets, signer: PairSigner) -> PublicPair:
    refuse_short(passphrase)
    public = bytes_of(signer.public_pair())
    if public_path(path).exists():
        raise NotAllowed(f"{public_path(path)} exists; it is never written over")
    write_new(path, bytes_of(lock(bytes_of(secrets), passphrase, WHAT, public)))
    write_new(public_path(path), public, 0o644)
    return signer.public_pair()


def refuse_short(passphrase: str) -> None:
    if len(passphrase) < PASSPHRASE_MIN:
        raise NotAllowed(f"a passphrase has at least {PASSPHRASE_MIN} characters")


def public_path(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def read_public_pair(path: Path) -> PublicPair:
    """Out of a key file or a .pub file. NotAllowed for anything else; OutsideFailed where there is none."""
    body = read(path, PAIR_FILE_BYTES_MAX)
    if body is None:
        raise OutsideFailed("there is no such key file", str(path), "Check the path.")
    try:
        return value_from(PublicPair, body, PAIR_FILE_BYTES_MAX)
    except Malformed:
        return _public_of(_locked_from(body, path), path)


def _locked_from(body: bytes, path: Path) -> Locked:
    try:
        return value_from(Locked, body, PAIR_FILE_BYTES_MAX)
    except Malformed:
        raise NotAllowed(
            f"{path} is no key of the hotline; `tidegate hotline officer key FILE` makes one"
        ) from None


def _public_of(locked: Locked, path: Path) -> PublicPair:
    try:
        return value_from(PublicPair, locked.open, PAIR_FILE_BYTES_MAX)
    except Malformed:
        raise NotAllowed(f"{path} names no public key of the hotline") from None
