"""What each view is made of, asked of the running node and of the record, and put together.

The node is asked at its control line, as commands do; the record is read beside it. Nothing here is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import get_args

from msgspec.structs import replace

from tidegate.app.asking import answer_of
from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.accord_reader import Accords
from tidegate.app.console.hotline_part import HotlineMoment, hotline_moment, hotline_part
from tidegate.app.console.hotline_source import HotlineSource
from tidegate.app.console.promises import Promises, counts_only
from tidegate.app.console.rows import NodeStanding, point_rows
from tidegate.app.console.situation import SituationView, situation, situation_without_node
from tidegate.app.console.views import (
    AttackView,
    BorderView,
    FactRow,
    HealthView,
    LedgerView,
    PlanShown,
    ProofView,
    StoryLine,
    border_view,
    plan_shown,
)
from tidegate.app.filtering.attacks import AttackFilter
from tidegate.app.health_note import HealthNote, read_note
from tidegate.app.proofs import prove_inclusion
from tidegate.app.queries import ATTACK_FACTS, ATTACK_KINDS, detection_of
from tidegate.app.sentences import sentence
from tidegate.app.settings import Config
from tidegate.app.state import State
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.facts import (
    ApprovalGiven,
    AttackEnded,
    BorderCleared,
    BorderSessionChanged,
    ForecastScored,
    LeaseRenewed,
    OfficerAdded,
    OfficerRevoked,
    PlanFact,
    PlanProposed,
    PlanRefused,
    PlanWithdrawn,
    RulesDiffered,
)
from tidegate.model.plan_bytes import plan_bytes
from tidegate.model.plans import Signed
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.control import (
    BorderSeen,
    ControlLine,
    GiveWord,
    ListPlans,
    ListScores,
    Now,
    Plans,
    PlanView,
    Scores,
    ShowBorder,
    ShowNow,
    ShowPlan,
    WordTaken,
)
from tidegate.ports.facts import READ_ROWS_MAX, FactStore, StoredFact
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.state import StateFolder

RECORDED_SHOWN_MAX = 100
"""Attacks on record in one list; the page asks for those before the last."""

STORY_FACTS_MAX = 20_000
"""Facts looked through for the story of one attack; a longer one is told up to there."""

STORY_LINES_MAX = 400
"""Lines of one story; leases that are renewed are none of them."""

FACTS_SHOWN_MAX = 100
"""Facts of the ledger in one page of it."""

OF_NO_PLAN = (OfficerAdded, OfficerRevoked, RulesDiffered, BorderSessionChanged, BorderCleared)
"""Of officers, and of the border as a whole."""

NOT_TOLD = (LeaseRenewed,)
"""Facts about a plan that come every few seconds and say that nothing changed."""

PLAN_KINDS = [one.__name__ for one in get_args(PlanFact) if one not in (*OF_NO_PLAN, *NOT_TOLD)]
"""Facts about one plan that a story tells."""

WORDS = (ApprovalGiven, PlanRefused, PlanWithdrawn)


class NoSuchThing(NotAllowed):
    """What was asked for is not there."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where views come from. `facts` opens the record for one question,
    `state` is what follows from it, as often as it is asked for; both raise NotAllowed where there is none.
    `hotline` is of the same node, or of another."""

    line: ControlLine
    facts: Callable[[], FactStore]
    state: Callable[[], State]
    accords: Accords
    folder: StateFolder
    config: Config
    clock: Clock
    hotline: HotlineSource

    def capacities(self) -> dict[str, int | None]:
        return {name: section.capacity for name, section in self.config.border_points.items()}

    def note(self) -> HealthNote | None:
        return read_note(self.folder) if self.folder.holder() is not None else None

    def plans(self) -> Sequence[PlanView]:
        return answer_of(self.line, ListPlans(), Plans).plans

    def now(self, seconds: int) -> Now:
        return answer_of(self.line, ShowNow(seconds), Now)


SILENT = (NotAllowed, OutsideFailed)
"""What asking raises where no node answers, or one that serves the hotline alone."""


def silent(failure: NotAllowed | OutsideFailed) -> NodeStanding:
    if isinstance(failure, NotAllowed):
        return NodeStanding(answers=False, why=failure.why.rstrip("."))
    return NodeStanding(answers=False, why=failure.what, remedy=failure.remedy)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the node told at one moment, for every page that looks: what differs is who looks."""

    now: Now | None
    plans: Sequence[PlanView]
    note: HealthNote | None
    standing: NodeStanding
    promises: Promises | None
    hotline: HotlineMoment | None


def moment(sources: Sources, seconds: int) -> Moment:
    """Asked once a second, however many pages are open."""
    promised, hotline = sources.accords.promises(), hotline_moment(sources.hotline)
    try:
        now, plans = sources.now(seconds), sources.plans()
    except SILENT as failure:
        return Moment(None, (), sources.note(), silent(failure), promised, hotline)
    return Moment(now, plans, sources.note(), NodeStanding(answers=True), promised, hotline)


def situation_at(sources: Sources, told: Moment, viewer: Viewer, asked: str) -> SituationView:
    """A screen on the wall is told of accords in counts alone, and of the hotline nothing."""
    promised = counts_only(told.promises) if viewer.role is Role.WALL else told.promises
    hotline = hotline_part(told.hotline, viewer)
    return replace(shield_at(sources, told, viewer, asked), promises=promised, hotline=hotline)


def shield_at(sources: Sources, told: Moment, viewer: Viewer, asked: str) -> SituationView:
    """`asked` is a filter over the attacks; FilterWrong where it is none."""
    now_ms = sources.clock.now_ms()
    keep = AttackFilter(asked, now_ms)
    if told.now is not None:
        return situation(told.now, told.plans, told.note, sources.capacities(), viewer, keep, now_ms)
    try:
        opened = tuple(sources.state().open_attacks.values())
    except (NotAllowed, OutsideFailed):
        opened = ()
    return situation_without_node(told.standing, opened, keep, now_ms)


def keep_up(sources: Sources) -> None:
    """Reads what was recorded since, so that a node that falls silent is not answered for only after that."""
    with suppress(*SILENT):
        sources.state()


def attack_view(sources: Sources, number: int, viewer: Viewer) -> AttackView:
    """NoSuchThing for an attack that is not on record."""
    store, now_ms = sources.facts(), sources.clock.now_ms()
    detected = detection_of(store, number)
    if detected is None:
        raise NoSuchThing(f"there is no attack {number} on record")
    facts = list(islice(story_of(store, detected.number, number), STORY_LINES_MAX + 1))
    attack = next(
        fact.attack for fact in (one.fact for one in reversed(facts)) if isinstance(fact, ATTACK_FACTS)
    )
    ended = next((one.at_ms for one in facts if one.kind == "AttackEnded"), None)
    standing = NodeStanding(answers=True)
    plans: tuple[PlanShown, ...] = ()
    try:
        now = sources.now(0)
        attack = next((one for one in now.attacks if one.number == number), attack)
        scores = {score.plan: score for score in answer_of(sources.line, ListScores(), Scores).scores}
        plans = tuple(
            plan_shown(view, scores.get(view.plan.number), viewer, now_ms)
            for view in sources.plans()
            if view.plan.attack == number
        )
    except SILENT as failure:
        standing = silent(failure)
    return AttackView(
        at_ms=now_ms,
        node=standing,
        attack=attack,
        detected_at_ms=detected.at_ms,
        ended_at_ms=ended,
        story=tuple(map(story_line, facts[:STORY_LINES_MAX])),
        story_left_out=len(facts) > STORY_LINES_MAX,
        plans=plans,
    )


def story_of(store: FactStore, begin: int, attack: int) -> Iterator[FactRecord]:
    """The facts about an attack and its plans, oldest first."""
    end = min(begin + STORY_FACTS_MAX, store.head().size)
    of_plans = facts_of_plans(store, begin, end, attack)
    return merge(facts_of_attack(store, begin, end, attack), of_plans, key=lambda one: one.number)


def facts_of_attack(store: FactStore, begin: int, end: int, attack: int) -> Iterator[FactRecord]:
    """Up to its end: nothing happens to an attack that is over."""
    written = b'"number":%d,' % attack  # reading a body takes as long as a hundred looks at it
    for stored in store.facts(begin, end):
        if stored.kind not in ATTACK_KINDS or written not in stored.body:
            continue
        record = decode_record(stored.body)
        if isinstance(record.fact, ATTACK_FACTS) and record.fact.attack.number == attack:
            yield record
            if isinstance(record.fact, AttackEnded):
                return


def facts_of_plans(store: FactStore, begin: int, end: int, attack: int) -> list[FactRecord]:
    """Of the plans for this attack, also after its end."""
    found: list[FactRecord] = []
    while end > begin and (stored := store.latest(PLAN_KINDS, end, READ_ROWS_MAX)):
        found += (decode_record(one.body) for one in stored if one.number >= begin)
        end = stored[-1].number
    found.reverse()
    proposed = (one.fact.plan for one in found if isinstance(one.fact, PlanProposed))
    plans = {plan.number for plan in proposed if plan.attack == attack}
    return [one for one in found if plan_of(one) in plans]


def plan_of(record: FactRecord) -> int | None:
    match record.fact:
        case PlanProposed(plan):
            return plan.number
        case ApprovalGiven(word) | PlanRefused(word) | PlanWithdrawn(word):
            return word.plan
        case ForecastScored(score):
            return score.plan
        case fact:
            number = getattr(fact, "plan", None)
            return number if isinstance(number, int) else None


def story_line(record: FactRecord) -> StoryLine:
    fact = record.fact
    return StoryLine(
        fact=record.number,
        at_ms=record.at_ms,
        kind=record.kind,
        plan=plan_of(record),
        officer=fact.word.officer if isinstance(fact, WORDS) else "",
        told=sentence(fact),
    )


def plan_told(sources: Sources, number: int) -> PlanView:
    """NotAllowed where the node has no such plan at hand."""
    told = answer_of(sources.line, ShowPlan(number), Plans)
    if [view.plan.number for view in told.plans] != [number]:
        raise OutsideFailed("the node answers with another plan", "the node", "Do not trust this node.")
    return told.plans[0]


def bytes_of_plan(sources: Sources, number: int) -> bytes:
    """The exact bytes of which officers sign the digest; whoever signs makes that digest itself."""
    return plan_bytes(plan_told(sources, number).plan)


def give_word(sources: Sources, word: Signed) -> WordTaken:
    """Carries an officer's word to the node, which believes its signature and nothing that is said here."""
    return answer_of(sources.line, GiveWord(word), WordTaken)


def border(sources: Sources) -> BorderView:
    now_ms = sources.clock.now_ms()
    try:
        seen = answer_of(sources.line, ShowBorder(), BorderSeen)
        points = point_rows(sources.now(0), sources.capacities())
    except SILENT as failure:
        return BorderView(
            at_ms=now_ms,
            node=silent(failure),
            speaker="",
            seen_ms=None,
            sessions=(),
            live=(),
            read_back=(),
            trouble="",
            findings=(),
            points=(),
        )
    return border_view(seen, points, now_ms)


def health(sources: Sources) -> HealthView:
    standing = NodeStanding(answers=True)
    try:
        sources.now(0)
    except SILENT as failure:
        standing = silent(failure)
    return HealthView(at_ms=sources.clock.now_ms(), node=standing, note=read_note(sources.folder))


def ledger(sources: Sources, before: int | None) -> LedgerView:
    """The facts below number `before`, newest first."""
    store = sources.facts()
    head = store.head()
    end = head.size if before is None else max(0, min(before, head.size))
    facts = [fact_row(stored) for stored in store.facts(max(0, end - FACTS_SHOWN_MAX), end)]
    return LedgerView(
        at_ms=sources.clock.now_ms(), size=head.size, root=head.root.hex(), facts=tuple(reversed(facts))
    )


def proof(sources: Sources, number: int) -> ProofView:
    """That fact `number` is in the ledger as it is now."""
    store = sources.facts()
    head = store.head()
    if not 0 <= number < head.size:
        raise NoSuchThing(f"there is no fact {number} in the ledger")
    path = prove_inclusion(store, number, head.size)
    stored = next(store.facts(number, number + 1))
    return ProofView(
        fact=fact_row(stored), size=head.size, root=head.root.hex(), path=tuple(each.hex() for each in path)
    )


def fact_row(stored: StoredFact) -> FactRow:
    return FactRow(
        number=stored.number,
        at_ms=stored.at_ms,
        kind=stored.kind,
        leaf_hash=stored.leaf_hash.hex(),
        body=stored.body.decode(),
    )
