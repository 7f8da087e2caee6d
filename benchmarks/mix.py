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


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of flow: a service's port (source or destination), TCP flags, mean IP bytes a packet,
    most packets.
    """

    share: float
    protocol: int
    port: int
    bytes_min: int
    bytes_max: int
    flags: int = 0
    packets_max: int = 1_000
    to_service: bool = False


_KINDS = (
    _Kind(0.34, 6, 443, 300, 1450, 0x1B),
    _Kind(0.10, 6, 443, 52, 1450, 0x10),
    _Kind(0.12, 6, 443, 100, 1400, 0x18),
    _Kind(0.04, 6, 80, 300, 1450, 0x1B),
    _Kind(0.07, 6, 443, 60, 500, 0x1B, to_service=True),
    _Kind(0.02, 6, 443, 44, 60, 0x02, 2, to_service=True),
    _Kind(0.015, 6, 443, 44, 60, 0x12, 2),
    _Kind(0.01, 6, 443, 40, 40, 0x04, 2),
    _Kind(0.18, 17, 443, 200, 1280),
    _Kind(0.05, 17, 53, 80, 500, packets_max=2),
    _Kind(0.01, 17, 123, 76, 76, packets_max=2),
    _Kind(0.015, 17, 3478, 120, 1100),
    _Kind(0.01, 17, 51820, 120, 1400),
    _Kind(0.01, 1, 0, 60, 100, packets_max=5),
    _Kind(0.005, 47, 0, 100, 1400),
    _Kind(0.005, 50, 0, 100, 1400),
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
    return np.asarray((ranks * 0x9E3779B1 + 12345) % hosts)


def _durations_ms(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    kind = rng.choice(len(_DURATIONS_MS), count, p=[share for share, _, _ in _DURATIONS_MS])
    low = np.array([low for _, low, _ in _DURATIONS_MS])[kind]
    high = np.array([high for _, _, high in _DURATIONS_MS])[kind]
    return np.asarray((low + (high - low) * rng.random(count)).astype(np.int64))


def ordinary_mix(rng: np.random.Generator, count: int) -> Mix:
    """`count` flows as a border router would report them, most of them inbound."""
    inside = heavy_tailed_ranks(rng, count, INSIDE_HOSTS)
    outside = rng.integers(0, OUTSIDE_HOSTS, count) * 2_654_435_761 % 0xDF00_0000
    outbound = rng.random(count) < OUTBOUND_SHARE
    dst = np.where(outbound, 0x0100_0000 + outside, INSIDE_IPV4 + inside).astype(np.uint32)
    src = np.where(outbound, INSIDE_IPV4 + inside, 0x0100_0000 + outside).astype(np.uint32)
    customer = (inside >> 4).astype(np.uint64)
    shares = np.array([kind.share for kind in _KINDS])
    chosen = rng.choice(len(_KINDS), count, p=shares / shares.sum())

    def column(name: str) -> npt.NDArray[np.int64]:
        return np.array([getattr(kind, name) for kind in _KINDS])[chosen]

    packets = np.clip(rng.lognormal(0.8, 1.2, count), 1, column("packets_max")).astype(np.uint32)
    mean_size = column("bytes_min") + (column("bytes_max") - column("bytes_min")) * rng.random(count)
    ended = rng.integers(0, 1_500, count)
    ephemeral = rng.integers(32_768, 61_000, count)
    to_service = column("to_service").astype(np.bool_)
    ported = np.isin(column("protocol"), (6, 17))
    flags = column("flags")
    # A union of SYN, FIN and data needs more packets than one or two.
    flags = np.where((flags == 0x1B) & (packets < 3), 0x18, flags)
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
        src_port=np.where(ported, np.where(to_service, ephemeral, column("port")), 0).astype(np.uint16),
        dst_port=np.where(ported, np.where(to_service, column("port"), ephemeral), 0).astype(np.uint16),
        protocol=column("protocol").astype(np.uint8),
        tcp_flags=flags.astype(np.uint8),
    )


def million_destinations(rng: np.random.Generator, network: int, count: int) -> Mix:
    """One small flow to each of `count` neighbouring addresses from `network` on, in shuffled order."""
    mix = ordinary_mix(rng, count)
    dst = (network + rng.permutation(count)).astype(np.uint32)
    return Mix(**{name: getattr(mix, name) for name in Mix.__slots__ if name != "dst"}, dst=dst)
