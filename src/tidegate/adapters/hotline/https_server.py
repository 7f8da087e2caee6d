"""The listening half of the HTTPS path: proved peers only, one exchange after the other on a connection."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Final

import h11

from tidegate.adapters.hotline.gate import Gate, Pass
from tidegate.adapters.hotline.http import HttpStream
from tidegate.adapters.hotline.inbox import Inbox
from tidegate.adapters.hotline.tls import Pins, peer_behind
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Malformed
from tidegate.ports.hotline import Arrival
from tidegate.wire.exchange import decode_exchange, encode_exchange, fitting

PEER_CONNECTIONS_MAX = 32
"""Connections of one proved peer at once; a further one is closed after its handshake. It uses 8 at most, but
where packets are lost this end hears late of those that it has given up."""

HANDSHAKE_S: Final = 10.0
IDLE_S: Final = 120.0
BODY_S: Final = 60.0
"""For 4 MiB that is 70 KB/s; over a slower link envelopes come in smaller exchanges."""

ANSWER_S: Final = 5.0
"""The node answers within one of its turns; where it does not, the answer is empty and nothing is lost."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom the listening half lets in: replaced whole when cards change."""

    context: SSLContext
    pins: Pins


@dataclass(slots=True)
class HttpsServer:
    """Its coroutines run in the path's own loop; `admitted` may be replaced from any thread."""

    name: str
    inbox: Inbox
    gate: Gate
    admitted: Admitted
    refused: Counter[str] = field(default_factory=Counter)
    _open: Counter[OrganisationId] = field(default_factory=Counter)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def accept(self, listening: socket.socket) -> None:
        """Until it is cancelled. Whoever is not let in costs one accept and one close."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:  # no descriptor is free: those that wait stay in the kernel's queue
                await asyncio.sleep(0.1)
                continue
            allowed = self.gate.admit(address[0], loop.time())
            if allowed is None:
                connection.close()
                continue
            task = loop.create_task(self._receive(connection, address[0], allowed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _receive(self, connection: socket.socket, address: str, allowed: Pass) -> None:
        admitted = self.admitted
        try:
            stream, peer = await _proved(connection, admitted)
        except (OSError, TimeoutError):
            self.refused["handshake failed"] += 1
            connection.close()
            return
        finally:
            self.gate.done(allowed)
        if peer is None or self._open[peer] >= PEER_CONNECTIONS_MAX:
            self.refused["no listed peer" if peer is None else "too many connections"] += 1
            stream.close()
            return
        self.gate.proved(address)
        self._open[peer] += 1
        try:
            await self._converse(stream, peer)
        except Malformed as refusal:
            self.refused[refusal.reason] += 1
        except (OSError, TimeoutError):
            pass  # it hung up or fell silent: whatever it wanted, it asks again
        finally:
            self._open[peer] -= 1
            stream.close()

    async def _converse(self, stream: HttpStream, peer: OrganisationId) -> None:
        while True:
            async with asyncio.timeout(IDLE_S):
                asked = await stream.asked()
            if asked is None or peer not in self.admitted.pins.values():
                return
            if not self.inbox.reserve(peer, asked.body_bytes):
                await stream.answer(503, b"")
                return
            async with asyncio.timeout(BODY_S + ANSWER_S + BODY_S):
                await self._exchange(stream, peer, asked.body_bytes)
            if not stream.again():
                return

    async def _exchange(self, stream: HttpStream, peer: OrganisationId, size: int) -> None:
        answered: asyncio.Future[Sequence[bytes]] = asyncio.get_running_loop().create_future()
        kept = False
        try:
            async with asyncio.timeout(BODY_S):
                envelopes = decode_exchange(await stream.body(size))
            arrival = Arrival(self.name, peer, envelopes, _answer_to(answered))
            self.inbox.put(arrival, peer, size)
            kept = True
        finally:
            if not kept:
                self.inbox.release(peer, size)
        back: Sequence[bytes] = ()
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                back = await answered
        await stream.answer(200, encode_exchange(back[: fitting(back)]))


async def _proved(connection: socket.socket, admitted: Admitted) -> tuple[HttpStream, OrganisationId | None]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        connection,
        ssl=admitted.context,
        ssl_handshake_timeout=HANDSHAKE_S,
        ssl_shutdown_timeout=1.0,
    )
    stream = HttpStream(h11.SERVER, reader, asyncio.StreamWriter(transport, protocol, reader, loop))
    return stream, peer_behind(transport.get_extra_info("ssl_object"), admitted.pins)


def _answer_to(answered: "asyncio.Future[Sequence[bytes]]") -> Callable[[Sequence[bytes]], None]:
    """For the node's thread. Late or second answers are dropped; what they held is still to be sent."""

    def settle(envelopes: Sequence[bytes]) -> None:
        if not answered.done():
            answered.set_result(envelopes)

    def answer(envelopes: Sequence[bytes]) -> None:
        with suppress(RuntimeError):  # the path has been stopped
            answered.get_loop().call_soon_threadsafe(settle, tuple(envelopes))

    return answer
