"""What several of the console's screens show: whether the node answers, one attack, one border point."""

import msgspec

from tidegate.mitigate.stages import IN_FORCE, PlanStage
from tidegate.model.attacks import Attack, Rate
from tidegate.ports.control import Now, PlanView

VECTORS_SHOWN_MAX = 12
"""Vectors of one border point on the Situation screen, the heaviest first; the rest are one row together."""

OTHER_VECTORS = "other"


class NodeStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the node answers; `why` and `remedy` where it does not."""

    answers: bool
    why: str = ""
    remedy: str = ""


class AttackRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attack in a list. `targets` are the first few; `targets_left_out` counts the others."""

    number: int
    targets: tuple[str, ...]
    targets_left_out: int
    object_name: str | None
    vectors: tuple[str, ...]
    bits_per_s: Rate
    packets_per_s: Rate
    peak_bits_per_s: Rate
    first_seen_ms: int
    last_seen_ms: int
    ended_at_ms: int | None
    border_points: tuple[str, ...]
    doubts: tuple[str, ...]
    actionable: bool


def attack_row(attack: Attack, ended_at_ms: int | None = None) -> AttackRow:
    return AttackRow(
        number=attack.number,
        targets=attack.targets[:3],
        targets_left_out=max(0, len(attack.targets) - 3),
        object_name=attack.object_name,
        vectors=tuple(one.vector for one in attack.vectors),
        bits_per_s=attack.bits_per_s,
        packets_per_s=attack.packets_per_s,
        peak_bits_per_s=attack.peak_bits_per_s,
        first_seen_ms=attack.first_seen_ms,
        last_seen_ms=attack.last_seen_ms,
        ended_at_ms=ended_at_ms,
        border_points=attack.border_points,
        doubts=attack.doubts,
        actionable=attack.actionable,
    )


class VectorShare(msgspec.Struct, frozen=True, kw_only=True):
    """`vector` "" is traffic that is not IP, "other" all that is not shown singly."""

    vector: str
    bits_per_s: int
    packets_per_s: int


class PointRow(msgspec.Struct, frozen=True, kw_only=True):
    """What comes in at one border point; `border_point` "" is that of exporters that belong to none."""

    border_point: str
    bits_per_s: Rate
    packets_per_s: int
    capacity_bits_per_s: int | None
    vectors: tuple[VectorShare, ...]


def point_rows(now: Now, capacities: dict[str, int | None]) -> tuple[PointRow, ...]:
    rows = []
    for name, told in zip(now.points, now.point_bits_per_s, strict=True):
        here = sorted(
            (one for one in now.inbound if one.border_point == name), key=lambda one: -one.bits_per_s
        )
        shares = [
            VectorShare(vector=one.vector, bits_per_s=one.bits_per_s, packets_per_s=one.packets_per_s)
            for one in here[:VECTORS_SHOWN_MAX]
        ]
        if rest := here[VECTORS_SHOWN_MAX:]:
            shares.append(
                VectorShare(
                    vector=OTHER_VECTORS,
                    bits_per_s=sum(one.bits_per_s for one in rest),
                    packets_per_s=sum(one.packets_per_s for one in rest),
                )
            )
        rows.append(
            PointRow(
                border_point=name,
                bits_per_s=told,
                packets_per_s=sum(one.packets_per_s for one in here),
                capacity_bits_per_s=capacities.get(name),
                vectors=tuple(shares),
            )
        )
    return tuple(rows)


def is_under_way(view: PlanView) -> bool:
    return view.stage in (PlanStage.PROPOSED, PlanStage.APPROVED, *IN_FORCE)
