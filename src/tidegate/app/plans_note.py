"""What the health note tells of plans, the officers' roster and the border."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from tidegate.app.border_keeper import BorderKeeper, BorderView
from tidegate.app.officers import Officers
from tidegate.app.state import PlanLife, State
from tidegate.mitigate.stages import PlanStage
from tidegate.model.border import BorderPoint, BorderRouter
from tidegate.model.plans import Level
from tidegate.ports.border import LiveRule, ReadBack, SessionView

NOTED_MAX = 256
"""Sessions, receivers, plans that wait and plans in force in one note, of each kind; `left_out` counts the
rest. Sessions in trouble come first."""

LATELY_MS = 600_000
"""Ten minutes, in which whoever is alarmed comes to look."""


class RosterNote(msgspec.Struct, frozen=True, kw_only=True):
    """Who may approve now; `trouble` says why the file cannot be used, `empty` that there is none or nothing
    in it."""

    path: str
    trouble: str
    empty: bool
    live: int
    seniors: int


class SessionNote(msgspec.Struct, frozen=True, kw_only=True):
    """One BGP session; `lacking` are the families that plans may need there and that were not agreed on."""

    border_point: str
    router: str
    state: Literal["up", "down", "unknown"]
    lacking: tuple[str, ...]
    why: str


class ReceiverNote(msgspec.Struct, frozen=True, kw_only=True):
    """A border point and how many receivers there were asked, and answered; `why` the others did not;
    `refusing` are those that do not follow all that they were told, and what to do."""

    border_point: str
    asked: int
    answered: int
    why: str
    refusing: str


class WaitingNote(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with rules that waits for two officers, one of them of `level` at least."""

    plan: int
    attack: int
    level: Level
    since_ms: int
    until_ms: int
    agreed: tuple[str, ...]


class InForceNote(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that the speaker holds for a plan at one border point, and the least that is left of a lease."""

    plan: int
    border_point: str
    rules: int
    remaining_s: int


class FailedNote(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that failed lately, and why: what kept its rules from being held may still be so."""

    plan: int
    at_ms: int
    why: str


class PlansNote(msgspec.Struct, frozen=True, kw_only=True):
    """`counters_trouble` says why rule counters could not be read.

    `seen_ms` is when the border was last seen, None before the first look and without a speaker.
    """

    speaking: bool
    routers: int
    speaker_trouble: str
    counters_trouble: str = ""
    seen_ms: int | None
    roster: RosterNote
    sessions: tuple[SessionNote, ...]
    receivers: tuple[ReceiverNote, ...]
    waiting: tuple[WaitingNote, ...]
    in_force: tuple[InForceNote, ...]
    failed: tuple[FailedNote, ...] = ()
    left_out: int


def plans_note(
    state: State,
    officers: Officers,
    border: BorderKeeper | None,
    points: Sequence[BorderPoint],
    now_ms: int,
    *,
    blackholes: bool,
) -> PlansNote:
    """As of now; `blackholes` says whether plans may hold blackhole routes."""
    view = border.view if border else None
    sessions = [] if view is None else sessions_noted(points, view, blackholes=blackholes)
    receivers = [] if view is None else receivers_noted(points, view.read_back)
    waiting, in_force = waiting_noted(state), [] if view is None else in_force_noted(view.live)
    failed = failed_lately(state.ended_plans, now_ms)
    every: tuple[Sequence[object], ...] = (sessions, receivers, waiting, in_force, failed)
    return PlansNote(
        speaking=border is not None,
        routers=sum(len(point.routers) for point in points),
        speaker_trouble=str(border.trouble or "") if border else "",
        seen_ms=view.at_ms if view else None,
        roster=roster_note(officers, now_ms),
        sessions=tuple(sessions[:NOTED_MAX]),
        receivers=tuple(receivers[:NOTED_MAX]),
        waiting=tuple(waiting[:NOTED_MAX]),
        in_force=tuple(in_force[:NOTED_MAX]),
        failed=tuple(failed[:NOTED_MAX]),
        left_out=sum(max(0, len(kind) - NOTED_MAX) for kind in every),
    )


def failed_lately(ended: Iterable[PlanLife], now_ms: int) -> list[FailedNote]:
    """The last one first, without those that a verdict ended: nothing is wrong at the border by that."""
    found = [
        FailedNote(plan=life.plan.number, at_ms=one.since_ms, why=one.why)
        for life in ended
        if (one := life.standing).stage is PlanStage.FAILED
        and all(verdict.passed for verdict in one.verdicts)
        and 0 <= now_ms - one.since_ms <= LATELY_MS
    ]
    return found[::-1]


def roster_note(officers: Officers, now_ms: int) -> RosterNote:
    live = officers.live(now_ms)
    return RosterNote(
        path=str(officers.path),
        trouble=officers.trouble or "",
        empty=not officers.roster.members,
        live=len(live),
        seniors=sum(officer.level == "senior" for officer in live),
    )


def sessions_noted(points: Sequence[BorderPoint], view: BorderView, *, blackholes: bool) -> list[SessionNote]:
    routers = {(point.name, router.name): router for point in points for router in point.routers}
    found = [
        session_noted(one, routers.get((one.border_point, one.router)), blackholes=blackholes)
        for one in view.sessions
    ]
    return sorted(found, key=lambda one: (one.state == "up", not one.lacking))


def session_noted(view: SessionView, router: BorderRouter | None, *, blackholes: bool) -> SessionNote:
    agreed = set(view.families)
    needed = set() if router is None else families_needed(router, blackholes=blackholes)
    return SessionNote(
        border_point=view.border_point,
        router=view.router,
        state=view.state,
        lacking=tuple(sorted(needed - agreed)) if view.state == "up" else (),
        why=view.why,
    )


def families_needed(router: BorderRouter, *, blackholes: bool) -> set[str]:
    """The address families that a plan may need at this router, as sessions name them."""
    versions = ("ipv4", "ipv6") if router.profile.ipv6 else ("ipv4",)
    kinds = ("flowspec", "unicast") if blackholes else ("flowspec",)
    return {f"{version} {kind}" for version in versions for kind in kinds}


def receivers_noted(points: Sequence[BorderPoint], read_back: Sequence[ReadBack]) -> list[ReceiverNote]:
    """Of every border point with routers, also where nobody can be asked."""
    found = []
    for point in points:
        asked = [one for one in read_back if one.border_point == point.name]
        silent = [one for one in asked if one.rules is None]
        if point.routers:
            note = ReceiverNote(
                border_point=point.name,
                asked=len(asked),
                answered=len(asked) - len(silent),
                why=told_by(silent),
                refusing=told_by([one for one in asked if one.rules is not None and one.why]),
            )
            found.append(note)
    return sorted(found, key=lambda one: one.answered == one.asked > 0 and not one.refusing)


def told_by(receivers: Sequence[ReadBack]) -> str:
    return "; ".join(f"{one.receiver}: {one.why}" for one in receivers[:3])


def waiting_noted(state: State) -> list[WaitingNote]:
    """The longest waiting first."""
    found = [
        WaitingNote(
            plan=number,
            attack=life.plan.attack,
            level=life.plan.level,
            since_ms=life.standing.since_ms,
            until_ms=life.plan.approve_until_ms,
            agreed=tuple(word.officer for word in life.standing.approvals),
        )
        for number, life in state.plans.items()
        if life.standing.stage is PlanStage.PROPOSED and life.plan.rules
    ]
    return sorted(found, key=lambda one: one.since_ms)


def in_force_noted(live: Iterable[LiveRule]) -> list[InForceNote]:
    """The shortest lease first."""

    def place(one: LiveRule) -> tuple[int, str]:
        return one.plan, one.rule.border_point

    found = []
    for (plan, point), rules in groupby(sorted(live, key=place), key=place):
        left = [one.remaining_s for one in rules]
        note = InForceNote(plan=plan, border_point=point, rules=len(left), remaining_s=min(left))
        found.append(note)
    return sorted(found, key=lambda one: one.remaining_s)
