"""The node's desk: what people ask of it about plans and the border is answered here, between two turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tidegate.app.answering import answer_all
from tidegate.app.border_keeper import BorderView
from tidegate.app.live import Live
from tidegate.app.mitigation import Mitigation
from tidegate.app.node import Node
from tidegate.app.plan_checks import of_failed, of_receiver, of_session
from tidegate.app.plan_moves import scored
from tidegate.app.plans_note import failed_lately, receivers_noted, sessions_noted
from tidegate.app.reconciler import differences, wanted_now
from tidegate.app.state import PlanLife
from tidegate.mitigate.approval import (
    ApprovalSettings,
    digest,
    verify,
    verify_refusal,
    verify_withdrawal,
    verify_word,
)
from tidegate.mitigate.moves import with_approval
from tidegate.mitigate.passkeys import grew
from tidegate.mitigate.roster import Roster
from tidegate.mitigate.stages import IN_FORCE, PlanEvent, PlanStage, after
from tidegate.model.facts import ApprovalGiven, BorderCleared, Fact, PlanApproved, PlanRefused, PlanWithdrawn
from tidegate.model.plans import Signed
from tidegate.model.refusals import Full, NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.control import (
    Asked,
    BorderSeen,
    ClearBorder,
    Cleared,
    ControlDoor,
    GiveWord,
    ListPlans,
    ListScores,
    NotApproved,
    Plans,
    PlanView,
    Refused,
    Reply,
    Scores,
    ShowBorder,
    ShowNow,
    ShowPlan,
    Unable,
    WordTaken,
)
from tidegate.ports.outside import OutsideFailed

PLANS_LISTED_MAX = 100
"""Plans in one list, the newest; with the largest plans that is still one frame of the control socket."""


NOT_HERE = "This node does not serve the hotline: set hotline.enabled, or run `tidegate hotline serve`."

Others = Callable[[object, str], Reply | None]
"""Whoever answers what is asked of other rooms; None where nobody does."""


def nobody(_: object, __: str) -> None:
    return None


class Desk:
    """Belongs to the node's thread. An officer's word is believed by its signature, never by who asks."""

    def __init__(
        self,
        door: ControlDoor,
        node: Node,
        mitigation: Mitigation,
        clock: Clock,
        speaker: str,
        others: Others = nobody,
        live: Live | None = None,
    ) -> None:
        self._live = live or Live(lambda _: None, ())
        self._door = door
        self._node = node
        self._mitigation = mitigation
        self._clock = clock
        self._speaker = speaker
        self._others = others

    def turn(self) -> None:
        """Words on plans one by one: what is taken back is taken back also where storing fails."""
        elsewhere: list[Asked] = []
        for asked in self._door.waiting():
            if type(asked.request) in ANSWERS:
                asked.answer(self._answer(asked.request, asked.who))
            else:
                elsewhere.append(asked)
        answer_all(elsewhere, self._node, self._answer)

    def stop(self) -> None:
        self._door.stop()

    def _answer(self, request: object, who: str) -> Reply:
        answered = ANSWERS.get(type(request))
        if answered is None:
            return self._others(request, who) or Refused("rule", NOT_HERE)
        try:
            return answered(self, request, who)
        except NotApproved as refusal:
            return Refused("approval", refusal.why)
        except (NotAllowed, Full) as refusal:
            return Refused("rule", str(refusal))
        except OutsideFailed as failure:
            return Unable(failure.what, failure.where, failure.remedy)

    def list_plans(self, _: ListPlans, __: str) -> Reply:
        newest = sorted(self._lives(), key=lambda life: -life.plan.number)[:PLANS_LISTED_MAX]
        return self._told(newest)

    def show_plan(self, request: ShowPlan, _: str) -> Reply:
        found = [life for life in self._lives() if life.plan.number == request.plan]
        if not found:
            why = f"There is no plan {request.plan} at hand; `tidegate plan list` lists those there are."
            raise NotAllowed(why)
        return self._told(found)

    def _lives(self) -> list[PlanLife]:
        return [*self._node.state.ended_plans, *self._node.state.plans.values()]

    def _told(self, lives: Sequence[PlanLife]) -> Plans:
        """With the officers whose word counts at this moment."""
        self._mitigation.officers.read(self._node.state.last_at_ms)
        live = self._mitigation.officers.live(self._clock.now_ms())
        officers = tuple(sorted(live, key=lambda officer: officer.name))
        return Plans(tuple(map(self._view, lives)), officers)

    def list_scores(self, _: ListScores, __: str) -> Reply:
        return Scores(self._node.state.scores)

    def give_word(self, request: GiveWord, _: str) -> Reply:
        word = request.word
        taken_back = word.intent == "withdraw"
        if self._node.waiting and not taken_back:
            raise OutsideFailed("the database fails", "the node", "Nothing is decided until it works again.")
        life = self._node.state.plans.get(word.plan)
        if life is None:
            raise NotAllowed(f"Plan {word.plan} has ended, or there is none of that number.")
        now_ms = self._clock.now_ms()
        self._mitigation.officers.read(self._node.state.last_at_ms)
        roster, settings = self._mitigation.officers.roster, self._mitigation.rules.approval
        try:
            facts, lacking = DECISIONS[word.intent](life, word, roster, settings, now_ms)
        except NotAllowed as refusal:
            raise NotApproved(refusal.why) from None
        # Only after its signature held, so that nobody else can bring it on; and never to keep a rule up.
        if word.intent == "approve" and not grew(word, self._words()):
            raise NotApproved(f"the passkey of {word.officer} counts backwards: it may have been copied")
        if word.intent == "approve" and self._mitigation.border is None:
            raise NotAllowed("No speaker is configured (border.speaker), so no plan can come into force.")
        if taken_back and self._mitigation.border is not None:
            self._mitigation.border.give_up(word.plan)
        self._mitigation.decide(*facts)
        if self._node.waiting:
            lacking = "the database fails; it is taken back all the same, and recorded when that works"
        return WordTaken(self._stage_of(word.plan), lacking)

    def _words(self) -> Iterator[Signed]:
        """The words of agreement at hand."""
        for life in self._lives():
            yield from life.standing.approvals

    def _stage_of(self, number: int) -> str:
        lives = reversed(self._lives())
        return next(life.standing.stage.value for life in lives if life.plan.number == number)

    def show_border(self, _: ShowBorder, __: str) -> Reply:
        border = self._mitigation.border
        view = border.view if border else None
        now_ms = self._clock.now_ms()
        findings: list[str] = []
        if border is not None and view is not None:
            if border.shows_differences(view):
                findings += self._differing(view, now_ms)
            findings += self._obstacles(view, now_ms)
        return BorderSeen(
            speaker=self._speaker,
            at_ms=view.at_ms if view else None,
            live=view.live if view else (),
            sessions=view.sessions if view else (),
            read_back=view.read_back if view else (),
            trouble=str(border.trouble or "") if border else "",
            findings=tuple(findings),
        )

    def _differing(self, view: BorderView, now_ms: int) -> Iterator[str]:
        wanted = wanted_now(self._node.state, now_ms)
        for one in differences(wanted, view.live, view.read_back, now_ms):
            counts = f"{len(one.missing)} rules missing, {len(one.extra)} too many"
            yield f"{one.border_point}, seen at {one.seen_at}: {counts}"

    def _obstacles(self, view: BorderView, now_ms: int) -> Iterator[str]:
        """Sessions and receivers in trouble, and plans that failed lately, in the doctor's words."""
        rules = self._mitigation.rules
        points = rules.guard.border_points
        sessions = sessions_noted(points, view, blackholes=rules.plans.blackhole)
        receivers = receivers_noted(points, view.read_back)
        failed = (of_failed(one, now_ms) for one in failed_lately(self._node.state.ended_plans, now_ms))
        for check in (*map(of_session, sessions), *map(of_receiver, receivers), *failed):
            if check.severity == "problem":
                yield f"{check.about}: {check.text}"

    def show_now(self, request: ShowNow, _: str) -> Reply:
        return self._live.now(self._mitigation.rules.approval.node, request.seconds)

    def clear_border(self, _: ClearBorder, who: str) -> Reply:
        """Nobody needs a key to stop: whoever may enter the node's folder could end the node as well."""
        lives = self._node.state.plans.values()
        count = sum(life.standing.stage in (PlanStage.APPROVED, *IN_FORCE) for life in lives)
        if self._mitigation.border is not None:
            self._mitigation.border.clear()
        self._mitigation.decide(BorderCleared(who))
        return Cleared(count)

    def _view(self, life: PlanLife) -> PlanView:
        standing = life.standing
        return PlanView(
            plan=life.plan,
            stage=standing.stage.value,
            since_ms=standing.since_ms,
            approvals=standing.approvals,
            in_force=standing.in_force,
            lease_until_ms=standing.lease_until_ms,
            verdicts=standing.verdicts,
            why=standing.why,
            may_act=self._mitigation.border is not None,
        )


ANSWERS: Mapping[type, Callable[[Desk, Any, str], Reply]] = {
    ListPlans: Desk.list_plans,
    ShowPlan: Desk.show_plan,
    ListScores: Desk.list_scores,
    GiveWord: Desk.give_word,
    ShowBorder: Desk.show_border,
    ClearBorder: Desk.clear_border,
    ShowNow: Desk.show_now,
}

Decision = tuple[list[Fact], str]


def approve(
    life: PlanLife, word: Signed, roster: Roster, settings: ApprovalSettings, now_ms: int
) -> Decision:
    """One officer's approval, and the plan's where that suffices; what is lacking else."""
    plan = life.plan
    if not plan.rules:
        raise NotAllowed(f"plan {plan.number} proposes to do nothing; there is nothing to approve")
    verify_word(plan, word, "approve", roster, now_ms)
    if word.officer == plan.proposer and not settings.proposer_may_approve:
        raise NotAllowed(f"{word.officer} proposed plan {plan.number}, and may not approve it too")
    if now_ms >= plan.approve_until_ms:
        raise NotAllowed(f"the time to approve plan {plan.number} is over")
    with_approval(life.standing, word)
    given: list[Fact] = [ApprovalGiven(word)]
    try:
        approved = verify(plan, (*life.standing.approvals, word), roster, settings, now_ms)
    except NotAllowed as lacking:
        return given, lacking.why
    names = approved.officers[0].name, approved.officers[1].name
    return [*given, PlanApproved(plan.number, digest(plan), names)], ""


def refuse(life: PlanLife, word: Signed, roster: Roster, _: ApprovalSettings, now_ms: int) -> Decision:
    verify_refusal(life.plan, word, roster, now_ms)
    after(life.standing, PlanEvent.REFUSED)
    return [PlanRefused(word)], ""


def withdraw(life: PlanLife, word: Signed, roster: Roster, _: ApprovalSettings, now_ms: int) -> Decision:
    verify_withdrawal(life.plan, word, roster, now_ms)
    return [PlanWithdrawn(word), *scored(life)], ""


DECISIONS: Mapping[str, Callable[[PlanLife, Signed, Roster, ApprovalSettings, int], Decision]] = {
    "approve": approve,
    "refuse": refuse,
    "withdraw": withdraw,
}
