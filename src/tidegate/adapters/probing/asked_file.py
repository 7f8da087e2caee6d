"""A file of questions with their answers, one a line, that a killed program leaves readable."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tidegate.model.probes import Asked
from tidegate.model.topology import WrongLine
from tidegate.ports.outside import OutsideFailed

LINE_BYTES_MAX = 1 << 24
"""Bytes of one line; a longer one is none of this program's, and the file is refused."""


class AskedFile:
    """As ports.probing.AskedBefore says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(Asked)
        self._whole = False

    def known(self) -> Iterator[Asked]:
        if not self._path.exists():
            return
        try:
            with self._path.open("rb") as file:
                for at, line in enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b""), 1):
                    if not line.endswith(b"\n") and len(line) < LINE_BYTES_MAX:
                        return  # Cut off in the middle of writing; asked again.
                    yield self._decode(line, at)
        except OSError as error:
            raise self._failed("read", error) from error

    def _decode(self, line: bytes, at: int) -> Asked:
        try:
            return self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise WrongLine(f"not a line of what was asked: {error}", str(self._path), at) from error

    def keep(self, asked: Iterable[Asked]) -> None:
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in asked)
        if not lines:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._whole:
                self._end_last_line()
            self._whole = True
            with self._path.open("ab") as file:
                file.write(lines)
        except OSError as error:
            raise self._failed("write", error) from error

    def _end_last_line(self) -> None:
        """A line that a killed program left unfinished is taken away, lest the next one be joined to it."""
        if not self._path.exists():
            return
        with self._path.open("rb+") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LINE_BYTES_MAX))
            tail = file.read()
            if tail and not tail.endswith(b"\n"):
                file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)

    def _failed(self, what: str, error: OSError) -> OutsideFailed:
        return OutsideFailed(f"cannot {what} ({error.strerror})", str(self._path), "Name another file.")
