"""The node's folder on disk: made private, held by a lock that dies with its process."""

import errno
import fcntl
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.state import HEALTH_BYTES_MAX

LOCK_NAME = "node.lock"
HEALTH_NAME = "health.json"
IDENTITY_NAME = "node.id"
IDENTITY = re.compile(r"[0-9a-f]{32}")


CLAIM_TRIES = 4
"""Whoever asks for the holder holds the lock himself for a moment; a claim outlasts that."""


class LockedFolder:
    """A folder held by flock(2): the kernel lets go when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def claim(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            remedy = "Choose another with --state DIR, or make it writable for this user."
            raise OutsideFailed(
                f"the state folder cannot be written ({error.strerror})", str(self.path), remedy
            ) from error
        if not _held(lock):
            os.close(lock)
            raise NotAllowed(
                f"Another node (process {self.holder() or 'unknown'}) already uses the state folder "
                f"{self.path}. Stop it first, or give this one a folder of its own with --state DIR."
            )
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def identity(self) -> str:
        path = self.path / IDENTITY_NAME
        try:
            if not path.exists():
                fresh = self.path / f"{IDENTITY_NAME}.new"
                file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                with os.fdopen(file, "w") as opened:
                    opened.write(f"{secrets.token_hex(16)}\n")
                    opened.flush()
                    os.fsync(file)
                fresh.replace(path)
            told = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OutsideFailed(
                f"the node's identity cannot be kept ({error})", str(path), "Make room, or give it back."
            ) from error
        if not IDENTITY.fullmatch(told):
            remedy = "Put the file back, or remove it: then the plans that are in force end."
            raise OutsideFailed("the node's identity is none", str(path), remedy)
        return told

    def holder(self) -> int | None:
        try:
            lock = os.open(self.path / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.read(lock, 20).strip()
            return int(written) if written.isdigit() else None
        finally:
            os.close(lock)
        return None

    def write_health(self, note: bytes) -> None:
        if len(note) > HEALTH_BYTES_MAX:
            return
        fresh = self.path / f"{HEALTH_NAME}.new"
        with suppress(OSError):
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as opened:
                opened.write(note)
            fresh.replace(self.path / HEALTH_NAME)

    def read_health(self) -> bytes | None:
        try:
            with (self.path / HEALTH_NAME).open("rb") as opened:
                return opened.read(HEALTH_BYTES_MAX)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise


def _held(lock: int) -> bool:
    for _ in range(CLAIM_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
