"""What an operator can set about counting and detection, with defaults that need no setting."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.detect.levels import LAN_MULTIPLES, LEVEL_MULTIPLES, SETTLED_MULTIPLES
from tidegate.model.addresses import Prefix
from tidegate.model.refusals import NotAllowed
from tidegate.model.vectors import VECTORS, VectorClass

OBJECTS_MAX = 1024
"""Operator-defined objects; a configuration with more is refused."""

OBJECT_PREFIXES_MAX = 65536
"""Prefixes over all objects; a configuration with more is refused."""

UNSIZED_OBJECT_MULTIPLE = 4
"""An object without capacity or floors is taken as something like an IPv4 /20."""


@dataclass(frozen=True, slots=True)
class WatchedObject:
    """Something the operator knows by name: a ministry, a line, a data centre.

    `capacity_bits_per_s`: its line. A quarter of it in one reflection or flood vector, or four fifths
    in unclassified traffic, is an attack even where a bare prefix's floor is higher. The two floors, if
    given, replace the floors of every vector.
    """

    name: str
    prefixes: tuple[Prefix, ...]
    capacity_bits_per_s: int | None = None
    floor_bits_per_s: int | None = None
    floor_packets_per_s: int | None = None

    def __post_init__(self) -> None:
        if not self.prefixes:
            raise NotAllowed(f"object {self.name!r} has no prefixes: name at least one")


@dataclass(frozen=True, slots=True)
class Floors:
    """The rates below which nothing is called an attack, by vector, level and object.

    `scale` multiplies all of them; `by_vector` replaces one host's (bits/s, packets/s) of a vector by
    name.
    """

    scale: float = 1.0
    by_vector: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = self.by_vector.keys() - {vector.name for vector in VECTORS}
        if unknown:
            raise NotAllowed(f"no such vector: {', '.join(sorted(unknown))}")
        if not self.scale > 0:
            raise NotAllowed("the scale of the floors must be above zero")

    def host(self, code: int) -> tuple[float, float]:
        """(bits/s, packets/s) for one host."""
        vector = VECTORS[code]
        bits, packets = self.by_vector.get(vector.name, (vector.floor_bits_per_s, vector.floor_packets_per_s))
        return bits * self.scale, packets * self.scale

    def prefix(self, code: int, level: int) -> tuple[float, float]:
        """(bits/s, packets/s) for a prefix of a level (tidegate.detect.levels)."""
        bits, packets = self.host(code)
        unclassified = VECTORS[code].vector_class is VectorClass.UNCLASSIFIED
        multiple = (LAN_MULTIPLES if unclassified else LEVEL_MULTIPLES)[level]
        return bits * multiple, packets * multiple

    def settled(self, code: int, level: int) -> tuple[float, float]:
        """The same once a day of history is known."""
        if VECTORS[code].vector_class is not VectorClass.REFLECTION and VECTORS[code].name != "fragments":
            return self.prefix(code, level)
        bits, packets = self.host(code)
        return bits * SETTLED_MULTIPLES[level], packets * SETTLED_MULTIPLES[level]

    def watched(self, code: int, watched: WatchedObject) -> tuple[float, float]:
        """(bits/s, packets/s) for an operator's object."""
        bits, packets = self.host(code)
        if watched.capacity_bits_per_s is not None:
            part = 0.8 if VECTORS[code].vector_class is VectorClass.UNCLASSIFIED else 0.25
            line = part * watched.capacity_bits_per_s
            packets *= (
                min(1.0, line / bits) if VECTORS[code].vector_class is not VectorClass.UNCLASSIFIED else 1
            )
            bits = line
        else:
            bits, packets = bits * UNSIZED_OBJECT_MULTIPLE, packets * UNSIZED_OBJECT_MULTIPLE
        if watched.floor_bits_per_s is not None:
            bits = float(watched.floor_bits_per_s)
        if watched.floor_packets_per_s is not None:
            packets = float(watched.floor_packets_per_s)
        return bits, packets


def _fresh_seed() -> int:
    return secrets.randbits(64)


@dataclass(frozen=True, slots=True)
class CountingSettings:
    """Bounds of the counting table. `seed` is secret, so that nobody can choose colliding addresses."""

    floors: Floors = field(default_factory=Floors)
    cells_max: int = 4_194_304
    """(Prefix, vector) pairs held at once: 80 bytes each, and 24 to 48 for the index, once in use. When
    they are used up, light hosts give way to new ones; prefixes stay exact."""
    rings_max: int = 16_384
    """Heavy cells with a window of seconds: 5 KB each, once in use. When they are used up, the floor
    for becoming heavy doubles until they suffice."""
    promote_share: float = 0.25
    """A cell is heavy from this share of its detection floor in one second."""
    host_idle_seconds: int = 64
    seed: int = field(default_factory=_fresh_seed)

    def __post_init__(self) -> None:
        if not 4096 <= self.cells_max <= 1 << 27:
            raise NotAllowed("cells_max must be between 4,096 and 134,217,728")
        if not 64 <= self.rings_max <= 1 << 20:
            raise NotAllowed("rings_max must be between 64 and 1,048,576")


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How far above usual, and for how long, traffic must be to be called an attack."""

    floors: Floors = field(default_factory=Floors)
    objects: tuple[WatchedObject, ...] = ()
    persistence_seconds: int = 3
    """Seconds above the threshold that make an attack ..."""
    persistence_window_seconds: int = 5
    """... among this many in a row."""
    burst_multiples: tuple[float, float, float] = (3.0, 4.0, 5.0)
    """Times usual, for reflection, floods and unclassified traffic."""
    cold_multiple: float = 3.0
    """Floors of unclassified traffic are raised by this while less than a day of history is known."""
    end_share: float = 0.5
    """An attack lasts while any of its targets is above this share of its threshold ..."""
    quiet_seconds: int = 15
    """... and ends this long after, plus the time that its exporters take to tell."""
    open_attacks_max: int = 1024
    """Attacks open at once; when reached, weaker new ones wait until one ends."""
    targets_max: int = 64
    """Prefixes that one attack lists; beyond, a wider prefix stands for them, with a doubt."""

    def __post_init__(self) -> None:
        if not 1 <= self.persistence_seconds <= self.persistence_window_seconds <= 30:
            raise NotAllowed("persistence must be between 1 and its window, and the window at most 30 s")
        if not 0 < self.end_share < 1:
            raise NotAllowed("end_share must lie between 0 and 1")
        if len(self.objects) > OBJECTS_MAX:
            raise NotAllowed(f"{len(self.objects)} objects, {OBJECTS_MAX} at most")
