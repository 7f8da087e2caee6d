"""Back-ups of a node's files in one encrypted file, and back (ports.back_ups).

The file is "TGB1", the length of its first part, that part (a `Locked` key under the passphrase), and a
sealed stream: for each file the length of its name, the name, the length of the file, the file.
"""

import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from tidegate.adapters.hotline.locked import Locked, lock, unlock
from tidegate.adapters.hotline.pair_files import refuse_short
from tidegate.adapters.hotline.sealed_stream import PIECE_BYTES, SealedReader, SealedWriter
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.outside import OutsideFailed

MAGIC: Final = b"TGB1"
WHAT: Final = "back-up's key"
START: Final = struct.Struct(">4sI")
NAME_LENGTH: Final = struct.Struct(">H")
SIZE: Final = struct.Struct(">Q")

LOCK_BYTES_MAX = 1 << 12
"""Of a back-up's first part; ours has 400 bytes."""
NAME_BYTES_MAX = 255
"""Of a file's name in a back-up; a longer one is refused."""
FILES_MAX = 65_536
"""Files of one back-up; more are refused."""

DATABASE_ENDINGS: Final = (".sqlite",)
STAGE: Final = "restore.new"


class LocalBackUps:
    """tidegate.ports.back_ups.BackUps on this machine's disks."""

    def write(self, target: Path, passphrase: str, state: Path, names: Sequence[str]) -> list[str]:
        refuse_short(passphrase)
        if target.exists():
            raise NotAllowed(f"{target} exists; a back-up is never written over another")
        fresh = target.with_name(target.name + ".new")
        found = taken(state, names)
        key = os.urandom(32)
        locked = bytes_of(lock(key, passphrase, WHAT))
        try:
            with closing(new_file(fresh)) as to:
                to.write(START.pack(MAGIC, len(locked)) + locked)
                writer = SealedWriter(to, key)
                for name in found:
                    put_file(writer, name, state / name)
                writer.close()
                to.flush()
                os.fsync(to.fileno())
            fresh.rename(target)
        except (OSError, sqlite3.Error) as error:
            failed("the back-up cannot be written", target, error)
        finally:
            with suppress(OSError):
                fresh.unlink()
        return found

    def read(self, source: Path, passphrase: str, state: Path, names: Sequence[str]) -> list[str]:
        stage = state / STAGE
        try:
            with source.open("rb") as opened:
                reader = SealedReader(opened, read_key(opened, passphrase, source), str(source))
                found = stage_files(reader, state, stage, names, source)
            for name in found:
                (state / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                (stage / name).rename(state / name)
        except OSError as error:
            failed("the back-up cannot be brought back", source, error)
        finally:
            clear(stage)
        return found


def taken(state: Path, names: Sequence[str]) -> list[str]:
    """The files that are there, in the order of `names`."""
    found = [path for name in names for path in sorted(state.glob(name)) if path.is_file()]
    return [path.relative_to(state).as_posix() for path in found]


def put_file(writer: SealedWriter, name: str, path: Path) -> None:
    encoded = name.encode()
    with as_of_now(path) as opened:
        size = os.fstat(opened.fileno()).st_size
        writer.write(NAME_LENGTH.pack(len(encoded)) + encoded + SIZE.pack(size))
        left = size
        while left:
            piece = opened.read(min(PIECE_BYTES, left))
            if not piece:
                raise NotAllowed(f"{path} grew shorter while it was copied; try again")
            writer.write(piece)
            left -= len(piece)


@contextmanager
def as_of_now(path: Path) -> Iterator[BinaryIO]:
    """The file; of a database a copy as it is at one moment, also while a node writes to it."""
    if path.suffix not in DATABASE_ENDINGS:
        with path.open("rb") as opened:
            yield opened
        return
    copy = path.with_name(path.name + ".copy")
    with suppress(FileNotFoundError):
        copy.unlink()
    new_file(copy).close()
    try:
        with (
            closing(sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        with copy.open("rb") as opened:
            yield opened
    finally:
        copy.unlink()


def read_key(opened: BinaryIO, passphrase: str, source: Path) -> bytes:
    start = opened.read(START.size)
    magic, length = START.unpack(start) if len(start) == START.size else (b"", 0)
    if magic != MAGIC or not 0 < length <= LOCK_BYTES_MAX:
        raise NotAllowed(f"{source} is no back-up of the hotline")
    try:
        locked = value_from(Locked, opened.read(length), LOCK_BYTES_MAX)
    except Malformed:
        raise NotAllowed(f"{source} is no back-up of the hotline, or was damaged") from None
    return unlock(locked, passphrase, WHAT, str(source))


def stage_files(
    reader: SealedReader, state: Path, stage: Path, names: Sequence[str], source: Path
) -> list[str]:
    """Writes all files into `stage`. NotAllowed for a name that is none of `names`, and for a file that is
    there already."""
    clear(stage)
    found: list[str] = []
    while not reader.at_end():
        (length,) = NAME_LENGTH.unpack(reader.read(NAME_LENGTH.size))
        if length > NAME_BYTES_MAX or len(found) >= FILES_MAX:
            raise NotAllowed(f"{source} holds more than a back-up may")
        name = reader.read(length).decode(errors="replace")
        (size,) = SIZE.unpack(reader.read(SIZE.size))
        refuse_name(name, names, source)
        if (state / name).exists() or name in found:
            raise NotAllowed(f"{state / name} exists; a back-up is brought back into an empty state folder")
        stage_file(reader, stage / name, size)
        found.append(name)
    return found


def refuse_name(name: str, names: Sequence[str], source: Path) -> None:
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or not any(
        len(parts) == len(one.split("/")) and all(map(fnmatchcase, parts, one.split("/"))) for one in names
    ):
        raise NotAllowed(f"{source} holds a file that is no part of a back-up: {name[:80]!r}")


def stage_file(reader: SealedReader, path: Path, size: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(new_file(path)) as to:
        while size:
            piece = reader.read(min(PIECE_BYTES, size))
            to.write(piece)
            size -= len(piece)
        to.flush()
        os.fsync(to.fileno())


def new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def clear(stage: Path) -> None:
    """Removes what this file put there, and its folders."""
    if not stage.exists():
        return
    for path in sorted(stage.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    stage.rmdir()


def failed(what: str, path: Path, error: OSError | sqlite3.Error) -> NoReturn:
    why = getattr(error, "strerror", None) or str(error)
    remedy = "Check the path, its rights and the space on the disk."
    raise OutsideFailed(f"{what} ({why})", str(path), remedy) from error
