"""The collector as a child process: started with one end of the link, ended with its node, never orphaned.

A collector whose node died is told so twice: its end of the link reads as closed, and Linux sends it
the signal that it asked for. Either suffices.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from tidegate.adapters.collector_end import CollectorEnd
from tidegate.adapters.link import FrameReader, encode
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.collector import Stopping, ToCollector, ToNode

LINK_VARIABLE: Final = "TIDEGATE_LINK"
"""Environment variable of the child: the link's file descriptor and the node's process id, `7:1234`."""

REQUEST_WAIT_S: Final = 1.0
"""A request that the collector does not take within this is lost."""

ENDING_S: Final = 1.0
"""How long a collector that closed its link is waited for, to learn why it ended."""

SWITCH_S: Final = 0.0005
"""How soon the receiving thread gets the interpreter from the counting one (10 times sooner than usual)."""

LINK_BUFFER_BYTES: Final = 4 << 20
_READ_BYTES: Final = 1 << 20
_PR_SET_PDEATHSIG: Final = 1


class ChildCollector:
    """Holds one collector process at a time (ports.collector.CollectorProcess).

    `command` starts it, for example `[sys.executable, "-m", "tidegate", "collect"]`; it finds the link
    by `link_from_parent`. It must be started by a thread that lives as long as the node: Linux sends
    the parent's-death signal when that thread ends.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._frames = FrameReader()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            raise NotAllowed("the collector runs already")
        self._close_link()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LINK_BUFFER_BYTES)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINK_BUFFER_BYTES)
        ours.settimeout(REQUEST_WAIT_S)
        number = theirs.fileno()
        environment = dict(os.environ if self._environment is None else self._environment)
        environment[LINK_VARIABLE] = f"{number}:{os.getpid()}"
        with theirs:
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[number],
                    env=environment,
                )
            except OSError:
                ours.close()
                raise
        self._socket, self._frames = ours, FrameReader()

    def receive(self, timeout_s: float) -> Sequence[ToNode]:
        if self._socket is None:
            time.sleep(timeout_s)
            return ()
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            return ()
        try:
            received = self._socket.recv(_READ_BYTES)
        except OSError:
            received = b""
        if not received:
            self._link_ended()
        return [message for message in self._frames.feed(received) if isinstance(message, ToNode)]

    def send(self, message: ToCollector) -> None:
        if (link := self._socket) is not None:
            with suppress(OSError):
                link.sendall(encode(message))

    def ended(self) -> str | None:
        """None also while a dead collector's last messages are still to be received."""
        if self._process is None:
            return "not started"
        if self._socket is not None:
            return None
        code = self._process.poll()
        if code is None:
            return "it closed its link"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._close_link()

    def stop(self, timeout_s: float) -> Sequence[ToNode]:
        self.send(Stopping())
        until = time.monotonic() + timeout_s
        messages: list[ToNode] = []
        with suppress(Malformed):
            while self._socket is not None and (left := until - time.monotonic()) > 0:
                messages += self.receive(left)
        if self._process is not None and self._socket is None:  # it has said all, and is on its way out
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, until - time.monotonic()))
        self.kill()
        return messages

    def _link_ended(self) -> None:
        self._close_link()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING_S)

    def _close_link(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def link_from_parent() -> CollectorEnd:
    """In the collector's process: its end of the link, once, and the promise to end with the node.

    NotAllowed when no node started this process, or when it is gone already.
    """
    number, _, parent = os.environ.pop(LINK_VARIABLE, "").partition(":")
    if not (number.isdecimal() and parent.isdecimal()):
        raise NotAllowed("the collector is started by `tidegate run`, not by hand")
    _end_with(int(parent))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the node, which then says Stopping
    sys.setswitchinterval(SWITCH_S)
    return CollectorEnd(socket.socket(fileno=int(number)))


def on_sigterm(stop: Callable[[], None]) -> None:
    """Calls `stop` when the process is asked to end."""
    signal.signal(signal.SIGTERM, lambda *_: stop())


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise NotAllowed("the node that started this collector is gone")
