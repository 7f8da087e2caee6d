"""The made country, driven through counting and detection: which minutes, in which order, and what was
said.

Weeks are thinned. Most minutes are *sketched*: of every SKETCH_EVERY_MINUTES one, the traffic of
SKETCH_SECONDS of its seconds is counted, and what is heavy in it is given to the baselines as these minutes'
level, by the calls that detection itself uses for learning. Everything that happens is moved to begin in the
second minute of a block of BLOCK_MINUTES, and blocks are simulated in whole, second by second, through
counting and detection; so are the hours with attacks. Minutes keep their true place in day and week.

Exporters share neither networks nor baselines, so that the country is simulated in PARTS, beside each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.attacks import Truth
from benchmarks.accuracy.benign import sessions_of
from benchmarks.accuracy.bursts import Burst, Teller
from benchmarks.accuracy.country import Exporter, Kind, found_networks
from benchmarks.accuracy.happenings import Silence, happenings_of, silences_of
from benchmarks.accuracy.ordinary import Ordinary
from tidegate.model.attacks import Attack
from tidegate.model.exporters import EXPORTER
from tidegate.model.facts import Fact
from tidegate.model.flows import FlowRows

MONDAY = 1_795_392_000
"""2026-11-23, 00:00 UTC: the first simulated second."""

BLOCK_MINUTES, BLOCK_EVERY_MINUTES = 4, 20
SKETCH_SECONDS = (7, 22, 37, 52)
SKETCH_EVERY_MINUTES = 3

RETOLD_S = 15
"""At an exporter's restart what its flow cache held comes at once: as much as it would have told in so
long.
"""

EXPORTERS = (
    Exporter(Kind.SFLOW, 1, 6, 0.02),
    Exporter(Kind.SFLOW, 16, 16, 0.1),
    Exporter(Kind.SFLOW, 256, 128, 0.5),
    Exporter(Kind.SFLOW, 1024, 256),
    Exporter(Kind.SFLOW, 4096, 256),
    Exporter(Kind.NETFLOW, 256, 128, 0.5),
    Exporter(Kind.NETFLOW, 1024, 256),
    Exporter(Kind.SFLOW, 2048, 256),
    Exporter(Kind.SFLOW, 2048, 256),
    Exporter(Kind.NETFLOW, 2048, 256),
)

PARTS = ((0, 1, 2), (3, 4), (7, 8), (5, 6, 9))
"""Exporters that are simulated together; attacks on those with a flow cache take longer."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact that detection recorded, the second whose closing brought it, and on what grounds it says so."""

    second: int
    fact: Fact
    grounds: str = ""


class Judged(Protocol):
    """The thing that is judged, from the first second to the last."""

    def observe(
        self, batches: Sequence[FlowRows], second: int, exporters: npt.NDArray[np.void]
    ) -> list[Fact]:
        """What detection says once everything received in this second has been counted."""

    def learn_minute(self, batches: Sequence[FlowRows], seconds: int, minute_start: int) -> None:
        """Learn a minute from what was received in so many of its seconds."""

    def learn_again(self, minute_start: int) -> None:
        """Learn a minute as the one before it."""

    def grounds(self, attack: Attack, second: int) -> str:
        """What an attack is measured against, in words."""

    def known(self) -> bytes:
        """What has been learned so far."""

    def recall(self, known: bytes, second: int) -> None:
        """Take up at a second what another had learned."""


def exporter_table() -> npt.NDArray[np.void]:
    """The exporters as the decoder would know them."""
    table = np.zeros(len(EXPORTERS), EXPORTER)
    for number, exporter in enumerate(EXPORTERS):
        table[number]["address_low"] = 0xFFFF_C000_0201 + number
        table[number]["protocol"] = 11 if exporter.kind is Kind.SFLOW else 9
        table[number]["sampling_rate"] = exporter.sampling_rate
    return table


class Country:
    """All traffic behind some of the country's exporters at any second: ordinary, happenings, restarts, and
    attacks when they are added. `happenings` and `silences` are those of the whole country.
    """

    def __init__(self, seed: int, start_s: int, days: int, part: Sequence[int]) -> None:
        self.networks = found_networks(EXPORTERS, np.random.default_rng((seed, 1)))
        found = [
            *happenings_of(self.networks, EXPORTERS, start_s, days, np.random.default_rng((seed, 2))),
            *sessions_of(self.networks, EXPORTERS, start_s, days, np.random.default_rng((seed, 4))),
        ]
        self.happenings = sorted(
            (replace(burst, start_s=into_block(burst.start_s)) for burst in found),
            key=lambda burst: burst.start_s,
        )
        silences = silences_of(EXPORTERS, start_s, days, np.random.default_rng((seed, 3)))
        self.silences = [replace(silence, start_s=into_block(silence.start_s)) for silence in silences]
        self._part = frozenset(part)
        self._ordinary = Ordinary(EXPORTERS, self.networks.behind(part), (seed, min(part)))
        self._waiting = [burst for burst in self.happenings if burst.exporter in self._part][::-1]
        self._active: list[Teller] = []
        self._seed = seed

    def attack(self, truths: Iterable[Truth]) -> None:
        """Let these attacks happen as well."""
        mine = (truth.burst for truth in truths if truth.burst.exporter in self._part)
        bursts = [*self._waiting, *mine]
        self._waiting = sorted(bursts, key=lambda burst: -burst.start_s)

    def received(self, second: int) -> list[FlowRows]:
        """What all exporters tell in this second; seconds must be asked in order."""
        silent, retold = self._restarts(second)
        parts = [self._ordinary.second(second, frozenset(silent))]
        for exporter in retold:
            rows = [self._ordinary.second(second + later) for later in range(1, RETOLD_S)]
            everything = np.concatenate(rows)
            mine = everything[everything["exporter"] == exporter]
            later = np.maximum(mine["end_ms"] - (second * 1000 + 999), 0)
            mine["end_ms"] -= later
            mine["start_ms"] -= later
            parts.append(mine)
        for teller in self._tellers(second):
            rows_told = teller.second(second)
            if teller.burst.exporter not in silent:
                parts.append(rows_told)
        return parts

    def _restarts(self, second: int) -> tuple[set[int], list[int]]:
        def during(silence: Silence) -> bool:
            return silence.start_s <= second < silence.start_s + silence.duration_s

        silent = {one.exporter for one in self.silences if during(one)}
        retold = [
            one.exporter
            for one in self.silences
            if one.exporter in self._part
            and one.start_s - 1 == second
            and EXPORTERS[one.exporter].kind is Kind.NETFLOW
        ]
        return silent, retold

    def _tellers(self, second: int) -> list[Teller]:
        while self._waiting and self._waiting[-1].start_s <= second:
            burst = self._waiting.pop()
            self._active.append(Teller(burst, EXPORTERS[burst.exporter], hash_of(self._seed, burst)))
        self._active = [
            one for one in self._active if second <= one.burst.told_until_s(EXPORTERS[one.burst.exporter])
        ]
        return self._active


def hash_of(seed: int, burst: Burst) -> int:
    """A seed of the burst's own."""
    return (seed * 1_000_003 + burst.start_s * 31 + burst.network) & 0x7FFF_FFFF


def into_block(second: int) -> int:
    """The same moment of a minute, in the second minute of the block around or before it."""
    every = BLOCK_EVERY_MINUTES * 60
    return second // every * every + 60 + second % 60
