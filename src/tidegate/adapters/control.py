"""The node's control socket: a unix socket in its own folder, one question and one answer a connection."""

import pwd
import queue
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tidegate.adapters.border.places import connect_to, listen_at
from tidegate.model.refusals import Malformed
from tidegate.ports.control import Asked, Reply, Request, Unable
from tidegate.ports.outside import OutsideFailed

FRAME_BYTES_MAX = 16 << 20
"""Longest question or answer: every plan that a node keeps at hand, with room; a longer one is Malformed."""

CONNECTIONS_MAX = 16
"""Connections at once; a further one is closed without an answer, and its asker is told to ask again."""

CONTROL_NAME: Final = "control.sock"
ANSWER_S: Final = 15.0
"""A node that does not answer within this is busy or stopped."""

ASKING_S: Final = 5.0
"""An asker gets this long to send its question and to take its answer."""

_LENGTH: Final = struct.Struct(">I")
_CREDENTIALS: Final = struct.Struct("3i")
_BACKLOG: Final = 16
_REQUESTS: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_REPLIES: Final[msgspec.json.Decoder[Reply]] = msgspec.json.Decoder(Reply)
_BUSY: Final = Unable("the node does not answer", "the control socket", "Ask again in a few seconds.")
_TOO_LONG: Final = msgspec.json.encode(
    Unable("the answer is too long", "the control socket", "Ask for one plan instead of all.")
)

T = TypeVar("T")


class SocketDoor:
    """Listens in a thread (tidegate.ports.control.ControlDoor); only the node's own user may connect."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listening: socket.socket | None = None
        self._waiting: queue.Queue[Asked] = queue.Queue(CONNECTIONS_MAX)
        self._room = threading.BoundedSemaphore(CONNECTIONS_MAX)

    def start(self) -> None:
        try:
            self._listening = listen_at(self._folder, CONTROL_NAME, _BACKLOG)
        except OSError as error:
            raise OutsideFailed(
                f"the control socket cannot be opened ({error.strerror})",
                str(self._folder / CONTROL_NAME),
                "Give the node a state folder that it may write, on a disk that knows sockets.",
            ) from error
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def waiting(self) -> Sequence[Asked]:
        taken: list[Asked] = []
        with suppress(queue.Empty):
            while True:
                taken.append(self._waiting.get_nowait())
        return taken

    def stop(self) -> None:
        if self._listening is not None:
            # Closing alone would leave the thread waiting in accept().
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            with suppress(OSError):
                (self._folder / CONTROL_NAME).unlink()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # it was stopped
                return
            if not self._room.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError, Malformed, queue.Full):
                connection.settimeout(ASKING_S)
                request = decoded(_REQUESTS, receive_frame(connection))
                answers: queue.Queue[Reply] = queue.Queue(1)
                self._waiting.put_nowait(Asked(request, user_behind(connection), answers.put))
                try:
                    reply = answers.get(timeout=ANSWER_S)
                except queue.Empty:
                    reply = _BUSY
                body = msgspec.json.encode(reply)
                send_frame(connection, body if len(body) <= FRAME_BYTES_MAX else _TOO_LONG)
        finally:
            self._room.release()


class SocketLine:
    """Asks the node whose state is in the folder (tidegate.ports.control.ControlLine)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, request: Request) -> Reply:
        where = str(self._folder / CONTROL_NAME)
        try:
            connection = connect_to(self._folder, CONTROL_NAME)
        except PermissionError as error:
            remedy = "Use the user that runs the node: its folder is open to nobody else."
            raise OutsideFailed("the node's folder may not be entered", where, remedy) from error
        except OSError as error:
            remedy = "Start `tidegate run` or `tidegate hotline serve`, or name its folder with --state DIR."
            raise OutsideFailed("no node runs there", where, remedy) from error
        try:
            with connection:
                connection.settimeout(ANSWER_S + ASKING_S)
                send_frame(connection, msgspec.json.encode(request))
                return decoded(_REPLIES, receive_frame(connection))
        except (OSError, Malformed) as error:
            remedy = "Ask again; if that does not help, look at the node's log."
            raise OutsideFailed(f"the node does not answer ({error})", where, remedy) from error


def user_behind(connection: socket.socket) -> str:
    """As "anna (uid 1000)": SO_PEERCRED of unix(7) is the kernel's word, not the asker's."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(told)
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def send_frame(connection: socket.socket, body: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(body)) + body)


def receive_frame(connection: socket.socket) -> bytes:
    """One whole frame; Malformed where it is cut short or too long."""
    (length,) = _LENGTH.unpack(receive(connection, _LENGTH.size))
    if length > FRAME_BYTES_MAX:
        raise Malformed("control frame too long", 0)
    return receive(connection, length)


def receive(connection: socket.socket, length: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < length:
        piece = connection.recv(min(length - len(pieces), 1 << 16))
        if not piece:
            raise Malformed("control frame cut short", len(pieces))
        pieces += piece
    return bytes(pieces)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed("control frame makes no sense", 0) from None
