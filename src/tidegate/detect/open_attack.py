"""An attack that is going on: its targets, vectors and windows, and the value that facts tell of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tidegate.detect.intervals import Floats, rate, samples, whole
from tidegate.detect.targets import counted_parts, joined, wider
from tidegate.detect.thresholds import Objects
from tidegate.model import doubts
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.summaries import WINDOW_SECONDS
from tidegate.model.vectors import CODE_OF, VECTORS

Target = Prefix | int
"""A counted prefix, or the number of an operator's object."""

UNSCALED_SHARE_MAX = 0.05
"""An attack whose traffic is unscaled beyond this share is not to be acted on."""

FEW_SAMPLES = 30
LATE_MS = 10_000
PROMPT_SECONDS = 2
"""Telemetry later than this tells a second in full only after a while."""

SKEW_MS = 5_000
ERROR_SHARE = 0.01

NO_RATE = Rate(0, 0, 0)


@dataclass(slots=True)
class Part:
    """One target under one vector: its latest window, and how it is judged."""

    threshold_bits: float
    threshold_packets: float
    newest: int = 0
    values: Floats = field(default_factory=lambda: np.zeros((4, WINDOW_SECONDS)))
    """Bytes, packets and their variances in each second of the window that ends at `newest`."""
    unscaled: float = 0.0
    age_ms: int = 0
    error_bytes: float = 0.0
    exporters: int = 0

    def until(self, newest: int) -> Floats:
        """The window moved so that it ends at `newest`."""
        late = newest - self.newest
        if late <= 0:
            return self.values
        moved = np.zeros_like(self.values)
        if late < WINDOW_SECONDS:
            moved[:, :-late] = self.values[:, late:]
        return moved

    def last_alive(self, share: float) -> int:
        """The newest second above this share of the threshold, or a second before the window."""
        alive = (self.values[0] * 8 >= share * self.threshold_bits) | (
            self.values[1] >= share * self.threshold_packets
        )
        found = np.flatnonzero(alive)
        return self.newest - WINDOW_SECONDS + (int(found[-1]) + 1 if len(found) else 0)


@dataclass(slots=True)
class Circumstances:
    """What may make an attack doubtful, as last observed."""

    history: frozenset[str] = frozenset()
    datagrams_lost: bool = False
    skew_ms: int = 0
    targets_cut: bool = False


@dataclass(slots=True)
class OpenAttack:
    """One attack between its first fact and its last. Seconds are UTC."""

    number: int
    first_second: int
    last_second: int
    hold: int
    parts: dict[tuple[Target, int], Part] = field(default_factory=dict)
    alive: dict[int, int] = field(default_factory=dict)
    """By vector, the newest second in which it was going on."""
    exporters: set[str] = field(default_factory=set)
    border_points: set[str] = field(default_factory=set)
    circumstances: Circumstances = field(default_factory=Circumstances)
    peak: Rate = NO_RATE
    told: Attack | None = None
    told_second: int = 0
    told_bits: int = 0
    told_packets: int = 0
    delay_seconds: int = 0
    """How long after a packet its exporter may still tell of it."""
    ended_second: int | None = None

    def targets(self) -> set[Target]:
        return {target for target, _ in self.parts}

    def prefixes(self) -> set[Prefix]:
        return {target for target, _ in self.parts if isinstance(target, Prefix)}

    def take(self, target: Target, vector: int, threshold: tuple[float, float]) -> bool:
        """Add a pick; narrower parts inside it give way. Returns whether the targets changed."""
        own = [known for known, known_vector in self.parts if known_vector == vector]
        if target in own:
            return False
        if isinstance(target, Prefix):
            prefixes = [known for known in own if isinstance(known, Prefix)]
            if any(known.covers(target) for known in prefixes):
                return False
            for known in prefixes:
                if target.covers(known):
                    del self.parts[known, vector]
        elif own:
            return False
        self.parts[target, vector] = Part(*threshold)
        self.alive.setdefault(vector, self.last_second)
        return True

    def covered_by(self, other: "OpenAttack") -> bool:
        """Whether every target of this attack lies inside the other's."""
        outer = other.prefixes()
        own = self.targets()
        return bool(own) and all(
            isinstance(target, Prefix) and any(prefix.covers(target) for prefix in outer) for target in own
        )

    def sums(self, newest: int, seconds: int) -> dict[int, Floats]:
        """By vector, bytes, packets and variances over the `seconds` that end at `newest`."""
        found: dict[int, Floats] = {}
        for (_, vector), part in self.parts.items():
            window = part.until(newest)
            end = WINDOW_SECONDS - max(0, part.newest - newest)
            amounts = window[:, max(0, end - seconds) : max(0, end)].sum(axis=1)
            found[vector] = found.get(vector, np.zeros(4)) + amounts
        return found

    def _told_in_full(self, newest: int, window_seconds: int) -> tuple[int, int]:
        """(last second, seconds) that the rates are taken over: the newest ones of the attack.

        The first second is left out once there are two more: the attack began somewhere inside it.

        Where exporters tell of long flows after they are over, the newest seconds are not told in full;
        of late telemetry, the heaviest seconds are nearest to the truth.
        """
        last = max(self.first_second, min(newest, self.last_second))
        lasted = last - self.first_second
        seconds = min(window_seconds, lasted if lasted >= 2 else lasted + 1)
        if self.delay_seconds <= PROMPT_SECONDS:
            return last, seconds
        ends = range(max(self.first_second + seconds - 1, newest - WINDOW_SECONDS + seconds), last + 1)
        return max(
            ends, key=lambda end: sum(v[0] for v in self.sums(end, seconds).values()), default=last
        ), seconds

    def snapshot(self, newest: int, window_seconds: int, objects: Objects, targets_max: int) -> Attack:
        """The attack as a value, its rates over the last seconds that are told in full."""
        end, seconds = self._told_in_full(newest, window_seconds)
        sums = self.sums(end, seconds)
        error = sum(part.error_bytes for part in self.parts.values()) * 8
        total = sum(sums.values(), np.zeros(4))
        bits = rate(total[0] * 8, total[2] * 64, seconds, error)
        if bits.estimate > self.peak.estimate:
            self.peak = bits
        vectors = tuple(
            VectorRate(
                VECTORS[vector].name,
                rate(amounts[0] * 8, amounts[2] * 64, seconds),
                rate(amounts[1], amounts[3], seconds),
            )
            for vector, amounts in sorted(sums.items(), key=lambda item: -item[1][0])
        )
        texts = self._target_texts(objects, targets_max)
        unscaled = self._unscaled()
        return Attack(
            number=self.number,
            targets=texts,
            object_name=self._object_name(objects),
            vectors=vectors,
            bits_per_s=bits,
            packets_per_s=rate(total[1], total[3], seconds),
            peak_bits_per_s=self.peak,
            threshold_bits_per_s=self._threshold_bits(),
            first_seen_ms=self.first_second * 1000,
            last_seen_ms=self.last_second * 1000 + 999,
            telemetry_age_ms=max(part.age_ms for part in self.parts.values()),
            exporters=tuple(sorted(self.exporters)),
            border_points=tuple(sorted(self.border_points)),
            doubts=self._doubts(total, error, unscaled),
            actionable=unscaled <= UNSCALED_SHARE_MAX,
        )

    def _threshold_bits(self) -> int:
        """Of the heaviest part; 0 where it is not known (a stored attack of which nothing was seen since)."""
        heaviest = max(self.parts.values(), key=lambda part: part.values[0].sum())
        return whole(heaviest.threshold_bits) if heaviest.threshold_bits < np.inf else 0

    def _unscaled(self) -> float:
        weights = [(max(part.values[0].sum(), 1.0), part.unscaled) for part in self.parts.values()]
        return float(sum(weight * share for weight, share in weights) / sum(weight for weight, _ in weights))

    def _target_texts(self, objects: Objects, targets_max: int) -> tuple[str, ...]:
        prefixes: set[Prefix] = set()
        for target in self.targets():
            prefixes |= set(objects.all[target].prefixes) if isinstance(target, int) else {target}
        texts = joined(prefixes)
        self.circumstances.targets_cut = len(texts) > targets_max
        while len(texts) > targets_max:
            prefixes = {wider(prefix) or prefix.parent(prefix.length - 1) for prefix in prefixes}
            texts = joined(prefixes)
        return texts

    def _object_name(self, objects: Objects) -> str | None:
        for target in sorted(self.targets(), key=str):
            number = target if isinstance(target, int) else objects.around(target)
            if number >= 0:
                return objects.all[number].name
        return None

    def _doubts(self, total: Floats, error_bits: float, unscaled: float) -> tuple[str, ...]:
        found = set(self.circumstances.history)
        if unscaled > 0:
            found.add(doubts.UNSCALED_SAMPLING)
        if min(samples(total[0], total[2]), samples(total[1], total[3])) < FEW_SAMPLES:
            found.add(doubts.FEW_SAMPLES)
        if error_bits > ERROR_SHARE * total[0] * 8:
            found.add(doubts.DEGRADED_COUNTING)
        if max(self.delay_seconds * 1000, *(part.age_ms for part in self.parts.values())) > LATE_MS:
            found.add(doubts.LATE_TELEMETRY)
        if self.circumstances.datagrams_lost:
            found.add(doubts.DATAGRAMS_LOST)
        if abs(self.circumstances.skew_ms) > SKEW_MS:
            found.add(doubts.CLOCK_SKEW)
        if self.circumstances.targets_cut:
            found.add(doubts.TARGETS_CUT)
        return tuple(sorted(found))


def reopened(attack: Attack, objects: Objects, second: int) -> OpenAttack:
    """An attack as stored facts left it, to be watched on from `second`; its thresholds are asked anew."""
    opened = OpenAttack(
        number=attack.number,
        first_second=attack.first_seen_ms // 1000,
        last_second=max(attack.last_seen_ms // 1000, second - 1),
        hold=1,
        exporters=set(attack.exporters),
        border_points=set(attack.border_points),
        peak=attack.peak_bits_per_s,
        told=attack,
        told_second=second,
        told_bits=attack.bits_per_s.estimate,
        told_packets=attack.packets_per_s.estimate,
    )
    opened.circumstances.history = frozenset(attack.doubts) & {
        doubts.INSUFFICIENT_HISTORY,
        doubts.SHORT_HISTORY,
    }
    for target in _stored_targets(attack, objects):
        for vector in attack.vectors:
            if vector.vector in CODE_OF:
                opened.take(target, CODE_OF[vector.vector], (np.inf, np.inf))
    return opened


def _stored_targets(attack: Attack, objects: Objects) -> Iterable[Target]:
    for number, watched in enumerate(objects.all):
        if watched.name == attack.object_name and set(attack.targets) == set(joined(watched.prefixes)):
            return [number]
    return [part for text in attack.targets for part in counted_parts(Prefix.parse(text))]
