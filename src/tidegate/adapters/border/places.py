"""The speaker's private folder inside the node's state folder, and the unix sockets in it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tidegate.model.border import BorderSettings
from tidegate.ports.outside import OutsideFailed

SOCKET_NAME: Final = "speak.sock"
HANDS_NAME: Final = "hands.sock"
LOCK_NAME: Final = "speak.lock"
SETTINGS_NAME: Final = "border.json"


def private_folder(state_folder: str) -> Path:
    """The speaker's own folder, readable by nobody else: it holds session keys and the sockets."""
    folder = Path(state_folder).absolute() / "speaker"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise OutsideFailed(
            f"the speaker's folder cannot be used ({error.strerror})",
            str(folder),
            "Give the node's user a state folder that it may write.",
        ) from error
    return folder


def write_settings(folder: Path, settings: BorderSettings) -> None:
    write_whole(folder, SETTINGS_NAME, msgspec.json.encode(settings))


def write_whole(folder: Path, name: str, data: bytes) -> None:
    """Whole or not at all: written beside and moved into place."""
    new = folder / f"{name}.new"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / name)


def read_settings(folder: Path) -> BorderSettings:
    path = folder / SETTINGS_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=BorderSettings)
    except (OSError, msgspec.MsgspecError) as error:
        raise OutsideFailed(
            f"the speaker's settings cannot be read ({error})",
            str(path),
            "They are written by the node when it starts its border; do not start the speaker by hand.",
        ) from error


@contextmanager
def short_path(folder: Path, name: str) -> Iterator[str]:
    """The socket's path through a descriptor of its folder: Linux allows a socket's path 107 bytes only."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def listen_at(folder: Path, name: str, backlog: int) -> socket.socket:
    """A socket that only this user can connect to, in the place of one that an earlier process left."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    (folder / name).unlink(missing_ok=True)
    with short_path(folder, name) as path:
        listening.bind(path)
    (folder / name).chmod(0o600)
    listening.listen(backlog)
    return listening


def connect_to(folder: Path, name: str) -> socket.socket:
    """A blocking connection; OSError where nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(folder, name) as path:
            connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def process_behind(connection: socket.socket) -> int:
    """The process id of who listened at or connected from the other end (SO_PEERCRED of unix(7))."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[:4], "little", signed=True)
