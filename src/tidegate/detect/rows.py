"""What the cells of a summary describe, each remembered from one summary to the next."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegate.detect.baseline import Key
from tidegate.detect.levels import level_of
from tidegate.detect.targets import around, ipv4
from tidegate.model.addresses import Prefix

KNOWN_ROWS_MAX = 65_536
"""Rows that are remembered; when full, all are made anew."""

Place = tuple[int, int, int]
"""A prefix as a bare tuple, for sets that are asked about every row every second."""


def place_of(prefix: Prefix) -> Place:
    return prefix.high, prefix.low, prefix.length


@dataclass(frozen=True, slots=True)
class Row:
    """What a summary's cell describes: a prefix, or an object by its number; and a vector."""

    prefix: Prefix | None
    watched: int
    vector: int
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.prefix, self.watched, self.vector)))

    def __hash__(self) -> int:
        """Thousands of rows are looked up each second; the hash of one is reckoned once."""
        return self._hash

    def key(self, object_names: tuple[str, ...]) -> Key:
        if self.prefix is None:
            return Key(0, 0, 0, self.vector, object_names[self.watched])
        return Key(self.prefix.high, self.prefix.low, self.prefix.length, self.vector)


@dataclass(frozen=True, slots=True)
class Described:
    """A row, with what is asked of it every second: its baseline's key, its level, the places around it."""

    row: Row
    key: Key
    level: int
    place: Place
    around: tuple[Place, ...]


class Rows:
    """Turns cells into rows; a cell that comes again gets the same row. `object_names` by number."""

    def __init__(self, object_names: tuple[str, ...]) -> None:
        self._object_names = object_names
        self._known: dict[tuple[int, int, int, int, int], Described] = {}

    def of(self, cells: npt.NDArray[np.void]) -> list[Described]:
        """What each CELL row describes."""
        columns = (cells[name].tolist() for name in ("high", "low", "length", "vector", "object"))
        known = self._known
        return [known.get(cell) or self._describe(cell) for cell in zip(*columns, strict=True)]

    def _describe(self, cell: tuple[int, int, int, int, int]) -> Described:
        high, low, length, vector, watched = cell
        if len(self._known) >= KNOWN_ROWS_MAX:
            self._known.clear()
        if watched >= 0:
            row = Row(None, watched, vector)
            found = Described(row, row.key(self._object_names), 0, (0, 0, 0), ())
        else:
            prefix = Prefix(high, low, length)
            row = Row(prefix, -1, vector)
            outer = tuple(place_of(one) for one in around(prefix))
            level = level_of(length, ipv4=ipv4(prefix))
            found = Described(row, row.key(self._object_names), level, place_of(prefix), outer)
        self._known[cell] = found
        return found
