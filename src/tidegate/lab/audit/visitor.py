"""What people see: names asked of a resolver, TLS checked by GnuTLS, pages with their parts, and mail.

A visitor knows nothing of dependencies. It resolves, connects and checks as browsers do (GnuTLS insists on a
stapled status where a certificate asks for one), and loads what a page needs before it can be used.
"""

import re
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from tidegate.lab.audit.country import SERVICES, Service
from tidegate.lab.audit.networks import Networks
from tidegate.lab.hotline.wan import within
from tidegate.model.audit_events import State

TRY_S: Final = 0.5
TRIES: Final = 30
"""A stub asks again while a resolver is still searching."""

PAGE_S: Final = 15.0
VISITS_MAX: Final = 24
"""Visits at once: most wait for names."""

PAGES_MAX: Final = 3
"""Pages that are fetched at once: each is a process."""

MAIL, HTTPS = 25, 443
GREETING_S: Final = 2.0
PAGE_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a service for this visitor, and what stood in its way."""

    state: State
    why: str = ""


class Trouble(Exception):
    """Something that a visitor needed did not come."""


class Parts(HTMLParser):
    """What a page cannot be used without: scripts that it waits for, and where its forms are sent. And what
    it would like to have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.needed: list[str] = []
        self.wanted: list[str] = []

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        found = {name: value or "" for name, value in attrs}
        match tag:
            case "script" if "src" in found:
                late = "async" in found or "defer" in found
                (self.wanted if late else self.needed).append(found["src"])
            case "form" if "action" in found:
                self.needed.append(found["action"])
            case "link" if "stylesheet" in found.get("rel", ""):
                self.wanted.append(found.get("href", ""))


class Pages:
    """What servers give at one moment: whoever asks the same of the same address is given the same."""

    def __init__(self, trusted: Path, environment: Mapping[str, str]) -> None:
        self._trusted = trusted
        self._environment = environment
        self._at_once = threading.BoundedSemaphore(PAGES_MAX)
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, str, str], Future[str]] = {}

    def get(self, host: str, address: str, path: str) -> str:
        """The body; Trouble where there is none."""
        with self._lock:
            first = (host, address, path) not in self._asked
            answer = self._asked.setdefault((host, address, path), Future())
        if first:
            with self._at_once:
                try:
                    answer.set_result(self._get(host, address, path))
                except Trouble as trouble:
                    answer.set_exception(trouble)
        return answer.result()

    def _get(self, host: str, address: str, path: str) -> str:
        command = ["gnutls-cli", "--logfile=/dev/stderr", f"--x509cafile={self._trusted}", "-p", str(HTTPS)]
        command += [f"--sni-hostname={host}", f"--verify-hostname={host}", address]
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
        ) as asking:
            told, log = _exchange(asking, request)
        status = re.match(rb"HTTP/1\.1 (\d+)", told)
        if status is None:
            raise Trouble(f"{host}: {_reason(log.decode(errors='replace'))}")
        if not 200 <= int(status[1]) < 300:
            raise Trouble(f"{host}{path}: {status[1].decode()}")
        return told.partition(b"\r\n\r\n")[2].decode(errors="replace")


class Visitor:
    """Asks the resolver at `resolver`, from the users' network, at the lab's time."""

    def __init__(self, networks: Networks, resolver: str, pages: Pages) -> None:
        self._namespace = networks.namespace("users")
        self._resolver = resolver
        self._pages = pages

    def look(self, services: Sequence[Service] = SERVICES) -> dict[str, Seen]:
        """All services, at once."""

        def visit_all() -> list[Seen]:
            with ThreadPoolExecutor(VISITS_MAX) as visits:
                return list(visits.map(self._visit, services))

        # Threads belong to the network of the one that starts them.
        found = within(self._namespace, visit_all)
        return {service.name: seen for service, seen in zip(services, found, strict=True)}

    def _visit(self, service: Service) -> Seen:
        """Without a page or what it waits for, or without a login, it fails; without the rest, or without
        its mail, it is degraded.
        """
        missing: list[str] = []
        try:
            for domain in service.domains:
                missing += self._open(domain)
        except Trouble as trouble:
            return Seen(State.FAILS, str(trouble))
        try:
            for domain in service.mail:
                self._mail(domain)
        except Trouble as trouble:
            missing.append(str(trouble))
        return Seen(State.DEGRADED, missing[0]) if missing else Seen(State.WORKS)

    def _open(self, host: str) -> list[str]:
        """Loads a page and what it cannot be used without; returns what else did not come."""
        parts = Parts()
        parts.feed(self._fetch(host, "/"))
        for url in parts.needed:
            self._fetch(*_target(url, host))
        missing = []
        for url in parts.wanted:
            try:
                self._fetch(*_target(url, host))
            except Trouble as trouble:
                missing.append(str(trouble))
        return missing

    def _mail(self, domain: str) -> None:
        answer = self._ask(domain, "MX")
        servers = sorted((one.preference, one.exchange.to_text().rstrip(".")) for one in answer)
        for _, server in servers:
            for address in self._addresses(server):
                with suppress(OSError), socket.create_connection((address, MAIL), GREETING_S) as line:
                    if line.recv(512).startswith(b"220"):
                        return
        raise Trouble(f"no mail server of {domain} greets")

    def _addresses(self, name: str) -> list[str]:
        found = [one.address for one in self._ask(name, "A")]
        if not found:
            raise Trouble(f"{name} has no address")
        return found

    def _ask(self, name: str, kind: str) -> list:  # type: ignore[type-arg]
        query = dns.message.make_query(name, kind)
        for _ in range(TRIES):
            with suppress(dns.exception.DNSException, OSError):
                answer = dns.query.udp(query, self._resolver, timeout=TRY_S)
                if answer.rcode() != dns.rcode.NOERROR:
                    raise Trouble(f"{name}: {dns.rcode.to_text(answer.rcode())}")
                wanted = dns.rdatatype.from_text(kind)
                return [one for rrset in answer.answer if rrset.rdtype == wanted for one in rrset]
        raise Trouble(f"{name}: the resolver does not answer")

    def _fetch(self, host: str, path: str) -> str:
        trouble = Trouble(f"{host} cannot be reached")
        for address in self._addresses(host):
            try:
                return self._pages.get(host, address, path)
            except Trouble as found:
                trouble = found
        raise trouble


def _exchange(asking: "subprocess.Popen[bytes]", request: bytes) -> tuple[bytes, bytes]:
    """What came until the server closed, and what GnuTLS says of it; cut after PAGE_S."""
    assert asking.stdin
    assert asking.stdout
    assert asking.stderr
    patience = threading.Timer(PAGE_S, asking.kill)
    patience.start()
    try:
        with suppress(BrokenPipeError):
            asking.stdin.write(request)
            asking.stdin.flush()
        return asking.stdout.read(PAGE_BYTES_MAX), asking.stderr.read()
    finally:
        patience.cancel()
        asking.kill()
        with suppress(BrokenPipeError):
            asking.stdin.close()


def _reason(log: str) -> str:
    """The line in which GnuTLS says what is wrong."""
    for line in log.splitlines():
        if "NOT trusted" in line or "Could not connect" in line or "cannot connect" in line.lower():
            return line.removeprefix("- Status: ").strip()
    return "no page"


def _target(url: str, host: str) -> tuple[str, str]:
    split = urlsplit(url)
    return split.hostname or host, split.path or "/"
