"""Facts, what happened and is kept for ever; and effects, what is to be done about it."""

from typing import Literal

import msgspec

from tidegate.model.accord_facts import AccordFact, Remind
from tidegate.model.attacks import Attack
from tidegate.model.evidence_facts import EvidenceFact
from tidegate.model.hotline_facts import HotlineFact
from tidegate.model.plans import Measured, Officer, Plan, Rule, Score, Signed
from tidegate.model.verdicts import RuleCounters, Verdict


class NodeStarted(msgspec.Struct, frozen=True, tag=True):
    """A node of this version began its work."""

    version: str


class NodeStopped(msgspec.Struct, frozen=True, tag=True):
    """It ended as it was told to, with everything stored."""


class ExporterAppeared(msgspec.Struct, frozen=True, tag=True):
    """An exporter was heard for the first time."""

    exporter: str
    protocol: str


class AttackDetected(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Traffic to a few targets became an attack, with its vectors, rates and doubts."""

    attack: Attack


class AttackGrew(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Its rate passed twice what was last recorded, or its targets spread or narrowed."""

    attack: Attack


class AttackVectorsChanged(msgspec.Struct, frozen=True, tag=True, gc=False):
    """It is made of other vectors than last recorded."""

    attack: Attack


class AttackEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The whole of it: rates are means from its first second to its last, beside its peak."""

    attack: Attack


class CollectorRestarted(msgspec.Struct, frozen=True, tag=True):
    """The collector died or fell silent and was started again; between these times nothing was heard."""

    reason: str
    silent_from_ms: int
    silent_until_ms: int


class OfficerAdded(msgspec.Struct, frozen=True, tag=True):
    """An officer stands on the roster file; the record tells of it, and the file alone decides."""

    officer: Officer


class OfficerRevoked(msgspec.Struct, frozen=True, tag=True):
    """The officer of this name was revoked in the roster file, or taken out of it."""

    officer: str


class PlanProposed(msgspec.Struct, frozen=True, tag=True):
    """The planner made it and the guard let it pass."""

    plan: Plan


class ApprovalGiven(msgspec.Struct, frozen=True, tag=True):
    """One officer agreed over the plan's exact bytes; the signature held when it came."""

    word: Signed


class PlanApproved(msgspec.Struct, frozen=True, tag=True):
    """Two officers suffice; `digest` is the SHA-256 in hex of the bytes that they agreed to."""

    plan: int
    digest: str
    officers: tuple[str, str]


class PlanRefused(msgspec.Struct, frozen=True, tag=True):
    """An officer said no before it was approved."""

    word: Signed


class PlanWithdrawn(msgspec.Struct, frozen=True, tag=True):
    """An officer took it back, at whatever point it stood."""

    word: Signed


class PlanExpired(msgspec.Struct, frozen=True, tag=True):
    """Nobody approved it in time, or its attack ended first."""

    plan: int
    why: str


class PlanSuperseded(msgspec.Struct, frozen=True, tag=True):
    """Another plan, for what the attack has become, takes its place."""

    plan: int
    by: int


class SpotTestStarted(msgspec.Struct, frozen=True, tag=True):
    """In force at one border point from now on; `before` was measured there just before."""

    plan: int
    before: tuple[Measured, ...]


class VerdictReached(msgspec.Struct, frozen=True, tag=True):
    """What was measured at the border points that came last, with the evidence; a move may follow."""

    plan: int
    verdicts: tuple[Verdict, ...]


class PlanWidened(msgspec.Struct, frozen=True, tag=True):
    """In force at the border points of one more step; `before` was measured there just before."""

    plan: int
    before: tuple[Measured, ...]


class PlanNarrowed(msgspec.Struct, frozen=True, tag=True):
    """The last step of widening is undone; the steps before it stay."""

    plan: int
    why: str


class PlanYielded(msgspec.Struct, frozen=True, tag=True):
    """Plan `by` takes its place at these border points; everywhere else it stays in force."""

    plan: int
    by: int
    border_points: tuple[str, ...]


class PlanResumed(msgspec.Struct, frozen=True, tag=True):
    """What took its place failed, and it is in force at these border points again."""

    plan: int
    border_points: tuple[str, ...]


class PlanHeld(msgspec.Struct, frozen=True, tag=True):
    """In force as wide as it will be."""

    plan: int


class LeaseRenewed(msgspec.Struct, frozen=True, tag=True):
    """Its leases begin anew, because the attack was known to go on at `persisting_ms`."""

    plan: int
    persisting_ms: int


class PlanRelaxed(msgspec.Struct, frozen=True, tag=True):
    """Taken back at one border point for a look whether the attack goes on."""

    plan: int


class LookEnded(msgspec.Struct, frozen=True, tag=True):
    """What the look found, from what was measured in it; the rules are back at that border point. Where
    `counters` found it quiet, they were never taken back."""

    plan: int
    found: Literal["found quiet", "found persisting", "looked in vain"]
    measured: Measured | None
    counters: RuleCounters | None = None


class PlanLifted(msgspec.Struct, frozen=True, tag=True):
    """Its attack is over, found so at each border point."""

    plan: int
    why: str


class PlanLapsed(msgspec.Struct, frozen=True, tag=True):
    """A lease or the plan itself ended."""

    plan: int
    why: str


class PlanFailed(msgspec.Struct, frozen=True, tag=True):
    """A measurement, a session, an officer's revocation or what routers hold spoke against it."""

    plan: int
    why: str


class RulesDiffered(msgspec.Struct, frozen=True, tag=True):
    """Somewhere other rules were held than those in force: `missing` there, or held beyond them, `extra`.

    `seen_at` is the speaker or a receiver. At most RULES_TOLD_MAX of each are told, `left_out` more.
    """

    border_point: str
    seen_at: str
    missing: tuple[Rule, ...]
    extra: tuple[Rule, ...]
    left_out: int


class BorderSessionChanged(msgspec.Struct, frozen=True, tag=True):
    """A BGP session where `plans` have rules in force is in trouble, in another trouble, or well again.

    "down" and "unseen" (nobody can say) carry no rules; "lacking" is up without the address families
    `lacking`, which those rules need; "gone" is no longer in the configuration. Only what has lasted is told.
    """

    border_point: str
    router: str
    state: Literal["up", "lacking", "down", "unseen", "gone"]
    lacking: tuple[str, ...]
    why: str
    plans: tuple[int, ...]


class BorderCleared(msgspec.Struct, frozen=True, tag=True):
    """Somebody with access to the node's own folder took everything back at once."""

    by: str


class ForecastScored(msgspec.Struct, frozen=True, tag=True):
    """A plan's forecast beside what came."""

    score: Score


PlanFact = (
    OfficerAdded
    | OfficerRevoked
    | PlanProposed
    | ApprovalGiven
    | PlanApproved
    | PlanRefused
    | PlanWithdrawn
    | PlanExpired
    | PlanSuperseded
    | SpotTestStarted
    | VerdictReached
    | PlanWidened
    | PlanNarrowed
    | PlanYielded
    | PlanResumed
    | PlanHeld
    | LeaseRenewed
    | PlanRelaxed
    | LookEnded
    | PlanLifted
    | PlanLapsed
    | PlanFailed
    | RulesDiffered
    | BorderSessionChanged
    | BorderCleared
    | ForecastScored
)
"""What happens to officers, plans and the border."""

Fact = (
    NodeStarted
    | NodeStopped
    | ExporterAppeared
    | AttackDetected
    | AttackGrew
    | AttackVectorsChanged
    | AttackEnded
    | CollectorRestarted
    | PlanFact
    | HotlineFact
    | EvidenceFact
    | AccordFact
)


class Alert(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Tell the operator, by the configured sink, that an attack began, changed or ended."""

    change: str
    attack: Attack


class PlanAlert(msgspec.Struct, frozen=True, tag=True):
    """Tell the operator what became of a plan, or that it waits for people; `words` say why."""

    change: str
    plan: int
    attack: int
    targets: tuple[str, ...]
    words: str


class Alarm(msgspec.Struct, frozen=True, tag=True):
    """Tell the operator of something that belongs to no single attack or plan."""

    change: str
    words: str


class Announce(msgspec.Struct, frozen=True, tag=True):
    """Put the plan in force at one border point, or renew its lease there, if it still stands so."""

    plan: int
    border_point: str


class Withdraw(msgspec.Struct, frozen=True, tag=True):
    """Take the plan's rules back at one border point, unless it was put in force there again."""

    plan: int
    border_point: str


Told = Alert | PlanAlert | Alarm | Remind
"""Effects that tell people."""

Ordered = Announce | Withdraw
"""Effects that change what routers hold."""

Effect = Told | Ordered

RULES_TOLD_MAX = 32
"""Rules of each kind that one RulesDiffered names; the others are counted."""
