"""Studies as child processes: a question on standard input, lines on standard output, ended with the parent.

A child's input stays open as long as its parent lives, and the child ends where that ends: also after
`kill -9`, and whichever thread of the parent started it.
"""

import os
import resource
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

STUDY_SECONDS_MAX = 15 * 60
"""A study that takes longer is ended: the longest known, a whole country's advice, takes a minute."""

STUDY_BYTES_MAX = 8 << 30
"""Memory of a study's process; one that needs more ends. An audit of 10,000 services needs 1.5 GB."""

LINE_BYTES_MAX = 64 << 20
"""Longest line that a study tells; a longer one ends it."""

NICENESS = 10
"""Whatever else runs on the machine comes first."""

_WHERE = "the process that computes"


class ChildStudies:
    """`command` starts one, for example `[sys.executable, "-m", "tidegate", "study"]`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = dict(environment)

    def begin(self, question: bytes) -> "ChildStudy":
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._environment,
            )
        except OSError as error:
            raise OutsideFailed(
                f"it cannot be started ({error.strerror})", _WHERE, "Free memory, and try again."
            ) from None
        return ChildStudy(process, question)


class ChildStudy:
    """One of them. Whoever calls `lines` reads to the end, or calls `end`."""

    def __init__(self, process: subprocess.Popen[bytes], question: bytes) -> None:
        self._process = process
        self._question = question
        self._ended = False
        self._late = False
        self._timer = threading.Timer(STUDY_SECONDS_MAX, self._is_late)
        self._timer.daemon = True

    def lines(self) -> Iterator[bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._timer.start()
        with self._process:
            try:
                self._process.stdin.write(self._question + b"\n")
                self._process.stdin.flush()
                while line := self._process.stdout.readline(LINE_BYTES_MAX + 1):
                    if len(line) > LINE_BYTES_MAX:
                        raise OutsideFailed("it tells too much", _WHERE, "Ask for less.")
                    yield line
            except BrokenPipeError:
                pass  # It ended before it was asked; its exit code says more.
            finally:
                self._timer.cancel()
                code = self._gone()
        if self._late:
            raise OutsideFailed(f"it took more than {STUDY_SECONDS_MAX} s", _WHERE, "Ask for less.")
        if code and not self._ended:
            why = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            raise OutsideFailed(
                f"it ended too early ({why})", _WHERE, "Look at the console's log; memory may have run out."
            )

    def end(self) -> None:
        self._ended = True
        self._process.kill()

    def _is_late(self) -> None:
        self._late = True
        self._process.kill()

    def _gone(self) -> int:
        """The exit code; a process that closed its output and stays is ended."""
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class StudyPipe:
    """The child's own end (ports.studying.StudyEnd): it steps back behind everything else on the machine."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink

    def question(self) -> bytes:
        line = self._source.readline()
        if not line.endswith(b"\n"):
            raise NotAllowed("a study is started by `tidegate console`, not by hand")
        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_DATA, (STUDY_BYTES_MAX, STUDY_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        threading.Thread(target=self._end_with_source, daemon=True).start()
        return line

    def tell(self, line: bytes) -> None:
        self._sink.write(line + b"\n")
        self._sink.flush()

    def _end_with_source(self) -> None:
        """Read past the buffer, whose lock an ending interpreter waits for."""
        while os.read(self._source.fileno(), 1):
            pass
        os._exit(1)
