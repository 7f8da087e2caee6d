"""One GET of a page, a style sheet or the rules for robots: bounded in time, bytes, and bytes unpacked."""

import asyncio
import codecs
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec

from tidegate.adapters.probing.page_reader import PageReader
from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import Answer, NotAnswered, Page, PageRead, Robots, RobotsRead
from tidegate.wire.pages import absolute_url, header_links

PAGE_BYTES_MAX = 1 << 21
"""Bytes of a page that are read, unpacked; of a longer one these are looked at, and it is said to be cut."""

ROBOTS_BYTES_MAX = 1 << 16
"""Bytes of the rules for robots that are read (RFC 9309 asks for 500 KiB at least of crawlers that come back
for every page; an audit reads two or three); the rest is not obeyed, and a rule that is cut is none."""

HEADERS_MAX = 50
"""Headers of one name in an answer that are looked at; the rest is left out."""

_CHARSETS = ("utf-8", "utf-16", "ascii", "iso8859", "cp12", "koi8", "gb", "big5", "shift_jis", "euc_", "mac")


@dataclass(frozen=True, slots=True)
class _Came:
    """An answer with its text still to be read."""

    head: PageRead
    text: str
    style: bool


class Sites:
    """`trusted` are the authorities by which pages are believed; a page of a site that is not is not read."""

    def __init__(self, settings: ProbeSettings, reader: PageReader) -> None:
        self._settings = settings
        self._reader = reader
        trusted = ssl.create_default_context(cafile=settings.authorities or None)
        # Python is stricter from 3.13 on than browsers are, and what a site's visitors see is asked for here.
        trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._client = httpx.AsyncClient(
            verify=trusted,
            trust_env=False,
            follow_redirects=False,
            timeout=settings.timeout_ms / 1000,
            limits=httpx.Limits(
                max_keepalive_connections=0
            ),  # Hosts that share an address share no connection.
            headers={"User-Agent": settings.agent, "Accept-Encoding": "gzip"},
        )

    async def read(self, question: Page | Robots) -> Answer:
        """Ends within the time-out, however slowly headers or body drip in; reading has a time of its own."""
        try:
            async with asyncio.timeout(self._settings.timeout_ms / 1000):
                if isinstance(question, Robots):
                    return await self._robots(question)
                came = await self._page(question)
            return await self._told(came, question.url)
        except (TimeoutError, httpx.TimeoutException):
            return NotAnswered("time_out")
        except httpx.ConnectError as error:
            return _not_connected(error)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, zlib.error, ValueError) as error:
            return NotAnswered("malformed", str(error)[:200])
        except OSError as error:
            return NotAnswered("unreachable", str(error.strerror)[:200])

    async def close(self) -> None:
        await self._client.aclose()

    async def _page(self, question: Page) -> _Came:
        async with self._get(question.address, question.url) as answer:
            headers = answer.headers
            location = absolute_url(headers.get("location", ""), question.url) if answer.is_redirect else ""
            policies = headers.get_list("content-security-policy")[:HEADERS_MAX]
            links, whole = header_links(policies, headers.get_list("link")[:HEADERS_MAX], question.url)
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            text, size = "", 0
            if not location and kind in {"text/html", "application/xhtml+xml", "text/css", ""}:
                body, complete = await _body(answer, PAGE_BYTES_MAX)
                text, size, whole = body.decode(_charset(answer), "replace"), len(body), whole and complete
            head = PageRead(answer.status_code, location, links, size, not whole)
            return _Came(head, text, kind == "text/css")

    async def _told(self, came: _Came, url: str) -> PageRead:
        if not came.text:
            return came.head
        links, whole = await self._reader.read(came.text, url, style=came.style)
        found = tuple(dict.fromkeys(came.head.links + links))
        return msgspec.structs.replace(came.head, links=found, cut=came.head.cut or not whole)

    async def _robots(self, question: Robots) -> Answer:
        """RFC 9309, 2.3.1: 400 to 499 is no rules, a redirect or 500 to 599 is not reached."""
        scheme, host, *_ = urlsplit(question.url)
        async with self._get(question.address, urlunsplit((scheme, host, "/robots.txt", "", ""))) as answer:
            if 400 <= answer.status_code < 500:
                return RobotsRead("")
            if answer.status_code != httpx.codes.OK:
                return NotAnswered("server_failure", f"robots.txt: {answer.status_code}")
            body, complete = await _body(answer, ROBOTS_BYTES_MAX)
            text = body.decode("utf-8", "replace")
            return RobotsRead(text if complete else text.rpartition("\n")[0])

    def _get(self, address: str, url: str) -> AbstractAsyncContextManager[httpx.Response]:
        """The request goes to the address; the host is named inside (Host, SNI), its certificate checked."""
        parts = urlsplit(url)
        ports = self._settings.ports
        port = parts.port or (443 if parts.scheme == "https" else 80)
        port = {443: ports.https, 80: ports.http}.get(port, port)
        bracketed = f"[{address}]" if ":" in address else address
        target = urlunsplit((parts.scheme, f"{bracketed}:{port}", parts.path or "/", parts.query, ""))
        return self._client.stream(
            "GET", target, headers={"Host": parts.netloc}, extensions={"sni_hostname": parts.hostname or ""}
        )


def _not_connected(error: httpx.ConnectError) -> NotAnswered:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotAnswered("not_trusted", str(cause.verify_message)[:200])
        if isinstance(cause, ConnectionRefusedError):
            return NotAnswered("refused")
        if isinstance(cause, ssl.SSLError):
            return NotAnswered("malformed", f"no TLS: {cause.reason}"[:200])
        cause = cause.__cause__ or cause.__context__
    return NotAnswered("unreachable", str(error)[:200])


def _charset(answer: httpx.Response) -> str:
    """Only charsets that decode in a time that grows with the length and not with its square."""
    try:
        name = codecs.lookup(answer.charset_encoding or "utf-8").name
    except LookupError:
        return "utf-8"
    return name if name.startswith(_CHARSETS) else "utf-8"


async def _body(answer: httpx.Response, bytes_max: int) -> tuple[bytes, bool]:
    """What it is when unpacked, up to the bound, and whether that is all; nothing is unpacked beyond it."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise ValueError(f"packed as {encoding[:40]}, which was not asked for")
    parts: list[bytes] = []
    size = 0
    async for part in _unpacked(answer, bytes_max, packed=encoding == "gzip"):
        parts.append(part[: bytes_max - size])
        size += len(part)
        if size > bytes_max:
            break
    return b"".join(parts), size <= bytes_max


async def _unpacked(answer: httpx.Response, bytes_max: int, *, packed: bool) -> AsyncIterator[bytes]:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    async for raw in answer.aiter_raw(1 << 16):
        yield stream.decompress(raw, bytes_max + 1) if packed else raw
