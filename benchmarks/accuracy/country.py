"""A made country: exporters with their sampling, networks with their roles, and the rhythm of day and week.

All of it follows from one seed. Networks are /24 (IPv4) and /48 (IPv6) prefixes, the unit in which false
alarms are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
import numpy.typing as npt

NETWORK_IPV4 = 0x0A00_0000
"""Network i of exporter e is 10.e.i.0/24: neighbours share /20 and /16, as in a real address plan."""

NETWORKS_MAX = 256
"""Networks behind one exporter, which fill its /16."""

NETWORK_IPV6_HIGH = 0x3FFF_0000_0000_0000
"""Network i of exporter e is 3fff:e:i::/48, in the documentation prefix of RFC 9637."""

IPV6_SHARE = 0.15
DAY_S, HOUR_S = 86_400, 3_600


class Kind(StrEnum):
    """How an exporter tells: a sample for each sampled packet, or records out of a flow cache."""

    SFLOW = "sflow"
    NETFLOW = "netflow"


@dataclass(frozen=True, slots=True)
class Exporter:
    kind: Kind
    sampling_rate: int
    networks: int
    level: float = 1.0
    """Scales every network's traffic: an exporter that samples every packet stands before a small network.
    """


@dataclass(frozen=True, slots=True)
class Traffic:
    """One kind of inbound packet: where it comes from, its IP bytes, its TCP flags."""

    protocol: int
    src_port: int
    dst_port: int
    bytes_min: int
    bytes_max: int
    flags: int = 0


WEB_DATA = Traffic(6, 443, 0, 900, 1500, 0x10)
WEB_PUSH = Traffic(6, 443, 0, 120, 900, 0x18)
WEB_SYN_ACK = Traffic(6, 443, 0, 52, 60, 0x12)
QUIC_DATA = Traffic(17, 443, 0, 900, 1280)
DNS_REPLY = Traffic(17, 53, 0, 90, 700)
TIME_REPLY = Traffic(17, 123, 0, 76, 76)
CALL = Traffic(17, 3478, 0, 120, 1100)
GAME = Traffic(17, 27015, 0, 60, 400)
PING = Traffic(1, 0, 0, 60, 84)
REQUEST_SYN = Traffic(6, 0, 443, 52, 60, 0x02)
REQUEST_ACK = Traffic(6, 0, 443, 40, 52, 0x10)
REQUEST_PUSH = Traffic(6, 0, 443, 150, 900, 0x18)
MAIL = Traffic(6, 0, 25, 200, 1500, 0x18)
TUNNEL = Traffic(50, 0, 0, 150, 1450)
VPN = Traffic(17, 4500, 4500, 150, 1450)
FIN_ACK = Traffic(6, 443, 0, 40, 52, 0x11)
RESET = Traffic(6, 443, 0, 40, 40, 0x04)

Habits = tuple[tuple[Traffic, float], ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What a network is. `median_bits_per_s` at its usual hour; packets are drawn from `habits` by share of
    packets.
    """

    name: str
    share: float
    median_bits_per_s: float
    spread: float
    hosts: int
    busiest_hour: float
    day_swing: float
    weekend: float
    habits: Habits


_HOME: Habits = (
    (WEB_DATA, 0.42),
    (QUIC_DATA, 0.33),
    (WEB_PUSH, 0.08),
    (WEB_SYN_ACK, 0.015),
    (FIN_ACK, 0.01),
    (RESET, 0.005),
    (CALL, 0.05),
    (GAME, 0.06),
    (DNS_REPLY, 0.02),
    (TIME_REPLY, 0.001),
    (PING, 0.004),
)
_OFFICE: Habits = (
    (WEB_DATA, 0.45),
    (QUIC_DATA, 0.15),
    (WEB_PUSH, 0.1),
    (WEB_SYN_ACK, 0.02),
    (CALL, 0.1),
    (DNS_REPLY, 0.02),
    (MAIL, 0.06),
    (REQUEST_PUSH, 0.05),
    (REQUEST_SYN, 0.005),
    (VPN, 0.03),
    (PING, 0.005),
)
_WEB: Habits = (
    (REQUEST_ACK, 0.55),
    (REQUEST_PUSH, 0.3),
    (REQUEST_SYN, 0.08),
    (WEB_DATA, 0.05),
    (DNS_REPLY, 0.01),
    (RESET, 0.01),
)
_CACHE: Habits = (
    (WEB_DATA, 0.8),
    (QUIC_DATA, 0.1),
    (REQUEST_ACK, 0.06),
    (REQUEST_PUSH, 0.03),
    (WEB_SYN_ACK, 0.01),
)
_RESOLVER: Habits = ((DNS_REPLY, 0.93), (WEB_DATA, 0.03), (TIME_REPLY, 0.01), (REQUEST_PUSH, 0.03))
_TUNNELS: Habits = ((TUNNEL, 0.45), (VPN, 0.45), (WEB_DATA, 0.1))

ROLES = (
    Role("homes", 0.58, 40e6, 1.0, 200, 20.5, 0.65, 1.15, _HOME),
    Role("offices", 0.22, 20e6, 0.9, 60, 11.0, 0.8, 0.25, _OFFICE),
    Role("web servers", 0.08, 15e6, 1.0, 5, 19.0, 0.55, 0.9, _WEB),
    Role("caches", 0.03, 600e6, 0.7, 4, 21.0, 0.6, 1.1, _CACHE),
    Role("resolvers", 0.03, 60e6, 0.6, 2, 20.0, 0.5, 0.95, _RESOLVER),
    Role("tunnels", 0.02, 80e6, 0.7, 3, 10.5, 0.8, 0.2, _TUNNELS),
    Role("quiet", 0.04, 0.5e6, 0.8, 20, 15.0, 0.3, 0.8, _OFFICE),
)


@dataclass(frozen=True, slots=True)
class Networks:
    """All networks as columns of one length: role, exporter, level, and where their addresses begin."""

    role: npt.NDArray[np.int64]
    exporter: npt.NDArray[np.int64]
    bits_per_s: npt.NDArray[np.float64]
    phase_hours: npt.NDArray[np.float64]
    high: npt.NDArray[np.uint64]
    low: npt.NDArray[np.uint64]
    family: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.role)

    def behind(self, exporters: Sequence[int]) -> "Networks":
        """Those behind some exporters."""
        mine = np.isin(self.exporter, exporters)
        return Networks(*(getattr(self, column.name)[mine] for column in fields(self)))


def found_networks(exporters: tuple[Exporter, ...], rng: np.random.Generator) -> Networks:
    """The networks behind every exporter, in one address plan."""
    count = sum(exporter.networks for exporter in exporters)
    role = rng.choice(len(ROLES), count, p=[one.share for one in ROLES])
    if max(one.networks for one in exporters) > NETWORKS_MAX:
        raise ValueError(f"more than {NETWORKS_MAX} networks behind one exporter")
    exporter = np.repeat(np.arange(len(exporters)), [one.networks for one in exporters])
    median = np.array([one.median_bits_per_s for one in ROLES])[role]
    spread = np.array([one.spread for one in ROLES])[role]
    level = np.array([one.level for one in exporters])[exporter]
    number = exporter * NETWORKS_MAX + np.concatenate([np.arange(one.networks) for one in exporters])
    six = rng.random(count) < IPV6_SHARE
    return Networks(
        role=role,
        exporter=exporter,
        bits_per_s=median * np.exp(spread * rng.standard_normal(count)) * level,
        phase_hours=rng.normal(0, 0.7, count),
        high=np.where(six, NETWORK_IPV6_HIGH + (exporter << 32) + (number % NETWORKS_MAX << 16), 0).astype(
            np.uint64
        ),
        low=np.where(six, 0, 0xFFFF_0000_0000 + NETWORK_IPV4 + (number << 8)).astype(np.uint64),
        family=np.where(six, 6, 4).astype(np.uint8),
    )


class Rhythm:
    """How much of its usual level each network has at a second: hour of day, weekend, and a slow wander of
    its own.
    """

    def __init__(self, networks: Networks, rng: np.random.Generator) -> None:
        self._busiest = np.array([one.busiest_hour for one in ROLES])[networks.role] + networks.phase_hours
        self._swing = np.array([one.day_swing for one in ROLES])[networks.role]
        self._weekend = np.array([one.weekend for one in ROLES])[networks.role]
        self._wander_seed = int(rng.integers(1 << 31))
        self._count = len(networks)

    def factor(self, second: int) -> npt.NDArray[np.float64]:
        """One number for each network; the same second gives the same numbers."""
        hour = (second % DAY_S) / HOUR_S
        day = (second // DAY_S + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        shape = 1 - self._swing * (1 - np.cos((hour - self._busiest) * np.pi / 12)) / 2
        week = np.where(day >= 5, self._weekend, 1.0)
        return np.asarray(shape * week * self._wander(second))

    def _wander(self, second: int) -> npt.NDArray[np.float64]:
        """Slow (ten minutes), medium (half a minute) and fast (each second) lognormal noise, blended without
        jumps.
        """
        slow = self._blended(second, 600, 0.20, 1)
        medium = self._blended(second, 30, 0.15, 2)
        fast = np.random.default_rng((self._wander_seed, 3, second)).standard_normal(self._count) * 0.10
        return np.asarray(np.exp(slow + medium + fast))

    def _blended(self, second: int, every: int, spread: float, layer: int) -> npt.NDArray[np.float64]:
        block, part = divmod(second, every)
        before, after = (
            np.random.default_rng((self._wander_seed, layer, one)).standard_normal(self._count)
            for one in (block, block + 1)
        )
        share = part / every
        return np.asarray(spread * (before * (1 - share) + after * share))


def mean_packet_bytes(habits: Habits) -> float:
    shares = np.array([share for _, share in habits])
    sizes = np.array([(one.bytes_min + one.bytes_max) / 2 for one, _ in habits])
    return float((shares * sizes).sum() / shares.sum())
