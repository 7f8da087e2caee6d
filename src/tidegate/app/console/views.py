"""The console's screens as values: what each one shows, made from what the node and the record told.

Nothing here asks anybody or reads a clock. Codes travel as codes (vectors, stages, levels, findings); the
page renders them in the reader's language.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from tidegate.app.console.access import Role, Viewer
from tidegate.app.health_note import HealthNote
from tidegate.app.queries import AttackRecord
from tidegate.mitigate.approval import digest
from tidegate.mitigate.stages import IN_FORCE, PlanStage
from tidegate.model.attacks import Attack, Rate
from tidegate.model.plans import Plan, Score
from tidegate.model.verdicts import Verdict
from tidegate.ports.border import LiveRule, ReadBack, SessionView
from tidegate.ports.control import BorderSeen, Now, PlanView, PointSecond

ATTACKS_SHOWN_MAX = 200
"""Attacks under way on the Situation screen, the strongest first; `attacks_left_out` counts the rest."""

VECTORS_SHOWN_MAX = 12
"""Vectors of one border point on the Situation screen, the heaviest first; the rest are one row together."""

PLANS_SHOWN_MAX = 50
"""Plans on the Situation screen, those that wait and the newest first."""

OTHER_VECTORS = "other"


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looking; `viewer` is None before signing in. `csrf` goes with every request that changes
    anything. `has_officers` is whether anybody can sign in by passkey at this page."""

    viewer: Viewer | None
    csrf: str
    version: str
    has_officers: bool


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


class VectorShare(msgspec.Struct, frozen=True, kw_only=True):
    """`vector` "" is traffic that is not IP, "other" all that is not shown singly."""

    vector: str
    bits_per_s: int
    packets_per_s: int


class PointRow(msgspec.Struct, frozen=True, kw_only=True):
    """What comes in at one border point; `border_point` "" is that of exporters that belong to none."""

    border_point: str
    bits_per_s: int
    packets_per_s: int
    capacity_bits_per_s: int | None
    vectors: tuple[VectorShare, ...]


class SituationView(msgspec.Struct, frozen=True, kw_only=True):
    """What is hitting us now? `points` and the order of `past` are the same. `problems` and `notices` say
    something only where `health_known`."""

    at_ms: int
    node: NodeStanding
    second: int | None
    bits_per_s: int
    packets_per_s: int
    records_per_s: int
    points: tuple[PointRow, ...]
    past: tuple[PointSecond, ...]
    attacks: tuple[AttackRow, ...]
    attacks_left_out: int
    plans: tuple[PlanRow, ...]
    plans_left_out: int
    clocks: tuple[ClockRow, ...]
    problems: int
    notices: int
    health_known: bool


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


def point_rows(now: Now, capacities: dict[str, int | None]) -> tuple[PointRow, ...]:
    rows = []
    for name in now.points:
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
                bits_per_s=sum(one.bits_per_s for one in here),
                packets_per_s=sum(one.packets_per_s for one in here),
                capacity_bits_per_s=capacities.get(name),
                vectors=tuple(shares),
            )
        )
    return tuple(rows)


def is_under_way(view: PlanView) -> bool:
    return view.stage in (PlanStage.PROPOSED, PlanStage.APPROVED, *IN_FORCE)


def situation(
    now: Now,
    plans: Sequence[PlanView],
    note: HealthNote | None,
    capacities: dict[str, int | None],
    viewer: Viewer,
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
    shown = now.attacks[:ATTACKS_SHOWN_MAX]
    return SituationView(
        at_ms=now_ms,
        node=NodeStanding(answers=True),
        second=now.second,
        bits_per_s=now.bits_per_s,
        packets_per_s=now.packets_per_s,
        records_per_s=now.records_per_s,
        points=point_rows(now, capacities),
        past=now.past,
        attacks=tuple(attack_row(attack) for attack in shown),
        attacks_left_out=now.attacks_left_out + len(now.attacks) - len(shown),
        plans=tuple(rows[:PLANS_SHOWN_MAX]),
        plans_left_out=max(0, len(rows) - PLANS_SHOWN_MAX),
        clocks=tuple(clocks_of(under_way, now_ms)[:PLANS_SHOWN_MAX]),
        problems=severities.count("problem"),
        notices=severities.count("notice"),
        health_known=note is not None,
    )


def situation_without_node(
    standing: NodeStanding, records: Sequence[AttackRecord], now_ms: int
) -> SituationView:
    """What is on record where no node answers: attacks as last recorded, and nothing live."""
    return SituationView(
        at_ms=now_ms,
        node=standing,
        second=None,
        bits_per_s=0,
        packets_per_s=0,
        records_per_s=0,
        points=(),
        past=(),
        attacks=tuple(attack_row(one.attack, one.ended_at_ms) for one in records),
        attacks_left_out=0,
        plans=(),
        plans_left_out=0,
        clocks=(),
        problems=0,
        notices=0,
        health_known=False,
    )


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact in an attack's life: its number in the ledger, its kind, and who did it where a person did.

    `told` is the program's own sentence, in English.
    """

    fact: int
    at_ms: int
    kind: str
    plan: int | None
    officer: str
    told: str


class PlanShown(msgspec.Struct, frozen=True, kw_only=True):
    """A plan whole, as officers read it. `digest` is the SHA-256 of its exact bytes in hex; `may` are the
    words that this viewer can give now; `lease_until_ms` None while nothing is in force."""

    plan: Plan
    digest: str
    stage: str
    since_ms: int
    agreed: tuple[str, ...]
    in_force: tuple[str, ...]
    lease_until_ms: int | None
    verdicts: tuple[Verdict, ...]
    why: str
    may_act: bool
    score: Score | None
    may: tuple[Literal["approve", "refuse", "withdraw"], ...]


class AttackView(msgspec.Struct, frozen=True, kw_only=True):
    """One attack: what is known of it, what was done, and what is proposed. Newest plan first."""

    at_ms: int
    node: NodeStanding
    attack: Attack
    detected_at_ms: int
    ended_at_ms: int | None
    story: tuple[StoryLine, ...]
    story_left_out: bool
    plans: tuple[PlanShown, ...]


def plan_shown(view: PlanView, score: Score | None, viewer: Viewer, now_ms: int) -> PlanShown:
    agreed = tuple(word.officer for word in view.approvals)
    return PlanShown(
        plan=view.plan,
        digest=digest(view.plan),
        stage=view.stage,
        since_ms=view.since_ms,
        agreed=agreed,
        in_force=view.in_force,
        lease_until_ms=view.lease_until_ms,
        verdicts=view.verdicts,
        why=view.why,
        may_act=view.may_act,
        score=score,
        may=words_of(view, viewer, now_ms),
    )


def words_of(
    view: PlanView, viewer: Viewer, now_ms: int
) -> tuple[Literal["approve", "refuse", "withdraw"], ...]:
    """The words that would be taken now, so that no button is shown which the node refuses.

    The stages decide, by the table of tidegate.mitigate.stages; the guardian has the last word.
    """
    if not viewer.is_officer or not view.plan.rules or not is_under_way(view):
        return ()
    if view.stage != PlanStage.PROPOSED:
        return ("withdraw",)
    gave = viewer.name in {word.officer for word in view.approvals}
    open_still = now_ms < view.plan.approve_until_ms and view.may_act
    return ("refuse",) if gave or not open_still else ("approve", "refuse")


class AttackList(msgspec.Struct, frozen=True, kw_only=True):
    """Attacks on record, open ones first, then the newest."""

    at_ms: int
    attacks: tuple[AttackRow, ...]
    more: bool


class BorderView(msgspec.Struct, frozen=True, kw_only=True):
    """What is held at the border, and by whom?"""

    at_ms: int
    node: NodeStanding
    speaker: str
    seen_ms: int | None
    sessions: tuple[SessionView, ...]
    live: tuple[LiveRule, ...]
    read_back: tuple[ReadBack, ...]
    trouble: str
    findings: tuple[str, ...]
    points: tuple[PointRow, ...]


def border_view(seen: BorderSeen, points: tuple[PointRow, ...], now_ms: int) -> BorderView:
    return BorderView(
        at_ms=now_ms,
        node=NodeStanding(answers=True),
        speaker=seen.speaker,
        seen_ms=seen.at_ms,
        sessions=seen.sessions,
        live=seen.live,
        read_back=seen.read_back,
        trouble=seen.trouble,
        findings=seen.findings,
        points=points,
    )


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """Why is data missing? `note` is the node's own, None before it wrote one."""

    at_ms: int
    node: NodeStanding
    note: HealthNote | None


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: its number and leaf hash (hex) in the ledger, and its canonical bytes as text."""

    number: int
    at_ms: int
    kind: str
    leaf_hash: str
    body: str


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, and can it be proved? `root` (hex) is the Merkle root over all facts; newest first."""

    at_ms: int
    size: int
    root: str
    facts: tuple[FactRow, ...]


class ProofView(msgspec.Struct, frozen=True, kw_only=True):
    """That one fact is in the ledger: `path` (RFC 9162 section 2.1.3) leads from its leaf to `root`."""

    fact: FactRow
    size: int
    root: str
    path: tuple[str, ...]
