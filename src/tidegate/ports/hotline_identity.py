"""Where an organisation's identity and its trust in others lie: files that their owner alone may write."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from tidegate.model.organisations import EncryptionKey, OrganisationId, PublicPair
from tidegate.ports.hotline import LogSigner, Opener, PairSigner

PEERS_MAX = 256
"""Organisations that one node trusts; a further one is refused until another is left."""


class Meeting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First trust: `officer` compared `number` with an officer of theirs, `how` says over which channel.

    `signed_card` is the newest card of theirs that was believed since.
    """

    organisation: OrganisationId
    number: str
    officer: str
    how: str
    met_at_s: int
    signed_card: bytes


class Leaving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of trust: `officer` ended it, and `why`. It stays until the node has recorded it."""

    organisation: OrganisationId
    officer: str
    why: str


class StationKeys(Opener, Protocol):
    """The private keys of the station, unlocked. As an Opener it opens what is sealed to our card's keys."""

    @property
    def station(self) -> PairSigner: ...

    @property
    def log(self) -> LogSigner: ...

    @property
    def encryption(self) -> Sequence[EncryptionKey]:
        """The public halves that are kept, the first to end first."""

    @property
    def tls_passphrase(self) -> str:
        """Of the key beside the TLS certificate in this folder."""

    def refresh(self) -> None:
        """Reads the file again where it was changed since; errors as `unlock`."""

    def forget_ended(self, now_s: int) -> None:
        """Encryption keys whose time is over are dropped for ever."""


class StationFolder(Protocol):
    """The files of one organisation's node. Each is read and replaced whole, and on disk when a call returns.

    NotAllowed where others may write the folder or read a key; OutsideFailed where a file cannot be used.
    """

    @property
    def path(self) -> Path: ...

    def own_card(self) -> bytes | None:
        """Our newest signed card; None where no organisation was founded here."""

    def keep_own_card(self, signed: bytes) -> None: ...

    def draft(self) -> bytes | None:
        """The next card, not yet signed."""

    def keep_draft(self, card: bytes | None) -> None:
        """None drops it."""

    def meetings(self) -> Sequence[Meeting]:
        """In the order of organisations."""

    def keep_meeting(self, meeting: Meeting) -> None:
        """Replaces the one with the same organisation. Full at PEERS_MAX."""

    def leave(self, leaving: Leaving) -> None:
        """Nothing of it is believed from now on."""

    def leavings(self) -> Sequence[Leaving]: ...

    def forget(self, organisation: OrganisationId) -> None:
        """That it was left; nothing where it was not."""

    def mark(self) -> object:
        """Another one than before whenever own_card or meetings may answer something else."""

    def make_keys(
        self, passphrase: str, organisation: OrganisationId, times: Sequence[tuple[int, int]]
    ) -> StationKeys:
        """New keys, with one to be sealed to for each (from_s, until_s), and a TLS certificate, under the
        passphrase. NotAllowed where there are keys."""

    def unlock(self, passphrase: str) -> StationKeys:
        """NotAllowed for a wrong passphrase, and where there are no keys."""

    def make_encryption_keys(self, passphrase: str, times: Sequence[tuple[int, int]]) -> list[EncryptionKey]:
        """One new key for each (from_s, until_s), kept beside the others."""

    def renew_keys(self, passphrase: str) -> StationKeys:
        """Another station key and another TLS certificate; those for opening and for the ledger stay."""

    def certificate(self) -> bytes:
        """DER, for the card."""


class TokenPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where half a key lies: the PKCS#11 module, the label of the token, the label of the key in it."""

    module: str
    token: str
    label: str


Ask = Callable[[], str]
"""Asks its owner for a passphrase or a PIN, once, when it is needed."""


class PairFiles(Protocol):
    """Key files of roots and officers, each under its passphrase, wherever they lie.

    NotAllowed where a key is refused (a wrong passphrase, a file that others read, one that is something
    else); OutsideFailed where a file or a token cannot be used.
    """

    def open(self, path: Path, passphrase: Ask, pin: Ask) -> PairSigner: ...

    def make(self, path: Path, passphrase: str) -> PublicPair:
        """A new key in a new file, and its public half beside it, in PATH.pub."""

    def make_in_token(self, path: Path, passphrase: str, place: TokenPlace, pin: Ask) -> PublicPair:
        """Half of it in a token, made there where there is none of this label; the rest as `make`."""

    def read_public(self, path: Path) -> PublicPair:
        """Of a key file or a .pub file; asks nobody."""
