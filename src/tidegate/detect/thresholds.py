"""How much traffic is too much: floors, what is usual, and the lines of operators' objects, row by row."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tidegate.detect.baseline import History
from tidegate.detect.intervals import Floats
from tidegate.detect.levels import LEVEL_LENGTHS
from tidegate.detect.rows import Described
from tidegate.detect.settings import DetectionSettings, WatchedObject
from tidegate.model.addresses import Prefix
from tidegate.model.vectors import VECTORS, VectorClass

LEVEL_TRUST = 4.0
"""The short moving level lifts what is usual this far at most: crowds grow in an hour, slow floods too."""

LINE_MARGIN = 1.25
"""A line that is ordinarily full up to its threshold alarms this far above what is usual."""

KNOWN_PREFIXES_MAX = 65_536
"""Prefixes whose object is remembered; when full, all are looked up anew."""

CLASSES = (VectorClass.REFLECTION, VectorClass.FLOOD, VectorClass.UNCLASSIFIED)
CLASS_OF = np.array([CLASSES.index(vector.vector_class) for vector in VECTORS], np.int64)
UNCLASSIFIED = CLASSES.index(VectorClass.UNCLASSIFIED)


class Objects:
    """The operator's objects, found by number, name and prefix."""

    def __init__(self, objects: Sequence[WatchedObject]) -> None:
        self.all = tuple(objects)
        self._by_length: dict[int, dict[tuple[int, int], int]] = {}
        for number, watched in enumerate(self.all):
            for prefix in watched.prefixes:
                self._by_length.setdefault(prefix.length, {})[prefix.high, prefix.low] = number
        self._lengths = sorted(self._by_length, reverse=True)
        self._known: dict[Prefix, int] = {}

    def around(self, prefix: Prefix) -> int:
        """The number of the narrowest object that holds the whole prefix, -1 where none does."""
        if not self._lengths:
            return -1
        number = self._known.get(prefix)
        if number is None:
            if len(self._known) >= KNOWN_PREFIXES_MAX:
                self._known.clear()
            number = self._known[prefix] = self._look(prefix)
        return number

    def _look(self, prefix: Prefix) -> int:
        for length in self._lengths:
            if length <= prefix.length:
                outer = prefix.parent(length)
                number = self._by_length[length].get((outer.high, outer.low))
                if number is not None:
                    return number
        return -1


class Thresholds:
    """The threshold of each row: the floor, or a multiple of what is usual, whichever is more.

    1. Without a day of history, floors of unclassified traffic are raised by `cold_multiple`, only the short
       moving level says what is usual, and a wide prefix's floor for reflection is a larger multiple of a
       host's.
    2. Inside an object the object's own threshold is the most that a row's can be, unless more is usual.
    3. An object with a capacity alarms at its part of the line, unless nearly that much is usual.
    """

    def __init__(self, settings: DetectionSettings, objects: Objects) -> None:
        self._settings = settings
        self._objects = objects
        floors = settings.floors
        levels = range(len(LEVEL_LENGTHS))
        codes = range(len(VECTORS))
        self._floor = np.array([[floors.prefix(code, level) for level in levels] for code in codes])
        self._settled_floor = np.array([[floors.settled(code, level) for level in levels] for code in codes])
        self._object_floor = np.array(
            [[floors.watched(code, watched) for code in codes] for watched in objects.all]
        ).reshape(len(objects.all), len(VECTORS), 2)
        self._has_line = np.array(
            [watched.capacity_bits_per_s is not None for watched in objects.all], np.bool_
        )
        self._burst = np.array(settings.burst_multiples)

    def of(self, rows: Sequence[Described], history: History) -> Floats:
        """(rows, 2): bits and packets per second."""
        if not rows:
            return np.zeros((0, 2))
        vector = np.array([one.row.vector for one in rows], np.int64)
        watched = np.array([one.row.watched for one in rows], np.int64)
        unclassified = CLASS_OF[vector] == UNCLASSIFIED
        floor = self._floors(
            rows, vector, watched, self._floor if history.insufficient else self._settled_floor
        )
        has_line = self._lines(watched)
        if history.insufficient:  # 1
            floor = np.where((unclassified & ~has_line)[:, None], floor * self._settings.cold_multiple, floor)
        usual = self._usual(history, unclassified)
        threshold = np.maximum(floor, self._burst[CLASS_OF[vector]][:, None] * usual)
        return self._under_objects(rows, threshold, vector, watched, history.usual_high)

    def _floors(
        self,
        rows: Sequence[Described],
        vector: npt.NDArray[np.int64],
        watched: npt.NDArray[np.int64],
        by_level: Floats,
    ) -> Floats:
        level = np.array([one.level for one in rows])
        floor: Floats = by_level[vector, level]
        if len(self._objects.all):
            floor = np.where((watched >= 0)[:, None], self._object_floor[watched, vector], floor)
        return floor

    def _lines(self, watched: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if not len(self._objects.all):
            return np.zeros(len(watched), np.bool_)
        return (watched >= 0) & self._has_line[watched]

    def _usual(self, history: History, unclassified: npt.NDArray[np.bool_]) -> Floats:
        level = (
            history.level
            if history.insufficient
            else np.minimum(history.level, LEVEL_TRUST * history.usual_high)
        )
        return np.where(unclassified[:, None], np.maximum(history.usual_high, level), history.usual_high)

    def _under_objects(
        self,
        rows: Sequence[Described],
        threshold: Floats,
        vector: npt.NDArray[np.int64],
        watched: npt.NDArray[np.int64],
        usual_high: Floats,
    ) -> Floats:
        if not len(self._objects.all):
            return threshold
        outer = np.array(
            [
                one.row.watched if one.row.prefix is None else self._objects.around(one.row.prefix)
                for one in rows
            ],
            np.int64,
        )
        inside = (outer >= 0) & ((watched < 0) | self._has_line[np.maximum(outer, 0)])  # 2, 3
        most = np.maximum(self._object_floor[outer, vector], LINE_MARGIN * usual_high)
        return np.where(inside[:, None], np.minimum(threshold, most), threshold)
