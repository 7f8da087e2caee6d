"""Connections of the speaker's process: messages of one kind in, any message out, never waiting for long."""

import socket
from typing import Final, Generic, TypeVar

import msgspec

from tidegate.adapters.border.frames import Frames, packed
from tidegate.adapters.border.places import process_behind

SEND_S: Final = 1.0
"""Whoever does not take a message within this is stopped; the connection is over."""

T = TypeVar("T")


class Link(Generic[T]):
    """One accepted connection. Any of its calls may raise OSError or Malformed: then it is over."""

    def __init__(self, connection: socket.socket, kind: object) -> None:
        connection.settimeout(SEND_S)
        self.connection = connection
        self.pid = process_behind(connection)
        self._frames: Frames[T] = Frames(kind)

    def receive(self) -> list[T]:
        """What has come; to be called when there is something to read."""
        received = self.connection.recv(1 << 18)
        if not received:
            raise ConnectionResetError("the other end is gone")
        return self._frames.feed(received)

    def send(self, message: msgspec.Struct) -> None:
        self.connection.sendall(packed(message))

    def close(self) -> None:
        self.connection.close()
