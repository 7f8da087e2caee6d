"""A socket for signal datagrams: hundreds read in one call, junk among them told apart at once."""

import ctypes
import errno
import socket
import sys
from collections.abc import Iterator, Set
from typing import Final

import numpy as np

from tidegate.adapters.datagram_ring import IOVEC, MESSAGE, recvmmsg
from tidegate.adapters.udp import open_socket
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

BLOCK_DATAGRAMS_MAX = 256
"""Datagrams read in one call; the next ones wait in the socket's buffer for the next call."""

Address = tuple[str, int]

_SLOT_BYTES: Final = 21 * 64
"""Longer than a signal datagram: what is longer still comes cut short and opens nothing."""

_NAME_BYTES: Final = 32
_TAG_BYTES: Final = 8
_BUFFER_BYTES: Final = 4 << 20
_EMPTY: Final = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR, errno.ECONNREFUSED}


def tag_number(tag: bytes) -> int:
    """A datagram's first bytes as this machine reads them out of a block."""
    return int.from_bytes(tag, sys.byteorder)


class DatagramSocket:
    """OutsideFailed where it cannot listen. `::` takes both families."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self.socket = open_socket(host, port, _BUFFER_BYTES)
        except NotAllowed as refusal:
            remedy = "Is another station running? Or name another address in [hotline]."
            raise OutsideFailed(refusal.why, f"UDP {host} port {port}", remedy) from refusal
        self.socket.setblocking(False)
        self.family = int(self.socket.family)
        self._call = recvmmsg()
        self._data = np.zeros((BLOCK_DATAGRAMS_MAX, _SLOT_BYTES), np.uint8)
        self._begins = self._data.view(np.uint64)[:, 0]
        self._names = np.zeros((BLOCK_DATAGRAMS_MAX, _NAME_BYTES), np.uint8)
        each = np.arange(BLOCK_DATAGRAMS_MAX)
        self._iovecs = np.zeros(BLOCK_DATAGRAMS_MAX, IOVEC)
        self._iovecs["base"] = self._data.ctypes.data + each * _SLOT_BYTES
        self._iovecs["bytes"] = _SLOT_BYTES
        self._messages = np.zeros(BLOCK_DATAGRAMS_MAX, MESSAGE)
        self._messages["name"] = self._names.ctypes.data + each * _NAME_BYTES
        self._messages["iov"] = self._iovecs.ctypes.data + each * IOVEC.itemsize
        self._messages["iov_count"] = 1

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def receive(self, tags: Set[int]) -> tuple[int, Iterator[tuple[bytes, Address]]]:
        """How many datagrams came, and those of them that begin with one of these tags (by `tag_number`),
        with their sources.

        The iterator is read before the next call. Datagrams without a known tag cost one look into the set.
        """
        if self._call is None:
            return self._receive_one_by_one(tags)
        self._messages["name_bytes"] = _NAME_BYTES
        count = self._call(
            self.socket.fileno(), self._messages.ctypes.data, BLOCK_DATAGRAMS_MAX, socket.MSG_DONTWAIT, None
        )
        if count <= 0:
            code = ctypes.get_errno()
            if count < 0 and code not in _EMPTY:
                raise OSError(code, f"receiving failed: {errno.errorcode.get(code, code)}")
            return 0, iter(())
        begins = self._begins[:count].tolist()
        lengths = self._messages["bytes"][:count].tolist()
        ours = [at for at in range(count) if begins[at] in tags and lengths[at] > _TAG_BYTES]
        return count, ((self._data[at, : lengths[at]].tobytes(), self._source(at)) for at in ours)

    def send(self, datagram: bytes, to: Address) -> None:
        """Lost where the network has no room or no way: whoever sends signals sends them again."""
        host, port = to
        if self.family == socket.AF_INET6 and ":" not in host:
            host = f"::ffff:{host}"
        try:
            self.socket.sendto(datagram, (host, port))
        except OSError:
            return

    def close(self) -> None:
        self.socket.close()

    def _source(self, at: int) -> Address:
        name = self._names[at].tobytes()
        port = int.from_bytes(name[2:4], "big")
        if self.family == socket.AF_INET6:
            return socket.inet_ntop(socket.AF_INET6, name[8:24]), port
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port

    def _receive_one_by_one(self, tags: Set[int]) -> tuple[int, Iterator[tuple[bytes, Address]]]:
        came: list[tuple[bytes, Address]] = []
        for count in range(BLOCK_DATAGRAMS_MAX):
            try:
                datagram, source = self.socket.recvfrom(_SLOT_BYTES)
            except (BlockingIOError, ConnectionRefusedError):
                return count, iter(came)
            if len(datagram) > _TAG_BYTES and tag_number(datagram[:_TAG_BYTES]) in tags:
                came.append((datagram, source[:2]))
        return BLOCK_DATAGRAMS_MAX, iter(came)
