"""An attack that is going on: its targets, vectors and windows, and the value that facts tell of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tidegate.detect.account import Account, Sums
from tidegate.detect.intervals import Z_90, Z_CHOSEN, Floats, samples, whole
from tidegate.detect.picking import Pick
from tidegate.detect.rates import Rates
from tidegate.detect.targets import counted_parts, joined, wider
from tidegate.detect.thresholds import Objects
from tidegate.model import doubts
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack, Rate
from tidegate.model.summaries import WINDOW_SECONDS
from tidegate.model.vectors import CODE_OF

Target = Prefix | int
"""A counted prefix, or the number of an operator's object."""

UNSCALED_SHARE_MAX = 0.05
"""An attack whose traffic is unscaled beyond this share is not to be acted on."""

FEW_SAMPLES = 30
LATE_MS = 10_000
LONG_DELAY_SECONDS = 10

NEARLY = 0.8
"""Where exporters tell late, the oldest seconds that hold this share of what the heaviest ones do are those
of which least is still to come."""

BURST_SECONDS = 4
"""Flows that began together are told of together, within about so many seconds."""

TAIL_SECONDS = 4
"""What is told of the oldest seconds of a window shows what is told once they have left it."""

NARROW_SECONDS = 60
"""A target that for this long was hit only in narrower parts gives way to them."""

SETTLE_SECONDS_MAX = WINDOW_SECONDS - 1
"""However late an exporter tells, a second is taken as told in full at this age, before it leaves the
window."""

RESTORED_DELAY_SECONDS = 100
"""After a restart, how late an attack's exporters are taken to tell, where they told late before: an active
timeout of a minute, an inactive one, and some."""

SKEW_MS = 5_000
ERROR_SHARE = 0.01

NO_RATE = Rate(0, 0, 0)

PEAK_SECONDS = 5
"""A peak is the mean of so many seconds."""


@dataclass(slots=True)
class Part:
    """One target under one vector: its latest window, and how it is judged."""

    threshold_bits: float
    threshold_packets: float
    first_second: int
    picked_second: int
    """The last second in which this target itself was under attack by this vector, as far as was found."""
    newest: int = 0
    values: Floats = field(default_factory=lambda: np.zeros((4, WINDOW_SECONDS)))
    """Bytes, packets and their variances in each second of the window that ends at `newest`."""
    grown: Floats = field(default_factory=lambda: np.zeros((2, WINDOW_SECONDS)))
    """By how many bytes and packets each second of the window grew with the newest summary."""
    unscaled: float = 0.0
    age_ms: int = 0
    error_bytes: float = 0.0
    exporters: int = 0

    def over(self, end: int, seconds: int) -> Floats:
        """(4,): bytes, packets and variances over the `seconds` that end at a second."""
        stop = WINDOW_SECONDS - (self.newest - end)
        amounts: Floats = self.values[:, max(0, stop - seconds) : max(0, stop)].sum(axis=1)
        return amounts

    def growth(self, end: int, seconds: int) -> Floats:
        """(2,): bytes and packets that the newest summary added to the `seconds` that end at a second."""
        stop = WINDOW_SECONDS - (self.newest - end)
        added: Floats = self.grown[:, max(0, stop - seconds) : max(0, stop)].sum(axis=1)
        return added

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
    account: Account = field(default_factory=lambda: Account(PEAK_SECONDS))
    settled_second: int = 0
    peak: Rate = NO_RATE
    restored_peak: Rate = NO_RATE
    told: Attack | None = None
    told_second: int = 0
    told_bits: int = 0
    told_packets: int = 0
    delay_seconds: int = 0
    """How long after a packet its exporter may still tell of it."""
    restored_delay_seconds: int = 0
    """The same, supposed, after a restart: until one of its exporters is heard to tell of it again."""
    arrivals: Floats = field(default_factory=lambda: np.zeros(WINDOW_SECONDS))
    """Bytes that were told of seconds of each age, youngest first."""

    def targets(self) -> set[Target]:
        return {target for target, _ in self.parts}

    def prefixes(self) -> set[Prefix]:
        return {target for target, _ in self.parts if isinstance(target, Prefix)}

    def take(self, pick: Pick, threshold: tuple[float, float]) -> None:
        """Add a pick, or note that it is still picked.

        Narrower parts inside it give way, and so does a wider part that has not been picked itself for
        NARROW_SECONDS.
        """
        own = [known for known, vector in self.parts if vector == pick.vector]
        if pick.target in own:
            self.parts[pick.target, pick.vector].picked_second = pick.last_second
            return
        for known in own:
            if not (isinstance(known, Prefix) and isinstance(pick.target, Prefix)):
                return
            if known.covers(pick.target):
                if pick.last_second - self.parts[known, pick.vector].picked_second < NARROW_SECONDS:
                    return
                del self.parts[known, pick.vector]
            elif pick.target.covers(known):
                del self.parts[known, pick.vector]
        self.parts[pick.target, pick.vector] = Part(*threshold, pick.first_second, pick.last_second)
        self.alive.setdefault(pick.vector, self.last_second)

    def covered_by(self, other: "OpenAttack") -> bool:
        """Whether every target of this attack lies inside the other's, under the same vectors."""
        return bool(self.parts) and all(
            isinstance(target, Prefix)
            and any(
                isinstance(outer, Prefix) and outer.covers(target)
                for outer, outer_vector in other.parts
                if outer_vector == vector
            )
            for target, vector in self.parts
        )

    def sums(self, end: int, seconds: int) -> Sums:
        """By vector, bytes, packets and variances over the `seconds` that end at a second."""
        found: Sums = {}
        for (_, vector), part in self.parts.items():
            found[vector] = found.get(vector, np.zeros(4)) + part.over(end, seconds)
        return found

    def settle(self, newest: int) -> None:
        """Take the seconds that are now told in full to the account; the first one is left out, because
        the attack began somewhere inside it."""
        until = newest - max(1, min(self.delay_seconds, SETTLE_SECONDS_MAX))
        begin = max(self.settled_second, self.first_second, newest - WINDOW_SECONDS) + 1
        for second in range(begin, until + 1):
            self.account.add(self.sums(second, 1), goes_on=self.last_second > second)
        self.settled_second = max(self.settled_second, until)

    def _told_in_full(self, newest: int, window_seconds: int) -> tuple[int, int] | None:
        """(last second, seconds) of the newest stretch that is told in full, or None where there is none.

        The first second is left out once there are two more, and the last one where the attack seems to
        have ended inside it.
        """
        last = min(newest - self.delay_seconds, self.last_second - (newest > self.last_second))
        lasted = last - self.first_second
        if lasted < (1 if self.delay_seconds else 0) or newest - last >= WINDOW_SECONDS - window_seconds:
            return None
        return last, min(window_seconds, lasted if lasted >= 2 or self.delay_seconds else lasted + 1)

    def _heaviest(self, newest: int, window_seconds: int) -> tuple[int, int]:
        """(last second, seconds) of the stretch of which most has been told so far."""
        last = max(self.first_second, min(newest, self.last_second))
        lasted = last - self.first_second
        seconds = min(window_seconds, lasted if lasted >= 2 else lasted + 1)
        ends = range(max(self.first_second + seconds - 1, newest - WINDOW_SECONDS + seconds), last + 1)
        told = {end: sum(float(v[0]) for v in self.sums(end, seconds).values()) for end in ends}
        if self.delay_seconds > LONG_DELAY_SECONDS:
            most = max(told.values(), default=0.0)
            return next((end for end in told if told[end] >= NEARLY * most), last), seconds
        return max(told, key=lambda end: told[end], default=last), seconds

    def _rates(self, newest: int, window_seconds: int) -> Rates:
        """Over the newest seconds that are told in full. Where there are none yet, or where more than
        that has been told of newer ones already, over the heaviest, widened by what may be untold."""
        missed = sum(part.error_bytes for part in self.parts.values()) * 8
        full = self._told_in_full(newest, window_seconds)
        z_low = Z_CHOSEN if self.told is None else Z_90
        settled = None if full is None else Rates(self.sums(*full), full[1], missed, z_low=z_low)
        if settled is not None and not self.delay_seconds:
            return settled
        end, seconds = self._heaviest(newest, window_seconds)
        untold = self._untold(newest, end, seconds)
        heaviest = Rates(self.sums(end, seconds), seconds, missed, untold, z_low=z_low)
        if settled is None or heaviest.bits.low > settled.bits.high:
            return heaviest
        return settled

    def _untold(self, newest: int, end: int, seconds: int) -> float:
        """How much more, as a share of what was told of these seconds, may still come.

        The more of two accounts: exporters that tell evenly over their delay, and what the newest summary
        added to these seconds, going on for BURST_SECONDS or until they are as old as the delay.
        """
        if not self.delay_seconds:
            return 0.0
        age = newest - end + seconds / 2
        evenly = max(0.0, self.delay_seconds / age - 1)
        told = sum(float(sums[0]) for sums in self.sums(end, seconds).values())
        added = sum(float(part.growth(end, seconds)[0]) for part in self.parts.values())
        lately = added / max(told, 1.0) * min(BURST_SECONDS, max(0, self.delay_seconds - (newest - end)))
        return max(evenly, lately)

    def snapshot(self, newest: int, window_seconds: int, objects: Objects, targets_max: int) -> Attack:
        """The attack as a value while it lasts, its rates those of its newest seconds."""
        return self._value(self._rates(newest, window_seconds), objects, targets_max)

    def final(self, newest: int, window_seconds: int, objects: Objects, targets_max: int) -> Attack:
        """The attack as a value when it is over, its rates the means from its first second to its last."""
        account = self.account
        if not account.seconds:
            return self.snapshot(newest, window_seconds, objects, targets_max)
        missed = sum(part.error_bytes for part in self.parts.values()) * 8
        rates = Rates(account.total, account.seconds, missed, likely=self._beyond_the_window())
        return self._value(rates, objects, targets_max)

    def _beyond_the_window(self) -> float:
        """How much more, as a share of what was told, there was in seconds that were told of only once they
        had left the window: as much each second as of the oldest ones in it."""
        beyond = max(0, self.delay_seconds - WINDOW_SECONDS)
        told = float(self.arrivals.sum())
        return beyond * float(self.arrivals[-TAIL_SECONDS:].mean()) / told if told > 0 else 0.0

    def _value(self, rates: Rates, objects: Objects, targets_max: int) -> Attack:
        settled = self.account.peak()
        peaks = [self.peak, rates.bits] if settled is None else [self.restored_peak, settled]
        if settled is not None and rates.bits.low > settled.high:
            peaks.append(rates.bits)
        self.peak = max(peaks, key=lambda peak: peak.estimate)
        texts = self._target_texts(objects, targets_max)
        unscaled = self._unscaled()
        return Attack(
            number=self.number,
            targets=texts,
            object_name=self._object_name(objects),
            vectors=rates.vectors,
            bits_per_s=rates.bits,
            packets_per_s=rates.packets,
            peak_bits_per_s=self.peak,
            threshold_bits_per_s=self._threshold_bits(),
            first_seen_ms=self.first_second * 1000,
            last_seen_ms=self.last_second * 1000 + 999,
            telemetry_age_ms=max(part.age_ms for part in self.parts.values()),
            exporters=tuple(sorted(self.exporters)),
            border_points=tuple(sorted(self.border_points)),
            doubts=self._doubts(rates, unscaled),
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

    def _doubts(self, rates: Rates, unscaled: float) -> tuple[str, ...]:
        total = rates.total
        found = set(self.circumstances.history)
        if unscaled > 0:
            found.add(doubts.UNSCALED_SAMPLING)
        if min(samples(total[0], total[2]), samples(total[1], total[3])) < FEW_SAMPLES:
            found.add(doubts.FEW_SAMPLES)
        if rates.missed_bits > ERROR_SHARE * total[0] * 8:
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
        restored_peak=attack.peak_bits_per_s,
        told=attack,
        told_second=second,
        told_bits=attack.bits_per_s.estimate,
        told_packets=attack.packets_per_s.estimate,
    )
    if doubts.LATE_TELEMETRY in attack.doubts:
        opened.restored_delay_seconds = RESTORED_DELAY_SECONDS
    opened.circumstances.history = frozenset(attack.doubts) & {
        doubts.INSUFFICIENT_HISTORY,
        doubts.SHORT_HISTORY,
    }
    for target in _stored_targets(attack, objects):
        for vector in attack.vectors:
            if vector.vector in CODE_OF:
                pick = Pick(target, CODE_OF[vector.vector], opened.first_second, second, 0.0, 0.0, 0.0)
                opened.take(pick, (np.inf, np.inf))
    return opened


def _stored_targets(attack: Attack, objects: Objects) -> Iterable[Target]:
    for number, watched in enumerate(objects.all):
        if watched.name == attack.object_name and set(attack.targets) == set(joined(watched.prefixes)):
            return [number]
    return [part for text in attack.targets for part in counted_parts(Prefix.parse(text))]
