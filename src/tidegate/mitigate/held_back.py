"""How much usual traffic plans hold back together at each border point, so that no share is exceeded unseen.

Guardian of rule 10 of the guard. A share of each plan by itself would be none of all: seven plans of a
twentieth each, side by side, hold back a third. What a plan is forecast to hold back is not told by border
point, so each of its border points may receive all of it. A plan counts at all its border points from its
spot test on, because it may widen to them without another person's word.
"""

from collections.abc import Mapping, Sequence

from tidegate.model.plans import MILLION, Plan


def others_than(plan: Plan, plans: Sequence[Plan]) -> list[Plan]:
    """Those that stand beside this plan: not itself, and neither the one whose place it takes nor the one
    that takes its own: of these two, one is in force at each border point."""
    same = (plan.number, plan.replaces)
    return [one for one in plans if one.number not in same and one.replaces != plan.number]


def usual_told(*plans: Plan) -> dict[str, int]:
    """What usually comes in by border point, in bits a second, as these plans tell it: the most of each."""
    told: dict[str, int] = {}
    for each in (one for plan in plans for one in plan.usual_inbound):
        told[each.border_point] = max(each.bits_per_s, told.get(each.border_point, 0))
    return told


def much_held_back(
    plan: Plan, beside: Sequence[Plan], usual_inbound: Mapping[str, int], held_back_max: int
) -> str | None:
    """Why the senior level must decide on this plan beside the others; None where it need not.

    What a senior officer agreed to counts as well: whoever did so weighed what there was, not what is added.
    """
    for point in border_points(plan):
        usual = usual_inbound.get(point)
        if usual is None:
            return f"what usually comes in at {point} is not known"
        others = [one for one in beside if point in border_points(one)]
        held_back = together(plan, *others)
        if held_back is None:
            return f"what it holds back of what usually comes in at {point} is not known{with_others(others)}"
        if held_back > usual * held_back_max:
            of_usual = f"{held_back // MILLION} of {usual} bit/s that usually come in at {point}"
            share = f"more than {held_back_max / MILLION:.0%}"
            return f"it could hold back {of_usual}{with_others(others)}, {share}"
    return None


def border_points(plan: Plan) -> list[str]:
    return sorted({rule.border_point for rule in plan.rules})


def with_others(others: Sequence[Plan]) -> str:
    numbers = ", ".join(str(number) for number in sorted(one.number for one in others))
    return f", together with plan {numbers}" if others else ""


def together(*plans: Plan) -> int | None:
    """What they take at most at a border point of all of them; None where one of them is not known."""
    amounts = [held_back_micro_bits_per_s(plan) for plan in plans]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def held_back_micro_bits_per_s(plan: Plan) -> int | None:
    """Usual traffic that the plan takes at most, in millionths of a bit a second: by the upper ends of its
    forecast and over all border points. None where it expects a loss and does not say of what, says what
    cannot be (less than nothing, or more than all), or rests on no flow at all."""
    services = plan.forecast.by_service
    if not services and plan.forecast.lost_bytes.high > 0:
        return None
    possible = all(one.bits_per_s.high >= 0 and 0 <= one.lost.high <= MILLION for one in services)
    if not possible or plan.forecast.sampled_flows <= 0:
        return None
    return sum(service.bits_per_s.high * service.lost.high for service in services)
