"""A seeded mix of ordinary flows: heavy-tailed destinations of both families, real sizes, ports and
durations.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

INSIDE_IPV4 = 0xC6120000
"""198.18.0.0/15, set aside for benchmarks by RFC 2544: the networks behind the border."""

INSIDE_HOSTS = 1 << 17
INSIDE_IPV6_HIGH = 0x20010DB8_00000000
OUTSIDE_HOSTS = 1 << 20
OUTBOUND_SHARE = 0.15
"""Flows that leave: their destinations are spread over OUTSIDE_HOSTS addresses of the whole Internet."""

TAIL = 3.0
"""A destination's rank is INSIDE_HOSTS * u^TAIL: a tenth of the hosts receive almost half of the flows."""

_PORTS = np.array(
    [443, 443, 443, 443, 443, 443, 80, 80, 53, 123, 993, 22, 8080, 3478, 1935, 51820], np.uint16
)
_DURATIONS_MS = ((0.62, 0, 900), (0.24, 1_000, 10_000), (0.14, 10_000, 58_000))

Column = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True, slots=True)
class Mix:
    """Columns of equal length. Durations are milliseconds before the export; sizes are as sampled,
    unscaled.
    """

    src: npt.NDArray[np.uint32]
    dst: npt.NDArray[np.uint32]
    src6_high: npt.NDArray[np.uint64]
    src6_low: npt.NDArray[np.uint64]
    dst6_high: npt.NDArray[np.uint64]
    dst6_low: npt.NDArray[np.uint64]
    packets: npt.NDArray[np.uint32]
    bytes: npt.NDArray[np.uint32]
    started_before_ms: npt.NDArray[np.int64]
    ended_before_ms: npt.NDArray[np.int64]
    src_port: npt.NDArray[np.uint16]
    dst_port: npt.NDArray[np.uint16]
    protocol: npt.NDArray[np.uint8]
    tcp_flags: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.dst)


def heavy_tailed_ranks(rng: np.random.Generator, count: int, hosts: int) -> npt.NDArray[np.int64]:
    """Ranks 0 to hosts - 1, the low ones far more often, then shuffled over the range so that ranks are not
    neighbours.
    """
    ranks = (hosts * rng.random(count) ** TAIL).astype(np.int64)
    return (ranks * 0x9E3779B1 + 12345) % hosts


def _durations_ms(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    kind = rng.choice(len(_DURATIONS_MS), count, p=[share for share, _, _ in _DURATIONS_MS])
    low = np.array([low for _, low, _ in _DURATIONS_MS])[kind]
    high = np.array([high for _, _, high in _DURATIONS_MS])[kind]
    return (low + (high - low) * rng.random(count)).astype(np.int64)


def ordinary_mix(rng: np.random.Generator, count: int) -> Mix:
    """`count` flows as a border router would report them, most of them inbound."""
    inside = heavy_tailed_ranks(rng, count, INSIDE_HOSTS)
    outside = rng.integers(0, OUTSIDE_HOSTS, count) * 2_654_435_761 % 0xDF00_0000
    outbound = rng.random(count) < OUTBOUND_SHARE
    dst = np.where(outbound, 0x0100_0000 + outside, INSIDE_IPV4 + inside).astype(np.uint32)
    src = np.where(outbound, INSIDE_IPV4 + inside, 0x0100_0000 + outside).astype(np.uint32)
    customer = (inside >> 4).astype(np.uint64)
    protocol = rng.choice(np.array([6, 17, 1, 47], np.uint8), count, p=[0.72, 0.25, 0.02, 0.01])
    packets = np.maximum(1, rng.lognormal(0.8, 1.2, count)).astype(np.uint32)
    mean_size = np.where(
        rng.random(count) < 0.55, rng.integers(900, 1500, count), rng.integers(40, 300, count)
    )
    ended = rng.integers(0, 1_500, count)
    service, ephemeral = rng.choice(_PORTS, count), rng.integers(1024, 65536, count).astype(np.uint16)
    to_client = rng.random(count) < 0.6
    ported = np.isin(protocol, (6, 17))
    return Mix(
        src=src,
        dst=dst,
        src6_high=rng.integers(0x2400_0000, 0x2C00_0000, count).astype(np.uint64) << np.uint64(32),
        src6_low=rng.integers(1, 1 << 62, count).astype(np.uint64),
        dst6_high=np.uint64(INSIDE_IPV6_HIGH) + (customer << np.uint64(16)),
        dst6_low=(inside & 15).astype(np.uint64) + np.uint64(1),
        packets=packets,
        bytes=(packets * mean_size).astype(np.uint32),
        started_before_ms=ended + _durations_ms(rng, count),
        ended_before_ms=ended,
        src_port=np.where(ported, np.where(to_client, service, ephemeral), 0).astype(np.uint16),
        dst_port=np.where(ported, np.where(to_client, ephemeral, service), 0).astype(np.uint16),
        protocol=protocol,
        tcp_flags=np.where(
            protocol == 6, rng.choice(np.array([0x18, 0x1B, 0x10, 0x02], np.uint8), count), 0
        ).astype(np.uint8),
    )


def million_destinations(rng: np.random.Generator, network: int, count: int) -> Mix:
    """One small flow to each of `count` neighbouring addresses from `network` on, in shuffled order."""
    mix = ordinary_mix(rng, count)
    dst = (network + rng.permutation(count)).astype(np.uint32)
    return Mix(**{name: getattr(mix, name) for name in Mix.__slots__ if name != "dst"}, dst=dst)
