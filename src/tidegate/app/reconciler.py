"""What the state wants at the border beside what is seen there: any difference withdraws and is an alarm.

Guardian of invariant 5 of the house. The numbers stand beside the code that keeps each rule.

1. What is wanted follows from the stored state and the clock alone: never from an order, an effect or a
   message, so that nothing stale is ever wanted.
2. Rules are compared by what they mean, not by how they are written (tidegate.wire.bgp_routes).
3. A rule that is seen and not wanted is a difference, whoever put it there.
4. A rule that is wanted and not seen is a difference; a place that cannot be asked says nothing.
5. A difference ends every plan that has rules at that border point.
6. A rule whose lease is about to end may be gone already: a speaker lets go early (tidegate.ports.border).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.app.state import State
from tidegate.mitigate.stages import IN_FORCE
from tidegate.model.facts import RULES_TOLD_MAX, PlanFailed, RulesDiffered
from tidegate.model.plans import Plan, Rule, Signed
from tidegate.ports.border import LET_GO_EARLY_S, LiveRule, ReadBack
from tidegate.wire.bgp_routes import rule_meaning

MAY_BE_GONE_MS = (LET_GO_EARLY_S + 1) * 1000
"""Leases are told in whole seconds, so that a speaker's may end up to one before the node's."""

Place = tuple[int, str]
"""A plan's number and a border point."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plan that shall be in force at one border point until `until_ms`, unless its lease is renewed."""

    plan: Plan
    approvals: tuple[Signed, ...]
    border_point: str
    until_ms: int

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.plan.rules if rule.border_point == self.border_point)


def wanted_now(state: State, now_ms: int) -> dict[Place, Wanted]:
    """1. What shall be in force; nothing whose lease or plan is over, whatever its stage."""
    found: dict[Place, Wanted] = {}
    for number, life in state.plans.items():
        standing = life.standing
        until_ms = min(standing.lease_until_ms or 0, life.plan.ends_at_ms)
        if standing.stage not in IN_FORCE or now_ms >= until_ms:
            continue
        for point in standing.in_force:
            found[number, point] = Wanted(life.plan, standing.approvals, point, until_ms)
    return found


def differences(
    wanted: Mapping[Place, Wanted], live: Sequence[LiveRule], read_back: Sequence[ReadBack], at_ms: int
) -> list[RulesDiffered]:
    """Every border point where, at `at_ms`, the speaker or a receiver held other rules than are wanted."""
    ending = {key: place for key, place in wanted.items() if place.until_ms - at_ms <= MAY_BE_GONE_MS}  # 6
    points = {place.border_point for place in wanted.values()} | {rule.rule.border_point for rule in live}
    seen = [(point, "the speaker", rules_at(point, live)) for point in sorted(points)]
    seen += [(one.border_point, seen_at(one), one.rules) for one in read_back if one.rules is not None]  # 4
    found = (
        difference(point, where, rules_wanted_at(point, wanted), rules, rules_wanted_at(point, ending))
        for point, where, rules in seen
    )
    return [one for one in found if one is not None]


def seen_at(one: ReadBack) -> str:
    """The receiver, with what it says of the rules that it was told and does not follow."""
    return f"{one.receiver} ({one.why})" if one.why else one.receiver


def rules_at(point: str, live: Iterable[LiveRule]) -> tuple[Rule, ...]:
    return tuple(one.rule for one in live if one.rule.border_point == point)


def rules_wanted_at(point: str, wanted: Mapping[Place, Wanted]) -> list[Rule]:
    return [rule for place in wanted.values() if place.border_point == point for rule in place.rules]


def difference(
    point: str, seen_at: str, wanted: Sequence[Rule], seen: Sequence[Rule], may_be_gone: Sequence[Rule] = ()
) -> RulesDiffered | None:
    """None where both mean the same, or only those are missing that may be gone."""
    ours, theirs = Counter(map(rule_meaning, wanted)), Counter(map(rule_meaning, seen))  # 2
    gone = ours - theirs - Counter(map(rule_meaning, may_be_gone))
    missing, extra = sorted(gone.elements()), sorted((theirs - ours).elements())  # 3
    if not missing and not extra:
        return None
    left_out = max(0, len(missing) - RULES_TOLD_MAX) + max(0, len(extra) - RULES_TOLD_MAX)
    told = tuple(missing[:RULES_TOLD_MAX]), tuple(extra[:RULES_TOLD_MAX])
    return RulesDiffered(point, seen_at, *told, left_out)


def endings(state: State, differing: Iterable[RulesDiffered]) -> Iterator[PlanFailed]:
    """5. The plans that end because of these differences, each once."""
    points = {one.border_point: one.seen_at for one in differing}
    for number, life in state.plans.items():
        where = next((point for point in life.standing.in_force if point in points), None)
        if where is not None:
            yield PlanFailed(
                number, f"the rules held at {where}, seen at {points[where]}, are not those agreed"
            )
