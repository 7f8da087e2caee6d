"""Where the parties of the lab live: namespaces with real packet loss, or loopback behind a fault proxy."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol

from tidegate.lab.hotline.faults import NO_FAULTS, Faults
from tidegate.lab.hotline.proxy import FaultProxy
from tidegate.lab.hotline.wan import Wan
from tidegate.model.organisations import Endpoint

PORT = 8443
"""In a namespace of its own, every party listens here."""

Address = tuple[str, int]


class LabNetwork(Protocol):
    def places(self) -> Sequence[Address]:
        """Where each party listens, for HTTPS and UDP."""

    def endpoints(self) -> Sequence[Sequence[Endpoint]]:
        """Where the others find each party."""

    def prefix(self, party: int) -> Sequence[str]:
        """What begins a command that is to run where the party is."""

    def set(self, faults: Faults) -> None: ...

    def part(self, parties: Sequence[int], faults: Faults) -> None:
        """Nothing passes between these any more (empty: `faults` everywhere again)."""


class Namespaces:
    """One namespace a party, joined by the wide-area network."""

    def __init__(self, parties: int, now_s: Callable[[], float], seed: int, afterwards: ExitStack) -> None:
        self._names = [f"tidegate-lab-{os.getpid()}-{number}" for number in range(parties)]
        self._wan = afterwards.enter_context(Wan(self._names, now_s, seed))

    def places(self) -> Sequence[Address]:
        return [(self._wan.addresses[name], PORT) for name in self._names]

    def endpoints(self) -> Sequence[Sequence[Endpoint]]:
        return [(Endpoint("https", host, port), Endpoint("udp", host, port)) for host, port in self.places()]

    def prefix(self, party: int) -> Sequence[str]:
        return ("ip", "netns", "exec", self._names[party])

    def set(self, faults: Faults) -> None:
        self._wan.set(faults)

    def part(self, parties: Sequence[int], faults: Faults) -> None:
        self._wan.set(faults)
        if parties:
            self._wan.set(Faults(partition=True), [self._names[party] for party in parties])


class Proxies:
    """All on loopback; in front of each party stands a proxy. A party that is parted is so from everybody."""

    def __init__(self, ports: Sequence[int], seed: int, afterwards: ExitStack) -> None:
        self._places = [("127.0.0.1", port) for port in ports]
        self._proxies = [FaultProxy(NO_FAULTS, seed * 1_000 + number) for number in range(len(ports))]
        self._endpoints: list[Sequence[Endpoint]] = []
        for proxy, place in zip(self._proxies, self._places, strict=True):
            proxy.start()
            afterwards.callback(proxy.stop)
            self._endpoints.append(
                (
                    Endpoint("https", "127.0.0.1", proxy.before_tcp(place)),
                    Endpoint("udp", "127.0.0.1", proxy.before_udp(place)),
                )
            )

    def places(self) -> Sequence[Address]:
        return self._places

    def endpoints(self) -> Sequence[Sequence[Endpoint]]:
        return self._endpoints

    def prefix(self, party: int) -> Sequence[str]:
        return ()

    def set(self, faults: Faults) -> None:
        for proxy in self._proxies:
            proxy.set(faults)

    def part(self, parties: Sequence[int], faults: Faults) -> None:
        self.set(faults)
        for party in parties[:1]:
            self._proxies[party].set(Faults(partition=True))
