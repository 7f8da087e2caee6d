"""Receiving UDP datagrams many at a time, by a thread that does nothing else.

The thread empties the sockets into a ring that the collector reads. So a pause of the collector (a second
being closed, a template being read) is borne by the ring, which is large and needs no privilege, and not
by the socket's buffer, which an ordinary system keeps at 208 KiB.
"""

import os
import queue
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from tidegate.adapters.datagram_ring import RING_BLOCKS_MAX, DatagramRing, Slots, recvmmsg
from tidegate.kernels.reasons import REASON_TEXT, TOO_LONG
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock

SOCKETS_MAX = 64
"""Sockets at once; more are NotAllowed."""

RECEIVE_BUFFER_WANTED = 32 << 20
"""Bytes asked of the kernel for each socket; what it granted is `buffer_bytes`."""

# A datagram wakes nobody for its own sake: after few, others gather for a moment. How few and how long grows
# with the socket's buffer, which holds what gathers: each waking costs as much as receiving 20 datagrams.
GATHER_S = 0.0005, 0.002
LULL_DATAGRAMS = 32, 256
LULL_BUFFER_BYTES = 1 << 16
IDLE_MS = 100

# A reader waits at least so long, which is what the thread needs to hand over a block it has begun.
HAND_OVER_MS = 3

# Niceness asked for the receiving thread alone: on a busy core it then runs as soon as datagrams wait.
RECEIVE_NICENESS = -10

_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO_DROPS = 8


def open_socket(host: str, port: int, buffer_bytes: int) -> socket.socket:
    """A bound datagram socket; `::` takes both families. NotAllowed says why it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        if granted_bytes(sock) < buffer_bytes and sys.platform == "linux":
            with suppress(PermissionError):
                sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer_bytes)
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise NotAllowed(
            f"cannot listen on UDP {host} port {port}: {error}; is another collector running?"
        ) from error
    return sock


def granted_bytes(sock: socket.socket) -> int:
    """The receive buffer in the unit in which it is asked for; Linux accounts twice that (socket(7))."""
    granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return granted // 2 if sys.platform == "linux" else granted


def lull(buffer_bytes: int) -> tuple[int, float]:
    """Fewer datagrams at once than this, and the next ones are given so many seconds to gather."""
    fewest, most = LULL_DATAGRAMS
    datagrams = min(most, max(fewest, buffer_bytes // LULL_BUFFER_BYTES))
    shortest, longest = GATHER_S
    return datagrams, shortest + (longest - shortest) * (datagrams - fewest) / (most - fewest)


def kernel_drops(sock: socket.socket) -> int:
    """Datagrams this socket lost since it was opened, modulo 2^32; 0 where the kernel does not tell.

    The number that SO_RXQ_OVFL attaches to the next datagram, but read (SO_MEMINFO) when it is wanted:
    the last ones lost before a silence show too, and no datagram carries a control message.
    """
    try:
        told = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * (_MEMINFO_DROPS + 1))
    except OSError:
        return 0
    return (
        int(struct.unpack_from("=I", told, 4 * _MEMINFO_DROPS)[0])
        if len(told) == 4 * (_MEMINFO_DROPS + 1)
        else 0
    )


class UdpSource:
    """Datagrams from UDP sockets (ports.collector.DatagramSource), received by a thread of its own.

    `endpoints` are (address, port); port 0 takes any free one. Inert until `start`.
    The received time of a datagram is when it was taken from its socket, at most about two milliseconds
    after it came while the thread keeps up.
    """

    def __init__(
        self, endpoints: Sequence[tuple[str, int]], clock: Clock, buffer_wanted: int = RECEIVE_BUFFER_WANTED
    ) -> None:
        if len(endpoints) > SOCKETS_MAX:
            raise NotAllowed(f"{len(endpoints)} addresses to listen on, at most {SOCKETS_MAX}")
        self._endpoints = tuple(endpoints)
        self._clock = clock
        self._wanted = buffer_wanted
        self._sockets: list[socket.socket] = []
        self._call = recvmmsg()
        self._ring = DatagramRing()
        self._full: queue.SimpleQueue[Slots | OSError] = queue.SimpleQueue()
        self._hungry = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._receive_until_stopped, name="receive", daemon=True)
        self._drops: dict[int, tuple[int, int]] = {}
        self._too_long = 0

    def start(self) -> None:
        """Binds every address, or none and NotAllowed; then receives."""
        try:
            for host, port in self._endpoints:
                self._sockets.append(open_socket(host, port, self._wanted))
        except NotAllowed:
            self.close()
            raise
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sock.getsockname()[1] for sock in self._sockets)

    @property
    def buffer_wanted(self) -> int:
        return self._wanted

    @property
    def buffer_bytes(self) -> int:
        return min((granted_bytes(sock) for sock in self._sockets), default=0)

    def receive(self, wait_ms: int) -> Iterator[DatagramBlock]:
        """See the port. OSError when a socket can no longer be read."""
        for turn in range(RING_BLOCKS_MAX):
            slots = self._next(max(wait_ms, HAND_OVER_MS) if turn == 0 else 0)
            if slots is None:
                return
            block = slots.block()
            self._too_long += slots.too_long
            try:
                if len(block):
                    yield block
            finally:
                self._ring.give_back(slots)

    def dropped(self) -> int:
        for at, sock in enumerate(self._sockets):
            now = kernel_drops(sock)
            total, before = self._drops.get(at, (0, 0))
            self._drops[at] = total + ((now - before) & 0xFFFF_FFFF), now
        return sum(total for total, _ in self._drops.values())

    def refused(self) -> dict[str, int]:
        return {REASON_TEXT[TOO_LONG]: self._too_long} if self._too_long else {}

    def _next(self, wait_ms: int) -> Slots | None:
        with suppress(queue.Empty):
            return _raised(self._full.get_nowait())
        if not self._thread.is_alive():
            raise OSError("nothing is received any more: the receiving thread has ended")
        if not wait_ms:
            return None
        self._hungry = True
        try:
            return _raised(self._full.get(timeout=wait_ms / 1000))
        except queue.Empty:
            return None
        finally:
            self._hungry = False

    def _receive_until_stopped(self) -> None:
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), RECEIVE_NICENESS)
        poll = select.poll()
        by_number = {sock.fileno(): sock for sock in self._sockets}
        for number in by_number:
            poll.register(number, select.POLLIN)
        try:
            self._fill_the_ring(poll, by_number)
        except OSError as error:
            self._full.put(error)

    def _fill_the_ring(self, poll: "select.poll", by_number: dict[int, socket.socket]) -> None:
        """Hands a block over when it is full, and also before that when the reader has nothing to do."""
        slots: Slots | None = None
        turn = 0
        few, gather_s = lull(self.buffer_bytes)
        while not self._stopping.is_set():
            slots = slots or self._ring.take()
            if slots is None or not self._ring.room(slots):
                time.sleep(gather_s)
                continue
            came = 0
            ready = poll.poll(0 if slots.filled else IDLE_MS)
            turn += 1
            for at in range(len(ready)):  # another socket first each time, so that none is starved
                came += self._receive(slots, by_number[ready[(at + turn) % len(ready)][0]])
            if slots.filled and (self._hungry or not self._ring.room(slots)):
                self._full.put(slots)
                slots = None
            if came < few:
                time.sleep(gather_s)

    def _receive(self, slots: Slots, sock: socket.socket) -> int:
        if not self._ring.room(slots):
            return 0
        now_ms = self._clock.now_ms()
        if self._call is None:
            return self._ring.receive_one_by_one(sock, slots, now_ms)
        return self._ring.receive_many(self._call, sock, slots, now_ms)


def _raised(taken: Slots | OSError) -> Slots:
    if isinstance(taken, OSError):
        raise taken
    return taken
