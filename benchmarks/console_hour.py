"""What an hour of looking leaves behind in memory: its events, questions and streams, pressed into minutes.

Two worlds. In one a page in real Chromium follows the Situation screen beside a node that has much to tell,
and hears an hour's events. In the other a real node answers what ten people ask in an hour.
"""

import http.client
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
import numpy as np
from playwright.sync_api import Page

from benchmarks.console_node import HOUR_S, node_answering
from benchmarks.console_page import ROW, SETTLE_S, chromium, chromium_pids, fresh
from benchmarks.console_run import ConsoleRunning, Readers, console_running, token_for
from benchmarks.live import Folder
from benchmarks.processes import memory_bytes
from benchmarks.tidegate_run import tidegate_running
from benchmarks.year import live_through

PACE = 8.0
"""The page's hour is over in so much less time; at more it would have no time to draw what it hears."""

PAGE_S_MAX = 1_500
LOOKS = 24
"""How often memory is read while an hour goes by."""

BURSTS = 6
"""Twelve thousand facts on record, which the questions read."""

READERS = 10
ASKING = 16
"""Questions at once: the node answers all that wait in one turn."""

ANSWER_S_MAX = 120
"""A question without an answer has failed after so long; a machine may have much else to do."""

SITUATIONS_AN_HOUR = 3_600
SCREENS_AN_HOUR = 1_800
"""A screen opened every two seconds."""

STREAMS_AN_HOUR = 360
"""A stream of events opened, heard once and closed, every ten seconds."""

SCREENS = (
    "/api/attacks",
    "/api/attacks/5",
    "/api/attacks?filter=vector%20=%20ntp",
    "/api/counts?days=30",
    "/api/border",
    "/api/health",
    "/api/ledger",
    "/api/ledger/7",
)


class Grew(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes at each look, and when, as shares of the hour; `slope` is bytes an hour over the last two thirds,
    by least squares."""

    at: tuple[float, ...]
    bytes: tuple[float, ...]

    @property
    def slope(self) -> float:
        begin = self.at[-1] / 3
        late = [(at, size) for at, size in zip(self.at, self.bytes, strict=True) if at >= begin]
        return float(np.polyfit(*zip(*late, strict=True), 1)[0])

    @property
    def thirds(self) -> tuple[float, float, float]:
        """At the start, in the middle and at the end."""
        return self.bytes[0], self.bytes[len(self.bytes) // 2], self.bytes[-1]


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """What grew, by name, with what happened meanwhile and how long it took."""

    grew: dict[str, Grew]
    happened: str
    took_s: float


def page_s_hour(seed: int, share: float) -> Hour:
    """That share of an hour's events on a page, at PACE."""
    with (
        Folder() as folder,
        node_answering(folder, seed, PACE),
        console_running(folder, folder / "console.log", 1 / PACE) as console,
        chromium() as browser,
    ):
        page = fresh(browser, None).new_page()
        heard = events_of(page)
        page.goto(console.link)
        page.wait_for_selector(ROW)
        page.wait_for_timeout(SETTLE_S * 1000)
        return followed(page, heard, console, share)


def events_of(page: Page) -> list[int]:
    """The count of events that the page has heard, in a list of one."""
    heard = [0]
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")

    def one_more(_: object) -> None:
        heard[0] += 1

    devtools.on("Network.eventSourceMessageReceived", one_more)
    return heard


def followed(page: Page, heard: Sequence[int], console: ConsoleRunning, share: float) -> Hour:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    _, renderer = chromium_pids()

    def heap() -> float:
        devtools.send("HeapProfiler.collectGarbage")
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "JSHeapUsedSize")

    told = {
        "the page's heap": heap,
        "the page's renderer, resident": lambda: memory_bytes(renderer, "Rss"),
        "the console, resident": lambda: memory_bytes(console.pid, "Rss"),
    }
    first, began = heard[0], time.perf_counter()

    def come() -> float:
        if time.perf_counter() - began > PAGE_S_MAX:
            raise RuntimeError(f"the page heard {heard[0] - first} events in {PAGE_S_MAX} s")
        page.wait_for_timeout(500)
        return (heard[0] - first) / HOUR_S

    grew = looked(told, come, share)
    took_s = time.perf_counter() - began
    return Hour(grew=grew, happened=f"{heard[0] - first:,} events on an open page", took_s=took_s)


def looked(
    told: Mapping[str, Callable[[], float]], come: Callable[[], float], until: float
) -> dict[str, Grew]:
    """Each figure at the start and LOOKS times until `come` says that so much of the hour has gone by."""
    at, found = [0.0], {name: [float(size())] for name, size in told.items()}
    while at[-1] < until:
        share = come()
        if share >= until * len(at) / LOOKS:
            at.append(share)
            for name, size in told.items():
                found[name].append(float(size()))
    return {name: Grew(at=tuple(at), bytes=tuple(sizes)) for name, sizes in found.items()}


def node_s_hour(seed: int) -> Hour:
    """An hour's questions and streams, as fast as a real node and its console answer them."""
    with Folder() as folder:
        (folder / "state").mkdir()
        live_through(folder / "state", BURSTS, seed)
        with (
            tidegate_running(folder, None) as running,
            console_running(running.state, folder / "console.log") as console,
        ):
            token = token_for(running.state)
            told = {
                "the node, resident": lambda: memory_bytes(running.pid, "Rss"),
                "its collector, resident": lambda: memory_bytes(running.collector_pid(), "Rss"),
                "the console, resident": lambda: memory_bytes(console.pid, "Rss"),
            }
            Asking(console, token, a_part_of_an_hour(ASKING)).wait()  # each question once before it counts
            readers, began = Readers(console, token, READERS), time.perf_counter()
            try:
                readers.wait()
                asking = Asking(console, token, a_part_of_an_hour(1))
                grew = looked(told, asking.come, 1.0)
                asking.wait()
            finally:
                readers.close()
            happened = (
                f"{asking.asked:,} questions, {STREAMS_AN_HOUR} of them streams, beside {READERS} readers"
            )
            return Hour(grew=grew, happened=happened, took_s=time.perf_counter() - began)


def a_part_of_an_hour(part: int) -> list[str]:
    """What is asked in it, in an order that is not by kind; "" stands for a stream of events."""
    situations = ["/api/situation"] * (SITUATIONS_AN_HOUR // part)
    screens = list(itertools.islice(itertools.cycle(SCREENS), SCREENS_AN_HOUR // part))
    streams = [""] * (STREAMS_AN_HOUR // part)
    kinds = [situations, screens, streams]
    places = [
        (at / len(kind), which, path) for which, kind in enumerate(kinds) for at, path in enumerate(kind)
    ]
    return [path for _, _, path in sorted(places)]


class Asking:
    """Questions from several threads at once, until there are none left."""

    def __init__(self, console: ConsoleRunning, token: str, questions: Sequence[str]) -> None:
        self._left, self._whole = deque(questions), len(questions)
        self._console, self._failed = console, deque[str](maxlen=1)
        self._headers = {
            "Host": console.origin.partition("//")[2],
            "Authorization": f"Bearer {token}",
        }
        self._threads = [threading.Thread(target=self._ask) for _ in range(ASKING)]
        for thread in self._threads:
            thread.start()

    @property
    def asked(self) -> int:
        return self._whole - len(self._left)

    def come(self) -> float:
        """The share that has been asked. RuntimeError where a question was not answered."""
        if self._failed:
            raise RuntimeError(self._failed[0])
        time.sleep(0.2)
        return self.asked / self._whole

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()
        if self._failed:
            raise RuntimeError(self._failed[0])

    def _ask(self) -> None:
        with suppress(IndexError):
            while not self._failed:
                self._one(self._left.popleft())

    def _one(self, path: str) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._console.port, ANSWER_S_MAX)
        try:
            line.request("GET", path or "/api/situation/live", headers=self._headers)
            answer = line.getresponse()
            if path:
                answer.read()
            else:
                while answer.status == http.HTTPStatus.OK and not answer.readline().startswith(b"data: "):
                    pass
            if answer.status != http.HTTPStatus.OK:
                self._failed.append(f"{path} is answered with {answer.status}")
        except (OSError, http.client.HTTPException) as error:
            self._failed.append(f"{path}: {error!r}")
        finally:
            line.close()
