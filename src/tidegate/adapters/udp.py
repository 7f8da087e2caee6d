"""Receiving UDP datagrams many at a time: recvmmsg into memory laid out once, addresses gathered by columns.

One thread does nothing else than empty the sockets, into a ring that the collector reads. So a pause of
the collector (a second being closed, a template being read) is borne by the ring, which is large and
needs no privilege, and not by the socket's buffer, which an ordinary system keeps at 208 KiB.
"""

import ctypes
import errno
import os
import queue
import select
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np

from tidegate.kernels.reasons import REASON_TEXT, TOO_LONG
from tidegate.model.addresses import MAPPED_IPV4, words
from tidegate.model.datagrams import DATAGRAM_BYTES_MAX, DatagramBlock
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock

SOCKETS_MAX = 64
"""Sockets at once; more are NotAllowed."""

BLOCK_DATAGRAMS_MAX = 512
"""Datagrams in one block, and in one call to the kernel."""

RING_BLOCKS_MAX = 32
"""Blocks received and not yet read (at most 152 MB); then datagrams wait in the sockets' buffers."""

RECEIVE_BUFFER_WANTED = 32 << 20
"""Bytes asked of the kernel for each socket; what it granted is `buffer_bytes`."""

# A datagram wakes nobody for its own sake: after one that came alone, others gather this long.
GATHER_S = 0.0005
LULL_DATAGRAMS = 32
IDLE_MS = 100

# A reader waits at least so long, which is what the thread needs to hand over a block it has begun.
HAND_OVER_MS = 3

# Niceness asked for the receiving thread alone: on a busy core it then runs as soon as datagrams wait.
RECEIVE_NICENESS = -10

# Longer than the longest by some bytes, so that a longer one shows; an odd number of cache lines, so
# that the slots' first lines do not fall on one another in the cache.
SLOT_BYTES = 145 * 64

_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO_DROPS = 8

# struct mmsghdr of recvmmsg(2) and struct iovec where pointers have 64 bits.
MESSAGE = np.dtype(
    [
        (name, np.uint64)
        for name in ("name", "name_bytes", "iov", "iov_count", "control", "control_bytes", "flags")
    ]
    + [("bytes", np.uint32), ("pad", np.uint32)]
)
IOVEC = np.dtype([("base", np.uint64), ("bytes", np.uint64)])
# struct sockaddr_in6 and sockaddr_in, in 32 bytes each.
_NAME_BYTES = 32
_NAME6 = np.dtype(
    {"names": ["high", "low"], "formats": [">u8"] * 2, "offsets": [8, 16], "itemsize": _NAME_BYTES}
)
_NAME4 = np.dtype({"names": ["low"], "formats": [">u4"], "offsets": [4], "itemsize": _NAME_BYTES})
_MAPPED = np.uint64(MAPPED_IPV4)

_Call = Callable[[int, int, int, int, None], int]


def recvmmsg() -> _Call | None:
    """The C library's recvmmsg, where there is one and its structures are those laid out above."""
    if sys.platform != "linux" or struct.calcsize("P") != 8 or sys.byteorder != "little":
        return None
    with suppress(AttributeError, OSError):
        call = ctypes.CDLL(None, use_errno=True).recvmmsg
        call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
        call.restype = ctypes.c_int
        return call
    return None


class _Slots:
    """The memory of one block: a slot for each datagram, its columns, and what recvmmsg needs."""

    def __init__(self) -> None:
        count = BLOCK_DATAGRAMS_MAX
        each = np.arange(count)
        self.filled = 0
        self.data = np.empty(count * SLOT_BYTES, np.uint8)
        self.starts = each.astype(np.int64) * SLOT_BYTES
        self.lengths = np.zeros(count, np.int64)
        self.source_high = np.zeros(count, np.uint64)
        self.source_low = np.zeros(count, np.uint64)
        self.received_ms = np.zeros(count, np.int64)
        self.too_long = 0
        names = np.zeros(count * _NAME_BYTES, np.uint8)
        self._names6, self._names4 = names.view(_NAME6), names.view(_NAME4)
        self._iovecs = np.zeros(count, IOVEC)
        self._iovecs["base"] = self.data.ctypes.data + self.starts
        self._iovecs["bytes"] = SLOT_BYTES
        self._messages = np.zeros(count, MESSAGE)
        self._messages["name"] = names.ctypes.data + each * _NAME_BYTES
        self._messages["name_bytes"] = _NAME_BYTES
        self._messages["iov"] = self._iovecs.ctypes.data + each * IOVEC.itemsize
        self._messages["iov_count"] = 1
        self._address = self._messages.ctypes.data
        self._memory = self.data.data

    @property
    def free(self) -> int:
        return BLOCK_DATAGRAMS_MAX - self.filled

    def receive_many(self, call: _Call, sock: socket.socket, now_ms: int) -> int:
        """Fills slots with what waits in the socket; how many."""
        at = self.filled
        count = call(
            sock.fileno(), self._address + at * MESSAGE.itemsize, self.free, socket.MSG_DONTWAIT, None
        )
        if count <= 0:
            _only_empty(ctypes.get_errno())
            return 0
        new = slice(at, at + count)
        self.lengths[new] = self._messages["bytes"][new]
        if sock.family == socket.AF_INET6:
            self.source_high[new] = self._names6["high"][new]
            self.source_low[new] = self._names6["low"][new]
        else:
            self.source_high[new] = 0
            self.source_low[new] = self._names4["low"][new] | _MAPPED
        self.received_ms[new] = now_ms
        self.filled += count
        return count

    def receive_one_by_one(self, sock: socket.socket, now_ms: int) -> int:
        """The same where there is no recvmmsg."""
        before = self.filled
        while self.free:
            at = self.filled
            start = at * SLOT_BYTES
            try:
                length, source = sock.recvfrom_into(
                    self._memory[start : start + SLOT_BYTES], 0, socket.MSG_DONTWAIT
                )
            except BlockingIOError:
                break
            except OSError as error:
                _only_empty(error.errno)
                break
            self.lengths[at] = length
            self.source_high[at], self.source_low[at] = words(source[0].partition("%")[0])
            self.received_ms[at] = now_ms
            self.filled += 1
        return self.filled - before

    def block(self) -> DatagramBlock:
        """What was received, without the datagrams that were too long; those are counted in `too_long`."""
        used = slice(0, self.filled)
        starts, lengths, received_ms = self.starts[used], self.lengths[used], self.received_ms[used]
        high, low = self.source_high[used], self.source_low[used]
        whole = lengths <= DATAGRAM_BYTES_MAX
        self.too_long = self.filled - int(np.count_nonzero(whole))
        if self.too_long:
            starts, lengths, received_ms = starts[whole], lengths[whole], received_ms[whole]
            high, low = high[whole], low[whole]
        return DatagramBlock(self.data, starts, lengths, high, low, received_ms)


def _only_empty(code: int | None) -> None:
    """Nothing there, or a signal came: go on. Any other error is the caller's to see."""
    if code not in {errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR, errno.ECONNREFUSED}:
        raise OSError(code, f"receiving failed: {errno.errorcode.get(code or 0, code)}")


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
    The received time of a datagram is when it was taken from its socket, at most about a millisecond
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
        # The block that was read last is filled next: it is still in the cache, and while the ring is
        # not needed most of it never costs memory.
        self._empty: deque[_Slots] = deque()
        self._full: queue.SimpleQueue[_Slots | OSError] = queue.SimpleQueue()
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
        for _ in range(RING_BLOCKS_MAX):
            self._empty.append(_Slots())
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
                slots.filled = 0
                self._empty.append(slots)

    def dropped(self) -> int:
        for at, sock in enumerate(self._sockets):
            now = kernel_drops(sock)
            total, before = self._drops.get(at, (0, 0))
            self._drops[at] = total + ((now - before) & 0xFFFF_FFFF), now
        return sum(total for total, _ in self._drops.values())

    def refused(self) -> dict[str, int]:
        return {REASON_TEXT[TOO_LONG]: self._too_long} if self._too_long else {}

    def _next(self, wait_ms: int) -> _Slots | None:
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
        slots: _Slots | None = None
        turn = 0
        while not self._stopping.is_set():
            if slots is None:
                if not self._empty:
                    time.sleep(GATHER_S)
                    continue
                slots = self._empty.pop()
            came = 0
            ready = poll.poll(0 if slots.filled else IDLE_MS)
            turn += 1
            for at in range(len(ready)):  # another socket first each time, so that none is starved
                came += self._receive(slots, by_number[ready[(at + turn) % len(ready)][0]])
            if slots.filled and (self._hungry or not slots.free):
                self._full.put(slots)
                slots = None
            if came < LULL_DATAGRAMS:
                time.sleep(GATHER_S)

    def _receive(self, slots: _Slots, sock: socket.socket) -> int:
        if not slots.free:
            return 0
        now_ms = self._clock.now_ms()
        if self._call is None:
            return slots.receive_one_by_one(sock, now_ms)
        return slots.receive_many(self._call, sock, now_ms)


def _raised(taken: _Slots | OSError) -> _Slots:
    if isinstance(taken, OSError):
        raise taken
    return taken
