"""What in one second is under attack: the rows decided, and the smallest targets that explain them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegate.detect.baseline import History
from tidegate.detect.decision import Aligned, persistent
from tidegate.detect.intervals import Floats
from tidegate.detect.rows import Row
from tidegate.detect.settings import DetectionSettings
from tidegate.detect.targets import Amount, Evidence, Quantity, around, smallest
from tidegate.detect.thresholds import Objects
from tidegate.model.addresses import Prefix
from tidegate.model.summaries import SecondSummary
from tidegate.model.vectors import CODE_OF, VECTORS, VectorClass

FRAGMENTS = CODE_OF["fragments"]
FRAGMENT_SHARE = 0.1
"""Fragments carry no ports; on a target of another vector they count with it from this share of it, and a
reflection counts with them on a target of theirs: it is their packets' first parts."""

COLUMN = {Quantity.BITS: 0, Quantity.PACKETS: 1}
BYTES_AS_BITS = np.array([[8.0], [1.0], [64.0], [1.0]])

REFLECTIONS = tuple(
    CODE_OF[vector.name] for vector in VECTORS if vector.vector_class is VectorClass.REFLECTION
)

BESIDE_USUAL = 2.0
"""Times usual that a reflection is, where it is named beside fragments: a resolver goes on being answered."""

Ended = Mapping[tuple[Prefix | int, int], int]
"""By (target, vector), the second in which an attack on it was told as ended."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One summary as the detector looks at it: rows, their windows on one axis, thresholds."""

    second: int
    cells: npt.NDArray[np.void]
    rows: list[Row]
    place: Mapping[Row, int]
    aligned: Aligned
    thresholds: Floats  # (rows, 2)
    history: History
    summary: SecondSummary

    def window(self, at: int) -> Floats:
        """(4, 64): bits, packets, and their variances, of a row."""
        window: Floats = self.aligned.window(at) * BYTES_AS_BITS
        return window

    def columns(self, evidence: Evidence) -> slice:
        end = self.aligned.column(evidence.last_second) + 1
        return slice(max(0, end - evidence.seconds), max(0, end))


@dataclass(frozen=True, slots=True)
class Pick:
    """A target (a counted prefix, or the number of an operator's object) and one vector that hits it.

    `excess`: how many times its threshold it receives.
    """

    target: Prefix | int
    vector: int
    first_second: int
    last_second: int
    bits: float
    packets: float
    excess: float


@dataclass(slots=True)
class _VectorTraffic:
    """Implements `targets.Traffic` for one vector of a scene."""

    scene: Scene
    vector: int
    settings: DetectionSettings
    objects: Objects
    parts_of: Mapping[Prefix, Sequence[Prefix]]
    whole: Mapping[Prefix, Evidence]
    """The decided prefixes, with all that is inside them."""
    windows: dict[Prefix, Floats] = field(default_factory=dict)

    def window(self, prefix: Prefix) -> Floats | None:
        known = self.windows.get(prefix)
        if known is None:
            at = self.scene.place.get(Row(prefix, -1, self.vector))
            if at is None:
                return None
            known = self.windows[prefix] = self.scene.window(at)
        return known

    def decided(self, prefix: Prefix, without: Iterable[Prefix], after: int | None = None) -> Evidence | None:
        """See `targets.Traffic`; seconds up to `after` count as nothing."""
        without = list(without)
        if not without and after is None and prefix in self.whole:
            return self.whole[prefix]
        window = self.window(prefix)
        if window is None:
            return None
        row = self.scene.place[Row(prefix, -1, self.vector)]
        inner = [taken for part in without if (taken := self.window(part)) is not None]
        if inner:
            window = np.maximum(window - sum(inner, np.zeros_like(window)), 0.0)
        return _evidence(self.scene, window, self.scene.thresholds[row], self.settings, after)

    def parts(self, prefix: Prefix) -> Sequence[Prefix]:
        return self.parts_of.get(prefix, ())

    def amount(self, prefix: Prefix, evidence: Evidence) -> Amount:
        window = self.window(prefix)
        if window is None:
            return Amount(0.0, 0.0)
        column = COLUMN[evidence.quantity]
        sums = window[:, self.scene.columns(evidence)].sum(axis=1)
        return Amount(float(sums[column]), float(sums[column + 2]))

    def within_their_own(self, hosts: Iterable[Prefix], prefix: Prefix, evidence: Evidence) -> bool:
        """See `targets.Traffic`."""
        if self.objects.around(prefix) >= 0:
            return False
        limits, column = self.scene.thresholds, COLUMN[evidence.quantity]
        own = received = 0.0
        for host in hosts:
            own += float(limits[self.scene.place[Row(host, -1, self.vector)], column])
            received += self.amount(host, evidence).total
        return received < own * evidence.seconds


def _evidence(
    scene: Scene, window: Floats, limits: Floats, settings: DetectionSettings, after: int | None = None
) -> Evidence | None:
    """Why one window (4, 64) is decided, by the newest second at which it is; None where it is not.

    Seconds up to `after` count as nothing.
    """
    if after is not None:
        window = window.copy()
        window[:, : max(0, scene.aligned.column(after) + 1)] = 0.0
    if not (window[:2].max(axis=1) >= limits).any():
        return None
    needed, among = settings.persistence_seconds, settings.persistence_window_seconds
    seconds = persistent(window[:2], window[2:], limits, needed, among)
    return _newest(scene, window, limits, seconds, among) if seconds.any() else None


def _newest(
    scene: Scene, window: Floats, limits: Floats, seconds: npt.NDArray[np.int64], among: int
) -> Evidence:
    """The newest evidence of a decided window. `seconds` (2, 64) by bits and by packets: see `persistent`."""
    newest = int(np.flatnonzero(seconds.any(axis=0))[-1])
    reached = np.asarray((window[:2] >= limits[:, None]).any(axis=0), np.bool_)
    first, last = _run(reached, newest, among)
    over = window[:2].sum(axis=1) / limits
    length = int(seconds[:, newest][seconds[:, newest] > 0].min())
    quantity = Quantity.BITS if over[0] >= over[1] else Quantity.PACKETS
    return Evidence(scene.aligned.second(first), scene.aligned.second(last), length, quantity)


class Picking:
    """Decides which rows of a scene are under attack, and by which smallest targets that is explained."""

    def __init__(self, settings: DetectionSettings, objects: Objects) -> None:
        self._settings = settings
        self._objects = objects

    def _hot(self, scene: Scene) -> dict[int, Evidence]:
        """The rows that are decided, whatever they hold, and why."""
        aligned, settings = scene.aligned, self._settings
        bits, packets = aligned.bytes * 8, aligned.packets
        # At every scale of persistence some second must reach the threshold.
        maybe = np.flatnonzero(
            (bits.max(axis=1, initial=0) >= scene.thresholds[:, 0])
            | (packets.max(axis=1, initial=0) >= scene.thresholds[:, 1])
        )
        if not len(maybe):
            return {}
        needed, among = settings.persistence_seconds, settings.persistence_window_seconds
        limits = scene.thresholds[maybe]
        by_bits = persistent(bits[maybe], aligned.bytes_variance[maybe] * 64, limits[:, 0], needed, among)
        by_packets = persistent(packets[maybe], aligned.packets_variance[maybe], limits[:, 1], needed, among)
        seconds = np.stack((by_bits, by_packets), axis=1)
        hot = np.flatnonzero(seconds.any(axis=(1, 2)))
        return {
            at: _newest(scene, scene.window(at), limits[i], seconds[i], among)
            for i, at in zip(hot.tolist(), maybe[hot].tolist(), strict=True)
        }

    def picks(self, scene: Scene, ended: Ended) -> list[Pick]:
        """Every target and vector that is under attack, prefixes first. `ended`: see `Ended`; what was
        seen until then has been told."""
        by_vector: dict[int, list[int]] = defaultdict(list)
        hot_rows = self._hot(scene)
        for at in hot_rows:
            by_vector[scene.rows[at].vector].append(at)
        parts_of = _parts(scene, by_vector.keys())
        found: dict[tuple[Prefix, int], Pick] = {}
        objects: list[Pick] = []
        for vector, hot in by_vector.items():
            whole = {prefix: hot_rows[at] for at in hot if (prefix := scene.rows[at].prefix) is not None}
            traffic = _VectorTraffic(scene, vector, self._settings, self._objects, parts_of[vector], whole)
            chosen = smallest(whole, traffic)
            for prefix, evidence in chosen.items():
                told = max(
                    (ended[place, vector] for place in (prefix, *around(prefix)) if (place, vector) in ended),
                    default=None,
                )
                fresh = evidence if told is None else traffic.decided(prefix, (), told)
                if fresh is not None:
                    found[prefix, vector] = _pick(scene, prefix, vector, fresh)
            objects += self._lone_objects(scene, vector, hot, chosen, ended)
        found = self._fragments(scene, list(found.values())) | found
        return [*found.values(), *objects]

    def _lone_objects(
        self, scene: Scene, vector: int, hot: Iterable[int], chosen: Iterable[Prefix], ended: Ended
    ) -> Iterator[Pick]:
        """Objects under attack that no chosen target explains: at least half of their traffic."""
        for at in hot:
            number = scene.rows[at].watched
            if number < 0:
                continue
            told = ended.get((number, vector))
            evidence = _evidence(scene, scene.window(at), scene.thresholds[at], self._settings, told)
            if evidence is None:
                continue
            columns = scene.columns(evidence)
            inside = np.zeros(2)
            for prefix in chosen:
                own = self._objects.all[number].prefixes
                if any(one.covers(prefix) or prefix.covers(one) for one in own):
                    row = scene.place[Row(prefix, -1, vector)]
                    inside += scene.window(row)[:2, columns].sum(axis=1)
            if not (inside >= 0.5 * scene.window(at)[:2, columns].sum(axis=1)).any():
                yield _pick(scene, number, vector, evidence)

    def _fragments(self, scene: Scene, picks: Iterable[Pick]) -> dict[tuple[Prefix, int], Pick]:
        """Fragments beside what is picked; beside picked fragments the reflections that they belong to."""
        found = {}
        for pick in picks:
            if not isinstance(pick.target, Prefix):
                continue
            for vector in REFLECTIONS if pick.vector == FRAGMENTS else (FRAGMENTS,):
                bits = self._beside(scene, pick, vector)
                if bits is not None:
                    found[pick.target, vector] = Pick(
                        pick.target, vector, pick.first_second, pick.last_second, bits, 0.0, 0.0
                    )
        return found

    def _beside(self, scene: Scene, pick: Pick, vector: int) -> float | None:
        """Bits per second of another vector on a pick's target, where they are FRAGMENT_SHARE of the pick's
        and, of a reflection, not what is usual there."""
        assert isinstance(pick.target, Prefix)
        at = scene.place.get(Row(pick.target, -1, vector))
        if at is None:
            return None
        own = scene.place[Row(pick.target, -1, pick.vector)]
        seconds = self._settings.persistence_window_seconds
        bits, of = (float(scene.aligned.bytes[row, -seconds:].sum()) * 8 / seconds for row in (at, own))
        usual = scene.history.usual_high[at, 0] if vector != FRAGMENTS else 0.0
        return bits if bits >= FRAGMENT_SHARE * of > 0 and bits >= BESIDE_USUAL * usual else None


def _pick(scene: Scene, target: Prefix | int, vector: int, evidence: Evidence) -> Pick:
    row = Row(None, target, vector) if isinstance(target, int) else Row(target, -1, vector)
    at = scene.place[row]
    bits, packets = scene.window(at)[:2, scene.columns(evidence)].sum(axis=1) / evidence.seconds
    limits = scene.thresholds[at]
    return Pick(
        target,
        vector,
        evidence.first_second,
        evidence.last_second,
        float(bits),
        float(packets),
        float(max(bits / limits[0], packets / limits[1])),
    )


def _parts(scene: Scene, vectors: Iterable[int]) -> dict[int, dict[Prefix, list[Prefix]]]:
    """By vector and prefix, the next narrower prefixes that have a row."""
    found: dict[int, dict[Prefix, list[Prefix]]] = {vector: defaultdict(list) for vector in vectors}
    for row in scene.rows:
        if row.prefix is not None and row.vector in found:
            outer = around(row.prefix)
            if outer:
                found[row.vector][outer[0]].append(row.prefix)
    return found


def _run(reached: npt.NDArray[np.bool_], column: int, among: int) -> tuple[int, int]:
    """First and last column of the newest run of seconds above the threshold, up to a column.

    Gaps shorter than `among` do not break a run. Where no single second reaches the threshold, the
    column itself is the run.
    """
    columns = np.flatnonzero(reached[: column + 1])
    if not len(columns):
        return column, column
    breaks = np.flatnonzero(np.diff(columns) >= among)
    return int(columns[breaks[-1] + 1 if len(breaks) else 0]), int(columns[-1])
