"""The walk over sites: handshakes with hosts, pages with their redirects, and what pages load from others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from urllib.parse import urlsplit

from protego import Protego

from tidegate.audit.walking_names import NameWalk
from tidegate.model.audits import Reason
from tidegate.model.domain_names import is_name
from tidegate.model.probes import (
    Answer,
    Asked,
    Link,
    NotAnswered,
    Page,
    PageRead,
    Question,
    Rendered,
    Robots,
    RobotsRead,
    Tls,
)

REDIRECTS_MAX = 10
"""Redirects from a service's address to its page; then the page is told as not seen (browsers allow 20)."""

STYLES_MAX = 16
"""Style sheets of one page that are read for what they load; further ones are told as not seen."""

ADDRESSES_TRIED_MAX = 4
"""Addresses of one host that are tried for a handshake; then its certificate is told as not seen."""

CRAWL_DELAY_S_MAX = 60
"""Seconds between two requests that a site's rules for robots may ask for; a site that asks for more is told
as not seen, since one page and its style sheets would take longer than the quarter of an hour."""

HOSTS_MAX = 200
"""Other hosts of one page that are looked at; with more, the page is told as not seen whole."""

RENDERINGS_MAX = 3
"""Times that one page is put into a browser, each time with the hosts that were found by the one before."""

Then = Callable[[Asked], None]


@dataclass(slots=True, eq=False)
class Visit:
    """One page, from the address at which a service begins it; `wrong` says why it was not seen."""

    host: str
    url: str
    began: str = ""
    through: list[str] = field(default_factory=list)
    urls: set[str] = field(default_factory=set)
    page: Asked | None = None
    links: dict[Link, None] = field(default_factory=dict)
    wrong: NotAnswered | None = None
    missed: list[tuple[str, NotAnswered]] = field(default_factory=list)
    pending: int = 0
    rendered: Asked | None = None
    renderings: int = 0


@dataclass(slots=True, eq=False)
class Look:
    """One host and port: the address that shook hands, and what came of it."""

    host: str
    port: int
    address: str = ""
    asked: Asked | None = None
    wrong: NotAnswered | None = None
    waiting: "list[Callable[[Look], None]]" = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.asked is not None or self.wrong is not None


class SiteWalk:
    """`agent` is whom robots' rules are read for; `browser` whether pages are also rendered."""

    def __init__(self, names: NameWalk, allowed: Callable[[str], bool], agent: str, *, browser: bool) -> None:
        self.visits: list[Visit] = []
        self.looks: dict[tuple[str, int], Look] = {}
        self._names = names
        self._allowed = allowed
        self._agent = agent
        self._browser = browser
        self._questions: list[Question] = []
        self._waiting: dict[Question, list[Then]] = {}
        self._robots: dict[str, Protego | NotAnswered] = {}

    def take(self) -> list[Question]:
        taken, self._questions = self._questions, []
        return taken

    def answered(self, asked: Asked) -> None:
        for then in self._waiting.pop(asked.question, ()):
            then(asked)

    def ask(self, question: Question, then: Then) -> None:
        waiting = self._waiting.setdefault(question, [])
        if not waiting:
            self._questions.append(question)
        waiting.append(then)

    def visit(self, host: str) -> None:
        visit = Visit(host, f"https://{host}/")
        self.visits.append(visit)
        self._go(visit, visit.url)

    def look(self, host: str, port: int, then: Callable[[Look], None] | None = None) -> None:
        """Shake hands with a host, once; `then` is called when that is over, or at once where it is."""
        look = self.looks.get((host, port))
        if look is None:
            look = self.looks[host, port] = Look(host, port)
            self._names.want_addresses(host)
            self._names.when_known(host, partial(self._shake, look))
        if then is not None:
            if look.done:
                then(look)
            else:
                look.waiting.append(then)

    def addresses(self, host: str) -> tuple[str, ...]:
        """Those that may be asked, IPv4 first."""
        return tuple(one for one in self._names.addresses(host) if self._allowed(one))

    def _shake(self, look: Look) -> None:
        addresses = self.addresses(look.host)[:ADDRESSES_TRIED_MAX]
        if not addresses:
            self._looked(look, self._no_address(look.host))
            return
        left = iter(addresses)

        def next_one(last: Asked | None) -> None:
            address = next(left, None)
            if last is not None and (address is None or not isinstance(last.answer, NotAnswered)):
                answer = last.answer
                look.asked = last
                self._looked(look, answer if isinstance(answer, NotAnswered) else None)
            elif address is not None:
                look.address = address
                self.ask(Tls(address, look.host, look.port), next_one)

        next_one(None)

    def _no_address(self, host: str) -> NotAnswered:
        if self._names.addresses(host):
            return NotAnswered("not_asked", "its addresses are off limits")
        return NotAnswered("no_such_name", "no address")

    def _looked(self, look: Look, wrong: NotAnswered | None) -> None:
        look.wrong = wrong
        waiting, look.waiting = look.waiting, []
        for then in waiting:
            then(look)

    def _go(self, visit: Visit, url: str) -> None:
        """To one address of the way: its host's name, its handshake, its robots' rules, the page."""
        if url in visit.urls:
            self._end(visit, "loop", f"again {url}")
            return
        if len(visit.urls) > REDIRECTS_MAX:
            self._end(visit, "too_many", f"more than {REDIRECTS_MAX} redirects")
            return
        visit.urls.add(url)
        visit.url = url
        host = place_of(url)[0]
        if not host:
            self._end(visit, "malformed", f"a redirect to {url[:100]}")
            return
        if visit.urls != {url} and host != (visit.through or [visit.host])[-1]:
            visit.through.append(host)
        self._reach(url, partial(self._at, visit, url))

    def _reach(self, url: str, then: Callable[[str, NotAnswered | None], None]) -> None:
        """`then` with the address at which a site is asked, or with why there is none."""
        host, port, secure = place_of(url)
        if secure:
            self.look(host, port, lambda look: then(look.address, look.wrong))
        else:
            self._names.want_addresses(host)
            self._names.when_known(host, lambda: then(*self._plain(host)))

    def _plain(self, host: str) -> tuple[str, NotAnswered | None]:
        addresses = self.addresses(host)
        return (addresses[0], None) if addresses else ("", self._no_address(host))

    def _at(self, visit: Visit, url: str, address: str, wrong: NotAnswered | None) -> None:
        if wrong is not None:
            visit.wrong = wrong
            return

        def read(refused: NotAnswered | None) -> None:
            if refused is not None:
                visit.wrong = refused
                return
            self.ask(Page(address, url), lambda asked: self._came(visit, asked))

        self._obey(address, url, read)

    def _obey(self, address: str, url: str, then: Callable[[NotAnswered | None], None]) -> None:
        """`then` with None where the site's rules let the address be read (RFC 9309)."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"

        def judged(rules: Protego | NotAnswered) -> None:
            if isinstance(rules, NotAnswered):
                then(rules)
            elif not rules.can_fetch(url, self._agent):
                then(NotAnswered("not_permitted", f"robots.txt of {site}"))
            elif not crawl_delay_s(rules, self._agent) <= CRAWL_DELAY_S_MAX:
                why = f"robots.txt of {site} asks for more than {CRAWL_DELAY_S_MAX} s between requests"
                then(NotAnswered("not_permitted", why))
            else:
                then(None)

        def told(asked: Asked) -> None:
            self._robots[site] = _rules(asked.answer)
            judged(self._robots[site])

        known = self._robots.get(site)
        if known is None:
            self.ask(Robots(address, f"{site}/"), told)
        else:
            judged(known)

    def _came(self, visit: Visit, asked: Asked) -> None:
        answer = asked.answer
        if not isinstance(answer, PageRead):
            assert isinstance(answer, NotAnswered)
            visit.wrong = answer
            return
        if answer.location:
            self._go(visit, answer.location)
            return
        visit.page = asked
        self._add_links(visit, answer)
        styles = [link.url for link in visit.links if link.kind == "style" and place_of(link.url)[0]]
        for url in styles[STYLES_MAX:]:
            visit.missed.append((url, NotAnswered("too_many", f"more than {STYLES_MAX} style sheets")))
        visit.pending = len(styles[:STYLES_MAX]) + 1
        for url in styles[:STYLES_MAX]:
            self._style(visit, url)
        self._settle(visit)

    def _add_links(self, visit: Visit, page: PageRead) -> None:
        for link in page.links:
            visit.links[link] = None
        if page.cut:
            visit.missed.append((visit.url, NotAnswered("too_large", "not all of the page was read")))
        self._look_at_others(visit, page.links)

    def _look_at_others(self, visit: Visit, links: tuple[Link, ...]) -> None:
        hosts = dict.fromkeys(place_of(link.url) for link in links)
        if len(hosts) > HOSTS_MAX:
            visit.missed.append((visit.url, NotAnswered("too_many", f"more than {HOSTS_MAX} other hosts")))
        for host, port, secure in list(hosts)[:HOSTS_MAX]:
            if host and secure:
                self.look(host, port)
            elif host:
                self._names.want_addresses(host)

    def _style(self, visit: Visit, url: str) -> None:
        """What a style sheet loads belongs to the page; what one that it imports loads is not looked for."""

        def over(wrong: NotAnswered | None) -> None:
            if wrong is not None:
                visit.missed.append((url, wrong))
            self._settle(visit)

        def came(asked: Asked) -> None:
            answer = asked.answer
            if isinstance(answer, PageRead):
                self._add_links(visit, answer)
            over(answer if isinstance(answer, NotAnswered) else None)

        def read(address: str, wrong: NotAnswered | None) -> None:
            if wrong is not None:
                over(wrong)
                return
            self._obey(
                address, url, lambda no: self.ask(Page(address, url), came) if no is None else over(no)
            )

        self._reach(url, read)

    def _settle(self, visit: Visit) -> None:
        visit.pending -= 1
        if visit.pending == 0 and self._browser:
            self._render(visit)

    def _render(self, visit: Visit) -> None:
        """In a browser that knows every host that is known by now."""
        visit.renderings += 1
        known = {}
        for host in self._hosts_of(visit):
            addresses = self.addresses(host)
            if addresses:
                known[host] = addresses[0]
        question = Rendered(visit.url, tuple(f"{host}={known[host]}" for host in sorted(known)))
        self.ask(question, lambda asked: self._rendered(visit, asked, set(known)))

    def _rendered(self, visit: Visit, asked: Asked, known: set[str]) -> None:
        answer = asked.answer
        if isinstance(answer, NotAnswered):
            visit.missed.append((visit.url, answer))
            return
        assert isinstance(answer, PageRead)
        visit.rendered = asked
        self._look_at_others(visit, answer.links)
        hosts = dict.fromkeys(place_of(link.url)[0] for link in answer.links)
        new = [host for host in hosts if host and host not in known][:HOSTS_MAX]
        if not new or visit.renderings >= RENDERINGS_MAX:
            return
        visit.pending = len(new)

        def one_known() -> None:
            visit.pending -= 1
            if visit.pending == 0 and any(self.addresses(host) for host in new):
                self._render(visit)

        for host in new:
            self._names.when_known(host, one_known)

    def _hosts_of(self, visit: Visit) -> Iterator[str]:
        yield visit.host
        yield from visit.through
        found = list(visit.links)
        if visit.rendered is not None and isinstance(visit.rendered.answer, PageRead):
            found += visit.rendered.answer.links
        for link in found:
            if host := place_of(link.url)[0]:
                yield host

    def _end(self, visit: Visit, reason: Reason, detail: str) -> None:
        visit.wrong = NotAnswered(reason, detail)


def place_of(url: str) -> tuple[str, int, bool]:
    """Host, port and whether TLS is spoken there; no host where the address names none that has a name."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", 0, False
    secure = parts.scheme in {"https", "wss"}
    host = host.rstrip(".")
    numeric = host.rpartition(".")[2].isdigit()  # An address stands on no name.
    if not is_name(host) or parts.scheme not in {"https", "wss", "http", "ws"} or numeric:
        return "", 0, False
    return host, port or (443 if secure else 80), secure


def crawl_delay_s(rules: Protego, agent: str) -> float:
    """What the rules ask this agent to wait between two requests; 0 where they do not say."""
    return max(0.0, rules.crawl_delay(agent) or 0.0)


def asked_gap_ms(asked: Asked, agent: str) -> int:
    """The gap that an answer asks for, if it is rules for robots; of one that is longer than is waited, none:
    nothing follows it.
    """
    if not isinstance(asked.answer, RobotsRead):
        return 0
    delay_s = crawl_delay_s(Protego.parse(asked.answer.text), agent)
    return ceil(delay_s * 1000) if delay_s <= CRAWL_DELAY_S_MAX else 0


def _rules(answer: Answer) -> Protego | NotAnswered:
    if isinstance(answer, RobotsRead):
        return Protego.parse(answer.text)
    assert isinstance(answer, NotAnswered)
    return NotAnswered(answer.reason, f"robots.txt: {answer.detail}".rstrip(": "))
