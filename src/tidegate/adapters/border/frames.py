"""What the node, the speaker's process and its hands say to each other over unix sockets."""

import socket
from typing import Final, Generic, TypeVar

import msgspec

from tidegate.model.plans import Rule
from tidegate.model.refusals import Malformed
from tidegate.ports.border import LiveRule, Order, ReadBack, SessionView

FRAME_BYTES_MAX = 8 << 20
"""Longest message between the node and the speaker: a longer one ends the connection that brought it."""

_LENGTH_BYTES: Final = 4
_READ_BYTES: Final = 1 << 16


class Announce(msgspec.Struct, frozen=True, tag=True):
    order: Order


class Withdraw(msgspec.Struct, frozen=True, tag=True):
    """Of one plan, or of all (None), at one border point, or at all (None)."""

    plan: int | None
    border_point: str | None


class AskLive(msgspec.Struct, frozen=True, tag=True):
    pass


class AskSessions(msgspec.Struct, frozen=True, tag=True):
    pass


class AskMirrors(msgspec.Struct, frozen=True, tag=True):
    pass


class End(msgspec.Struct, frozen=True, tag=True):
    """Withdraw everything, and end."""


Request = Announce | Withdraw | AskLive | AskSessions | AskMirrors | End


class Done(msgspec.Struct, frozen=True, tag=True):
    pass


class Refused(msgspec.Struct, frozen=True, tag=True):
    why: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    what: str
    where: str
    remedy: str


class Live(msgspec.Struct, frozen=True, tag=True):
    rules: tuple[LiveRule, ...]


class Sessions(msgspec.Struct, frozen=True, tag=True):
    sessions: tuple[SessionView, ...]


class Mirrors(msgspec.Struct, frozen=True, tag=True):
    seen: tuple[ReadBack, ...]


Reply = Done | Refused | Failed | Live | Sessions | Mirrors


class Held(msgspec.Struct, frozen=True):
    """One rule in force at its border point until `ends_ns` of adapters.clock.boot_ns."""

    plan: int
    rule: Rule
    ends_ns: int


class Table(msgspec.Struct, frozen=True, tag=True):
    """Everything that the hands shall hold, from the speaker's process; also its sign of life."""

    number: int
    held: tuple[Held, ...]


class Peer(msgspec.Struct, frozen=True):
    """A session as the BGP program tells it. `families` as "ipv4 flowspec"; `why` when it is not up."""

    address: str
    up: bool
    since_ms: int | None
    families: tuple[str, ...]
    why: str


class Told(msgspec.Struct, frozen=True, tag=True):
    """The hands' answer to a table: what they hold now, what the BGP program refused, and its sessions.

    `held` are rules accepted by the BGP program; `seen` is what it says that it sent, where it tells.
    """

    number: int
    held: tuple[Held, ...]
    refused: tuple[str, ...]
    peers: tuple[Peer, ...]
    seen: tuple[ReadBack, ...] = ()


T = TypeVar("T")


def packed(message: msgspec.Struct) -> bytes:
    body = msgspec.msgpack.encode(message)
    if len(body) > FRAME_BYTES_MAX:
        raise Malformed("message longer than its bound", FRAME_BYTES_MAX)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class Frames(Generic[T]):
    """Bytes of one connection in, whole messages out; `kind` is the union of those that may come."""

    def __init__(self, kind: object) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._pending = bytearray()

    def feed(self, received: bytes) -> list[T]:
        """The messages completed by these bytes; Malformed when they are none, and the connection is over."""
        self._pending += received
        messages: list[T] = []
        while len(self._pending) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._pending[:_LENGTH_BYTES], "big")
            if end > _LENGTH_BYTES + FRAME_BYTES_MAX:
                raise Malformed("message longer than its bound", 0)
            if len(self._pending) < end:
                break
            try:
                message: T = self._decode(bytes(self._pending[_LENGTH_BYTES:end]))
            except msgspec.MsgspecError as error:
                raise Malformed("not a message of this connection", _LENGTH_BYTES) from error
            messages.append(message)
            del self._pending[:end]
        return messages

    def next_from(self, connection: socket.socket) -> T:
        """The next message of a blocking connection; OSError when it ends or its timeout passes."""
        while True:
            if messages := self.feed(b""):
                return messages[0]
            received = connection.recv(_READ_BYTES)
            if not received:
                raise ConnectionResetError("the connection ended")
            if messages := self.feed(received):
                return messages[0]
