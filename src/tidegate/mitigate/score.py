"""A plan's forecast beside what came, for the record of how good the forecasts are."""

from collections.abc import Sequence

from tidegate.model.plans import MILLION, Measured, Plan, Score, Share
from tidegate.model.refusals import NotAllowed


def score(plan: Plan, before: Sequence[Measured], during: Sequence[Measured]) -> Score:
    """The forecast scored. `before` was measured while the attack went on without rules, `during` with them.

    Telemetry cannot tell the attack from other traffic that matches the same rule. So what the rules take
    away of the matching traffic is taken to fall on both alike, as a policer's cut does; what the rules meet
    of either is the forecast's. Other traffic that matches no rule is lost where both intervals prove a fall.
    NotAllowed where the two do not tell of the same border points, or nothing matched before.
    """
    if not before or {one.border_point for one in before} != {one.border_point for one in during}:
        raise NotAllowed(f"plan {plan.number}: before and during must tell of the same border points")
    matched = sum(one.matched_bits_per_s.estimate for one in before)
    if matched <= 0:
        raise NotAllowed(f"plan {plan.number}: nothing matched its rules before they came into force")
    left = min(matched, sum(one.matched_bits_per_s.estimate for one in during))
    cut = MILLION - MILLION * left // matched
    forecast = plan.forecast
    met = forecast.others_matched.estimate
    removed = forecast.attack_matched.estimate * cut // MILLION
    lost = (met * cut + (MILLION - met) * fallen(before, during)) // MILLION
    return Score(
        plan=plan.number,
        attack_removed=forecast.attack_removed,
        attack_removed_measured=removed,
        lost_bytes=forecast.lost_bytes,
        lost_bytes_measured=lost,
        attack_held=_within(forecast.attack_removed, removed),
        others_held=_within(forecast.lost_bytes, lost),
    )


def fallen(before: Sequence[Measured], during: Sequence[Measured]) -> int:
    """By how much (millionths) traffic that no rule matches fell; 0 unless the intervals prove it."""
    least = sum(one.other_bits_per_s.low for one in before)
    most = sum(one.other_bits_per_s.high for one in during)
    if least <= most:
        return 0
    was = sum(one.other_bits_per_s.estimate for one in before)
    now = sum(one.other_bits_per_s.estimate for one in during)
    return MILLION - MILLION * min(was, now) // was


def _within(interval: Share, value: int) -> bool:
    return interval.low <= value <= interval.high
