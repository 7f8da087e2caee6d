"""The small world: border points of the fictional country XA, what passes them, and the truth about it."""

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from typing import Protocol

import numpy as np

from tidegate.lab.exporters import LabExporter, Offered
from tidegate.lab.packet_facts import Marks
from tidegate.lab.traffic import Traffic, towards
from tidegate.model.plans import Rule

TICK_S = 0.05
"""How finely time passes in the world."""

DATAGRAMS_PER_SEND_MAX = 32
"""Datagrams sent in one go, so that a tick never overruns a small receive buffer; then the world breathes."""


class Gate(Protocol):
    """What a border router decides about packets that come to it."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those in force."""

    def let_through(self, offered: Sequence[Offered]) -> list[Marks]:
        """Which packets of each go through; all of `offered` pass between the same two moments."""


class OpenGate:
    """A router that holds no rules."""

    rules: tuple[Rule, ...] = ()

    def let_through(self, offered: Sequence[Offered]) -> list[Marks]:
        return [np.ones(one.last - one.first, np.bool_) for one in offered]


@dataclass(frozen=True, slots=True)
class Passed:
    """What came to a router of one stream until a moment, and what went through.

    `held`: a rule for the stream's target was in force there.
    """

    until_s: float
    offered_bytes: int
    passed_bytes: int
    held: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """Traffic that passes one exporter at a steady rate from one moment to another.

    `target` is whom all of it goes to, None for traffic to many. `account` grows with the world's time: all
    that came and all that went through, tick by tick.
    """

    traffic: Traffic
    exporter: LabExporter
    packets_per_s: float
    from_s: float
    until_s: float
    target: str | None = None
    account: list[Passed] = field(default_factory=list, compare=False)

    def between(self, from_s: float, until_s: float) -> tuple[int, int]:
        """IP bytes that came and that went through in this time, as far as the world has lived."""
        return _sums([tick for tick in self.account if from_s < tick.until_s <= until_s])

    def while_held(self) -> tuple[int, int]:
        """The same of the time in which a rule for its target was in force where it passes."""
        return _sums([tick for tick in self.account if tick.held])

    def offered(self, at_s: float) -> int:
        """Packets that have passed by then."""
        passed = min(max(at_s, self.from_s), self.until_s) - self.from_s
        return self.traffic.offered(passed * self.packets_per_s / len(self.traffic))

    def bits_per_s(self) -> float:
        """The true rate on the wire, IP bytes."""
        return self.packets_per_s * self.traffic.mean_packet_bytes * 8


def _sums(ticks: Sequence[Passed]) -> tuple[int, int]:
    return sum(tick.offered_bytes for tick in ticks), sum(tick.passed_bytes for tick in ticks)


class World:
    """Exporters on loopback and the traffic that passes them; `advance` moves its time.

    `collector` is the address and port that datagrams go to; `start_ms` is the wall clock at second 0.
    Close it to give its sockets back.
    """

    def __init__(self, collector: tuple[str, int], start_ms: int) -> None:
        self._collector = collector
        self._start_ms = start_ms
        self._sockets: dict[str, socket.socket] = {}
        self._exporters: list[LabExporter] = []
        self._gates: dict[str, Gate] = {}
        self._now_s = 0.0
        self.streams: list[Stream] = []
        self.datagrams_sent = 0

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for opened in self._sockets.values():
            opened.close()

    @property
    def now_s(self) -> float:
        return self._now_s

    def add(self, exporter: LabExporter, gate: Gate | None = None) -> None:
        """An exporter joins; its socket is bound to its own loopback address, its packets pass `gate`."""
        self._gates[exporter.address] = gate or OpenGate()
        if exporter.address not in self._sockets:
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            opened.bind((exporter.address, 0))
            self._sockets[exporter.address] = opened
        self._exporters.append(exporter)

    def background(
        self, traffic: Traffic, exporter: LabExporter, bits_per_s: float, target: str | None = None
    ) -> Stream:
        """Ordinary traffic from now on; `target` where all of it goes to one host."""
        return self._stream(traffic, exporter, bits_per_s, self._now_s, float("inf"), target)

    def flood(
        self,
        traffic: Traffic,
        target: str,
        exporter: LabExporter,
        *,
        bits_per_s: float,
        from_s: float,
        for_s: float,
    ) -> Stream:
        """An attack on `target`: the packets of `traffic` at `bits_per_s`, for `for_s` seconds."""
        return self._stream(towards(traffic, target), exporter, bits_per_s, from_s, from_s + for_s, target)

    def _stream(
        self,
        traffic: Traffic,
        exporter: LabExporter,
        bits_per_s: float,
        from_s: float,
        until_s: float,
        target: str | None,
    ) -> Stream:
        packets_per_s = bits_per_s / 8 / traffic.mean_packet_bytes
        stream = Stream(traffic, exporter, packets_per_s, from_s, until_s, target)
        self.streams.append(stream)
        return stream

    def end(self, stream: Stream) -> None:
        """It ends now, whenever it was to end; its account stays the same."""
        self._instead(stream, replace(stream, until_s=self._now_s))

    def put_off(self, stream: Stream, by_s: float) -> Stream:
        """It comes so much later, and ends so much later; it must not have begun."""
        later = replace(stream, from_s=stream.from_s + by_s, until_s=stream.until_s + by_s)
        self._instead(stream, later)
        return later

    def _instead(self, stream: Stream, other: Stream) -> None:
        at = next((at for at, one in enumerate(self.streams) if one is stream), None)
        if at is not None:
            self.streams[at] = other

    def advance(self, until_s: float) -> None:
        """Time passes in ticks; whatever the exporters have to tell is sent."""
        while self._now_s + TICK_S <= until_s:
            before, self._now_s = self._now_s, self._now_s + TICK_S
            self._pass_traffic(before, self._now_s)
            self._send(self._start_ms + round(self._now_s * 1000))

    def _pass_traffic(self, from_s: float, until_s: float) -> None:
        """Packets come to each exporter's router, and what it lets through is seen by the exporter."""
        times = self._start_ms + from_s * 1000, self._start_ms + until_s * 1000
        here = sorted(self.streams, key=lambda stream: stream.exporter.address)
        for address, streams in groupby(here, key=lambda stream: stream.exporter.address):
            coming = [
                (stream, Offered(stream.traffic, first, last, *times))
                for stream in streams
                if (last := stream.offered(until_s)) > (first := stream.offered(from_s))
            ]
            if not coming:
                continue
            gate = self._gates[address]
            marks = gate.let_through([offered for _, offered in coming])
            for (stream, offered), through in zip(coming, marks, strict=True):
                passing = offered if through.all() else replace(offered, through=through)
                came, went = _came_and_went(passing)
                stream.account.append(Passed(until_s, came, went, is_held(gate.rules, stream.target)))
                stream.exporter.observe(passing)

    def _send(self, now_ms: int) -> None:
        for exporter in self._exporters:
            opened = self._sockets[exporter.address]
            for number, datagram in enumerate(exporter.datagrams(now_ms), start=1):
                opened.sendto(datagram, self._collector)
                self.datagrams_sent += 1
                if number % DATAGRAMS_PER_SEND_MAX == 0:
                    time.sleep(0.001)

    def run(self, until_s: float, stopped: Callable[[], bool] = lambda: False) -> None:
        """Advances in step with real time, until then or until `stopped`."""
        origin = time.monotonic() - self._now_s
        while self._now_s + TICK_S <= until_s and not stopped():
            ahead = self._now_s + TICK_S - (time.monotonic() - origin)
            if ahead > 0:
                time.sleep(ahead)
            self.advance(self._now_s + TICK_S * 1.5)


def _came_and_went(passing: Offered) -> tuple[int, int]:
    """IP bytes that came, and those that went through."""
    traffic = passing.traffic
    came = traffic.offered_bytes(passing.last) - traffic.offered_bytes(passing.first)
    if passing.through is None:
        return came, came
    packets = (passing.first + np.flatnonzero(passing.through)) % len(traffic)
    return came, int(traffic.rows["bytes"][packets].sum())


def is_held(rules: Sequence[Rule], target: str | None) -> bool:
    """Whether one of the rules is for a prefix that the target lies in."""
    return target is not None and any(_covers(rule.match.destination, target) for rule in rules)


@lru_cache(maxsize=4096)
def _covers(prefix: str, target: str) -> bool:
    return ipaddress.ip_address(target) in ipaddress.ip_network(prefix)
