"""The signal path (tidegate.ports.hotline.SignalPath): UDP datagrams under pairwise keys.

TCP gives up its pace with every loss and is of no use beyond a third of them. Here an exchange is cut into
pieces of which any so many suffice, and sent until the other end has said that it has them.
"""

import ipaddress
import queue
import random
import select
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from tidegate.adapters.hotline.datagram_socket import Address, DatagramSocket, tag_number
from tidegate.adapters.hotline.inbox import Inbox
from tidegate.adapters.hotline.signal_seal import Opening, Sealing
from tidegate.adapters.hotline.transfers import Receiving, Sending
from tidegate.model.messages import WORD_BYTES_MAX
from tidegate.model.organisations import Card, Endpoint, OrganisationId
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.hotline import Arrival, Outcome
from tidegate.wire.erasure import cut
from tidegate.wire.exchange import decode_exchange, encode_exchange, fitting
from tidegate.wire.signals import (
    BODY_BYTES_MAX,
    PIECE_BYTES,
    Got,
    Piece,
    Probe,
    Signal,
    Word,
    decode_signal,
    encode_signal,
)

SENDING_MAX = 256
"""Exchanges, words and probes under way; a further offer is not begun."""

ANSWERS_MAX = 128
"""Of these so many leave no room for a further answer, which is dropped: offers always find room beside."""

WORDS_HEARD_MAX = 1_024
"""Words heard and not fetched; the oldest is forgotten (its sender says it again until the message came)."""

DATAGRAMS_PER_S_MAX = 2_000
"""Datagrams sent in a second, all peers together, about 20 Mbit/s; what is beyond goes in the next second."""

GIVE_UP_S: Final = 30.0
"""A node offers again what was not got; by then it may know a better endpoint, or better keys."""

_TURN_S: Final = 0.005
_IDLE_S: Final = 0.05
_BLOCKS_A_TURN: Final = 8
_SAY_AGAIN_S: Final = 0.03


class SignalDatagrams:
    """Listens at `listen`; one that only sends listens at any free port, where answers come.

    `monotonic_s` gives seconds that never step back.
    """

    def __init__(
        self,
        listen: Sequence[tuple[str, int]],
        monotonic_s: Callable[[], float],
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        self._listen = tuple(listen) or (("0.0.0.0", 0),)
        self._now_s = monotonic_s
        self._give_up_s = give_up_s
        self._inbox = Inbox()
        self._sockets: list[DatagramSocket] = []
        self._orders: queue.SimpleQueue[Sending] = queue.SimpleQueue()
        self._resolving = ThreadPoolExecutor(1, "hotline-names")
        self._words: deque[tuple[OrganisationId, bytes]] = deque(maxlen=WORDS_HEARD_MAX)
        self._said: deque[tuple[bytes, Outcome]] = deque(maxlen=WORDS_HEARD_MAX)
        self._peers: frozenset[OrganisationId] = frozenset()
        self._openings: Mapping[bytes, tuple[OrganisationId, Opening]] = {}
        self._sealings: Mapping[OrganisationId, Sealing] = {}
        self._tags: frozenset[int] = frozenset()
        self._under_way = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hotline-udp", daemon=True)
        # From here on only the path's own thread.
        self._sending: dict[bytes, Sending] = {}
        self._receiving: dict[OrganisationId, Receiving] = {}
        self._allowed = 0.0
        self._allowed_at_s = 0.0
        self.refused: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return "udp"

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sock.port for sock in self._sockets)

    def start(self) -> None:
        try:
            for host, port in self._listen:
                self._sockets.append(DatagramSocket(host, port))
        except OSError:
            self._close()
            raise
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._resolving.shutdown(wait=False, cancel_futures=True)
        self._close()

    def know(self, own: Card, peers: Sequence[Card]) -> None:
        self._peers = frozenset(card.organisation for card in peers)

    def use_keys(
        self, receive: Mapping[OrganisationId, Sequence[bytes]], send: Mapping[OrganisationId, bytes]
    ) -> None:
        """A key that stays keeps its session and its replay window."""
        kept = {opening.key: opening for _, opening in self._openings.values()}
        sealing = {one.key: one for one in self._sealings.values()}
        openings = [(peer, kept.get(key) or Opening(key)) for peer, keys in receive.items() for key in keys]
        self._openings = {opening.tag: (peer, opening) for peer, opening in openings}
        self._tags = frozenset(map(tag_number, self._openings))
        self._sealings = {peer: sealing.get(key) or Sealing(key) for peer, key in send.items()}

    def takes(self, envelopes: Sequence[bytes]) -> int:
        room = BODY_BYTES_MAX
        for count, envelope in enumerate(envelopes[: fitting(envelopes)]):
            room -= 4 + len(envelope)
            if room < 0:
                return count
        return fitting(envelopes)

    def offer(
        self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes], ticket: int = 0
    ) -> bool:
        if self.takes(envelopes) < len(envelopes):
            raise NotAllowed(
                f"{len(envelopes)} envelopes are more than one exchange takes; offer fewer at once"
            )
        body = encode_exchange(envelopes)
        return self._begin(
            peer, endpoint, ticket, lambda to: self._exchange(peer, endpoint, to, body, ticket)
        )

    def say(self, peer: OrganisationId, endpoint: Endpoint, word: bytes) -> bool:
        if len(word) > WORD_BYTES_MAX:
            raise NotAllowed(f"a word of {len(word)} bytes does not fit a datagram ({WORD_BYTES_MAX})")
        return self._begin(
            peer, endpoint, word, lambda to: Sending(peer, endpoint, to, *self._times(), word=word)
        )

    def words(self) -> Sequence[tuple[OrganisationId, bytes]]:
        heard: list[tuple[OrganisationId, bytes]] = []
        while self._words:
            heard.append(self._words.popleft())
        return heard

    def said(self) -> Sequence[tuple[bytes, Outcome]]:
        told: list[tuple[bytes, Outcome]] = []
        while self._said:
            told.append(self._said.popleft())
        return told

    def outcomes(self) -> Sequence[Outcome]:
        return self._inbox.outcomes()

    def arrivals(self) -> Sequence[Arrival]:
        return self._inbox.arrivals()

    def _exchange(
        self, peer: OrganisationId, endpoint: Endpoint | None, to: Address, body: bytes, ticket: int = 0
    ) -> Sending:
        """An empty body is a probe."""
        rows = cut(body, PIECE_BYTES) if body else None
        return Sending(peer, endpoint, to, *self._times(), length=len(body), rows=rows, ticket=ticket)

    def _times(self) -> tuple[float, float]:
        now_s = self._now_s()
        return now_s, now_s + self._give_up_s

    def _begin(
        self,
        peer: OrganisationId,
        endpoint: Endpoint,
        what: int | bytes,
        made: Callable[[Address], Sending],
    ) -> bool:
        known = peer in self._peers and peer in self._sealings and self._thread.is_alive()
        if endpoint.kind != "udp" or not known:
            return False
        with self._lock:
            if self._under_way >= SENDING_MAX:
                return False
            self._under_way += 1
        if _is_address(endpoint.host):
            self._orders.put(made((endpoint.host, endpoint.port)))
        else:
            self._resolving.submit(self._resolve, peer, endpoint, what, made)
        return True

    def _resolve(
        self,
        peer: OrganisationId,
        endpoint: Endpoint,
        what: int | bytes,
        made: Callable[[Address], Sending],
    ) -> None:
        try:
            told = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
            self._orders.put(made((str(told[0][4][0]), endpoint.port)))
        except (OSError, ValueError):
            self._tell(peer, endpoint, "its name has no address here", 0, what)

    def _tell(
        self, peer: OrganisationId, endpoint: Endpoint, why: str, round_trip_ms: int, what: int | bytes
    ) -> None:
        """`what` is the ticket of an offer, or a word."""
        with self._lock:
            self._under_way -= 1
        ticket = what if isinstance(what, int) else 0
        outcome = Outcome(self.name, peer, endpoint, why, round_trip_ms, ticket)
        if isinstance(what, bytes):
            self._said.append((what, outcome))
        else:
            self._inbox.tell(outcome)

    def _run(self) -> None:
        poll = select.poll()
        sockets = {sock.socket.fileno(): sock for sock in self._sockets}
        for handle in sockets:
            poll.register(handle, select.POLLIN)
        while not self._stopping.is_set():
            came = poll.poll((_TURN_S if self._sending else _IDLE_S) * 1000)
            for handle, _ in came:
                with suppress(OSError):
                    self._receive(sockets[handle])
            with suppress(queue.Empty):
                while True:
                    order = self._orders.get_nowait()
                    self._sending[order.transfer] = order
            self._send_what_is_due()

    def _receive(self, sock: DatagramSocket) -> None:
        for _ in range(_BLOCKS_A_TURN):
            count, ours = sock.receive(self._tags)
            if not count:
                return
            for datagram, source in ours:
                self._hear(datagram, source)

    def _hear(self, datagram: bytes, source: Address) -> None:
        peer, opening = self._openings.get(datagram[:8], (None, None))
        plain = opening.open(datagram) if opening is not None and peer in self._peers else None
        if plain is None or peer is None:
            self.refused["not under its key, or played again"] += 1
            return
        try:
            self._take(peer, decode_signal(plain), source)
        except Malformed as refusal:
            self.refused[refusal.reason] += 1

    def _take(self, peer: OrganisationId, signal: Signal, source: Address) -> None:
        now_s = self._now_s()
        if isinstance(signal, Got):
            self._ended(signal.transfer, now_s)
            return
        receiving = self._receiving.setdefault(peer, Receiving())
        if receiving.has_got(signal.transfer):
            if receiving.say_again(signal.transfer, now_s, _SAY_AGAIN_S):
                self._answer(peer, Got(signal.transfer), source)
            return
        match signal:
            case Piece():
                body = receiving.add(signal)
                if body is None or not self._arrive(peer, body, source):
                    return
            case Probe():
                if not self._arrive(peer, b"", source):
                    return
            case Word(body=word):
                self._words.append((peer, word))
        receiving.got(signal.transfer, now_s)
        self._answer(peer, Got(signal.transfer), source)

    def _arrive(self, peer: OrganisationId, body: bytes, source: Address) -> bool:
        envelopes = decode_exchange(body)
        if not self._inbox.reserve(peer, len(body)):
            return False
        self._inbox.put(Arrival(self.name, peer, envelopes, self._answer_to(peer, source)), peer, len(body))
        return True

    def _answer_to(self, peer: OrganisationId, source: Address) -> Callable[[Sequence[bytes]], None]:
        def answer(envelopes: Sequence[bytes]) -> None:
            body = encode_exchange(envelopes[: self.takes(envelopes)])
            with self._lock:
                if not body or self._under_way >= ANSWERS_MAX:
                    return
                self._under_way += 1
            self._orders.put(self._exchange(peer, None, source, body))

        return answer

    def _answer(self, peer: OrganisationId, signal: Signal, to: Address) -> None:
        sealing = self._sealings.get(peer)
        sock = self._socket_to(to)
        if sealing is not None and sock is not None:
            sock.send(sealing.seal(encode_signal(signal)), to)

    def _ended(self, transfer: bytes, now_s: float) -> None:
        ended = self._sending.pop(transfer, None)
        if ended is None:
            return
        why = "no answer in time" if ended.is_over(now_s) else ""
        if ended.endpoint is not None:
            took_ms = round((now_s - ended.began_s) * 1000)
            what = ended.ticket if ended.word is None else ended.word
            self._tell(ended.peer, ended.endpoint, why, took_ms, what)
        else:
            with self._lock:
                self._under_way -= 1

    def _send_what_is_due(self) -> None:
        now_s = self._now_s()
        passed_s, self._allowed_at_s = now_s - self._allowed_at_s, now_s
        self._allowed = min(DATAGRAMS_PER_S_MAX / 20, self._allowed + passed_s * DATAGRAMS_PER_S_MAX)
        due: list[Sending] = []
        for sending in list(self._sending.values()):
            if sending.is_over(now_s):
                self._ended(sending.transfer, now_s)
            else:
                due += [sending] * min(sending.due(now_s), int(self._allowed))
        random.shuffle(due)  # where not all may go each has its share, and nothing waits behind what is long
        for sending in due[: int(self._allowed)]:
            self._allowed -= 1
            self._answer(sending.peer, sending.next(), sending.to)

    def _socket_to(self, to: Address) -> DatagramSocket | None:
        """The one that speaks the family; a socket of IPv6 speaks both."""
        family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
        same = (sock for sock in self._sockets if sock.family == family)
        both = (sock for sock in self._sockets if sock.family == socket.AF_INET6)
        return next(same, None) or next(both, None)

    def _close(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
