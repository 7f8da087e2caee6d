"""The private keys of a station, together in one file under one passphrase."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.hotline.encryption_keys import SeedOpener, key_id_of, public_bytes
from tidegate.adapters.hotline.kept_files import replace
from tidegate.adapters.hotline.locked import Locked, lock, unlock
from tidegate.adapters.hotline.log_key import SoftLogKey
from tidegate.adapters.hotline.soft_keys import SEED_BYTES, SoftPair
from tidegate.adapters.keys import read_private
from tidegate.model.organisations import EncryptionKey, OrganisationId, PublicPair, SignaturePair
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from

STATION_FILE_BYTES_MAX = 1 << 16
"""Longest file of a station's keys; with all encryption keys that may be kept it has 4 KB."""
SEEDS_MAX = 16
"""Encryption keys that are kept: those on the card, and those that open what is still on its way."""

WHAT: Final = "station's keys"
SUITE: Final = "TG1"


class Seed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    seed: bytes
    from_s: int
    until_s: int

    def public(self) -> EncryptionKey:
        public = public_bytes(self.seed)
        return EncryptionKey(
            key_id=key_id_of(public), suite=SUITE, public=public, from_s=self.from_s, until_s=self.until_s
        )


class StationSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    organisation: OrganisationId
    classical_seed: bytes
    post_quantum_seed: bytes
    log_seed: bytes
    tls_passphrase: str
    encryption: tuple[Seed, ...]


def new_seeds(times: Sequence[tuple[int, int]]) -> tuple[Seed, ...]:
    """One for each (from_s, until_s)."""
    return tuple(
        Seed(seed=os.urandom(SEED_BYTES), from_s=from_s, until_s=until_s) for from_s, until_s in times
    )


def new_secrets(organisation: OrganisationId, encryption: tuple[Seed, ...]) -> StationSecrets:
    return StationSecrets(
        organisation=organisation,
        classical_seed=os.urandom(SEED_BYTES),
        post_quantum_seed=os.urandom(SEED_BYTES),
        log_seed=os.urandom(SEED_BYTES),
        tls_passphrase=os.urandom(SEED_BYTES).hex(),
        encryption=encryption,
    )


def read_secrets(path: Path, passphrase: str) -> StationSecrets:
    """NotAllowed for a wrong passphrase, a file that others may read, and one that is something else."""
    try:
        locked = value_from(Locked, read_private(path), STATION_FILE_BYTES_MAX)
        return value_from(StationSecrets, unlock(locked, passphrase, WHAT, str(path)), STATION_FILE_BYTES_MAX)
    except Malformed:
        raise NotAllowed(f"{path} does not hold a {WHAT}; restore it from a back-up") from None


def write_secrets(path: Path, passphrase: str, secrets: StationSecrets) -> None:
    replace(path, bytes_of(lock(bytes_of(secrets), passphrase, WHAT)))


class PresentStation:
    """Signs with the station's key as it is by now (tidegate.ports.hotline.PairSigner): whoever holds this
    need not know that the key was renewed."""

    def __init__(self, keys: "FileStationKeys") -> None:
        self._keys = keys

    def public_pair(self) -> PublicPair:
        return self._keys.pair.public_pair()

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair:
        return self._keys.pair.sign(purpose, message)


class FileStationKeys:
    """tidegate.ports.hotline_identity.StationKeys, from the file at `path`.

    The passphrase stays in memory, so that keys which an operator adds are taken up without asking.
    """

    def __init__(self, path: Path, passphrase: str, written: StationSecrets | None = None) -> None:
        """`written` are the file's, by whoever has just written it: reading them costs a derivation."""
        self._path = path
        self._passphrase = passphrase
        self._mark: tuple[int, int] | None = None
        self.station = PresentStation(self)
        if written is None:
            self.refresh()
        else:
            self._take(written)
            self._mark = self._present_mark()

    def refresh(self) -> None:
        mark = self._present_mark()
        if mark != self._mark:
            self._take(read_secrets(self._path, self._passphrase))
            self._mark = mark

    def _present_mark(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_ino, found.st_mtime_ns

    def _take(self, secrets: StationSecrets) -> None:
        self.pair = SoftPair(secrets.classical_seed, secrets.post_quantum_seed)
        self.log = SoftLogKey(secrets.organisation, secrets.log_seed)
        self.tls_passphrase = secrets.tls_passphrase
        ordered = sorted(secrets.encryption, key=lambda one: one.until_s)
        self.encryption: Sequence[EncryptionKey] = [one.public() for one in ordered]
        self._opener = SeedOpener(
            {public.key_id: one.seed for public, one in zip(self.encryption, ordered, strict=True)}
        )

    def forget_ended(self, now_s: int) -> None:
        if not any(key.until_s <= now_s for key in self.encryption):
            return
        secrets = read_secrets(self._path, self._passphrase)
        kept = tuple(one for one in secrets.encryption if one.until_s > now_s)
        write_secrets(self._path, self._passphrase, msgspec.structs.replace(secrets, encryption=kept))
        self.refresh()

    def key_ids(self) -> Sequence[str]:
        return self._opener.key_ids()

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        return self._opener.unwrap(key_id, wrapped, info)
