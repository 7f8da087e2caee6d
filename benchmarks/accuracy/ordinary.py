"""Ordinary traffic as FLOW rows, second by second: what each exporter would tell of the country's
networks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.country import ROLES, Exporter, Kind, Networks, Rhythm, Traffic, mean_packet_bytes
from tidegate.model.flows import FlowRows, empty_rows

INACTIVE_MS, ACTIVE_MS = 15_000, 60_000
"""When a NetFlow exporter tells of a flow: so long after its last packet, or so long after its first."""

LASTING_SHARE = 0.4
"""Records of more than one sampled packet that end by the active timeout, because the flow still runs."""

PACKETS_PER_RECORD = 1.4


@dataclass(frozen=True, slots=True)
class _Kinds:
    """All kinds of all roles as columns, and each role's cumulated shares padded to one width."""

    protocol: npt.NDArray[np.uint8]
    src_port: npt.NDArray[np.int64]
    dst_port: npt.NDArray[np.int64]
    bytes_min: npt.NDArray[np.int64]
    bytes_max: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]


def kinds_of(traffic: list[Traffic]) -> _Kinds:
    return _Kinds(
        protocol=np.array([one.protocol for one in traffic], np.uint8),
        src_port=np.array([one.src_port for one in traffic]),
        dst_port=np.array([one.dst_port for one in traffic]),
        bytes_min=np.array([one.bytes_min for one in traffic]),
        bytes_max=np.array([one.bytes_max for one in traffic]),
        flags=np.array([one.flags for one in traffic], np.uint8),
    )


class Ordinary:
    """Everyday traffic of some networks. `second(t)` depends on the seed and on t alone, so seconds may be
    left out.
    """

    def __init__(self, exporters: tuple[Exporter, ...], networks: Networks, seed: tuple[int, ...]) -> None:
        self._exporters, self._networks, self._seed = exporters, networks, seed
        self._rhythm = Rhythm(networks, np.random.default_rng((*seed, 7)))
        self._kinds = kinds_of([one for role in ROLES for one, _ in role.habits])
        self._kind_of_role = [
            (first, np.array([share for _, share in role.habits]))
            for first, role in zip(
                np.cumsum([0, *(len(role.habits) for role in ROLES)])[:-1], ROLES, strict=True
            )
        ]
        sizes = np.array([mean_packet_bytes(role.habits) for role in ROLES])
        rate = np.array([one.sampling_rate for one in exporters], np.float64)[networks.exporter]
        self._samples_per_s = networks.bits_per_s / 8 / sizes[networks.role] / rate
        self._is_netflow = np.array([one.kind is Kind.NETFLOW for one in exporters])[networks.exporter]
        self._rate = rate.astype(np.uint32)
        self._hosts = np.array([role.hosts for role in ROLES])

    def second(self, second: int, silent: frozenset[int] = frozenset()) -> FlowRows:
        """What is received in this second; exporters in `silent` (they restart) tell nothing."""
        rng = np.random.default_rng((*self._seed, 11, second))
        networks = self._networks
        expected = self._samples_per_s * self._rhythm.factor(second)
        expected = np.where(self._is_netflow, expected / PACKETS_PER_RECORD, expected)
        if silent:
            expected = np.where(np.isin(networks.exporter, list(silent)), 0.0, expected)
        counts = rng.poisson(expected)
        network = np.repeat(np.arange(len(networks)), counts)
        rows = empty_rows(len(network))
        self._fill_kinds(rows, network, rng)
        self._fill_hosts(rows, network, rng)
        self._fill_times(rows, self._is_netflow[network], second, rng)
        rows["exporter"] = networks.exporter[network]
        rows["sampling_rate"] = self._rate[network]
        return rows

    def _fill_kinds(self, rows: FlowRows, network: npt.NDArray[np.int64], rng: np.random.Generator) -> None:
        role = self._networks.role[network]
        kind = np.zeros(len(rows), np.int64)
        for number, (first, shares) in enumerate(self._kind_of_role):
            mine = np.flatnonzero(role == number)
            kind[mine] = first + rng.choice(len(shares), len(mine), p=shares / shares.sum())
        fill_packets(rows, self._kinds, kind, rng)

    def _fill_hosts(self, rows: FlowRows, network: npt.NDArray[np.int64], rng: np.random.Generator) -> None:
        networks = self._networks
        hosts = self._hosts[networks.role[network]]
        host = 1 + (hosts * rng.random(len(rows)) ** 2).astype(np.uint64)
        rows["dst_high"] = networks.high[network]
        rows["dst_low"] = networks.low[network] + host
        fill_sources(rows, networks.family[network], rng)

    def _fill_times(
        self, rows: FlowRows, netflow: npt.NDArray[np.bool_], second: int, rng: np.random.Generator
    ) -> None:
        now_ms = second * 1000 + 999
        told = second * 1000 + rng.integers(0, 1000, len(rows))
        packets = np.where(netflow, rng.geometric(1 / PACKETS_PER_RECORD, len(rows)), 1)
        several = packets > 1
        lasting = netflow & several & (rng.random(len(rows)) < LASTING_SHARE)
        end = np.where(netflow, told - np.where(lasting, 0, INACTIVE_MS), told)
        length = np.where(lasting, ACTIVE_MS, np.where(several, rng.integers(1, ACTIVE_MS, len(rows)), 0))
        rows["end_ms"] = np.minimum(end, now_ms)
        rows["start_ms"] = rows["end_ms"] - np.where(netflow, length, 0)
        rows["packets"] = packets
        rows["bytes"] *= packets.astype(np.uint64)


def fill_packets(
    rows: FlowRows, kinds: _Kinds, kind: npt.NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Header fields and the size of one packet for each row, from its kind; a port of zero is drawn where it
    exists.
    """
    low, high = kinds.bytes_min[kind], kinds.bytes_max[kind]
    rows["bytes"] = low + ((high - low + 1) * rng.random(len(rows))).astype(np.int64)
    rows["packets"] = 1
    rows["protocol"] = kinds.protocol[kind]
    rows["tcp_flags"] = kinds.flags[kind]
    ported = (rows["protocol"] == 6) | (rows["protocol"] == 17)
    drawn = rng.integers(32_768, 61_000, (2, len(rows)))
    for side, (name, told) in enumerate(
        (("src_port", kinds.src_port[kind]), ("dst_port", kinds.dst_port[kind]))
    ):
        rows[name] = np.where(ported, np.where(told == 0, drawn[side], told), 0)
    rows["has_ports"] = ported


def fill_sources(rows: FlowRows, family: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Addresses from all over the Internet, of the destination's family."""
    four = family == 4
    somewhere = rng.integers(0x0B00_0000, 0xDF00_0000, len(rows)).astype(np.uint64)
    rows["src_low"] = np.where(four, somewhere | np.uint64(0xFFFF_0000_0000), somewhere)
    rows["src_high"] = np.where(four, 0, 0x2A00_0000_0000_0000 + (somewhere.astype(np.int64) << 8)).astype(
        np.uint64
    )
    rows["family"] = family
    rows["input_if"], rows["output_if"] = 1, 2
