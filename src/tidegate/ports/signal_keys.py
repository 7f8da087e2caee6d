"""The pairwise keys of the datagram path, kept over a restart: the one path that is left may be that one."""

from typing import Protocol

import msgspec

from tidegate.model.organisations import OrganisationId


class KeptKey(msgspec.Struct, frozen=True):
    key: bytes
    until_s: int


class SignalKeysKept(msgspec.Struct, frozen=True):
    """`ours` are those that we gave each peer, the newest first; `theirs` the newest that each gave us."""

    ours: dict[OrganisationId, tuple[KeptKey, ...]]
    theirs: dict[OrganisationId, KeptKey]


class SignalKeyFile(Protocol):
    """Secret. What cannot be read is nothing: new keys are made then, and peers are told."""

    def read(self) -> SignalKeysKept: ...

    def write(self, kept: SignalKeysKept) -> None:
        """Durable when it returns. OutsideFailed where it cannot be written."""
