"""Whether a plan does at one border point what was forecast, from what was measured before and during.

1. The session at the border point is up.
2. At least `SAMPLES_MIN` sampled flows tell what came in before the rules.
3. The attack is down as forecast: what was not measured never passes.
4. Other traffic did not fall beyond the loss that was forecast. A fall counts where both intervals prove it;
   they are those of flows that come and go (tidegate.mitigate.measure), since few flows swing by themselves.
5. Where fewer than `OTHER_FLOWS_MIN` flows of other traffic were to be expected while the rules were
   measured, nobody can tell a fall from chance. The verdict says so and does not fail for it: what no rule
   matches no rule takes, and what one matches is held to 3.
6. Where so many were to be expected and none came, other traffic has fallen by all that this proves.
7. Only what telemetry has had the time to tell is compared (tidegate.mitigate.told), and while measuring on
   may cure that there is too little, or silence, it is measured on (`worth_measuring_on`).
8. Where routers count, counters decide on 3. What telemetry then says otherwise of it is told beside.
"""

from collections.abc import Iterator

from tidegate.mitigate.stages import PlanEvent
from tidegate.model.attacks import Rate
from tidegate.model.plans import MILLION, Measured, Plan, Share
from tidegate.model.refusals import NotAllowed
from tidegate.model.verdicts import RuleCounters, Verdict, VerdictReason

ATTACK_DOWN = "attack_down"
ATTACK_NOT_DOWN = "attack_not_down"
OTHERS_KEPT = "others_kept"
OTHERS_FELL = "others_fell"
SESSION_DOWN = "session_down"
OTHERS_UNSEEN = "others_unseen"
NOTHING_MEASURED = "nothing_measured"
TOO_FEW_SAMPLES = "too_few_samples"
TELEMETRY_CONTRADICTS = "telemetry_contradicts"

SPEAKS_FOR = frozenset({ATTACK_DOWN, OTHERS_KEPT, OTHERS_UNSEEN, TELEMETRY_CONTRADICTS})
"""The codes that let a verdict pass; any other lets it fail."""

SAMPLES_MIN = 30
"""Sampled flows before the rules came, below which nothing can be said of what they changed."""

OTHER_FLOWS_MIN = 10
"""Flows of other traffic to be expected, below which a fall cannot be told from chance: of ten that come by
chance, four or fewer come once in thirty times."""

NONE_SEEN_HIGH = 2.303
"""Flows that may have been due where none came: the upper end of a 90 % interval (-ln 0.1)."""

QUIET_SHARE = 4
"""A look finds an attack quiet below a quarter of the matching traffic that came before the rules."""


def judge(
    plan: Plan,
    before: Measured,
    during: Measured,
    *,
    session_up: bool,
    counters: RuleCounters | None,
) -> Verdict:
    """The verdict over one border point. `before` was measured there without the rules, `during` with them.

    Where routers count what they drop, their counters say how much of the attack is removed; telemetry may
    be taken before the rules act. NotAllowed when the measurements are not of one border point of the plan,
    one after the other.
    """
    comparable(plan, before, during, counters)
    seen = removed_share(before, during)
    removed = seen if counters is None else counted_share(counters)
    kept = kept_share(before, during)
    reasons = (
        *reasons_for(plan, before, during, session_up, removed, kept),
        *contradictions(plan, during, seen, removed),
    )
    return Verdict(
        plan=plan.number,
        border_point=during.border_point,
        passed=all(reason.code in SPEAKS_FOR for reason in reasons),
        reasons=reasons,
        removed=removed,
        others_kept=kept,
        before=before,
        during=during,
        session_up=session_up,
        counters=counters,
    )


def judge_look(before: Measured, look: Measured) -> PlanEvent:
    """What a look with the rules taken back found, beside what came in there before the rules.

    FOUND_QUIET below a quarter of the matching traffic of then, LOOKED_IN_VAIN when there was no telemetry,
    FOUND_PERSISTING otherwise.
    """
    if before.border_point != look.border_point:
        raise NotAllowed(f"a look at {look.border_point} says nothing of {before.border_point}")
    if look.sampled_flows == 0:
        return PlanEvent.LOOKED_IN_VAIN
    if look.matched_bits_per_s.high * QUIET_SHARE < before.matched_bits_per_s.estimate:
        return PlanEvent.FOUND_QUIET
    return PlanEvent.FOUND_PERSISTING


def is_quiet(before: Measured, counters: RuleCounters) -> bool:
    """7 of tidegate.mitigate.stages: whether routers counted less than a quarter of the matching traffic that
    came before the rules. Counters that never counted anything there say nothing."""
    if before.border_point != counters.border_point:
        raise NotAllowed(f"counters of {counters.border_point} say nothing of {before.border_point}")
    if counters.ever_matched_bytes <= 0 or counters.until_ms <= counters.from_ms:
        return False
    bits_per_s = counters.matched_bytes * 8_000 // (counters.until_ms - counters.from_ms)
    return bits_per_s * QUIET_SHARE < before.matched_bits_per_s.estimate


def comparable(plan: Plan, before: Measured, during: Measured, counters: RuleCounters | None) -> None:
    where = during.border_point
    if all(rule.border_point != where for rule in plan.rules):
        raise NotAllowed(f"plan {plan.number} has no rule at {where}; there is nothing to judge")
    if before.border_point != where or (counters is not None and counters.border_point != where):
        raise NotAllowed(f"what was measured at {before.border_point} says nothing of {where}")
    if not before.from_ms < before.until_ms <= during.from_ms < during.until_ms:
        raise NotAllowed(f"plan {plan.number} at {where}: before and during are not one after the other")


def reasons_for(
    plan: Plan,
    before: Measured,
    during: Measured,
    session_up: bool,
    removed: Share | None,
    kept: Share | None,
) -> Iterator[VerdictReason]:
    where = during.border_point
    if not session_up:  # 1
        yield VerdictReason(SESSION_DOWN, f"The BGP session at {where} is down; no rules are held there.")
    if before.sampled_flows < SAMPLES_MIN:  # 2
        words = f"Only {before.sampled_flows} sampled flows tell what came in at {where} before the rules."
        yield VerdictReason(TOO_FEW_SAMPLES, words)
    yield attack_reason(plan, during, removed)  # 3
    yield others_reason(plan, before, during, kept)


def attack_reason(plan: Plan, during: Measured, removed: Share | None) -> VerdictReason:
    """The rules cannot remove more of the attack than of what they match; so the share removed of the
    matching traffic must reach the lower end of the forecast."""
    where, forecast = during.border_point, plan.forecast.attack_removed
    if removed is None:
        words = f"Neither telemetry nor counters show what the rules do at {where}."
        return VerdictReason(NOTHING_MEASURED, words)
    told = f"{percent(removed.estimate)} of the matching traffic at {where} is removed"
    expected = f"{percent(forecast.low)} to {percent(forecast.high)} of the attack was forecast"
    if removed.high < forecast.low:
        return VerdictReason(ATTACK_NOT_DOWN, f"{told}; {expected}.")
    return VerdictReason(ATTACK_DOWN, f"{told}, as forecast ({expected}).")


def contradictions(
    plan: Plan, during: Measured, seen: Share | None, removed: Share | None
) -> Iterator[VerdictReason]:
    """8. Where telemetry alone would have said otherwise of the attack; silence says nothing."""
    if seen is None or attack_reason(plan, during, seen).code == attack_reason(plan, during, removed).code:
        return
    counted = "nothing matches" if removed is None else f"{percent(removed.estimate)} is removed"
    where = during.border_point
    words = f"Telemetry contradicts the counters at {where}: by it {percent(seen.estimate)} is removed"
    yield VerdictReason(TELEMETRY_CONTRADICTS, f"{words}, by them {counted}.")


def others_reason(plan: Plan, before: Measured, during: Measured, kept: Share | None) -> VerdictReason:
    where, expected = during.border_point, MILLION - plan.forecast.lost_bytes.high
    if kept is None:  # 5
        words = f"Too little other traffic came in at {where} to tell a fall from chance."
        return VerdictReason(OTHERS_UNSEEN, words)
    told = f"Other traffic at {where}"
    if kept.high < expected:  # 4
        words = f"{told} fell to {percent(kept.estimate)}; at least {percent(expected)} was forecast."
        return VerdictReason(OTHERS_FELL, words)
    return VerdictReason(OTHERS_KEPT, f"{told} stands at {percent(kept.estimate)} of before.")


def kept_share(before: Measured, during: Measured) -> Share | None:
    """The share of other traffic that still comes in; None where too little was to be expected (5)."""
    expected = others_expected(before, during)
    if expected is not None and expected < OTHER_FLOWS_MIN:
        return None
    if during.other_bits_per_s.high == 0 and expected is not None:  # 6
        return Share(0, 0, min(MILLION, round(MILLION * NONE_SEEN_HIGH / expected)))
    return ratio(during.other_bits_per_s, before.other_bits_per_s)


def others_expected(before: Measured, during: Measured) -> float | None:
    """Flows of other traffic that were to come while it was measured, had nothing changed.

    Not more in a longer time: nobody knows then whether they would have been the same ones.
    """
    if before.other_flows is None:
        return None
    longer = (during.until_ms - during.from_ms) / (before.until_ms - before.from_ms)
    return before.other_flows * min(1.0, longer)


def worth_measuring_on(before: Measured, during: Measured) -> bool:
    """7. Whether more time may bring what there is to compare."""
    expected = others_expected(before, during)
    if during.sampled_flows == 0:
        return True
    return expected is not None and expected < OTHER_FLOWS_MIN <= (before.other_flows or 0)


def removed_share(before: Measured, during: Measured) -> Share | None:
    """By telemetry; None where it is silent, or told nothing of the attack before."""
    if during.sampled_flows == 0:
        return None
    left = ratio(during.matched_bits_per_s, before.matched_bits_per_s)
    if left is None:
        return None
    return Share(MILLION - left.estimate, MILLION - left.high, MILLION - left.low)


def counted_share(counters: RuleCounters) -> Share | None:
    """By the routers' counters; None where no packet matched."""
    if counters.matched_bytes <= 0:
        return None
    share = MILLION * min(counters.dropped_bytes, counters.matched_bytes) // counters.matched_bytes
    return Share(share, share, share)


def ratio(rate: Rate, of: Rate) -> Share | None:
    """One rate as a share of another with the widest interval that both allow; None of what may be none."""
    if of.low <= 0:
        return None
    return Share(
        estimate=MILLION * rate.estimate // of.estimate,
        low=MILLION * rate.low // of.high,
        high=MILLION * rate.high // of.low,
    )


def percent(share: int) -> str:
    return f"{share / MILLION:.1%}"
