"""The HTTPS path (tidegate.ports.hotline.Path): TLS 1.3 between pinned certificates, in one thread."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from tidegate.adapters.hotline.gate import Gate
from tidegate.adapters.hotline.https_client import HttpsClient, Way
from tidegate.adapters.hotline.https_server import Admitted, HttpsServer
from tidegate.adapters.hotline.inbox import Inbox
from tidegate.adapters.hotline.tls import Credentials, client_context, pins_of, server_context
from tidegate.model.organisations import Card, Endpoint, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline import Arrival, Outcome
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.exchange import fitting

OFFERS_MAX = 256
"""Offers under way; a further one is not begun."""

ENDPOINT_OFFERS_MAX = 8
"""Of these, to one endpoint; a further one is not begun."""

BACKLOG: Final = 256


class HttpsPath:
    """Listens at `listen` (none for a station that only calls) and calls peers at their endpoints."""

    def __init__(self, own: Credentials, listen: Sequence[tuple[str, int]]) -> None:
        self._own = own
        self._listen = tuple(listen)
        self._inbox = Inbox()
        self._gate = Gate()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_tell_of_our_own_faults)
        self._thread = threading.Thread(target=self._run, name="hotline-https", daemon=True)
        self._sockets: list[socket.socket] = []
        self._client = HttpsClient(self.name, self._inbox)
        self._server: HttpsServer | None = None
        self._contexts: dict[OrganisationId, tuple[tuple[bytes, ...], Way]] = {}
        self._under_way: dict[tuple[OrganisationId, Endpoint], int] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return "https"

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sock.getsockname()[1] for sock in self._sockets)

    @property
    def refused(self) -> Mapping[str, int]:
        """Connections and requests that were refused, by reason."""
        counted = dict(self._server.refused) if self._server else {}
        return counted | {"no room for a handshake": self._gate.turned_away}

    def start(self) -> None:
        if self._server is None:
            self._admit(())
        try:
            for host, port in self._listen:
                self._sockets.append(_listening(host, port))
        except OutsideFailed:
            self._close_sockets()
            raise
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._close_sockets()

    def know(self, own: Card, peers: Sequence[Card]) -> None:
        contexts: dict[OrganisationId, tuple[tuple[bytes, ...], Way]] = {}
        for card in peers:
            before = self._contexts.get(card.organisation)
            if before is None or before[0] != card.certificates:
                made = Way(client_context(self._own, card.certificates), pins_of([card]))
                before = (card.certificates, made)
            contexts[card.organisation] = before
        self._contexts = contexts
        self._client.peers = {peer: how for peer, (_, how) in contexts.items()}
        self._gate.know(peers)
        self._admit(peers)

    def takes(self, envelopes: Sequence[bytes]) -> int:
        return fitting(envelopes)

    def offer(
        self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes], ticket: int = 0
    ) -> bool:
        if fitting(envelopes) < len(envelopes):
            raise NotAllowed(
                f"{len(envelopes)} envelopes are more than one exchange takes; offer fewer at once"
            )
        place = peer, endpoint
        if endpoint.kind != "https" or peer not in self._client.peers or not self._thread.is_alive():
            return False
        with self._lock:
            begun = self._under_way.get(place, 0)
            if begun >= ENDPOINT_OFFERS_MAX or sum(self._under_way.values()) >= OFFERS_MAX:
                return False
            self._under_way[place] = begun + 1
        self._loop.call_soon_threadsafe(self._begin, peer, endpoint, tuple(envelopes), ticket)
        return True

    def outcomes(self) -> Sequence[Outcome]:
        return self._inbox.outcomes()

    def arrivals(self) -> Sequence[Arrival]:
        return self._inbox.arrivals()

    def _admit(self, peers: Sequence[Card]) -> None:
        pins = pins_of(peers)
        trusted = [
            certificate
            for card in peers
            for certificate in card.certificates
            if hashlib.sha256(certificate).digest() in pins
        ]
        admitted = Admitted(server_context(self._own, trusted), pins)
        if self._server is None:
            self._server = HttpsServer(self.name, self._inbox, self._gate, admitted)
        else:
            self._server.admitted = admitted

    def _begin(
        self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes], ticket: int
    ) -> None:
        task = self._loop.create_task(self._client.exchange(peer, endpoint, envelopes, ticket))
        task.add_done_callback(lambda _: self._ended((peer, endpoint)))

    def _ended(self, place: tuple[OrganisationId, Endpoint]) -> None:
        with self._lock:
            left = self._under_way[place] - 1
            if left:
                self._under_way[place] = left
            else:
                del self._under_way[place]

    def _run(self) -> None:
        server = self._server
        assert server is not None
        asyncio.set_event_loop(self._loop)
        for sock in self._sockets:
            self._loop.create_task(server.accept(sock))
        try:
            self._loop.run_forever()
        finally:
            self._client.close()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            with suppress(OSError):
                sock.close()
        self._sockets.clear()


def _tell_of_our_own_faults(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Connections that break are no news; whatever else goes wrong in the loop is."""
    if not isinstance(context.get("exception"), OSError | None):
        loop.default_exception_handler(context)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        remedy = "Is another station running? Or name another address in [hotline]."
        raise OutsideFailed(f"cannot listen ({error.strerror})", f"{host} port {port}", remedy) from error
    return sock
