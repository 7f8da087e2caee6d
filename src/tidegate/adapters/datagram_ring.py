"""The memory that datagrams are received into: a ring of blocks, laid out once, which recvmmsg fills.

Nearly every datagram fits into a *place* as long as an Ethernet frame carries. What is longer flows over
into a spare piece of memory and is then put together in one of a few long places. So a ring that holds
half a second of datagrams is no larger than they are, and lies close together.
"""

import ctypes
import errno
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import MAPPED_IPV4, words
from tidegate.model.datagrams import DATAGRAM_BYTES_MAX, DatagramBlock

BLOCK_DATAGRAMS_MAX = 512
"""Datagrams in one block, and in one call to the kernel."""

RING_BLOCKS_MAX = 128
"""Blocks received and not yet read (at most 105 MB, and as many datagrams as 4 million records a second
bring in 0.4 s); then datagrams wait in the sockets' buffers."""

LONG_DATAGRAMS_MAX = 4096
"""Datagrams longer than an Ethernet frame among those (38 MB more); then all wait in the sockets' buffers."""

# An odd number of cache lines, so that the places' first lines do not fall on one another in the cache.
PLACE_BYTES = 25 * 64
# Longer than the longest by some bytes, so that a longer one shows.
LONG_BYTES = 145 * 64
TAIL_BYTES = LONG_BYTES - PLACE_BYTES

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

Call = Callable[[int, int, int, int, None], int]


def recvmmsg() -> Call | None:
    """The C library's recvmmsg, where there is one and its structures are those laid out above."""
    if sys.platform != "linux" or struct.calcsize("P") != 8 or sys.byteorder != "little":
        return None
    with suppress(AttributeError, OSError):
        call = ctypes.CDLL(None, use_errno=True).recvmmsg
        call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
        call.restype = ctypes.c_int
        return call
    return None


class Slots:
    """One block being filled, then read: the columns of its datagrams, and the long places that it holds."""

    def __init__(self, memory: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> None:
        count = len(places)
        self.memory = memory
        self.places = places
        self.filled = 0
        self.starts = places.copy()
        self.lengths = np.zeros(count, np.int64)
        self.source_high = np.zeros(count, np.uint64)
        self.source_low = np.zeros(count, np.uint64)
        self.received_ms = np.zeros(count, np.int64)
        self.long: list[int] = []
        self.too_long = 0

    @property
    def free(self) -> int:
        return len(self.places) - self.filled

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
        return DatagramBlock(self.memory, starts, lengths, high, low, received_ms)


class DatagramRing:
    """All blocks, in one piece of memory that costs nothing until it is touched.

    One thread takes blocks and fills them, another reads them and gives them back. The block that was
    read last is filled next: it is still in the cache, and while the ring is not needed most of it never
    costs memory.
    """

    def __init__(self) -> None:
        count = BLOCK_DATAGRAMS_MAX
        dense_bytes = RING_BLOCKS_MAX * count * PLACE_BYTES
        self._memory = np.empty(dense_bytes + LONG_DATAGRAMS_MAX * LONG_BYTES, np.uint8)
        self._unmade = iter(range(0, dense_bytes, count * PLACE_BYTES))
        self._empty: deque[Slots] = deque()
        self._long = deque(range(dense_bytes, len(self._memory), LONG_BYTES))
        each = np.arange(count)
        self._places = each * PLACE_BYTES
        self._tails = np.empty((count, TAIL_BYTES), np.uint8)
        names = np.zeros(count * _NAME_BYTES, np.uint8)
        self._names6, self._names4 = names.view(_NAME6), names.view(_NAME4)
        self._iovecs = np.zeros((count, 2), IOVEC)
        self._iovecs["bytes"] = PLACE_BYTES, TAIL_BYTES
        self._iovecs["base"][:, 1] = self._tails.ctypes.data + each * TAIL_BYTES
        self._messages = np.zeros(count, MESSAGE)
        self._messages["name"] = names.ctypes.data + each * _NAME_BYTES
        self._messages["name_bytes"] = _NAME_BYTES
        self._messages["iov"] = self._iovecs.ctypes.data + each * 2 * IOVEC.itemsize
        self._messages["iov_count"] = 2
        self._address = self._messages.ctypes.data
        self._view = self._memory.data
        self._tail_views = [row.data for row in self._tails]

    def take(self) -> Slots | None:
        """An empty block, which the next calls of `receive_...` are to fill; None while all are full."""
        if self._empty:
            slots = self._empty.pop()
        elif (first := next(self._unmade, None)) is not None:
            slots = Slots(self._memory, self._places + first)
        else:
            return None
        self._iovecs["base"][:, 0] = self._memory.ctypes.data + slots.places
        return slots

    def give_back(self, slots: Slots) -> None:
        """A block that was read; its memory may be filled again at once."""
        self._long += slots.long
        slots.long.clear()
        slots.filled = 0
        self._empty.append(slots)

    def room(self, slots: Slots) -> int:
        """Datagrams that may be received into the block now, be they as long as they can."""
        return min(slots.free, len(self._long))

    def receive_many(self, call: Call, sock: socket.socket, slots: Slots, now_ms: int) -> int:
        """Fills the block taken last with what waits in the socket; how many."""
        at = slots.filled
        first = self._address + at * MESSAGE.itemsize
        count = call(sock.fileno(), first, self.room(slots), socket.MSG_DONTWAIT, None)
        if count <= 0:
            _only_empty(ctypes.get_errno())
            return 0
        new = slice(at, at + count)
        slots.lengths[new] = self._messages["bytes"][new]
        if sock.family == socket.AF_INET6:
            slots.source_high[new] = self._names6["high"][new]
            slots.source_low[new] = self._names6["low"][new]
        else:
            slots.source_high[new] = 0
            slots.source_low[new] = self._names4["low"][new] | _MAPPED
        self._received(slots, new, now_ms)
        return count

    def receive_one_by_one(self, sock: socket.socket, slots: Slots, now_ms: int) -> int:
        """The same where there is no recvmmsg."""
        before = slots.filled
        for at in range(before, before + self.room(slots)):
            start = int(slots.places[at])
            pieces = [self._view[start : start + PLACE_BYTES], self._tail_views[at]]
            try:
                slots.lengths[at], _, _, source = sock.recvmsg_into(pieces, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError as error:
                _only_empty(error.errno)
                break
            slots.source_high[at], slots.source_low[at] = words(source[0].partition("%")[0])
            self._received(slots, slice(at, at + 1), now_ms)
        return slots.filled - before

    def _received(self, slots: Slots, new: slice, now_ms: int) -> None:
        slots.starts[new] = slots.places[new]
        slots.received_ms[new] = now_ms
        slots.filled = new.stop
        if slots.lengths[new].max() > PLACE_BYTES:
            for at in range(new.start, new.stop):
                if PLACE_BYTES < slots.lengths[at] <= DATAGRAM_BYTES_MAX:
                    self._put_together(slots, at)

    def _put_together(self, slots: Slots, at: int) -> None:
        """Gives a datagram that flowed over its place a long one."""
        start, long, length = int(slots.places[at]), self._long.pop(), int(slots.lengths[at])
        self._memory[long : long + PLACE_BYTES] = self._memory[start : start + PLACE_BYTES]
        self._memory[long + PLACE_BYTES : long + length] = self._tails[at, : length - PLACE_BYTES]
        slots.starts[at] = long
        slots.long.append(long)


def _only_empty(code: int | None) -> None:
    """Nothing there, or a signal came: go on. Any other error is the caller's to see."""
    if code not in {errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR, errno.ECONNREFUSED}:
        raise OSError(code, f"receiving failed: {errno.errorcode.get(code or 0, code)}")
