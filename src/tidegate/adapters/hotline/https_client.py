"""The calling half of the HTTPS path: several endpoints at once, connections kept open between exchanges."""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import h11

from tidegate.adapters.hotline.http import HttpStream
from tidegate.adapters.hotline.inbox import Inbox
from tidegate.adapters.hotline.tls import Pins, peer_behind
from tidegate.model.organisations import Endpoint, OrganisationId
from tidegate.model.refusals import Malformed
from tidegate.ports.hotline import Arrival, Outcome
from tidegate.wire.exchange import decode_exchange, encode_exchange

KEPT_OPEN_MAX = 8
"""Idle connections kept for one endpoint; a further one is closed after its exchange."""

CONNECT_S: Final = 15.0
EXCHANGE_S: Final = 60.0
IDLE_S: Final = 90.0
"""Less than the listening half waits, so that an exchange is seldom begun on a connection that just ended."""

_STATUS: Final = {
    503: "the other end has no room now",
    400: "the other end could not read it",
}


@dataclass(frozen=True, slots=True)
class Way:
    """How one peer is called: a context that trusts its certificates alone."""

    context: ssl.SSLContext
    pins: Pins


Place = tuple[OrganisationId, Endpoint]


@dataclass(slots=True)
class _Idle:
    stream: HttpStream
    since_s: float


@dataclass(slots=True)
class HttpsClient:
    """Its coroutines run in the path's own loop; `peers` may be replaced from any thread."""

    name: str
    inbox: Inbox
    peers: Mapping[OrganisationId, Way] = field(default_factory=dict)
    _idle: dict[Place, list[_Idle]] = field(default_factory=dict)

    async def exchange(
        self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes], ticket: int
    ) -> None:
        """One offer from begin to end; its outcome goes to the inbox."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            async with asyncio.timeout(EXCHANGE_S):
                why = await self._exchange((peer, endpoint), encode_exchange(envelopes))
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: a host that is no name
            why = _words(error)
        round_trip_ms = round((loop.time() - began_s) * 1000)
        self.inbox.tell(Outcome(self.name, peer, endpoint, why, round_trip_ms, ticket))

    def close(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.stream.close()
        self._idle.clear()

    async def _exchange(self, place: Place, body: bytes) -> str:
        stream = self._kept(place)
        if stream is not None:
            try:
                return await self._on(stream, place, body)
            except (OSError, Malformed):
                pass  # it ended while it was idle; nothing is lost by asking again on a new one
        return await self._on(await self._connect(place), place, body)

    async def _on(self, stream: HttpStream, place: Place, body: bytes) -> str:
        peer, endpoint = place
        usable = False
        try:
            answered = await stream.request(endpoint.host, body)
            if answered.status != 200:
                return _STATUS.get(answered.status, f"the other end answered with HTTP {answered.status}")
            envelopes = decode_exchange(answered.body)
            if envelopes and self.inbox.reserve(peer, len(answered.body)):
                self.inbox.put(Arrival(self.name, peer, envelopes, None), peer, len(answered.body))
            usable = self._keep(stream, place)
            return ""
        finally:
            if not usable:
                stream.close()

    async def _connect(self, place: Place) -> HttpStream:
        peer, endpoint = place
        how = self.peers.get(peer)
        if how is None:
            raise Malformed("no listed peer", 0)
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                endpoint.host, endpoint.port, ssl=how.context, server_hostname="", ssl_shutdown_timeout=1.0
            )
        if peer_behind(writer.get_extra_info("ssl_object"), how.pins) != peer:
            writer.close()
            raise ssl.SSLCertVerificationError("not pinned")
        return HttpStream(h11.CLIENT, reader, writer)

    def _kept(self, place: Place) -> HttpStream | None:
        idle = self._idle.get(place, [])
        now_s = asyncio.get_running_loop().time()
        while idle:
            newest = idle.pop()
            if now_s - newest.since_s < IDLE_S and place[0] in self.peers:
                return newest.stream
            newest.stream.close()
        return None

    def _keep(self, stream: HttpStream, place: Place) -> bool:
        """Whether another exchange may follow on it, and it is kept for that."""
        idle = self._idle.setdefault(place, [])
        kept = stream.again() and len(idle) < KEPT_OPEN_MAX
        if kept:
            idle.append(_Idle(stream, asyncio.get_running_loop().time()))
        return kept


def _words(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "nothing listens there"
        case socket.gaierror():
            return "its name has no address here"
        case ssl.SSLCertVerificationError():
            return "who answers there is not this peer: the certificate is not on its card"
        case ssl.SSLError():
            return "the other end refused the handshake: it may not list our newest certificate"
        case ConnectionError():
            return "the other end hung up"
        case Malformed():
            return f"the other end does not speak this protocol: {error.reason}"
        case _:
            return str(error)
