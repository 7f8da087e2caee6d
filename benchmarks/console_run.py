"""The real `tidegate console` as a child, and readers who follow its first screen, as an open page does."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import child
from benchmarks.tidegate_run import KEEP_BYTECODE

START_S_MAX = 60
HEARD_S_MAX = 15
"""A reader that hears nothing for so long has failed; there is an event every second."""


@dataclass(frozen=True, slots=True)
class ConsoleRunning:
    """A console that listens. `link` lets a reader in, once."""

    pid: int
    port: int
    link: str

    @property
    def origin(self) -> str:
        return self.link.partition("/#")[0]


@contextmanager
def console_running(state: Path, log: Path, pulse_s: float | None = None) -> Iterator[ConsoleRunning]:
    """Beside whatever node has its state there, with events at its own pace, or a pause of `pulse_s` between
    them; RuntimeError where it does not begin."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    program = ["tidegate"] if pulse_s is None else ["benchmarks.console_hurried", str(pulse_s)]
    command = [sys.executable, "-m", *program, "console", "--state", str(state)]
    with child([*command, "--listen", f"127.0.0.1:{port}"], None, log, KEEP_BYTECODE) as process:
        until = time.monotonic() + START_S_MAX
        while "/#link=" not in (told := log.read_text()):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the console does not begin: {told[-1500:]}")
            time.sleep(0.05)
        link = next(word for word in told.split() if "/#link=" in word)
        yield ConsoleRunning(process.pid, port, link)


def token_for(state: Path) -> str:
    """A token to read with, as `tidegate console token add` makes it."""
    command = [sys.executable, "-m", "tidegate", "console", "token", "add", "watching"]
    made = subprocess.run([*command, "--state", str(state)], check=True, capture_output=True, text=True)
    return made.stdout.strip()


class Readers:
    """So many connections that each follow the Situation's events, until `close`."""

    def __init__(self, console: ConsoleRunning, token: str, count: int) -> None:
        self.events = [0] * count
        self._over = threading.Event()
        self._host = console.origin.partition("//")[2]
        self._lines = [
            http.client.HTTPConnection("127.0.0.1", console.port, HEARD_S_MAX) for _ in range(count)
        ]
        self._threads = [threading.Thread(target=self._follow, args=[at, token]) for at in range(count)]
        for thread in self._threads:
            thread.start()

    def _follow(self, at: int, token: str) -> None:
        headers = {"Host": self._host, "Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        with suppress(OSError, http.client.HTTPException, ValueError):  # it is over, or events stay away
            self._lines[at].request("GET", "/api/situation/live", headers=headers)
            answer = self._lines[at].getresponse()
            while answer.status == http.HTTPStatus.OK and not self._over.is_set():
                line = answer.readline()
                if not line:
                    return
                self.events[at] += line.startswith(b"data: ")

    def wait(self) -> None:
        """Until each has heard something; RuntimeError where one does not."""
        until = time.monotonic() + HEARD_S_MAX
        while not all(self.events):
            if time.monotonic() > until:
                raise RuntimeError(f"events heard by the readers: {self.events}")
            time.sleep(0.05)

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for line in self._lines:
            line.close()
