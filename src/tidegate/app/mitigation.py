"""The control loop over plans: what is due is measured, decided and recorded; then the border hears it."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import msgspec

from tidegate.app.border_keeper import BorderKeeper
from tidegate.app.complaints import Complaint
from tidegate.app.counting import Counting
from tidegate.app.inbound import INBOUND_EVERY_MS, Inbound, inbound_now
from tidegate.app.jobs import Jobs
from tidegate.app.node import Node
from tidegate.app.officers import Officers
from tidegate.app.plan_attacks import attack_of, is_hit
from tidegate.app.plan_moves import (
    begun,
    completed,
    ending,
    is_followed,
    is_measured_on,
    judged,
    looked,
    measure_from_ms,
    plans_beside,
    points_to_measure,
    relaxed,
    replaced,
    resumable,
    told_by_ms,
    unmeasured,
    widened,
)
from tidegate.app.planning import Planning
from tidegate.app.plans_note import PlansNote, plans_note
from tidegate.app.reconciler import differences, endings, wanted_now
from tidegate.app.samples import ExportersHeard, FlowsAsked
from tidegate.app.sessions import SessionWatch
from tidegate.app.state import PlanLife
from tidegate.app.waits import Waits
from tidegate.detect.baseline import Baselines
from tidegate.mitigate.approval import ApprovalSettings, verify_standing
from tidegate.mitigate.due import Due, PaceSettings, what_is_due
from tidegate.mitigate.guard import GuardSettings, refuse_beside, refuse_unless_safe
from tidegate.mitigate.moves import next_look, seen_persisting
from tidegate.mitigate.settings import PlanSettings
from tidegate.mitigate.stages import PlanStage
from tidegate.model.facts import (
    Fact,
    LeaseRenewed,
    PlanExpired,
    PlanFailed,
    PlanResumed,
)
from tidegate.model.plans import Measured, Officer, Plan
from tidegate.model.refusals import Full, NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

VIEW_MS_MAX = 15_000
"""Leases are renewed only while the border was seen within this time."""

ROSTER_EVERY_MS = 1_000

log = logging.getLogger("tidegate.plans")


class Record(Protocol):
    """Stores facts and tells the log (tidegate.app.run.NodeRun.record)."""

    def __call__(self, *facts: Fact) -> None: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator's file says about plans, in the parts' own words."""

    plans: PlanSettings
    guard: GuardSettings
    approval: ApprovalSettings
    pace: PaceSettings


class Mitigation:
    """Belongs to the node's thread: `turn` is called several times a second and never waits.

    1. Nothing is decided while facts wait to be stored: what was decided is not on record yet.
    2. A move that puts rules in force needs the approvals verified and the guard asked at that moment.
    3. Nothing begins or widens without a measurement of what came in before.
    4. What is wanted at the border follows from the stored state alone (tidegate.app.reconciler).

    `border` is None where no speaker is configured: plans are proposed, and none can come into force.
    `heard` tells when the collector last reported: an attack that is open is known to go on as of then.
    """

    def __init__(
        self,
        *,
        node: Node,
        record: Record,
        clock: Clock,
        rules: Rules,
        officers: Officers,
        asked: FlowsAsked,
        baselines: Baselines,
        heard: ExportersHeard,
        inbound: Inbound,
        border: BorderKeeper | None,
        counting: Counting,
    ) -> None:
        self._node = node
        self._record = record
        self._clock = clock
        self._rules = rules
        self._asked = asked
        self._heard = heard
        self._sessions = SessionWatch(rules.guard.border_points)
        self._inbound = inbound
        self._inbound_due_ms = clock.now_ms()
        self._roster_due_ms = clock.now_ms()
        self._counting = counting
        self._jobs: Jobs[tuple[str, int]] = Jobs()
        self._planning = Planning(
            node, asked, baselines, inbound, rules.plans, rules.guard, rules.approval.node
        )
        self._waits = Waits()
        self._differing: list[Fact] = []
        self._live_officers: frozenset[Officer] | None = None
        self._bordering = Complaint("the border answers again")
        self._rostering = Complaint("the roster is read again")
        self.officers = officers
        self.border = border

    @property
    def rules(self) -> Rules:
        return self._rules

    def stop(self) -> None:
        self._jobs.stop()
        self._counting.stop()

    def note(self, now_ms: int) -> PlansNote:
        """How officers, plans and the border stand, for the doctor."""
        points, blackholes = self._rules.guard.border_points, self._rules.plans.blackhole
        state = self._node.state
        note = plans_note(state, self.officers, self.border, points, now_ms, blackholes=blackholes)
        return msgspec.structs.replace(note, counters_trouble=self._counting.trouble)

    def turn(self) -> None:
        """All that is due now. Facts that the node refuses are told in the log, as everywhere."""
        now_ms = self._clock.now_ms()
        self._look_after_officers(now_ms)
        if not self._node.waiting:  # 1
            self._take_results()
            self._counting.take(self._node.state.plans, now_ms)
            self._reconcile()
            for life in list(self._node.state.plans.values()):
                self._move(life, now_ms)
            self._planning.ask(self._jobs, now_ms)
            self._ask_for_inbound(now_ms)
        self.want()

    def want(self) -> None:
        """4. Tells the border what the stored state wants now; withdrawals are heard at once."""
        if self.border is not None:
            self.border.want(wanted_now(self._node.state, self._clock.now_ms()))

    def decide(self, *facts: Fact) -> None:
        """Records, and lets the border hear what follows."""
        self._record(*facts)
        self.want()

    # Officers and the border.

    def _look_after_officers(self, now_ms: int) -> None:
        if 0 < self._roster_due_ms - now_ms <= ROSTER_EVERY_MS:
            return
        self._roster_due_ms = now_ms + ROSTER_EVERY_MS
        self.officers.read(self._node.state.last_at_ms)
        self._rostering.tell(self.officers.trouble, now_ms)
        if self._node.waiting:
            return
        if changes := list(self.officers.changes(self._node.state, now_ms)):
            self.decide(*changes)
        live = self.officers.live(now_ms)
        if live == self._live_officers:
            return
        self._live_officers = live
        names = {officer.name for officer in live}
        for life in list(self._node.state.plans.values()):
            if life.standing.stage is PlanStage.PROPOSED:
                if any(word.officer not in names for word in life.standing.approvals):
                    gone = "an officer who agreed to it may no longer; another plan follows"
                    self.decide(PlanExpired(life.plan.number, gone))
            elif why := self._unapproved(life):
                self.decide(PlanFailed(life.plan.number, why))

    def _unapproved(self, life: PlanLife) -> str | None:
        """Why its approvals no longer hold; None while they do, or when the plan's own time is over."""
        now_ms = self._clock.now_ms()
        if now_ms >= life.plan.ends_at_ms:
            return None
        try:
            approvals, roster = life.standing.approvals, self.officers.roster
            verify_standing(life.plan, approvals, roster, self._rules.approval, now_ms)
        except NotAllowed as refusal:
            return refusal.why
        return None

    def _reconcile(self) -> None:
        if self.border is None:
            return
        self._bordering.tell(str(self.border.trouble) if self.border.trouble else None, self._clock.now_ms())
        for (plan, point), why in self.border.take_refused():
            if plan in self._node.state.plans:
                self.decide(PlanFailed(plan, f"the speaker refuses it at {point}: {why}"))
        self.want()  # what was decided a moment ago counts as a change from now on
        self._watch_sessions(self.border, self._clock.now_ms())
        view = self.border.view
        if view is None or not self.border.shows_differences(view):
            return
        wanted = wanted_now(self._node.state, view.at_ms)
        found: list[Fact] = list(differences(wanted, view.live, view.read_back, view.at_ms))
        if found and found != self._differing:
            self.decide(*found, *endings(self._node.state, found))  # type: ignore[arg-type]
        self._differing = found

    def _watch_sessions(self, border: BorderKeeper, now_ms: int) -> None:
        view = border.view
        seen = view.sessions if view is not None and abs(now_ms - view.at_ms) <= VIEW_MS_MAX else ()
        why = str(border.trouble) if border.trouble else "the speaker has not told of it"
        state = self._node.state
        changes = self._sessions.changes(state, wanted_now(state, now_ms), seen, why, now_ms)
        self.decide(*changes)

    # Moves.

    def _move(self, life: PlanLife, now_ms: int) -> None:
        seen_ms = self._last_seen_ms(life.plan)
        attack_seen = seen_ms is not None
        standing = life.standing if seen_ms is None else seen_persisting(life.standing, min(seen_ms, now_ms))
        pace, followed = self._rules.pace, is_followed(life, self._node.state)
        due = what_is_due(life.plan, standing, pace, now_ms, attack_seen=attack_seen, followed=followed)
        if points := resumable(life, self._node.state):
            self._put_in_force(life, [PlanResumed(life.plan.number, points)])
            return
        counted = self._counted_for_verdict(life, now_ms)
        for one in due:
            match one:
                case Due.EXPIRE | Due.LIFT | Due.LAPSE:
                    self.decide(*ending(life, one, attack_seen=attack_seen))
                    return
                case Due.RENEW:
                    self._renew(life, standing.persisting_ms)
                case Due.COMPLETE:
                    self.decide(*completed(life, self._node.state))
                case Due.RELAX:
                    self._relax(life, now_ms)
                case Due.JUDGE if not counted:
                    pass
                case Due.TRY | Due.WIDEN | Due.JUDGE | Due.LOOK:
                    self._measure(life, one, now_ms)

    def _counted_for_verdict(self, life: PlanLife, now_ms: int) -> bool:
        """Whether no more counters are to come for the verdict that is next."""
        if self.border is None or life.standing.measured_from_ms is None:
            return True
        return self._counting.follow_verdict(life, self.border, now_ms)

    def _relax(self, life: PlanLife, now_ms: int) -> None:
        """By counters first, where there are any; they count only while the session is up."""
        point, look_ms = next_look(life.standing), self._rules.pace.look_s * 1000
        if point is None or not self._counting.follow(life, point, now_ms, look_ms, now_ms):
            return
        view = self.border.view if self.border else None
        up = view is not None and view.session_up(point)
        self.decide(*relaxed(life, self._counting.counted(life, point) if up else None))

    def _last_seen_ms(self, plan: Plan) -> int | None:
        """When its attack, or another one on the same targets, was last seen; None where none goes on.

        An attack stays open for seconds after its last packet, which is little beside `evidence_s`.
        """
        opened = self._node.state.open_attacks
        goes_on = plan.attack in opened or any(is_hit(plan.targets, one) for one in opened.values())
        return self._heard.last_ms if goes_on else None

    def _renew(self, life: PlanLife, persisting_ms: int) -> None:
        view, now_ms = self.border.view if self.border else None, self._clock.now_ms()
        if view is None or abs(now_ms - view.at_ms) > VIEW_MS_MAX:
            return  # nobody sees what is held: the lease runs out
        if why := self._unapproved(life):
            self.decide(PlanFailed(life.plan.number, why))
        else:
            self.decide(LeaseRenewed(life.plan.number, persisting_ms))

    def _measure(self, life: PlanLife, due: Due, now_ms: int) -> None:
        """3. Asks for the telemetry that the move rests on; the move itself comes with the answer."""
        name = due.name, life.plan.number
        if self.border is None or name in self._jobs:
            return
        old = replaced(life, self._node.state)
        if due in (Due.TRY, Due.WIDEN) and old is not None and old.standing.stage is PlanStage.RELAXING:
            return  # its look comes to an end first
        points = points_to_measure(life, due)
        heard = (self.border.heard_ms((life.plan.number, point)) for point in points)
        heard_ms = max((one or 0 for one in heard), default=0)
        attack = attack_of(self._node.state, life.plan.attack)
        first_ms = attack.first_seen_ms if attack else 0
        told_ms = told_by_ms(life, due, self._rules.pace, first_ms, heard_ms)
        if now_ms < told_ms:
            return  # the border heard the order later than it was recorded
        if why := self._waits.over(name, now_ms):
            self.decide(*unmeasured(life, due, why))
        elif not self._waits.rests(name, now_ms):
            from_ms = measure_from_ms(life, due, first_ms, heard_ms)
            self._jobs.begin(name, partial(self._asked.measure, life.plan, points, from_ms, told_ms))

    # Results.

    def _take_results(self) -> None:
        for (what, number), job in self._jobs.done():
            try:
                self._take(what, number, job)
            except OutsideFailed as failure:
                self._waits.put_off((what, number), failure.what, self._clock.now_ms())
            except Full as failure:
                log.debug("%s of %d: %s", what, number, failure)  # due again in the next turn
            except NotAllowed as refusal:
                log.warning("%s of plan %d is refused: %s", what.lower(), number, refusal.why)

    def _take(self, what: str, number: int, job: "Future[object]") -> None:
        result = job.result()
        if what == "INBOUND":
            self._inbound.learn(result, self._clock.now_ms())  # type: ignore[arg-type]
        elif isinstance(result, Plan):
            self.decide(*self._planning.proposed(result))
        elif (life := self._node.state.plans.get(number)) is not None:
            self._take_measured(life, Due[what], result)  # type: ignore[arg-type]

    def _take_measured(self, life: PlanLife, due: Due, measured: Sequence[Measured]) -> None:
        """Whatever happened meanwhile, the move must still be due: the table of moves refuses it else."""
        if points_to_measure(life, due) != tuple(one.border_point for one in measured):
            return
        name, now_ms = (due.name, life.plan.number), self._clock.now_ms()
        if due is Due.JUDGE and is_measured_on(life, measured) and self._waits.may_measure_on(name, now_ms):
            self._waits.put_off(name, "little other traffic came in", now_ms)
            return
        self._waits.end(name)
        match due:
            case Due.TRY:
                self._put_in_force(life, begun(life, self._node.state, measured))
            case Due.WIDEN:
                self._put_in_force(life, widened(life, self._node.state, measured))
            case Due.JUDGE:
                view = self.border.view if self.border else None
                ups = [view is not None and view.session_up(one.border_point) for one in measured]
                counters = [self._counting.counted(life, one.border_point) for one in measured]
                self.decide(*judged(life, measured, ups, counters))
            case Due.LOOK:
                self.decide(*looked(life, measured[0]))

    def _put_in_force(self, life: PlanLife, facts: list[Fact]) -> None:
        """2. Only this method puts rules in force, and it asks everyone again."""
        plan, guard = life.plan, self._rules.guard
        usual = self._inbound.usual(self._clock.now_ms())
        others = [
            rule
            for place in wanted_now(self._node.state, self._clock.now_ms()).values()
            if place.plan.number not in (plan.number, plan.replaces) and place.plan.replaces != plan.number
            for rule in place.rules
        ]
        try:
            refuse_unless_safe(plan, guard, usual)
            refuse_beside(plan, others, plans_beside(life, self._node.state), guard, usual)
        except NotAllowed as refusal:
            self.decide(PlanFailed(plan.number, f"the guard refuses it now: {refusal.why}"))
            return
        if why := self._unapproved(life):
            self.decide(PlanFailed(plan.number, why))
        else:
            self.decide(*facts)

    def _ask_for_inbound(self, now_ms: int) -> None:
        if 0 < self._inbound_due_ms - now_ms <= INBOUND_EVERY_MS:
            return
        points = [point.name for point in self._rules.guard.border_points]
        if points and self._jobs.begin(("INBOUND", 0), partial(inbound_now, self._asked, points)):
            self._inbound_due_ms = now_ms + INBOUND_EVERY_MS
