"""The officers' roster on disk: replaced whole, changed by one at a time, refused where others may write."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.roster import ROSTER_BYTES_MAX

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class TextRoster:
    """The roster at one path (tidegate.ports.roster.RosterFile, whose rules the numbers name)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        try:
            # Never waits: somebody could have put a named pipe in its place.
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return ""
        except OSError as error:
            self._failed("cannot be read", error)
        with os.fdopen(file, "rb") as opened:
            self._check(os.fstat(file))
            data = opened.read(ROSTER_BYTES_MAX + 1)
        if len(data) > ROSTER_BYTES_MAX:
            raise NotAllowed(f"the roster {self.path} is longer than {ROSTER_BYTES_MAX} bytes")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise NotAllowed(f"the roster {self.path} is not UTF-8 text") from None

    def written_ms(self) -> int:
        try:
            return self.path.stat().st_mtime_ns // 1_000_000
        except OSError:
            return 0

    def change(self, change: Callable[[str], str]) -> None:
        try:
            with self._locked():  # 2
                self._replace(change(self.read()).encode())
        except OutsideFailed:
            raise
        except OSError as error:
            self._failed("cannot be written", error)

    def _check(self, found: os.stat_result) -> None:
        """3. The kernel's own account of the file that was opened, not of what the path names by now."""
        if not stat.S_ISREG(found.st_mode):
            raise NotAllowed(f"the roster {self.path} is no ordinary file")
        if found.st_uid not in (0, os.geteuid()):
            raise NotAllowed(f"the roster {self.path} belongs to user {found.st_uid}; make it your own")
        if found.st_mode & OTHERS_MAY_WRITE:
            raise NotAllowed(f"others may write the roster {self.path}; run: chmod go-w {self.path}")
        folder = self.path.parent.stat()
        if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
            raise NotAllowed(f"anyone may put another roster into {self.path.parent}; run: chmod o-w on it")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._beside(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, text: bytes) -> None:
        fresh = self._beside(".new")
        with suppress(FileNotFoundError):
            fresh.unlink()
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(file)
        fresh.replace(self.path)  # 1
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)

    def _failed(self, what: str, error: OSError) -> NoReturn:
        remedy = "Check approval.roster in the configuration, and the rights of the file and its folder."
        raise OutsideFailed(f"the roster {what} ({error.strerror})", str(self.path), remedy) from error
