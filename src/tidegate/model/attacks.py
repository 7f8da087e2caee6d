"""Attacks as values: what is hit, by which vectors, how strongly, and what is doubtful about it."""

import msgspec

# gc=False: frozen values form no circles, and looking for some cost a quarter of the time of recording facts.


class Rate(msgspec.Struct, frozen=True, order=True, gc=False):
    """An estimate per second with its 90 % sampling interval; whole numbers, because facts hold no floats."""

    estimate: int
    low: int
    high: int


class VectorRate(msgspec.Struct, frozen=True, gc=False):
    """One vector's part of an attack. `vector` is a name in tidegate.model.vectors."""

    vector: str
    bits_per_s: Rate
    packets_per_s: Rate


class Attack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One detected event, as known at one moment.

    `targets` are the smallest prefixes that hold it (one host, one network under carpet bombing, or a
    few). `doubts` are codes for what could not be known (see tidegate.model.doubts); `actionable` is
    false whenever the traffic could not be scaled, and then nothing may be proposed on it.
    """

    number: int
    targets: tuple[str, ...]
    object_name: str | None
    vectors: tuple[VectorRate, ...]
    bits_per_s: Rate
    packets_per_s: Rate
    peak_bits_per_s: Rate
    threshold_bits_per_s: int
    first_seen_ms: int
    last_seen_ms: int
    telemetry_age_ms: int
    exporters: tuple[str, ...]
    border_points: tuple[str, ...]
    doubts: tuple[str, ...]
    actionable: bool
