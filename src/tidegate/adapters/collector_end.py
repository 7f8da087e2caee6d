"""The collector's end of the link with its node: bounded queues, a thread that writes and one that reads."""

import socket
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from tidegate.adapters.link import FrameReader, Message, pieces
from tidegate.model.refusals import Malformed
from tidegate.ports.collector import (
    CollectorReport,
    Failed,
    SampleReply,
    SampleRequest,
    Stopping,
    ToCollector,
    ToNode,
)

REPORTS_QUEUED_MAX = 8
"""Reports waiting for a slow node; beyond it the oldest is dropped and counted."""

REPLIES_QUEUED_MAX = 4
"""Samples waiting for a slow node (at most 38 MB); a further one is dropped (its asker times out)."""

REQUESTS_QUEUED_MAX = 16
"""Requests of the node not yet answered; further ones are dropped (their asker times out)."""

Frame = list[bytes | memoryview]


class CollectorEnd:
    """The collector's end of the link (ports.collector.SummaryOutlet).

    A thread writes, so that a node that reads slowly holds up nothing; another reads, so that the
    node's death is noticed at once. Inert until `start`.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._queue: deque[tuple[type[ToNode], Frame]] = deque()
        self._changed = threading.Condition()
        self._requests: list[ToCollector] = []
        self._dropped = 0
        self._closing = False
        self._writer = threading.Thread(target=self._write, name="link-out", daemon=True)
        self._reader = threading.Thread(target=self._read, name="link-in", daemon=True)

    def start(self) -> None:
        self._socket.setblocking(True)
        self._writer.start()
        self._reader.start()

    @property
    def summaries_dropped(self) -> int:
        return self._dropped

    def send(self, message: ToNode) -> None:
        """See the port. The message's arrays are read later: nobody may change them any more."""
        frame = pieces(message)
        kind = type(message)
        with self._changed:
            waiting = sum(queued is kind for queued, _ in self._queue)
            if kind is CollectorReport and waiting >= REPORTS_QUEUED_MAX:
                self._drop_oldest_report()
            elif kind is SampleReply and waiting >= REPLIES_QUEUED_MAX:
                return
            self._queue.append((kind, frame))
            self._changed.notify()

    def tell_failure(self, _: object, error: BaseException | None, __: object) -> None:
        """Says why the collector ends; given to `ExitStack.push`, which calls it however that happens."""
        if error is not None:
            self.send(Failed(str(error) or type(error).__name__))

    def requests(self) -> Sequence[ToCollector]:
        with self._changed:
            taken, self._requests = self._requests, []
        return taken

    def close(self, timeout_s: float) -> None:
        """Sends what is queued, for at most `timeout_s`, and ends the link."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._writer.join(timeout_s)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(timeout_s)
        self._socket.close()

    def _drop_oldest_report(self) -> None:
        at = next(at for at, (kind, _) in enumerate(self._queue) if kind is CollectorReport)
        del self._queue[at]
        self._dropped += 1

    def _write(self) -> None:
        with suppress(OSError):  # the node is gone: the reader says so
            while (frame := self._next_frame()) is not None:
                for piece in frame:
                    self._socket.sendall(piece)

    def _next_frame(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            return self._queue.popleft()[1] if self._queue else None

    def _read(self) -> None:
        frames = FrameReader()
        try:
            with suppress(OSError, Malformed):
                while received := self._socket.recv(1 << 16):
                    self._take(frames.feed(received))
        finally:
            self._take([Stopping()])

    def _take(self, messages: Sequence[Message]) -> None:
        with self._changed:
            for message in messages:
                match message:
                    case Stopping():
                        self._requests.append(message)
                    case SampleRequest() if len(self._requests) < REQUESTS_QUEUED_MAX:
                        self._requests.append(message)
