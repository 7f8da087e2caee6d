"""One exchange as HTTP/1.1 (RFC 9112, by h11): a POST of envelopes, and envelopes in its answer."""

import asyncio
from dataclasses import dataclass
from typing import Final

import h11

from tidegate.model.refusals import Malformed
from tidegate.wire.exchange import EXCHANGE_BYTES_MAX

TARGET: Final = b"/hotline/1/exchange"
MEDIA_TYPE: Final = b"application/vnd.tidegate.envelopes"

HEAD_BYTES_MAX = 4_096
"""Bytes of a request's or an answer's head; a longer one ends the connection."""

_READ_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Asked:
    """The head of a request that this node can serve."""

    body_bytes: int


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: bytes


class HttpStream:
    """One connection, either side of it. Malformed where the other end does not keep to the protocol."""

    def __init__(
        self,
        role: type[h11.CLIENT] | type[h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._connection = h11.Connection(role, max_incomplete_event_size=HEAD_BYTES_MAX)
        self._reader = reader
        self._writer = writer

    async def request(self, host: str, body: bytes) -> Answered:
        """Sends one exchange and takes its answer."""
        head = h11.Request(
            method="POST",
            target=TARGET,
            headers=[
                (b"Host", host.encode("idna")),
                (b"Content-Type", MEDIA_TYPE),
                (b"Content-Length", b"%d" % len(body)),
            ],
        )
        await self._send(head, body)
        event = await self._next()
        if not isinstance(event, h11.Response):
            raise Malformed("no answer", 0)
        return Answered(event.status_code, await self.body(EXCHANGE_BYTES_MAX))

    async def asked(self) -> Asked | None:
        """The next request; None where the other end has hung up."""
        event = await self._next()
        if isinstance(event, h11.ConnectionClosed):
            return None
        if not isinstance(event, h11.Request) or event.method != b"POST" or event.target != TARGET:
            raise Malformed("not an exchange", 0)
        lengths = [value for name, value in event.headers if name == b"content-length"]
        if len(lengths) != 1 or int(lengths[0]) > EXCHANGE_BYTES_MAX:
            raise Malformed("exchange without a length, or too long", 0)
        return Asked(int(lengths[0]))

    async def answer(self, status: int, body: bytes) -> None:
        headers = [(b"Content-Type", MEDIA_TYPE), (b"Content-Length", b"%d" % len(body))]
        if status != 200:
            headers.append((b"Connection", b"close"))
        await self._send(h11.Response(status_code=status, headers=headers), body)

    async def body(self, longest: int) -> bytes:
        pieces = bytearray()
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data) or len(pieces) + len(event.data) > longest:
                raise Malformed("body cut short or too long", len(pieces))
            pieces += event.data
        return bytes(pieces)

    def again(self) -> bool:
        """Whether another exchange may follow on this connection."""
        try:
            self._connection.start_next_cycle()
        except h11.ProtocolError:
            return False
        return True

    def close(self) -> None:
        self._writer.close()

    async def _send(self, head: h11.Request | h11.Response, body: bytes) -> None:
        try:
            pieces = [self._connection.send(head)]
            pieces += [self._connection.send(h11.Data(data=body))] if body else []
            pieces.append(self._connection.send(h11.EndOfMessage()))
        except h11.LocalProtocolError as error:  # the other end has hung up in the middle
            raise Malformed("connection ended", 0) from error
        self._writer.writelines(piece for piece in pieces if piece)
        await self._writer.drain()

    async def _next(self) -> h11.Event:
        try:
            while (event := self._connection.next_event()) is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(_READ_BYTES))
        except h11.RemoteProtocolError as error:
            raise Malformed("not HTTP", 0) from error
        if not isinstance(event, h11.Event):
            raise Malformed("requests before their answers", 0)
        return event
