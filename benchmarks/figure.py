"""The shape every figure shares: an inert description, settings, and what came out beside the aim and the
peers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decided. `quick` trades exactness for time and says so in the table;
    `ordinary_days` are those in which false alarms are counted; `workers` processes share what can be shared,
    and `keep` is the folder in which a long run leaves what is done."""

    seed: int
    quick: bool
    with_peers: bool
    attack_captures: Path | None
    as_rel: Path | None
    ordinary_days: int
    workers: int
    keep: Path | None
    collector_core: int
    sender_core: int


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


class PeerFigure(msgspec.Struct, frozen=True):
    """The same measurement of another program; `value` is None where it could not be taken, and `note` says
    why.
    """

    name: str
    value: float | None
    note: str


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. `value` is in the description's unit; `notes` are printed below the table."""

    value: float | None
    shown: str
    peers: tuple[PeerFigure, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """A figure before it is measured: its name on the command line, what it is, what is aimed at, and how to
    take it. An aim of None means that none was stated: the figure is told and not judged.
    """

    name: str
    what: str
    unit: str
    aim: float | None
    better: Better
    measure: Callable[[Settings], Figure]

    def reached(self, value: float | None) -> bool | None:
        """Whether the aim is met; None where nothing was measured or nothing was aimed at."""
        if value is None or self.aim is None:
            return None
        return value >= self.aim if self.better is Better.HIGHER else value <= self.aim

    def ratio(self, ours: float | None, theirs: float | None) -> float | None:
        """How many times better ours is than theirs; None where either is missing or zero."""
        if not ours or not theirs:
            return None
        return ours / theirs if self.better is Better.HIGHER else theirs / ours
