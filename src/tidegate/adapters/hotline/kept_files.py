"""Files that are written whole: on disk when a call returns, never half there, never over another."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

REMEDY = "Check the path, its rights and the space on the disk."


def write_new(path: Path, body: bytes, mode: int = 0o600) -> None:
    """NotAllowed where there is a file already; OutsideFailed where it cannot be written."""
    try:
        _write(path, body, mode)
        _sync_folder(path.parent)
    except FileExistsError:
        raise NotAllowed(f"{path} exists; it is never written over") from None
    except OSError as error:
        _failed("a file cannot be written", path, error)


def replace(path: Path, body: bytes, mode: int = 0o600) -> None:
    """The file before or the file after, whatever happens. OutsideFailed where it cannot be written."""
    fresh = path.with_name(path.name + ".new")
    try:
        with suppress(FileNotFoundError):
            fresh.unlink()
        _write(fresh, body, mode)
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        _failed("a file cannot be written", path, error)


def read(path: Path, bytes_max: int) -> bytes | None:
    """None where there is none; NotAllowed for one that is longer or that others may write."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        _failed("a file cannot be read", path, error)
    with os.fdopen(file, "rb") as opened:
        if os.fstat(file).st_mode & 0o022:
            raise NotAllowed(f"others may write {path}; run: chmod go-w {path}")
        body = opened.read(bytes_max + 1)
    if len(body) > bytes_max:
        raise NotAllowed(f"{path} is longer than {bytes_max} bytes")
    return body


def remove(path: Path) -> None:
    """OutsideFailed where it cannot be removed; none there is fine."""
    try:
        with suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)
    except OSError as error:
        _failed("a file cannot be removed", path, error)


def _write(path: Path, body: bytes, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as opened:
        opened.write(body)
        opened.flush()
        os.fsync(file)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _failed(what: str, path: Path, error: OSError) -> NoReturn:
    raise OutsideFailed(f"{what} ({error.strerror})", str(path), REMEDY) from error
