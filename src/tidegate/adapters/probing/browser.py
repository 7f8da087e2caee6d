"""One page in a real Chromium that knows no hosts but those that it is given: what scripts build and load."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tidegate.adapters.probing.page_reader import PageReader
from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import LINKS_MAX, Answer, Link, NotAnswered, PageRead, Rendered
from tidegate.wire.pages import absolute_url

RENDER_SECONDS_MAX = 30
"""A page that takes the browser longer is given up; the browser is ended with all its processes."""

SCRIPT_MILLISECONDS_MAX = 5000
"""Time that a page's scripts are given, on the browser's own clock, which runs ahead while nothing loads."""

DOM_BYTES_MAX = 1 << 23
"""Bytes of the page as scripts have left it; a longer one is too large."""

LOG_MEGABYTES_MAX = 16
"""Of the browser's own record of what it asked for; what is beyond is not told."""

_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    "--disable-dev-shm-usage",
)


class _Started(msgspec.Struct, frozen=True):
    """What is read of an event of the browser's record: the address of a request, and which page wants it.

    What the browser itself wants has no page, and gets nowhere: it knows none of those hosts.
    """

    url: str = ""
    initiator: str = ""


class _Event(msgspec.Struct, frozen=True):
    params: _Started = _Started()


class Browser:
    """One page at a time; a browser takes some hundred megabytes."""

    def __init__(self, settings: ProbeSettings, reader: PageReader) -> None:
        self._settings = settings
        self._reader = reader
        self._one = asyncio.Semaphore(1)
        self._event = msgspec.json.Decoder(_Event)

    async def render(self, question: Rendered) -> Answer:
        program = self._settings.browser
        if not program or not Path(program).exists():
            return NotAnswered("not_asked", f"no browser at {program}" if program else "no browser is set")
        async with self._one:
            with tempfile.TemporaryDirectory(
                prefix="tidegate-browser-", ignore_cleanup_errors=True
            ) as folder:
                return await self._run(program, question, Path(folder))

    async def _run(self, program: str, question: Rendered, folder: Path) -> Answer:
        log = folder / "asked.json"
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(program, question, folder, log),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                limit=1 << 20,
            )
        except OSError as error:
            return NotAnswered("not_asked", f"{program}: {error.strerror}")
        try:
            async with asyncio.timeout(RENDER_SECONDS_MAX):
                assert process.stdout is not None
                dom = await _read(process.stdout)
        except TimeoutError:
            return NotAnswered("time_out", "in a browser")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if dom is None:
            return NotAnswered("too_large", "in a browser")
        if not dom:
            return NotAnswered("malformed", "the browser showed nothing")
        try:
            return await self._told(dom, log, question.url)
        except ValueError as error:
            return NotAnswered("malformed", f"in a browser: {error}")

    def _command(self, program: str, question: Rendered, folder: Path, log: Path) -> list[str]:
        settings = self._settings
        port = f":{settings.ports.https}" if settings.ports.https != 443 else ""
        known = [f"MAP {host} {address}{port}" for host, _, address in _pairs(question)]
        own = [] if os.geteuid() else ["--no-sandbox"]
        if settings.authorities:
            own.append("--ignore-certificate-errors")  # It knows only its own; handshakes judge certificates.
        return [
            program,
            *_QUIET,
            *own,
            f"--user-agent=Mozilla/5.0 (compatible; {settings.agent})",
            f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules={', '.join([*known, 'MAP * ~NOTFOUND'])}",
            f"--log-net-log={log}",
            f"--net-log-max-size-mb={LOG_MEGABYTES_MAX}",
            f"--virtual-time-budget={SCRIPT_MILLISECONDS_MAX}",
            "--dump-dom",
            question.url,
        ]

    async def _told(self, dom: bytes, log: Path, url: str) -> Answer:
        """What stands in the page by now, and all other hosts that it asked for, as connections."""
        links, whole = await self._reader.read(dom.decode("utf-8", "replace"), url)
        found = dict.fromkeys(links)
        told = {link.url for link in links}
        for asked in dict.fromkeys(self._asked(log)):
            if asked != url and asked not in told and len(found) < LINKS_MAX:
                found[Link("connection", asked)] = None
        return PageRead(200, "", tuple(found), len(dom), not whole)

    def _asked(self, log: Path) -> Iterator[str]:
        """Each event is a line of its own, and the last one may be cut off."""
        if not log.exists():
            return
        with log.open("rb") as file:
            for line in iter(lambda: file.readline(1 << 20), b""):
                if b'"initiator":"http' not in line:
                    continue
                with contextlib.suppress(msgspec.MsgspecError):
                    started = self._event.decode(line.strip().rstrip(b",")).params
                    target = absolute_url(started.url, "")
                    if target and not target.endswith("/favicon.ico"):
                        yield target


def _pairs(question: Rendered) -> Iterator[tuple[str, str, str]]:
    for pair in question.hosts:
        host, equals, address = pair.partition("=")
        yield host, equals, f"[{address}]" if ":" in address else address


async def _read(stream: asyncio.StreamReader) -> bytes | None:
    parts, size = [], 0
    while part := await stream.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > DOM_BYTES_MAX:
            return None
    return b"".join(parts)
