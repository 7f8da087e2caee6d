"""The node's moment, asked for once a second while anybody looks, and shared by all who do."""

import asyncio
from collections.abc import AsyncIterator, Callable

from tidegate.app.console.gathering import Moment

PULSE_S = 1.0

LOOKING_MAX = 64
"""Pages that follow at once; one more is refused, and asks again later."""


class Pulse:
    """Belongs to the door's one loop. `ask` blocks, so it is called in a thread; with nobody looking the
    node is asked nothing."""

    def __init__(self, ask: Callable[[], Moment]) -> None:
        self._ask = ask
        self._looking = 0
        self._beat = asyncio.Condition()
        self._moment: Moment | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return self._looking >= LOOKING_MAX

    async def moments(self) -> AsyncIterator[Moment]:
        """One a second, the latest: who is slow misses some, and holds nobody up."""
        self._looking += 1
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            while True:
                async with self._beat:
                    await self._beat.wait()
                    told = self._moment
                assert told is not None, "a beat follows an answer"
                yield told
        finally:
            self._looking -= 1

    async def _run(self) -> None:
        try:
            while self._looking:
                self._moment = await asyncio.to_thread(self._ask)
                async with self._beat:
                    self._beat.notify_all()
                await asyncio.sleep(PULSE_S)
        finally:
            self._task = None

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
