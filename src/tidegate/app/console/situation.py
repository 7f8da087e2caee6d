"""The Situation screen as a value: what is hitting us now, which plans wait, and what ends by itself."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.hotline_part import HotlinePart
from tidegate.app.console.promises import Promises
from tidegate.app.console.rows import AttackRow, NodeStanding, PointRow, attack_row, is_under_way, point_rows
from tidegate.app.health_note import HealthNote
from tidegate.app.queries import Keep
from tidegate.app.volume import NOTHING
from tidegate.mitigate.stages import IN_FORCE, PlanStage
from tidegate.model.attacks import Attack, Rate
from tidegate.ports.control import Now, PlanView, PointSecond

ATTACKS_SHOWN_MAX = 200
"""Attacks under way on the Situation screen, the strongest first; `attacks_left_out` counts the rest."""

PLANS_SHOWN_MAX = 50
"""Plans on the Situation screen, those that wait and the newest first."""


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One plan in a list. `waits_for_me` where this viewer's word is wanted and not given yet."""

    plan: int
    attack: int
    targets: tuple[str, ...]
    stage: str
    since_ms: int
    rules: int
    agreed: tuple[str, ...]
    level: str
    in_force: tuple[str, ...]
    waits_for_me: bool


class ClockRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that ends by itself, at a known moment."""

    kind: Literal["approval", "lease", "plan"]
    plan: int
    attack: int
    at_ms: int


class SituationView(msgspec.Struct, frozen=True, kw_only=True):
    """What is hitting us now? `points` and the order of `past` are the same. `attacks_filtered_out` are under
    way too, and not what the filter asks for. `problems` and `notices` say something only where
    `health_known`; `promises` are of accords, None where they are not known now. `hotline` is None where none
    is founded, and for the wall."""

    at_ms: int
    node: NodeStanding
    second: int | None
    bits_per_s: Rate
    packets_per_s: Rate
    unscaled: int
    records_per_s: int
    points: tuple[PointRow, ...]
    past: tuple[PointSecond, ...]
    attacks: tuple[AttackRow, ...]
    attacks_left_out: int
    attacks_filtered_out: int
    plans: tuple[PlanRow, ...]
    plans_left_out: int
    clocks: tuple[ClockRow, ...]
    problems: int
    notices: int
    health_known: bool
    promises: Promises | None = None
    hotline: HotlinePart | None = None


def plan_row(view: PlanView, viewer: Viewer | None) -> PlanRow:
    agreed = tuple(word.officer for word in view.approvals)
    waits = view.stage == PlanStage.PROPOSED and bool(view.plan.rules) and view.may_act
    mine = viewer is not None and viewer.is_officer and viewer.name not in agreed
    return PlanRow(
        plan=view.plan.number,
        attack=view.plan.attack,
        targets=view.plan.targets[:3],
        stage=view.stage,
        since_ms=view.since_ms,
        rules=len({(rule.match, rule.action) for rule in view.plan.rules}),
        agreed=agreed,
        level=view.plan.level,
        in_force=view.in_force,
        waits_for_me=waits and mine,
    )


def clocks_of(plans: Iterable[PlanView], now_ms: int) -> list[ClockRow]:
    """What ends by itself, the soonest first."""
    found = []
    for view in plans:
        plan = view.plan
        if view.stage == PlanStage.PROPOSED and plan.rules:
            found.append(
                ClockRow(kind="approval", plan=plan.number, attack=plan.attack, at_ms=plan.approve_until_ms)
            )
        if view.lease_until_ms is not None:
            found.append(
                ClockRow(kind="lease", plan=plan.number, attack=plan.attack, at_ms=view.lease_until_ms)
            )
        if view.stage in IN_FORCE:
            found.append(ClockRow(kind="plan", plan=plan.number, attack=plan.attack, at_ms=plan.ends_at_ms))
    return sorted((one for one in found if one.at_ms > now_ms), key=lambda one: one.at_ms)


def situation(
    now: Now,
    plans: Sequence[PlanView],
    note: HealthNote | None,
    capacities: dict[str, int | None],
    viewer: Viewer,
    keep: Keep,
    now_ms: int,
) -> SituationView:
    """As the node tells it. A screen on the wall names no officer."""
    under_way = [view for view in plans if is_under_way(view) and view.plan.rules]
    rows = sorted(
        (plan_row(view, viewer) for view in under_way), key=lambda row: (not row.waits_for_me, -row.plan)
    )
    if viewer.role is Role.WALL:
        rows = [msgspec.structs.replace(row, agreed=("",) * len(row.agreed)) for row in rows]
    severities = [found.severity for found in note.findings] if note else []
    kept = [attack for attack in now.attacks if keep(attack, None)]
    shown = kept[:ATTACKS_SHOWN_MAX]
    return SituationView(
        at_ms=now_ms,
        node=NodeStanding(answers=True),
        second=now.second,
        bits_per_s=now.bits_per_s,
        packets_per_s=now.packets_per_s,
        unscaled=now.unscaled,
        records_per_s=now.records_per_s,
        points=point_rows(now, capacities),
        past=now.past,
        attacks=tuple(attack_row(attack) for attack in shown),
        attacks_left_out=now.attacks_left_out + len(kept) - len(shown),
        attacks_filtered_out=len(now.attacks) - len(kept),
        plans=tuple(rows[:PLANS_SHOWN_MAX]),
        plans_left_out=max(0, len(rows) - PLANS_SHOWN_MAX),
        clocks=tuple(clocks_of(under_way, now_ms)[:PLANS_SHOWN_MAX]),
        problems=severities.count("problem"),
        notices=severities.count("notice"),
        health_known=note is not None,
    )


def situation_without_node(
    standing: NodeStanding, opened: Sequence[Attack], keep: Keep, now_ms: int
) -> SituationView:
    """What is on record where no node answers: open attacks as last recorded, and nothing live."""
    kept = sorted((one for one in opened if keep(one, None)), key=lambda one: -one.bits_per_s.estimate)
    shown = kept[:ATTACKS_SHOWN_MAX]
    return SituationView(
        at_ms=now_ms,
        node=standing,
        second=None,
        bits_per_s=NOTHING,
        packets_per_s=NOTHING,
        unscaled=0,
        records_per_s=0,
        points=(),
        past=(),
        attacks=tuple(map(attack_row, shown)),
        attacks_left_out=len(kept) - len(shown),
        attacks_filtered_out=len(opened) - len(kept),
        plans=(),
        plans_left_out=0,
        clocks=(),
        problems=0,
        notices=0,
        health_known=False,
    )
