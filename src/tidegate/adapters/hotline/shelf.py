"""A folder of small files, each replaced whole and durably (tidegate.ports.evidence.Shelf)."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tidegate.ports.outside import OutsideFailed

TEMPORARY = ".new"


class FolderShelf:
    """The folder is made when the first file is put. The numbers are those of the contract."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def where(self) -> str:
        return str(self._folder)

    def put(self, files: Mapping[str, bytes]) -> None:
        with told(self._folder):
            folders: dict[Path, None] = {}
            for name, body in files.items():  # 3
                path = self._folder / name
                make_folder(path.parent)
                write_whole(path, body)
                folders[path.parent] = None
            for folder in folders:
                sync(folder)  # 1

    def get(self, name: str) -> bytes | None:
        with told(self._folder):
            try:
                return (self._folder / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def names(self, folder: str) -> Sequence[str]:
        found = sorted(path.name for path in self._in(folder) if path.is_file())
        return [name for name in found if not name.endswith(TEMPORARY)]

    def folders(self, folder: str) -> Sequence[str]:
        return sorted(path.name for path in self._in(folder) if path.is_dir())

    def _in(self, folder: str) -> list[Path]:
        with told(self._folder):
            try:
                return list((self._folder / folder).iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return []

    def drop(self, names: Sequence[str]) -> None:
        with told(self._folder):
            for name in names:
                (self._folder / name).unlink(missing_ok=True)


def write_whole(path: Path, body: bytes) -> None:
    """2. Under another name first, on disk before it takes the place of what was there."""
    fresh = path.with_name(path.name + TEMPORARY)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def make_folder(folder: Path) -> None:
    """A new folder's name is durable only once the one above it is on disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = "Free or repair the disk, or make the folder writable for this user."
        raise OutsideFailed(
            f"the hotline's evidence cannot be kept ({error.strerror})", str(folder), remedy
        ) from None
