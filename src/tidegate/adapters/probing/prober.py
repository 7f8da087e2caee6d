"""All questions of an audit that are under way, on one loop that runs only while somebody waits."""

import asyncio

from tidegate.adapters.probing.browser import Browser
from tidegate.adapters.probing.handshakes import Handshakes
from tidegate.adapters.probing.mail_servers import greet
from tidegate.adapters.probing.name_servers import ask_name_server
from tidegate.adapters.probing.page_reader import PageReader
from tidegate.adapters.probing.sites import Sites
from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import Answer, Dns, Mail, Page, Question, Rendered, Robots, Tls


class NetworkProber:
    """As ports.probing.Prober says. What limits the number of questions under way is whoever puts them."""

    def __init__(self, settings: ProbeSettings) -> None:
        self._settings = settings
        self._handshakes = Handshakes(settings)
        self._reader = PageReader()
        self._browser = Browser(settings, self._reader)
        self._sites = Sites(settings, self._reader)
        self._loop = asyncio.new_event_loop()
        self._under_way: dict[asyncio.Task[Answer], Question] = {}

    def begin(self, question: Question) -> None:
        self._under_way[self._loop.create_task(self._ask(question))] = question

    def finished(self, wait_ms: int) -> list[tuple[Question, Answer]]:
        return self._loop.run_until_complete(self._finished(wait_ms / 1000))

    def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        self._loop.run_until_complete(self._ended())
        self._loop.close()

    async def _ended(self) -> None:
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._sites.close()
        await self._reader.close()

    async def _finished(self, wait_s: float) -> list[tuple[Question, Answer]]:
        if not self._under_way:
            await asyncio.sleep(wait_s)
            return []
        done, _ = await asyncio.wait(self._under_way, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        return [(self._under_way.pop(task), task.result()) for task in done]

    async def _ask(self, question: Question) -> Answer:
        match question:
            case Dns():
                return await ask_name_server(question, self._settings)
            case Tls():
                return await self._handshakes.look(question)
            case Page() | Robots():
                return await self._sites.read(question)
            case Mail():
                return await greet(question, self._settings)
            case Rendered():
                return await self._browser.render(question)
