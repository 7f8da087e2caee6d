"""A router's flow cache: sampled packets become records when a flow is idle or has lasted long."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.lab.exporters import Offered, PacketNumbers
from tidegate.lab.traffic import Traffic
from tidegate.model.flows import FlowRows, empty_rows


@dataclass(frozen=True, slots=True)
class Timeouts:
    """When a record is sent: after `active_ms` of a lasting flow, or `inactive_ms` without a packet."""

    active_ms: int = 1000
    inactive_ms: int = 400


LAB_TIMEOUTS = Timeouts()


class _Flows:
    """The flows of one traffic: arrays with one place a flow, zero packets where it is not in the cache."""

    def __init__(self, traffic: Traffic) -> None:
        flows = int(traffic.flow.max()) + 1
        self.traffic = traffic
        self.example = np.zeros(flows, np.int64)
        self.example[traffic.flow[::-1]] = np.arange(len(traffic))[::-1]
        self.packets = np.zeros(flows, np.int64)
        self.bytes = np.zeros(flows, np.int64)
        self.flags = np.zeros(flows, np.uint8)
        self.first_ms = np.full(flows, np.iinfo(np.int64).max)
        self.last_ms = np.zeros(flows, np.int64)

    def add(self, packets: PacketNumbers, times_ms: npt.NDArray[np.int64]) -> None:
        packet = packets % len(self.traffic)
        flow = self.traffic.flow[packet]
        np.add.at(self.packets, flow, 1)
        np.add.at(self.bytes, flow, self.traffic.rows["bytes"][packet].astype(np.int64))
        np.bitwise_or.at(self.flags, flow, self.traffic.rows["tcp_flags"][packet])
        np.minimum.at(self.first_ms, flow, times_ms)
        np.maximum.at(self.last_ms, flow, times_ms)

    def take(self, now_ms: int, timeouts: Timeouts) -> FlowRows:
        """The records that are due, which leave the cache."""
        active = now_ms - self.first_ms >= timeouts.active_ms
        idle = now_ms - self.last_ms >= timeouts.inactive_ms
        due = np.flatnonzero((self.packets > 0) & (active | idle))
        rows = empty_rows(len(due))
        rows[:] = self.traffic.rows[self.example[due]]
        rows["packets"], rows["bytes"] = self.packets[due], self.bytes[due]
        rows["start_ms"], rows["end_ms"] = self.first_ms[due], self.last_ms[due]
        rows["tcp_flags"] = self.flags[due]
        self.packets[due] = self.bytes[due] = self.flags[due] = self.last_ms[due] = 0
        self.first_ms[due] = np.iinfo(np.int64).max
        return rows


class FlowCache:
    """Flow records of sampled packets, as `Offered` by any number of traffics."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._flows: dict[int, _Flows] = {}

    def add(self, offered: Offered, packets: PacketNumbers) -> None:
        key = id(offered.traffic)
        if key not in self._flows:
            self._flows[key] = _Flows(offered.traffic)
        self._flows[key].add(packets, offered.times_ms(packets))

    def take(self, now_ms: int) -> FlowRows:
        """The records that are due now; they count sampled packets, as a router that does not scale."""
        return np.concatenate(
            [empty_rows(0), *(flows.take(now_ms, self._timeouts) for flows in self._flows.values())]
        )
