"""Exporters of the small world: they sample packets as routers do, and tell of them in real datagrams."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidegate.lab.traffic import Traffic
from tidegate.wire.sflow import FRAME_CHECK_BYTES, SampledHeader, encode_sflow5

SAMPLES_PER_DATAGRAM = 6
"""sFlow samples of 128 header bytes that fit an Ethernet frame."""

PacketNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Offered:
    """Packets `first` to `last` (not included) of a traffic, at a border between two moments.

    `through` bool (last - first,) marks those that the router let through; None: all of them.
    """

    traffic: Traffic
    first: int
    last: int
    from_ms: float
    until_ms: float
    through: npt.NDArray[np.bool_] | None = None

    @property
    def passed(self) -> int:
        """How many packets went through."""
        return self.last - self.first if self.through is None else int(np.count_nonzero(self.through))

    def times_ms(self, packets: PacketNumbers) -> npt.NDArray[np.int64]:
        """When these packets passed, taking them as evenly spaced."""
        share = (packets - self.first) / max(self.last - self.first, 1)
        return (self.from_ms + share * (self.until_ms - self.from_ms)).astype(np.int64)


class LabExporter(Protocol):
    """What the world asks of every exporter."""

    @property
    def address(self) -> str:
        """Where its datagrams come from, in 127.0.0.0/8."""

    def observe(self, offered: Offered) -> None:
        """Packets pass; some are sampled."""

    def datagrams(self, now_ms: int) -> list[bytes]:
        """What there is to tell now."""


def sample(random: np.random.Generator, sampling_rate: int, offered: Offered) -> PacketNumbers:
    """Numbers of the packets drawn of those let through, each with chance 1 / `sampling_rate`, in order."""
    if sampling_rate == 1:
        places = np.arange(offered.passed)
    else:
        drawn = random.binomial(offered.passed, 1 / sampling_rate)
        places = np.sort(random.integers(0, offered.passed, drawn)) if drawn else np.zeros(0, np.int64)
    if offered.through is None:
        return offered.first + places
    return offered.first + np.flatnonzero(offered.through)[places]


class SflowExporter:
    """A switch that sends the headers of sampled packets at once (sFlow v5)."""

    def __init__(self, address: str, sampling_rate: int, seed: int) -> None:
        self.address = address
        self.sampling_rate = sampling_rate
        self._random = np.random.default_rng(seed)
        self._waiting: list[SampledHeader] = []
        self._sequence = 0
        self._samples = 0
        self._pool = 0
        self._booted_ms: int | None = None

    def observe(self, offered: Offered) -> None:
        self._pool += offered.passed
        traffic = offered.traffic
        for packet in sample(self._random, self.sampling_rate, offered) % len(traffic):
            self._waiting.append(
                SampledHeader(
                    header=traffic.frames[packet],
                    frame_bytes=int(traffic.frame_bytes[packet]) + FRAME_CHECK_BYTES,
                    sampling_rate=self.sampling_rate,
                    input_if=1,
                    output_if=2,
                    sample_pool=self._pool,
                )
            )

    def datagrams(self, now_ms: int) -> list[bytes]:
        self._booted_ms = self._booted_ms or now_ms
        told = []
        for start in range(0, len(self._waiting), SAMPLES_PER_DATAGRAM):
            samples = self._waiting[start : start + SAMPLES_PER_DATAGRAM]
            self._sequence += 1
            told.append(
                encode_sflow5(
                    samples,
                    agent=self.address,
                    sequence=self._sequence,
                    uptime_ms=now_ms - self._booted_ms,
                    sample_sequence=self._samples + 1,
                )
            )
            self._samples += len(samples)
        self._waiting.clear()
        return told
