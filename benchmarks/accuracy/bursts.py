"""Traffic that comes and goes over the everyday: packets of one burst, told as samples or through a flow
cache.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.country import Exporter, Kind
from benchmarks.accuracy.ordinary import ACTIVE_MS, INACTIVE_MS
from tidegate.model.flows import FlowRows, empty_rows

Packets = Callable[[npt.NDArray[np.int64], np.random.Generator], FlowRows]
"""Makes one FLOW row of one packet for each time (milliseconds), ordered as the times are."""


@dataclass(frozen=True, slots=True)
class Burst:
    """`packets_per_s` on the wire at its height, reached after `ramp_s`; `flows` is how many flows it is
    spread over, or 0 where each packet is a flow as its own addresses and ports say.
    """

    name: str
    exporter: int
    network: int
    start_s: int
    duration_s: int
    packets_per_s: float
    packets: Packets
    flows: int
    ramp_s: int = 0

    @property
    def end_s(self) -> int:
        return self.start_s + self.duration_s

    def told_until_s(self, exporter: Exporter) -> int:
        return self.end_s + (0 if exporter.kind is Kind.SFLOW else (ACTIVE_MS + INACTIVE_MS) // 1000)

    def packets_in(self, second: int) -> int:
        """Packets on the wire in a second."""
        if not self.start_s <= second < self.end_s:
            return 0
        height = 1.0 if self.ramp_s == 0 else min(1.0, (second - self.start_s + 1) / self.ramp_s)
        return round(self.packets_per_s * height)


class Teller:
    """What the exporter tells of one burst, second by second: at once (sFlow), or when its flow cache says
    so.
    """

    def __init__(self, burst: Burst, exporter: Exporter, seed: int) -> None:
        self.burst = burst
        self._exporter = exporter
        self._seed = seed
        self._records: FlowRows | None = None
        self._told_ms = np.zeros(0, np.int64)

    def second(self, second: int) -> FlowRows:
        if self._exporter.kind is Kind.SFLOW:
            return self._stamped(self._sampled(second))
        if self._records is None:
            self._fill_cache()
        assert self._records is not None
        first, last = np.searchsorted(self._told_ms, (second * 1000, second * 1000 + 1000))
        return self._stamped(self._records[first:last])

    def _stamped(self, rows: FlowRows) -> FlowRows:
        rows["exporter"] = self.burst.exporter
        rows["sampling_rate"] = self._exporter.sampling_rate
        return rows

    def _sampled(self, second: int) -> FlowRows:
        rng = np.random.default_rng((self._seed, second))
        count = rng.binomial(self.burst.packets_in(second), 1 / self._exporter.sampling_rate)
        times = second * 1000 + np.sort(rng.integers(0, 1000, count))
        return self.burst.packets(times, rng)

    def _fill_cache(self) -> None:
        rng = np.random.default_rng((self._seed, 0))
        seconds = np.arange(self.burst.start_s, self.burst.end_s)
        packets = [self.burst.packets_in(int(s)) for s in seconds]
        times = np.repeat(seconds * 1000, rng.binomial(packets, 1 / self._exporter.sampling_rate))
        rows = self.burst.packets(np.sort(times + rng.integers(0, 1000, len(times))), rng)
        if self.burst.flows:
            flow = rng.integers(0, self.burst.flows, len(rows))
        else:
            keys = rows[
                ["src_high", "src_low", "dst_high", "dst_low", "src_port", "dst_port", "protocol", "fragment"]
            ]
            flow = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        records, told = flow_records(rows, flow)
        order = np.argsort(told, kind="stable")
        self._records, self._told_ms = records[order], told[order]


def flow_records(rows: FlowRows, flow: npt.NDArray[np.int64]) -> tuple[FlowRows, npt.NDArray[np.int64]]:
    """Packets gathered into flow records by a cache with ACTIVE_MS and INACTIVE_MS, and when each record is
    told.
    """
    if not len(rows):
        return rows, np.zeros(0, np.int64)
    order = np.lexsort((rows["start_ms"], flow))
    rows, flow = rows[order], flow[order]
    time = rows["start_ms"]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = (flow[1:] != flow[:-1]) | (np.diff(time) > INACTIVE_MS)
    run_start = time[np.flatnonzero(fresh)][np.cumsum(fresh) - 1]
    slot = (time - run_start) // ACTIVE_MS
    cut = fresh.copy()
    cut[1:] |= slot[1:] != slot[:-1]
    first = np.flatnonzero(cut)
    last = np.append(first[1:], len(rows)) - 1
    records = empty_rows(len(first))
    records[:] = rows[first]
    records["packets"] = np.add.reduceat(rows["packets"], first)
    records["bytes"] = np.add.reduceat(rows["bytes"], first)
    records["tcp_flags"] = np.bitwise_or.reduceat(rows["tcp_flags"], first)
    records["end_ms"] = time[last]
    goes_on = np.append(~fresh[first[1:]], False)
    told = np.where(goes_on, run_start[first] + (slot[first] + 1) * ACTIVE_MS, time[last] + INACTIVE_MS)
    return records, told.astype(np.int64)
