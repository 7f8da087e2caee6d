"""The journal of templates and sampling announcements on disk: appended at once, compacted by snapshot.

The file is the line `tidegate templates 1` and then entries, each framed by its length and the CRC-32
of its bytes (both 32 bits, little-endian). An entry is written with one system call before it is used,
so it survives the death of the process; a thread forces it to the disk about a second later, so that a
power cut loses at most that. The same thread writes snapshots, beside the journal and then in its place.
"""

import fcntl
import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tidegate.model.refusals import NotAllowed

JOURNAL_ENTRY_BYTES_MAX = 65_536
"""One entry, as long as the longest datagram; a longer one is not kept."""

JOURNAL_GROWTH_BYTES_MAX = 4 << 20
"""Growth after a snapshot at which the journal wants the next; at four times that it takes no more."""

JOURNAL_BYTES_MAX = 64 << 20
"""What is read of a journal at most; what follows is cut off."""

SYNC_S: Final = 0.5
"""Pause between forcing entries to the disk: with the time that takes, about a second."""

RETRY_S: Final = 10.0
"""After an error the disk is tried again this often."""

LOCK_WAIT_S: Final = 2.0
"""How long the journal of a collector that is just ending is waited for."""

FILE_NAME: Final = "templates.journal"
_OPENING: Final = b"tidegate templates 1\n"
_FRAME: Final = struct.Struct("<II")
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC

log = logging.getLogger("tidegate.journal")


def framed(entries: Sequence[bytes]) -> bytes:
    """Entries as they stand in the file; those that are empty or too long are left out."""
    kept = [entry for entry in entries if 0 < len(entry) <= JOURNAL_ENTRY_BYTES_MAX]
    return b"".join(_FRAME.pack(len(entry), zlib.crc32(entry)) + entry for entry in kept)


def read_entries(content: bytes) -> tuple[list[bytes], int]:
    """The whole entries of a journal's content, and the length up to which it makes sense.

    An entry whose bytes were changed is passed over. Where not even the length makes sense (the torn
    end of an interrupted write, a hole that a power cut left) the journal ends.
    """
    if not content.startswith(_OPENING):
        return [], 0
    entries: list[bytes] = []
    at = len(_OPENING)
    while at + _FRAME.size <= len(content):
        length, checksum = _FRAME.unpack_from(content, at)
        end = at + _FRAME.size + length
        if not 0 < length <= JOURNAL_ENTRY_BYTES_MAX or end > len(content):
            break
        entry = content[at + _FRAME.size : end]
        if zlib.crc32(entry) == checksum:
            entries.append(entry)
        at = end
    return entries, at


class FileJournal:
    """The journal of one collector in one folder (ports.collector.TemplateJournal). Inert until `open`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._found: list[bytes] = []
        self._file = -1
        self._lock_file = -1
        self._size = 0
        self._size_of_snapshot = 0
        self._rewrite_not_before_s = 0.0
        self._trouble: str | None = None
        self._snapshot: Sequence[bytes] | None = None
        self._meanwhile: list[bytes] = []
        self._unsynced = False
        self._closing = False
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._serve_the_disk, name="journal", daemon=True)

    def open(self) -> None:
        """Reads what is there and cuts a torn end. NotAllowed when another process holds the journal."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = os.open(self._path.with_suffix(".lock"), _WRITE_FLAGS, 0o600)
        except OSError as error:
            self._failed(error)
        else:
            self._lock()
        self._read()
        self._thread.start()

    def close(self) -> None:
        """Forces everything to the disk."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        for descriptor in (self._file, self._lock_file):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock_file = -1

    def entries(self) -> list[bytes]:
        return self._found

    @property
    def trouble(self) -> str | None:
        return self._trouble

    @property
    def wants_rewrite(self) -> bool:
        grown = self._size - self._size_of_snapshot > JOURNAL_GROWTH_BYTES_MAX
        due = self._snapshot is None and time.monotonic() >= self._rewrite_not_before_s
        return due and (grown or self._trouble is not None)

    def append(self, entries: Sequence[bytes]) -> None:
        with self._changed:
            if self._snapshot is not None:
                self._meanwhile += entries
            if self._size - self._size_of_snapshot > 4 * JOURNAL_GROWTH_BYTES_MAX:
                self._failed(OSError("the journal grows faster than it can be rewritten"))
            if self._trouble is not None:
                return
            try:
                self._write(framed(entries))
            except OSError as error:
                self._failed(error)
            self._unsynced = True
            self._changed.notify()

    def rewrite(self, entries: Sequence[bytes]) -> None:
        with self._changed:
            self._snapshot, self._meanwhile = entries, []
            self._changed.notify()

    def _lock(self) -> None:
        until = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise NotAllowed(
                        f"another collector keeps its templates in {self._path.parent}: "
                        "stop it, or give this one a state folder of its own"
                    ) from None
                time.sleep(0.05)

    def _read(self) -> None:
        end = 0
        try:
            with suppress(FileNotFoundError):
                self._found, end = read_entries(self._path.read_bytes()[:JOURNAL_BYTES_MAX])
            self._file = os.open(self._path, _WRITE_FLAGS | os.O_APPEND, 0o600)
            os.ftruncate(self._file, end)
            self._size = end
            if end == 0:
                self._write(_OPENING)
        except OSError as error:
            self._failed(error)

    def _write(self, content: bytes) -> None:
        """All of it or, with OSError, nothing: what was written in part is cut off again."""
        try:
            _write_whole(self._file, content)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(content)

    def _failed(self, error: OSError) -> None:
        """Notes trouble, and says it once."""
        if self._trouble is None:
            self._trouble = str(error)
            log.warning("templates are not kept on disk: %s", error, extra={"path": str(self._path)})

    def _serve_the_disk(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._snapshot is not None or self._unsynced)
                closing, snapshot = self._closing, self._snapshot
            try:
                if snapshot is not None:
                    self._replace_by(snapshot)
                self._sync()
            except OSError as error:
                self._failed(error)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, SYNC_S)

    def _sync(self) -> None:
        with self._changed:
            descriptor = os.dup(self._file) if self._unsynced and self._file >= 0 else -1
            self._unsynced = False
        if descriptor >= 0:
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _replace_by(self, snapshot: Sequence[bytes]) -> None:
        """Puts the snapshot in the journal's place; while that fails, the journal stays as it was."""
        self._rewrite_not_before_s = time.monotonic() + RETRY_S
        beside = self._path.with_suffix(".new")
        descriptor = -1
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(beside, _WRITE_FLAGS | os.O_TRUNC | os.O_APPEND, 0o600)
            content = _OPENING + framed(snapshot)
            _write_whole(descriptor, content)
            os.fsync(descriptor)
            with self._changed:
                self._put_in_place(beside, descriptor, len(content))
        except OSError:
            if descriptor >= 0:
                os.close(descriptor)
            raise
        finally:
            with self._changed:
                self._snapshot = None
        _sync_folder(self._path.parent)

    def _put_in_place(self, beside: Path, descriptor: int, size: int) -> None:
        learned_meanwhile = framed(self._meanwhile)
        _write_whole(descriptor, learned_meanwhile)
        beside.rename(self._path)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self._size_of_snapshot = descriptor, size + len(learned_meanwhile), size
        self._unsynced = True
        if self._trouble is not None:
            self._trouble = None
            log.info("templates are kept on disk again", extra={"path": str(self._path)})


def _write_whole(descriptor: int, content: bytes) -> None:
    """OSError when not every byte could be written; some may have been."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
