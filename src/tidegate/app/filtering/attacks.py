"""What a filter can ask of an attack, and of what attacks amount to by vector and border point."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidegate.app.attack_summary import AttackSummary
from tidegate.app.filtering.kinds import Field, Kind
from tidegate.app.filtering.parsing import Tree, holds, parsed
from tidegate.model.attacks import Attack
from tidegate.model.doubts import DOUBTS
from tidegate.model.vectors import VECTORS

VECTOR = Field("vector", Kind.CODE, tuple(sorted(vector.name for vector in VECTORS)))
POINT = Field("point", Kind.NAME)

ATTACK_FIELDS = (
    Field("dst", Kind.PREFIX),
    VECTOR,
    POINT,
    Field("exporter", Kind.NAME),
    Field("rate", Kind.AMOUNT),
    Field("peak", Kind.AMOUNT),
    Field("packets", Kind.AMOUNT),
    Field("state", Kind.CODE, ("ended", "open")),
    Field("began", Kind.MOMENT),
    Field("ended", Kind.MOMENT),
    Field("lasted", Kind.LENGTH),
    Field("object", Kind.NAME),
    Field("doubt", Kind.CODE, tuple(sorted(DOUBTS))),
    Field("attack", Kind.NUMBER),
)
"""`rate` and `peak` are bits, `packets` packets a second, each the estimate."""

COUNT_FIELDS = (VECTOR, POINT, Field("peak", Kind.AMOUNT), Field("attacks", Kind.NUMBER))


@dataclass(frozen=True, slots=True)
class AttackSeen:
    """An attack as last recorded or observed; `ended_at_ms` is None while it is open."""

    attack: Attack
    ended_at_ms: int | None


def _values(seen: AttackSeen, field: str) -> Sequence[str | int]:
    attack, ended = seen.attack, seen.ended_at_ms
    match field:
        case "dst":
            return attack.targets
        case "vector":
            return [one.vector for one in attack.vectors]
        case "point":
            return attack.border_points
        case "exporter":
            return attack.exporters
        case "rate":
            return (attack.bits_per_s.estimate,)
        case "peak":
            return (attack.peak_bits_per_s.estimate,)
        case "packets":
            return (attack.packets_per_s.estimate,)
        case "state":
            return ("open" if ended is None else "ended",)
        case "began":
            return (attack.first_seen_ms,)
        case "ended":
            return () if ended is None else (ended,)
        case "lasted":
            return (max(0, attack.last_seen_ms - attack.first_seen_ms),)
        case "object":
            return () if attack.object_name is None else (attack.object_name,)
        case "doubt":
            return attack.doubts
        case _:
            return (attack.number,)


def _counts(row: AttackSummary, field: str) -> Sequence[str | int]:
    match field:
        case "vector":
            return () if row.vector is None else (row.vector,)
        case "point":
            return () if row.border_point is None else (row.border_point,)
        case "peak":
            return (row.peak_bits_per_s,)
        case _:
            return (row.attacks,)


class AttackFilter:
    """Which attacks somebody means. FilterWrong for a text that is no filter over ATTACK_FIELDS."""

    def __init__(self, text: str, now_ms: int) -> None:
        self.text = text.strip()
        self._tree: Tree = parsed(text, ATTACK_FIELDS, now_ms)

    def __call__(self, attack: Attack, ended_at_ms: int | None = None) -> bool:
        return holds(self._tree, AttackSeen(attack, ended_at_ms), _values)


def count_filter(text: str, now_ms: int) -> Callable[[AttackSummary], bool]:
    """Which counts somebody means. FilterWrong for a text that is no filter over COUNT_FIELDS."""
    tree = parsed(text, COUNT_FIELDS, now_ms)
    return lambda row: holds(tree, row, _counts)
