"""The Situation screen in real Chromium over a node that has much to tell: what its processes take, whether
its memory grows, and how soon it can be used.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from benchmarks.console_node import node_answering
from benchmarks.console_run import ConsoleRunning, console_running
from benchmarks.live import Folder
from benchmarks.processes import cpu_seconds, family_of, memory_bytes, put_first

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
ACROSS, DOWN = 1280, 900
PATIENCE_MS = 60_000
SETTLE_S = 15.0
HEAP_EVERY_S = 10.0
LOADS = 5

ROW = "main table tbody tr"
USABLE = f"""
const drawn = () => requestAnimationFrame(() => setTimeout(() => {{ window.usableAt = performance.now(); }}));
const look = () => requestAnimationFrame(document.querySelector("{ROW}") ? drawn : look);
look();
"""
"""Milliseconds from asking for the page until attacks are drawn and the page takes what comes next."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are of one core, over `seconds` in which nobody touched the page. Slopes, in bytes a second, are
    least squares over `looks`, each after a collection of garbage. `usable_s` are loads, the quickest first,
    with nothing kept of the page."""

    seconds: float
    all_share: float
    renderer_share: float
    console_share: float
    rows: int
    looks: int
    looked_s: float
    heap_bytes: float
    heap_slope: float
    resident_bytes: float
    resident_slope: float
    usable_s: tuple[float, ...]


@contextmanager
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        raise RuntimeError("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for pid in chromium_family():
            put_first(pid)
        yield browser
        browser.close()


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""


def chromium_family() -> list[int]:
    """The first is the one whose family the others are."""
    return [pid for pid in family_of(os.getpid()) if b"chromium" in command_of(pid).partition(b"\0")[0]]


def chromium_pids() -> tuple[int, int]:
    """Chromium's first process and the renderer that works most."""
    ours = chromium_family()
    renderers = [pid for pid in ours if b"--type=renderer" in command_of(pid)]
    if not renderers:
        raise RuntimeError("no renderer of Chromium is found")
    return ours[0], max(renderers, key=cpu_seconds)


def fresh(browser: Browser, known: StorageState | None) -> BrowserContext:
    context = browser.new_context(
        locale="en", viewport={"width": ACROSS, "height": DOWN}, storage_state=known
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


def usable_s(browser: Browser, console: ConsoleRunning, known: StorageState) -> float:
    """One load by somebody who is signed in, with nothing kept of the page."""
    context = fresh(browser, known)
    page = context.new_page()
    page.add_init_script(USABLE)
    page.goto(console.origin + "/")
    until = time.monotonic() + PATIENCE_MS / 1000
    # A wait inside the page would be a text to evaluate there, which the page's policy forbids.
    while not (took_ms := page.evaluate("window.usableAt")):
        if time.monotonic() > until:
            raise RuntimeError("the first screen does not come")
        page.wait_for_timeout(100)
    context.close()
    return float(took_ms) / 1000


def heaps(page: Page, renderer: int, seconds: float) -> list[tuple[float, float, float]]:
    """When, the heap's bytes in use, the renderer's resident bytes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    began, found = time.perf_counter(), list[tuple[float, float, float]]()
    while (at := time.perf_counter() - began) < seconds:
        devtools.send("HeapProfiler.collectGarbage")
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        used = next(float(one["value"]) for one in metrics if one["name"] == "JSHeapUsedSize")
        found.append((at, used, float(memory_bytes(renderer, "Rss"))))
        page.wait_for_timeout(HEAP_EVERY_S * 1000)
    return found


def watch(seed: int, untouched_s: float, looked_s: float) -> Watched:
    with (
        Folder() as folder,
        node_answering(folder, seed),
        console_running(folder, folder / "console.log") as console,
        chromium() as browser,
    ):
        return watched(browser, console, untouched_s, looked_s)


def watched(browser: Browser, console: ConsoleRunning, untouched_s: float, looked_s: float) -> Watched:
    context = fresh(browser, None)
    page = context.new_page()
    page.goto(console.link)
    page.wait_for_selector(ROW)
    known = context.storage_state()
    loads = tuple(sorted(usable_s(browser, console, known) for _ in range(LOADS)))
    page.wait_for_timeout(SETTLE_S * 1000)
    first, renderer = chromium_pids()
    pids = (first, renderer, console.pid)
    before, began = [cpu_seconds(pid) for pid in pids], time.perf_counter()
    page.wait_for_timeout(untouched_s * 1000)
    took_s = time.perf_counter() - began
    shares = [(cpu_seconds(pid) - was) / took_s for pid, was in zip(pids, before, strict=True)]
    looked = np.array(heaps(page, renderer, looked_s))
    return Watched(
        seconds=took_s,
        all_share=shares[0],
        renderer_share=shares[1],
        console_share=shares[2],
        rows=page.locator(ROW).count(),
        looks=len(looked),
        looked_s=float(looked[-1, 0]),
        heap_bytes=float(looked[-1, 1]),
        heap_slope=float(np.polyfit(looked[:, 0], looked[:, 1], 1)[0]),
        resident_bytes=float(looked[-1, 2]),
        resident_slope=float(np.polyfit(looked[:, 0], looked[:, 2], 1)[0]),
        usable_s=loads,
    )
