"""A fault proxy in user space: UDP datagrams and TCP streams pass it, or do not, as the faults say.

Streams cannot lose bytes here, since TCP would notice nothing: they come late, are cut, or stand still. Real
loss under TCP needs a network below it (tests/lab/wan.py has one).
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, cast

from tidegate.lab.hotline.faults import Fate, Faults

SOURCES_MAX = 256
"""Sources of datagrams that one proxy tells apart; the one heard longest ago is forgotten."""

Address = tuple[str, int]

_CHUNK_BYTES: Final = 16_384
_STILL_S: Final = 0.05


class FaultProxy:
    """Stands before the ports of any number of stations; one thread serves them all."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.fate = Fate(faults, seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faults", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def set(self, faults: Faults) -> None:
        """From the next packet on."""
        self.fate.faults = faults

    def before_udp(self, target: Address) -> int:
        """The port on 127.0.0.1 whose datagrams go to the target, and the target's answers back."""
        return self._run(self._open_udp(target))

    def before_tcp(self, target: Address) -> int:
        return self._run(self._open_tcp(target))

    def _run(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open_udp(self, target: Address) -> int:
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Front(self.fate, target), local_addr=("127.0.0.1", 0)
        )
        return int(transport.get_extra_info("sockname")[1])

    async def _open_tcp(self, target: Address) -> int:
        server = await asyncio.start_server(
            lambda reader, writer: self._stream(reader, writer, target), "127.0.0.1", 0, limit=_CHUNK_BYTES
        )
        return int(server.sockets[0].getsockname()[1])

    async def _stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Address
    ) -> None:
        with suppress(OSError):
            await self._stand_still()
            onward_reader, onward = await asyncio.open_connection(*target, limit=_CHUNK_BYTES)
            await asyncio.gather(self._pump(reader, onward), self._pump(onward_reader, writer))
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                await asyncio.sleep(self.fate.faults.delay_ms / 1000)
                await self._stand_still()
                if self.fate.cuts():
                    writer.write(chunk[: self.fate.part(len(chunk))])
                    return
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def _stand_still(self) -> None:
        while self.fate.faults.partition:
            await asyncio.sleep(_STILL_S)

    async def _end(self) -> int:
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task()}:
            task.cancel()
        return 0


class _Front(asyncio.DatagramProtocol):
    """Faces the sources. Each has a socket of its own towards the target, by which answers find back."""

    def __init__(self, fate: Fate, target: Address) -> None:
        self._fate = fate
        self._target = target
        self._transport: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, socket.socket] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        for source in list(self._backs):
            self._forget(source)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        back = self._backs.pop(addr, None) or self._back(addr)
        self._backs[addr] = back
        if len(self._backs) > SOURCES_MAX:
            self._forget(next(iter(self._backs)))
        _pass_on(self._fate, data, back.send)

    def _back(self, source: Address) -> socket.socket:
        back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        back.setblocking(False)
        back.connect(self._target)
        asyncio.get_running_loop().add_reader(back, self._answered, back, source)
        return back

    def _answered(self, back: socket.socket, source: Address) -> None:
        with suppress(OSError):
            data = back.recv(65_536)
            _pass_on(self._fate, data, lambda packet: self._send(packet, source))

    def _send(self, packet: bytes, to: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(packet, to)

    def _forget(self, source: Address) -> None:
        back = self._backs.pop(source)
        with suppress(RuntimeError):
            asyncio.get_running_loop().remove_reader(back)
        back.close()


def _pass_on(fate: Fate, packet: bytes, send: Callable[[bytes], object]) -> None:
    for passed in fate.of(packet):
        asyncio.get_running_loop().call_later(passed.after_ms / 1000, _try, send, passed.packet)


def _try(send: Callable[[bytes], object], packet: bytes) -> None:
    with suppress(OSError):
        send(packet)
