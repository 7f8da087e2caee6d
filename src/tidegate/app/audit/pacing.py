"""How fast an audit asks: gaps and numbers at once, for each server, each site and each provider."""

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from tidegate.model.probe_settings import Pace
from tidegate.model.probes import Dns, Mail, Page, Question, Rendered, Robots, Tls
from tidegate.model.refusals import Full

WAITING_MAX = 1 << 21
"""Questions waiting for their turn; a walk that has more to ask at once is ended as full."""


@dataclass(slots=True, eq=False)
class _Provider:
    """A network that is asked, as a whole: when it may be asked again, and whose turn it is."""

    at_once: int
    next_ms: int = 0
    under_way: int = 0
    turns: "deque[_Line]" = field(default_factory=deque)
    queued: bool = False


@dataclass(slots=True, eq=False)
class _Line:
    """Questions for one server or site, in the order in which they came."""

    gap_ms: int
    provider: _Provider
    waiting: deque[Question] = field(default_factory=deque)
    next_ms: int = 0
    queued: bool = False


class Pacing:
    """Rules:

    1. Between the beginnings of two questions to one name server lies its gap; to one site (a host at an
       address, for handshakes, robots' rules, pages) the site's gap, or the longer one that its rules for
       robots ask for; to one mail server the site's, too.
    2. To all addresses of one /24 (IPv6: /48) at most `provider_at_once` questions are under way, and
       between two beginnings lies the provider's gap.
    3. At most `at_once` questions are under way in all; one page at a time is in a browser.

    Within these, whoever may be asked is asked in the order in which it became possible.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lines: dict[str, _Line] = {}
        self._providers: dict[str, _Provider] = {}
        self._heap: list[tuple[int, int, _Line | _Provider]] = []
        self._count = 0
        self.waiting = 0
        self.under_way = 0

    def add(self, question: Question) -> None:
        if self.waiting >= WAITING_MAX:
            raise Full("an audit's questions", WAITING_MAX)
        line = self._line(question)
        line.waiting.append(question)
        self.waiting += 1
        self._await_turn(line)

    def ready(self, now_ms: int) -> list[Question]:
        """Those that may begin now; they count as under way until `done`."""
        begun = []
        while self._heap and self._heap[0][0] <= now_ms and self.under_way < self._pace.at_once:  # Rule 3.
            _, _, one = heappop(self._heap)
            if one.next_ms > now_ms:
                self._queue(one)  # Its gap was widened while it waited.
            elif isinstance(one, _Line):
                one.provider.turns.append(one)
                self._await_room(one.provider)
            else:
                one.queued = False
                begun.append(self._begin(one, now_ms))
        return begun

    def widen(self, question: Question, gap_ms: int) -> None:
        """From the last beginning on, the line of this question has at least this gap."""
        line = self._line(question)
        more_ms = max(0, gap_ms - line.gap_ms)
        line.gap_ms += more_ms
        line.next_ms += more_ms

    def done(self, question: Question) -> None:
        provider = self._line(question).provider
        provider.under_way -= 1
        self.under_way -= 1
        self._await_room(provider)

    def next_ms(self, now_ms: int) -> int:
        """How long until something may begin that waits for time alone; a second where nothing does."""
        if not self._heap or self.under_way >= self._pace.at_once:
            return 1000
        return min(1000, max(0, self._heap[0][0] - now_ms))

    def _begin(self, provider: _Provider, now_ms: int) -> Question:
        line = provider.turns.popleft()
        question = line.waiting.popleft()
        line.queued = False
        line.next_ms = now_ms + line.gap_ms  # Rule 1.
        provider.next_ms = now_ms + self._pace.provider_gap_ms
        provider.under_way += 1
        self.waiting -= 1
        self.under_way += 1
        self._await_turn(line)
        self._await_room(provider)
        return question

    def _await_turn(self, line: _Line) -> None:
        if line.waiting and not line.queued:
            self._queue(line)

    def _await_room(self, provider: _Provider) -> None:
        if provider.turns and not provider.queued and provider.under_way < provider.at_once:  # Rule 2.
            self._queue(provider)

    def _queue(self, one: _Line | _Provider) -> None:
        one.queued = True
        self._count += 1
        heappush(self._heap, (one.next_ms, self._count, one))

    def _line(self, question: Question) -> _Line:
        key, gap_ms, name = self._place(question)
        line = self._lines.get(key)
        if line is None:
            provider = self._providers.get(name)
            if provider is None:
                provider = _Provider(self._pace.provider_at_once if name else 1)
                self._providers[name] = provider
            line = self._lines[key] = _Line(gap_ms, provider)
        return line

    def _place(self, question: Question) -> tuple[str, int, str]:
        """The line of a question, its gap, and its provider; the browser's is ""."""
        match question:
            case Dns(server):
                return f"dns {server}", self._pace.dns_gap_ms, provider_of(server)
            case Tls(address, host):
                return f"site {host} {address}", self._pace.site_gap_ms, provider_of(address)
            case Page(address, url) | Robots(address, url):
                return (
                    f"site {urlsplit(url).hostname} {address}",
                    self._pace.site_gap_ms,
                    provider_of(address),
                )
            case Mail(address):
                return f"mail {address}", self._pace.site_gap_ms, provider_of(address)
            case Rendered():
                return "browser", 0, ""


@lru_cache(maxsize=1 << 16)
def provider_of(address: str) -> str:
    """The /24 or /48 that an address is in: who runs it is not known while it is asked."""
    version = ip_address(address).version
    return str(ip_network(f"{address}/{24 if version == 4 else 48}", strict=False))
