"""Routers that send flow records (NetFlow v5, v9, IPFIX) of sampled packets, by way of a flow cache."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from tidegate.lab.exporters import Offered, sample
from tidegate.lab.flow_cache import LAB_TIMEOUTS, FlowCache, Timeouts
from tidegate.model.flows import TUNNEL_NONE, FlowRows
from tidegate.wire.ipfix import encode_ipfix, encode_ipfix_sampling, encode_ipfix_templates
from tidegate.wire.netflow5 import encode_netflow5
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_sampling, encode_netflow9_templates

RECORDS_PER_DATAGRAM = 20
"""Flow records that fit an Ethernet frame, IPv6 ones included."""

ANNOUNCE_EVERY_MS = 10_000
"""Templates and sampling are told again after this long, as they must be over UDP (RFC 7011 section 8.4)."""

UP_SINCE_MS = 86_400_000
"""How long a lab router claims to have been up when it first speaks."""


class Speech(Protocol):
    """One format: how records and announcements are put into datagrams."""

    def announce(self, sampling_rate: int, now_ms: int) -> Iterator[bytes]:
        """Templates, and the sampling rate unless it is 0."""

    def tell(self, rows: FlowRows, now_ms: int) -> Iterator[bytes]: ...


class FlowExporter:
    """A router that samples, caches flows and tells of them in one format.

    With `tells_sampling` False it never says at which rate it samples, as some routers do.
    """

    def __init__(
        self,
        address: str,
        speech: Speech,
        *,
        sampling_rate: int,
        seed: int,
        tells_sampling: bool = True,
        timeouts: Timeouts = LAB_TIMEOUTS,
    ) -> None:
        self.address = address
        self.sampling_rate = sampling_rate
        self.tells_sampling = tells_sampling
        self._speech = speech
        self._random = np.random.default_rng(seed)
        self._cache = FlowCache(timeouts)
        self._announced_ms: int | None = None

    def observe(self, offered: Offered) -> None:
        self._cache.add(offered, sample(self._random, self.sampling_rate, offered))

    def datagrams(self, now_ms: int) -> list[bytes]:
        return [*self._announcements(now_ms), *self._records(now_ms)]

    def _announcements(self, now_ms: int) -> Iterator[bytes]:
        if self._announced_ms is None or now_ms - self._announced_ms >= ANNOUNCE_EVERY_MS:
            self._announced_ms = now_ms
            yield from self._speech.announce(self.sampling_rate if self.tells_sampling else 0, now_ms)

    def _records(self, now_ms: int) -> Iterator[bytes]:
        rows = self._cache.take(now_ms)
        rows["input_if"], rows["output_if"], rows["tunnel"] = 1, 2, TUNNEL_NONE
        for start in range(0, len(rows), RECORDS_PER_DATAGRAM):
            yield from self._speech.tell(rows[start : start + RECORDS_PER_DATAGRAM], now_ms)


class Netflow9:
    """NetFlow v9: the sequence number counts datagrams."""

    def __init__(self, domain: int = 0) -> None:
        self._domain = domain
        self._sequence = 0
        self._booted_ms: int | None = None

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _uptime_ms(self, now_ms: int) -> int:
        if self._booted_ms is None:
            self._booted_ms = now_ms - UP_SINCE_MS
        return now_ms - self._booted_ms

    def announce(self, sampling_rate: int, now_ms: int) -> Iterator[bytes]:
        up = self._uptime_ms(now_ms)
        yield encode_netflow9_templates(
            export_ms=now_ms, uptime_ms=up, sequence=self._next(), domain=self._domain
        )
        if sampling_rate:
            yield encode_netflow9_sampling(
                sampling_rate, export_ms=now_ms, uptime_ms=up, sequence=self._next(), domain=self._domain
            )

    def tell(self, rows: FlowRows, now_ms: int) -> Iterator[bytes]:
        up = self._uptime_ms(now_ms)
        yield encode_netflow9(
            rows, export_ms=now_ms, uptime_ms=up, sequence=self._next(), domain=self._domain
        )


class Ipfix:
    """IPFIX: the sequence number counts the data records sent before."""

    def __init__(self, domain: int = 0) -> None:
        self._domain = domain
        self._sequence = 0

    def announce(self, sampling_rate: int, now_ms: int) -> Iterator[bytes]:
        yield encode_ipfix_templates(export_ms=now_ms, sequence=self._sequence, domain=self._domain)
        if sampling_rate:
            yield encode_ipfix_sampling(
                sampling_rate, export_ms=now_ms, sequence=self._sequence, domain=self._domain
            )
            self._sequence += 1

    def tell(self, rows: FlowRows, now_ms: int) -> Iterator[bytes]:
        yield encode_ipfix(rows, export_ms=now_ms, sequence=self._sequence, domain=self._domain)
        self._sequence += len(rows)


class Netflow5:
    """NetFlow v5: IPv4 only, no templates; the rate stands in every header."""

    def __init__(self, sampling_rate: int = 0) -> None:
        self._sampling_rate = sampling_rate
        self._sequence = 0
        self._booted_ms: int | None = None

    def announce(self, sampling_rate: int, now_ms: int) -> Iterator[bytes]:
        self._sampling_rate = sampling_rate
        self._booted_ms = self._booted_ms or now_ms - UP_SINCE_MS
        yield from ()

    def tell(self, rows: FlowRows, now_ms: int) -> Iterator[bytes]:
        known = rows[rows["family"] == 4]
        if len(known) and self._booted_ms is not None:
            yield encode_netflow5(
                known,
                export_ms=now_ms,
                uptime_ms=now_ms - self._booted_ms,
                sequence=self._sequence,
                sampling_rate=self._sampling_rate,
            )
            self._sequence += len(known)
