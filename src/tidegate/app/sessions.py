"""BGP sessions where rules are in force: a trouble that lasts becomes a fact, told once and never in a flood.

The numbers stand beside the code that keeps each rule.

1. A session is told to be in trouble only while a plan has rules in force at its border point; whoever heard
   of a trouble hears of its end, whatever became of the plan.
2. Trouble is told when it has lasted BAD_MS, or when the session went down for the DROPS-th time within
   DROPS_WITHIN_MS: one that comes and goes is not well.
3. The end of a trouble, or another trouble, is told only when it has lasted STEADY_MS, and twice as long for
   each fact about that session in the last hour, up to STEADY_MS_MAX: about a dozen facts in the worst hour.
4. A plan that comes into force over a session in trouble is news.
"""

import unicodedata
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tidegate.app.reconciler import Place, Wanted
from tidegate.app.state import State
from tidegate.model.border import BorderPoint
from tidegate.model.facts import BorderSessionChanged
from tidegate.model.plans import Rule
from tidegate.ports.border import SessionView
from tidegate.wire.bgp_routes import kind_of
from tidegate.wire.flowspec import is_ipv6

BAD_MS = 10_000
"""A session that is reset comes back within this, and a speaker that was just started has its sessions."""

STEADY_MS = 60_000
STEADY_MS_MAX = 900_000
"""The longest that an end of a trouble, or another trouble, must last before it is told."""

HOUR_MS = 3_600_000

DROPS = 3
DROPS_WITHIN_MS = 600_000

TOLD_MAX = 8
"""Times of facts about one session that are remembered; more would make no wait any longer."""

SESSIONS_AT_ONCE_MAX = 64
"""Sessions told of in one second; further ones wait for the next."""

WHY_MAX = 300
"""Letters of a speaker's reason that a fact holds; part of it may be the neighbour's own words (RFC 9003)."""

LOOK_EVERY_MS = 1_000

Session = tuple[str, str]
"""A border point and a router there."""


@dataclass(frozen=True, slots=True)
class Condition:
    state: Literal["up", "lacking", "down", "unseen"]
    lacking: tuple[str, ...] = ()


@dataclass(slots=True)
class Noted:
    """One session: how it is and since when, when it last went down, and when facts told of it."""

    condition: Condition
    since_ms: int
    drops: deque[int] = field(default_factory=lambda: deque(maxlen=DROPS))
    told: deque[int] = field(default_factory=lambda: deque(maxlen=TOLD_MAX))

    def note(self, condition: Condition, now_ms: int) -> None:
        if self.condition.state == "up" and condition.state != "up":
            self.drops.append(now_ms)
        if condition != self.condition or now_ms < self.since_ms:  # a clock may be set back
            self.condition, self.since_ms = condition, now_ms

    def comes_and_goes(self, now_ms: int) -> bool:
        return len(self.drops) == DROPS and 0 <= now_ms - self.drops[0] <= DROPS_WITHIN_MS

    def steady_ms(self, now_ms: int) -> int:
        """3. How long a change must last before it is told."""
        lately = sum(0 <= now_ms - at_ms <= HOUR_MS for at_ms in self.told)
        return min(STEADY_MS << max(0, lately - 1), STEADY_MS_MAX)


class SessionWatch:
    """Belongs to the node's thread. What people were told stands in the state, so that a restart tells
    nothing twice; what has lasted for how long is begun anew by one."""

    def __init__(self, points: Sequence[BorderPoint]) -> None:
        self._sessions = [(point.name, router.name) for point in points for router in point.routers]
        self._noted: dict[Session, Noted] = {}
        self._looked_ms = -LOOK_EVERY_MS

    def changes(
        self,
        state: State,
        wanted: Mapping[Place, Wanted],
        seen: Sequence[SessionView],
        why_unseen: str,
        now_ms: int,
    ) -> list[BorderSessionChanged]:
        """The facts that are due. `seen` is empty where nobody looked lately; `why_unseen` says why."""
        if 0 <= now_ms - self._looked_ms < LOOK_EVERY_MS:
            return []
        self._looked_ms = now_ms
        views = {(one.border_point, one.router): one for one in seen}
        told = {(one.border_point, one.router): one for one in state.sessions_troubled}
        found = [
            *self._gone(told),
            *(
                change
                for session in self._sessions
                for change in self._changed(
                    session, views.get(session), told.get(session), wanted, why_unseen, now_ms
                )
            ),
        ][:SESSIONS_AT_ONCE_MAX]
        for change in found:
            if noted := self._noted.get((change.border_point, change.router)):
                noted.told.append(now_ms)
        return found

    def _gone(self, told: Mapping[Session, BorderSessionChanged]) -> Iterator[BorderSessionChanged]:
        for point, router in told.keys() - set(self._sessions):
            yield BorderSessionChanged(point, router, "gone", (), "", ())

    def _changed(
        self,
        session: Session,
        view: SessionView | None,
        told: BorderSessionChanged | None,
        wanted: Mapping[Place, Wanted],
        why_unseen: str,
        now_ms: int,
    ) -> Iterator[BorderSessionChanged]:
        there = {place[0]: one for place, one in wanted.items() if place[1] == session[0]}
        condition = condition_of(view, [rule for one in there.values() for rule in one.rules])
        noted = self._noted.setdefault(session, Noted(condition, now_ms))
        noted.note(condition, now_ms)
        plans = there.keys() | (set(told.plans if told else ()) & {place[0] for place in wanted})
        why = view.why if view is not None else why_unseen
        if told is None and noted.comes_and_goes(now_ms):
            why = f"it comes and goes; {why}"
        if is_due(noted, told, there.keys(), now_ms):
            lacking = condition.lacking
            yield BorderSessionChanged(*session, condition.state, lacking, told_as(why), tuple(sorted(plans)))


def is_due(noted: Noted, told: BorderSessionChanged | None, plans: Collection[int], now_ms: int) -> bool:
    condition, lasted_ms = noted.condition, now_ms - noted.since_ms
    if told is None:
        if condition.state == "up" or not plans:  # 1
            return False
        return lasted_ms >= BAD_MS or noted.comes_and_goes(now_ms)  # 2
    if condition == Condition(told.state, told.lacking):  # type: ignore[arg-type]
        return lasted_ms >= BAD_MS and not set(plans) <= set(told.plans)  # 4
    return lasted_ms >= noted.steady_ms(now_ms)  # 3


def condition_of(view: SessionView | None, rules: Sequence[Rule]) -> Condition:
    """How the session is, for these rules."""
    if view is None or view.state == "unknown":
        return Condition("unseen")
    if view.state == "down":
        return Condition("down")
    lacking = tuple(sorted({family_of(rule) for rule in rules} - set(view.families)))
    return Condition("lacking", lacking) if lacking else Condition("up")


def family_of(rule: Rule) -> str:
    """The address family that the rule travels in, as sessions name it."""
    return f"{'ipv6' if is_ipv6(rule.match) else 'ipv4'} {kind_of(rule)}"


def told_as(why: str) -> str:
    """What a neighbour said, as one line that the ledger and a screen can hold."""
    plain = "".join(letter if letter.isprintable() else " " for letter in why)
    return unicodedata.normalize("NFC", plain)[:WHY_MAX]
