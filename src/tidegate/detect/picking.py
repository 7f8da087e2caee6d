"""What in one second is under attack: the rows decided, their smallest targets, grouped by attack."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.detect.baseline import History
from tidegate.detect.decision import Aligned, persistent
from tidegate.detect.intervals import Floats
from tidegate.detect.open_attack import Target
from tidegate.detect.settings import DetectionSettings
from tidegate.detect.targets import Pick, Seen, around, groups, smallest
from tidegate.detect.thresholds import Objects, Row
from tidegate.model.addresses import Prefix
from tidegate.model.summaries import SecondSummary
from tidegate.model.vectors import CODE_OF

FRAGMENTS = CODE_OF["fragments"]
FRAGMENT_SHARE = 0.1
"""Fragments carry no ports; on a target of another vector they count with it from this share of it."""

Ended = Mapping[Prefix, tuple[int, int]]
"""By prefix, the second in which an attack on it was told as ended, and how long it had been held open."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One summary as the detector looks at it: rows, their windows on one axis, thresholds, decisions."""

    second: int
    cells: npt.NDArray[np.void]
    rows: list[Row]
    place: Mapping[Row, int]
    aligned: Aligned
    thresholds: Floats  # (rows, 2)
    history: History
    summary: SecondSummary

    def amounts(self, at: int, end_column: int, seconds: int) -> tuple[float, float]:
        """(bits/s, packets/s) of a row over the `seconds` columns that end at a column."""
        part = slice(max(0, end_column - seconds + 1), end_column + 1)
        return (
            float(self.aligned.bytes[at, part].sum()) * 8 / seconds,
            float(self.aligned.packets[at, part].sum()) / seconds,
        )


@dataclass(frozen=True, slots=True)
class Hot:
    """A row that is decided to be under attack: since which second, and up to which column."""

    at: int
    first_second: int
    column: int


@dataclass(frozen=True, slots=True)
class Group:
    """Targets and vectors of one attack, and since when."""

    wanted: list[tuple[Target, int]]
    first_second: int


class Picking:
    """Decides which rows of a scene are under attack, and by which smallest targets that is explained."""

    def __init__(self, settings: DetectionSettings, objects: Objects) -> None:
        self._settings = settings
        self._objects = objects

    def _hot(self, scene: Scene, ended: Ended) -> list[Hot]:
        aligned, settings = scene.aligned, self._settings
        bits, packets = aligned.bytes * 8, aligned.packets
        maybe = np.flatnonzero(
            (bits.sum(axis=1) >= scene.thresholds[:, 0]) | (packets.sum(axis=1) >= scene.thresholds[:, 1])
        )
        if not len(maybe):
            return []
        needed, among = settings.persistence_seconds, settings.persistence_window_seconds
        limits = scene.thresholds[maybe]
        decided = persistent(bits[maybe], aligned.bytes_variance[maybe] * 64, limits[:, 0], needed, among)
        decided |= persistent(packets[maybe], aligned.packets_variance[maybe], limits[:, 1], needed, among)
        reached = (bits[maybe] >= limits[:, :1]) | (packets[maybe] >= limits[:, 1:])
        found = []
        for i, at in enumerate(maybe.tolist()):
            columns = np.flatnonzero(decided[i])
            if len(columns) and aligned.second(int(columns[-1])) > _ended_second(scene.rows[at], ended):
                first, last = _run(reached[i], int(columns[-1]), among)
                found.append(Hot(at, aligned.second(first), last))
        return found

    def groups(self, scene: Scene, ended: Ended) -> list[Group]:
        """What is under attack in a scene, grouped by attack. `ended`: see `Ended`."""
        hot = self._hot(scene, ended)
        by_vector: dict[int, list[Hot]] = {}
        for one in hot:
            by_vector.setdefault(scene.rows[one.at].vector, []).append(one)
        picks: set[Pick] = set()
        first: dict[int, int] = {}
        lone_objects: list[tuple[int, int, int]] = []
        for vector, ones in by_vector.items():
            chosen = self._targets(scene, vector, ones)
            picks |= {Pick(prefix, vector) for prefix in chosen}
            first[vector] = min(one.first_second for one in ones)
            for one in ones:
                number = scene.rows[one.at].watched
                if number >= 0 and not self._explained(scene, one, chosen):
                    lone_objects.append((number, vector, one.first_second))
        picks |= self._fragments(scene, picks)
        found: list[Group] = []
        for group in groups(picks):
            begun = [self._first(scene, hot, pick, first) for pick in group]
            found.append(Group([(pick.prefix, pick.vector) for pick in group], min(begun)))
        for number in sorted({number for number, _, _ in lone_objects}):
            own = [entry for entry in lone_objects if entry[0] == number]
            found.append(Group([(number, vector) for _, vector, _ in own], min(entry[2] for entry in own)))
        return found

    def _first(self, scene: Scene, hot: list[Hot], pick: Pick, first: dict[int, int]) -> int:
        own = [
            one.first_second
            for one in hot
            if scene.rows[one.at].vector == pick.vector and scene.rows[one.at].prefix == pick.prefix
        ]
        return min(own, default=first.get(pick.vector, scene.second))

    def _targets(self, scene: Scene, vector: int, ones: list[Hot]) -> set[Prefix]:
        column = max(one.column for one in ones)
        seconds = self._settings.persistence_window_seconds
        seen = {}
        for at, row in enumerate(scene.rows):
            if row.vector == vector and row.prefix is not None:
                seen[row.prefix] = Seen(
                    *scene.amounts(at, column, seconds), *map(float, scene.thresholds[at])
                )
        hot = [prefix for one in ones if (prefix := scene.rows[one.at].prefix) is not None]
        return smallest(hot, seen)

    def _explained(self, scene: Scene, one: Hot, chosen: set[Prefix]) -> bool:
        """Whether an object's traffic is that of targets already chosen: at least half of it."""
        row = scene.rows[one.at]
        seconds = self._settings.persistence_window_seconds
        bits, packets = scene.amounts(one.at, one.column, seconds)
        inside_bits = inside_packets = 0.0
        for prefix in chosen:
            if any(
                own.covers(prefix) or prefix.covers(own) for own in self._objects.all[row.watched].prefixes
            ):
                at = scene.place[Row(prefix, -1, row.vector)]
                more_bits, more_packets = scene.amounts(at, one.column, seconds)
                inside_bits, inside_packets = inside_bits + more_bits, inside_packets + more_packets
        return inside_bits >= 0.5 * bits or inside_packets >= 0.5 * packets

    def _fragments(self, scene: Scene, picks: set[Pick]) -> set[Pick]:
        found = set()
        for pick in picks:
            at = scene.place.get(Row(pick.prefix, -1, FRAGMENTS))
            own = scene.place.get(Row(pick.prefix, -1, pick.vector))
            if at is None or own is None or pick.vector == FRAGMENTS:
                continue
            recent = slice(-self._settings.persistence_window_seconds, None)
            if (
                scene.aligned.bytes[at, recent].sum()
                >= FRAGMENT_SHARE * scene.aligned.bytes[own, recent].sum()
                > 0
            ):
                found.add(Pick(pick.prefix, FRAGMENTS))
        return found


def _ended_second(row: Row, ended: Ended) -> int:
    """Evidence up to this second belongs to an attack that has been told as ended."""
    if row.prefix is None:
        return -1
    return max(
        (ended[prefix][0] for prefix in (row.prefix, *around(row.prefix)) if prefix in ended), default=-1
    )


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
