"""The seal of signal datagrams: one 32-byte key for each direction between two stations, and a replay window.

A datagram is `tag (8) ‖ session (8) ‖ counter (4, big-endian) ‖ AES-256-GCM`. The tag says which key; it is
HMAC-SHA-256(key, "tidegate/signal/1/tag"), its first 8 bytes. Each start of the sender is a session with a
random name and a key of its own, HMAC-SHA-256(key, "tidegate/signal/1/session" ‖ session), so that counters,
which are the nonce, begin at 1 again without repeating one. The header is authenticated with the rest.

What an attacker who recorded datagrams can still do: play one again to a station that has been started anew.
A probe or a piece of an old exchange is answered once more then, to no effect; a word carries its time.
"""

import os
import struct
from collections import OrderedDict
from hashlib import sha256
from hmac import digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tidegate.wire.signals import DATAGRAM_BYTES_MAX, SEAL_BYTES

SESSIONS_MAX = 4
"""Sessions of one key whose windows are kept; a new one that proves itself takes the oldest's place."""

WINDOW_MAX = 4_096
"""How far behind the newest a datagram may come; an older one is dropped as if it were played again."""

HEADER: Final = struct.Struct(">8s8sI")
_COUNTER_LAST: Final = (1 << 32) - 1


def tag_of(key: bytes) -> bytes:
    return digest(key, b"tidegate/signal/1/tag", sha256)[:8]


def _session_key(key: bytes, session: bytes) -> AESGCM:
    return AESGCM(digest(key, b"tidegate/signal/1/session" + session, sha256))


class Sealing:
    """The sending side of one key."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._tag = tag_of(key)
        self._begin_session()

    def seal(self, plain: bytes) -> bytes:
        if self._counter == _COUNTER_LAST:
            self._begin_session()
        self._counter += 1
        header = HEADER.pack(self._tag, self._session, self._counter)
        return header + self._cipher.encrypt(bytes(8) + header[-4:], plain, header)

    def _begin_session(self) -> None:
        self._session = os.urandom(8)
        self._cipher = _session_key(self.key, self._session)
        self._counter = 0


class _Window:
    """Which counters of one session have come: the newest, and a bit for each of those behind it."""

    def __init__(self, cipher: AESGCM) -> None:
        self.cipher = cipher
        self._newest = 0
        self._seen = 0

    def is_new(self, counter: int) -> bool:
        behind = self._newest - counter
        return behind < 0 or (behind < WINDOW_MAX and not self._seen >> behind & 1)

    def mark(self, counter: int) -> None:
        ahead = counter - self._newest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, WINDOW_MAX) | 1) & ((1 << WINDOW_MAX) - 1)
            self._newest = counter
        else:
            self._seen |= 1 << -ahead


class Opening:
    """The receiving side of one key."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.tag = tag_of(key)
        self._windows: OrderedDict[bytes, _Window] = OrderedDict()

    def open(self, datagram: bytes) -> bytes | None:
        """What it says; None where it is no datagram under this key, or came before."""
        if not SEAL_BYTES < len(datagram) <= DATAGRAM_BYTES_MAX:
            return None
        _, session, counter = HEADER.unpack_from(datagram)
        known = self._windows.get(session)
        if known is not None and not known.is_new(counter):
            return None
        window = known or _Window(_session_key(self.key, session))
        header = datagram[: HEADER.size]
        try:
            plain = window.cipher.decrypt(bytes(8) + header[-4:], datagram[HEADER.size :], header)
        except InvalidTag:
            return None
        window.mark(counter)
        if known is None:
            self._windows[session] = window
            if len(self._windows) > SESSIONS_MAX:
                self._windows.popitem(last=False)
        return plain
