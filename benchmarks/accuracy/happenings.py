"""What happens to networks on ordinary days and must not alarm: speed tests, backups, crowds, fills,
restarts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.bursts import Burst, Packets
from benchmarks.accuracy.country import (
    CALL,
    DAY_S,
    DNS_REPLY,
    HOUR_S,
    QUIC_DATA,
    REQUEST_ACK,
    REQUEST_PUSH,
    REQUEST_SYN,
    ROLES,
    TUNNEL,
    WEB_DATA,
    Exporter,
    Habits,
    Networks,
    Traffic,
    mean_packet_bytes,
)
from benchmarks.accuracy.ordinary import fill_packets, fill_sources, kinds_of
from tidegate.model.flows import FlowRows, empty_rows


@dataclass(frozen=True, slots=True)
class Habit:
    """A happening: who has it how often, how long, how strong, over how many flows and hosts."""

    name: str
    roles: tuple[str, ...]
    a_day: float
    seconds: tuple[int, int]
    bits_per_s: tuple[float, float]
    habits: Habits
    flows: int
    hosts: int = 1
    hours: tuple[float, float] = (0, 24)
    ramp_s: int = 0


_BULK: Habits = ((Traffic(6, 8080, 0, 1400, 1500, 0x10), 1.0),)
_CROWD: Habits = ((REQUEST_SYN, 0.12), (REQUEST_ACK, 0.55), (REQUEST_PUSH, 0.33))

HAPPENINGS = (
    Habit("speed test", ("homes", "offices"), 0.3, (10, 15), (90e6, 940e6), _BULK, 8),
    Habit(
        "game patch",
        ("homes",),
        0.05,
        (1800, 7200),
        (30e6, 300e6),
        ((WEB_DATA, 0.8), (QUIC_DATA, 0.2)),
        60,
        30,
        (17, 23),
        300,
    ),
    Habit("nightly backup", ("offices",), 0.15, (2400, 5400), (200e6, 900e6), _BULK, 4, 1, (1, 4)),
    Habit("backup by day", ("offices",), 0.01, (900, 3600), (200e6, 900e6), _BULK, 4, 1, (8, 18)),
    Habit("mirror pull", ("web servers", "caches"), 0.03, (600, 1800), (500e6, 2.5e9), _BULK, 16),
    Habit("flash crowd", ("web servers",), 0.05, (900, 3600), (20e6, 150e6), _CROWD, 0, 3, (8, 23), 60),
    Habit("cache fill", ("caches",), 0.5, (1800, 5400), (800e6, 6e9), ((WEB_DATA, 1.0),), 200, 4, (1, 6), 30),
    Habit(
        "names in demand",
        ("resolvers",),
        0.05,
        (300, 900),
        (60e6, 250e6),
        ((DNS_REPLY, 1.0),),
        0,
        2,
        (8, 23),
        20,
    ),
    Habit(
        "big meeting", ("offices",), 0.05, (1800, 5400), (20e6, 200e6), ((CALL, 1.0),), 40, 30, (9, 17), 120
    ),
    Habit("tunnel transfer", ("tunnels",), 0.2, (600, 3600), (100e6, 800e6), ((TUNNEL, 1.0),), 1),
)


@dataclass(frozen=True, slots=True)
class Silence:
    """An exporter restarts: it tells nothing for a while, and what its cache held comes at once just
    before.
    """

    exporter: int
    start_s: int
    duration_s: int


RESTARTS_A_DAY = 0.2


def packets_to(networks: Networks, network: int, hosts: int, first_host: int, habits: Habits) -> Packets:
    """A maker of packets of these habits to some hosts of one network."""
    kinds = kinds_of([one for one, _ in habits])
    shares = np.array([share for _, share in habits])
    shares = shares / shares.sum()

    def make(times: npt.NDArray[np.int64], rng: np.random.Generator) -> FlowRows:
        rows = empty_rows(len(times))
        fill_packets(rows, kinds, rng.choice(len(shares), len(times), p=shares), rng)
        fill_sources(rows, np.full(len(times), networks.family[network]), rng)
        rows["dst_high"] = networks.high[network]
        rows["dst_low"] = networks.low[network] + rng.integers(
            first_host, first_host + hosts, len(times)
        ).astype(np.uint64)
        rows["start_ms"] = rows["end_ms"] = times
        return rows

    return make


def happenings_of(
    networks: Networks, exporters: tuple[Exporter, ...], start_s: int, days: int, rng: np.random.Generator
) -> list[Burst]:
    """Everything that happens in these days, in order of beginning."""
    found = []
    role_names = np.array([role.name for role in ROLES])[networks.role]
    scale = np.array([one.level for one in exporters])[networks.exporter]
    for habit in HAPPENINGS:
        candidates = np.flatnonzero(np.isin(role_names, habit.roles))
        for network in rng.choice(candidates, rng.poisson(habit.a_day * days * len(candidates))):
            low, high = habit.hours
            day = int(rng.integers(days))
            second = start_s + day * DAY_S + int((low + (high - low) * rng.random()) * HOUR_S)
            bits = np.exp(rng.uniform(*np.log(habit.bits_per_s))) * scale[network]
            found.append(
                Burst(
                    name=habit.name,
                    exporter=int(networks.exporter[network]),
                    network=int(network),
                    start_s=second,
                    duration_s=int(rng.integers(habit.seconds[0], habit.seconds[1] + 1)),
                    packets_per_s=bits / 8 / mean_packet_bytes(habit.habits),
                    packets=packets_to(
                        networks, int(network), habit.hosts, int(rng.integers(1, 5)), habit.habits
                    ),
                    flows=habit.flows,
                    ramp_s=habit.ramp_s,
                )
            )
    return sorted(found, key=lambda burst: burst.start_s)


def silences_of(
    exporters: tuple[Exporter, ...], start_s: int, days: int, rng: np.random.Generator
) -> list[Silence]:
    found = [
        Silence(number, start_s + int(rng.integers(days * DAY_S)), int(rng.integers(40, 180)))
        for number in range(len(exporters))
        for _ in range(rng.poisson(RESTARTS_A_DAY * days))
    ]
    return sorted(found, key=lambda silence: silence.start_s)
