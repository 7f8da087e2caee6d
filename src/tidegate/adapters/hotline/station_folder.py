"""The folder with an organisation's cards, its station's keys, and whom it met (ports.hotline_identity)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tidegate.adapters.hotline import kept_files
from tidegate.adapters.hotline.certificates import make_certificate, read_certificate
from tidegate.adapters.hotline.pair_files import refuse_short
from tidegate.adapters.hotline.station_keys import (
    SEEDS_MAX,
    FileStationKeys,
    StationSecrets,
    new_secrets,
    new_seeds,
    read_secrets,
    write_secrets,
)
from tidegate.model.organisations import EncryptionKey, OrganisationId
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.hotline_identity import PEERS_MAX, Leaving, Meeting, StationKeys
from tidegate.ports.outside import OutsideFailed

CARD_FILE_BYTES_MAX = 1_450_000
"""Longest signed card; see tidegate.hotline.cards."""
MEETING_BYTES_MAX = 2_000_000
"""A card in base64, and what the ceremony was."""
LEAVING_BYTES_MAX = 1 << 16
"""Who left whom and why; a longer file is Malformed."""

KEYS: Final = "station.keys"
CARD: Final = "own.card"
DRAFT: Final = "next.card"
CERTIFICATE: Final = "tls.crt"
TLS_KEY: Final = "tls.key"
PEERS: Final = "peers"


class FileStationFolder:
    """tidegate.ports.hotline_identity.StationFolder at `path`; made when something is first kept in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def own_card(self) -> bytes | None:
        return self._read(CARD, CARD_FILE_BYTES_MAX)

    def keep_own_card(self, signed: bytes) -> None:
        self._keep(CARD, signed)

    def draft(self) -> bytes | None:
        return self._read(DRAFT, CARD_FILE_BYTES_MAX)

    def keep_draft(self, card: bytes | None) -> None:
        if card is None:
            kept_files.remove(self.path / DRAFT)
        else:
            self._keep(DRAFT, card)

    def meetings(self) -> Sequence[Meeting]:
        return [self._meeting(path) for path in self._meeting_paths()]

    def keep_meeting(self, meeting: Meeting) -> None:
        path = self._meeting_path(meeting.organisation)
        if not path.exists() and len(self._meeting_paths()) >= PEERS_MAX:
            raise Full("peers", PEERS_MAX)
        self._make_folder(self.path / PEERS)
        kept_files.replace(path, bytes_of(meeting))

    def leave(self, leaving: Leaving) -> None:
        """The end is written first: whatever happens in between, nobody is trusted again by it."""
        self._make_folder(self.path / PEERS)
        kept_files.replace(self._left_path(leaving.organisation), bytes_of(leaving))
        kept_files.remove(self._meeting_path(leaving.organisation))

    def leavings(self) -> Sequence[Leaving]:
        paths = sorted((self.path / PEERS).glob("*.left"))
        bodies = [kept_files.read(path, LEAVING_BYTES_MAX) for path in paths]
        return [value_from(Leaving, body, LEAVING_BYTES_MAX) for body in bodies if body is not None]

    def forget(self, organisation: OrganisationId) -> None:
        kept_files.remove(self._left_path(organisation))

    def mark(self) -> object:
        paths = [self.path / CARD, *sorted((self.path / PEERS).glob("*"))]
        return [(path.name, found.st_ino, found.st_mtime_ns) for path in paths if (found := _stat(path))]

    def make_keys(
        self, passphrase: str, organisation: OrganisationId, times: Sequence[tuple[int, int]]
    ) -> StationKeys:
        refuse_short(passphrase)
        if (self.path / KEYS).exists():
            raise NotAllowed(
                f"there are a station's keys in {self.path} already; they are never written over"
            )
        self._make_folder(self.path)
        secrets = new_secrets(organisation, new_seeds(times))
        make_certificate(self.path / CERTIFICATE, self.path / TLS_KEY, secrets.tls_passphrase.encode())
        write_secrets(self.path / KEYS, passphrase, secrets)
        return FileStationKeys(self.path / KEYS, passphrase, secrets)

    def unlock(self, passphrase: str) -> StationKeys:
        self._refuse_without_keys()
        return FileStationKeys(self.path / KEYS, passphrase)

    def make_encryption_keys(self, passphrase: str, times: Sequence[tuple[int, int]]) -> list[EncryptionKey]:
        fresh = new_seeds(times)
        secrets = self._secrets(passphrase)
        if len(secrets.encryption) + len(fresh) > SEEDS_MAX:
            raise Full("encryption keys", SEEDS_MAX)
        kept = replace(secrets, encryption=(*secrets.encryption, *fresh))
        write_secrets(self.path / KEYS, passphrase, kept)
        return [one.public() for one in fresh]

    def renew_keys(self, passphrase: str) -> StationKeys:
        secrets, fresh = self._secrets(passphrase), new_secrets("", ())
        for name in (CERTIFICATE, TLS_KEY):
            kept_files.remove(self.path / name)
        make_certificate(self.path / CERTIFICATE, self.path / TLS_KEY, fresh.tls_passphrase.encode())
        renewed = replace(fresh, organisation=secrets.organisation, log_seed=secrets.log_seed)
        write_secrets(self.path / KEYS, passphrase, replace(renewed, encryption=secrets.encryption))
        return self.unlock(passphrase)

    def certificate(self) -> bytes:
        return read_certificate(self.path / CERTIFICATE)

    def _secrets(self, passphrase: str) -> StationSecrets:
        self._refuse_without_keys()
        return read_secrets(self.path / KEYS, passphrase)

    def _refuse_without_keys(self) -> None:
        if not (self.path / KEYS).exists():
            raise NotAllowed(
                f"no organisation was founded in {self.path}; run `tidegate hotline init`, or name another "
                "state folder with --state DIR"
            )

    def _meeting_paths(self) -> list[Path]:
        return sorted((self.path / PEERS).glob("*.peer"))

    def _meeting_path(self, organisation: OrganisationId) -> Path:
        return self.path / PEERS / f"{organisation}.peer"

    def _left_path(self, organisation: OrganisationId) -> Path:
        return self.path / PEERS / f"{organisation}.left"

    def _meeting(self, path: Path) -> Meeting:
        body = kept_files.read(path, MEETING_BYTES_MAX)
        try:
            meeting = value_from(Meeting, body or b"", MEETING_BYTES_MAX)
        except Malformed:
            raise NotAllowed(f"{path} was damaged; restore it, or remove it and meet again") from None
        if path.stem != meeting.organisation:
            raise NotAllowed(f"{path} holds another organisation than its name says")
        return meeting

    def _read(self, name: str, bytes_max: int) -> bytes | None:
        return kept_files.read(self.path / name, bytes_max)

    def _keep(self, name: str, body: bytes) -> None:
        self._make_folder(self.path)
        kept_files.replace(self.path / name, body)

    def _make_folder(self, path: Path) -> None:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            remedy = "Choose another state folder with --state DIR, or make it writable for this user."
            raise OutsideFailed(f"the folder cannot be made ({error.strerror})", str(path), remedy) from error


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
