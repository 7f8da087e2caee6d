"""Leases as a table: which rules hold at which border point until when; all arithmetic, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.adapters.border.frames import Held
from tidegate.model.plans import Plan, Rule
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import LiveRule, Order
from tidegate.wire.bgp_routes import RouteKey, key_of, rule_meaning

RULES_HELD_MAX = 1024
"""Rules held at once, all border points together; an order beyond it is NotAllowed."""

SECOND_NS = 1_000_000_000

Place = tuple[str, RouteKey]
"""A border point and what one rule there replaces."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of two clocks: the machine's (adapters.clock.boot_ns) and the wall's."""

    boot_ns: int
    wall_ms: int


@dataclass(frozen=True, slots=True)
class Holding:
    """One plan's rules at one border point. `last_ns` is when the plan ends, which no renewal puts off.
    `whole` is the plan, as it was agreed to."""

    plan: int
    whole: Plan
    border_point: str
    rules: dict[RouteKey, Rule]
    ends_ns: int
    last_ns: int


class Leases:
    """Guardian of "no rule outlives its lease": what is not here is not in any table that the hands get.

    1. A lease ends `lease_s` after its last order arrived, and never after its plan's `ends_at_ms`.
    2. A wall clock that is set back puts that end off by nothing: the earliest reading counts.
    3. Two plans hold one match at one border point only with the same action, or when one replaces the other.
    """

    def __init__(self) -> None:
        self._holdings: dict[tuple[int, str], Holding] = {}

    def take(self, order: Order, now: Moment) -> None:
        """Begin or renew the order's lease; NotAllowed leaves everything as it was."""
        plan = order.plan
        rules = {
            key_of(each): rule_meaning(each) for each in plan.rules if each.border_point == order.border_point
        }
        if not rules:
            raise NotAllowed(f"plan {plan.number} has no rule for {order.border_point}")
        if not 0 < order.lease_s <= plan.lease_s:
            raise NotAllowed(f"a lease of plan {plan.number} is 1 to {plan.lease_s} s, not {order.lease_s} s")
        left_ms = plan.ends_at_ms - now.wall_ms
        if left_ms <= 0:
            raise NotAllowed(f"plan {plan.number} is over")
        place = (plan.number, order.border_point)
        last_ns = now.boot_ns + left_ms * 1_000_000
        if place in self._holdings:
            last_ns = min(last_ns, self._holdings[place].last_ns)  # rule 2
        ends_ns = min(now.boot_ns + order.lease_s * SECOND_NS, last_ns)  # rule 1
        self._must_fit(order, rules)
        if plan.replaces is not None:
            self._holdings.pop((plan.replaces, order.border_point), None)
        self._holdings[place] = Holding(plan.number, plan, order.border_point, rules, ends_ns, last_ns)

    def _must_fit(self, order: Order, rules: dict[RouteKey, Rule]) -> None:
        others = [
            holding
            for holding in self._holdings.values()
            if (holding.plan, holding.border_point) != (order.plan.number, order.border_point)
            and (holding.plan, holding.border_point) != (order.plan.replaces, order.border_point)
        ]
        if sum(len(holding.rules) for holding in others) + len(rules) > RULES_HELD_MAX:
            raise NotAllowed(f"at most {RULES_HELD_MAX} rules are held at once")
        for holding in others:
            if holding.border_point == order.border_point:
                self._must_agree(holding, rules)

    def _must_agree(self, holding: Holding, rules: dict[RouteKey, Rule]) -> None:
        for key in holding.rules.keys() & rules.keys():  # rule 3
            if holding.rules[key] != rules[key]:
                raise NotAllowed(
                    f"plan {holding.plan} holds {key.match.destination} at {holding.border_point} with the "
                    "same match and another action, which would be replaced: withdraw it first"
                )

    def release(self, plan: int | None, border_point: str | None) -> None:
        """Of one plan, or of all (None), at one border point, or at all (None)."""
        for place in list(self._holdings):
            if plan in (None, place[0]) and border_point in (None, place[1]):
                del self._holdings[place]

    def lapse(self, now_ns: int, early_ns: int) -> list[Holding]:
        """Lets go of what ends within `early_ns`, and tells it."""
        ended = [each for each in self._holdings.values() if each.ends_ns - early_ns <= now_ns]
        for each in ended:
            del self._holdings[each.plan, each.border_point]
        return ended

    def plans(self) -> tuple[Plan, ...]:
        """Those that hold anything."""
        return tuple({each.plan: each.whole for each in self._holdings.values()}.values())

    def held(self) -> tuple[Held, ...]:
        """One for each border point and match, until the last of its leases ends."""
        table: dict[Place, Held] = {}
        for holding in self._holdings.values():
            for key, rule in holding.rules.items():
                place = (holding.border_point, key)
                if place not in table or table[place].ends_ns < holding.ends_ns:
                    table[place] = Held(holding.plan, rule, holding.ends_ns)
        return tuple(table.values())

    def live(self, in_force: set[Place], now_ns: int) -> Iterator[LiveRule]:
        """Those of the held rules that are in force, once for each plan that holds them."""
        for holding in self._holdings.values():
            remaining_s = max(0, (holding.ends_ns - now_ns) // SECOND_NS)
            for key, rule in holding.rules.items():
                if (holding.border_point, key) in in_force:
                    yield LiveRule(plan=holding.plan, rule=rule, remaining_s=remaining_s)

    def __bool__(self) -> bool:
        return bool(self._holdings)


def place_of(held: Held) -> Place:
    return held.rule.border_point, key_of(held.rule)
