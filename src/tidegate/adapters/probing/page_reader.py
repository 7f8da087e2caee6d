"""Pages read in a process of their own, which is ended when one takes too long, and started anew."""

import asyncio
import contextlib
import sys

import msgspec

from tidegate.adapters.probing.page_worker import LENGTH_BYTES, READY, Read, ToRead
from tidegate.model.probes import Link

READ_SECONDS_MAX = 5
"""A page that takes longer is told as malformed: a tree takes time that grows with its depth squared."""

START_SECONDS_MAX = 60
"""The process that reads pages takes a moment to start; one that takes longer costs the page it is for."""


class PageReader:
    """One page at a time: reading takes milliseconds where nobody means harm."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, body: str, url: str, *, style: bool = False) -> tuple[tuple[Link, ...], bool]:
        """What the page loads, and whether all of it is told. ValueError where it could not be read."""
        request = msgspec.msgpack.encode(ToRead(style, body, url))
        async with self._one:
            try:
                process = self._process or await self._start()
                async with asyncio.timeout(READ_SECONDS_MAX):
                    answer = await self._exchange(process, request)
            except TimeoutError:
                raise ValueError(f"a page that takes more than {READ_SECONDS_MAX} s to read") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                raise ValueError("a page that cannot be read within the memory for it") from None
        read = msgspec.msgpack.decode(answer, type=Read)
        return read.links, read.whole

    async def close(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def _exchange(self, process: asyncio.subprocess.Process, request: bytes) -> bytes:
        """Whoever is interrupted in the middle leaves no process behind whose next answer is another's."""
        assert process.stdin is not None
        assert process.stdout is not None
        done = False
        try:
            process.stdin.write(len(request).to_bytes(LENGTH_BYTES, "big") + request)
            await process.stdin.drain()
            length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
            answer = await process.stdout.readexactly(length)
            done = True
            return answer
        finally:
            if not done:
                await self.close()

    async def _start(self) -> asyncio.subprocess.Process:
        """Once it says that it is there: what it takes to start is no page's fault."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tidegate.adapters.probing.page_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            await self._process.stdout.readexactly(len(READY))
        return self._process
