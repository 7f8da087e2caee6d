"""The console's other screens as values: what each one shows, made from what the node and the record told.

Nothing here asks anybody or reads a clock. Codes travel as codes (vectors, stages, levels, findings); the
page renders them in the reader's language.
"""

from typing import Literal

import msgspec

from tidegate.app.attack_summary import AttackSummary
from tidegate.app.console.access import Viewer
from tidegate.app.console.rows import AttackRow, NodeStanding, PointRow, is_under_way
from tidegate.app.health_note import HealthNote
from tidegate.mitigate.approval import digest
from tidegate.mitigate.stages import PlanStage
from tidegate.model.attacks import Attack
from tidegate.model.plans import Plan, Score
from tidegate.model.verdicts import Verdict
from tidegate.ports.border import LiveRule, ReadBack, SessionView
from tidegate.ports.control import BorderSeen, PlanView


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looking; `viewer` is None before signing in. `csrf` goes with every request that changes
    anything. `has_officers` is whether anybody can sign in by passkey at this page; `demo` whether the node
    is a demo's."""

    viewer: Viewer | None
    csrf: str
    version: str
    has_officers: bool
    demo: bool


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
    """Attacks on record, open ones first, then the last to end. `go_on` is the `before` of the next question,
    None where nothing is older; `looked_to_ms` the moment down to which this one looked."""

    at_ms: int
    attacks: tuple[AttackRow, ...]
    open_left_out: int
    go_on: int | None
    looked_to_ms: int | None


class CountsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the attacks that began on these days (UTC) and have ended amount to, the most traffic first."""

    at_ms: int
    from_ms: int
    until_ms: int
    rows: tuple[AttackSummary, ...]
    rows_left_out: int
    whole: AttackSummary | None


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
