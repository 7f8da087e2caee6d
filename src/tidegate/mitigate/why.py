"""A plan's reasons in words: why these rules, what they cannot do, or why none."""

from collections.abc import Iterator, Sequence

import numpy as np

from tidegate.mitigate.evidence import Evidence
from tidegate.mitigate.matching import Columns, parts, stops_connections
from tidegate.mitigate.sample import Sample
from tidegate.mitigate.selection import Choice, excess_of
from tidegate.model.plans import MILLION, Blackhole, Forecast, Match, Range, RateLimit, Rule

FEW_RECORDS = 20
"""Records of the attack, below which nothing is told apart."""

TOLD_LEAST = 0.01
"""Shares below this are not worth a sentence."""


def why_not(evidence: Evidence, sample: Sample) -> str | None:
    """Why nothing can be proposed on this evidence, whatever the rules; None where something can."""
    if not evidence.attack.actionable:
        return (
            "The telemetry does not say how it was sampled, so neither the attack nor what a rule would "
            "take can be scaled; nothing is proposed on it."
        )
    if not any(point.routers for point in evidence.border_points):
        return "No border point has a router that rules could be announced to."
    if np.count_nonzero(sample.suspect & (sample.excess > 0)) < FEW_RECORDS:
        return (
            f"Fewer than {FEW_RECORDS} flow records of the attack are in memory: too few to tell it apart "
            "from other traffic."
        )
    if sample.attack <= 0:
        return "Towards the targets comes no more of the attack's kind of traffic than before it was seen."
    return None


def why_nothing(evidence: Evidence, sample: Sample, choice: Choice) -> tuple[str, ...]:
    """Why a plan has no rules though some could be found."""
    hold, link = excess_of(choice, ())
    if not np.any(choice.attack[choice.point >= 0] > 0):
        return ("None of the attack comes in at a border point that is known; no rule could reach it.",)
    if not np.any(hold > 0) and not np.any(link > 0):
        return (
            "No link is above its capacity, and what comes towards the targets is within what is usual for "
            "them: every rule would harm more than it helps.",
        )
    return (
        "The attack looks like other traffic to the same targets: every rule that would reach it takes more "
        "than it helps.",
    )


def why_these(
    evidence: Evidence, sample: Sample, rules: Sequence[Rule], foreseen: Forecast
) -> tuple[str, ...]:
    """What the rules rest on, and what they cannot do."""
    return tuple(_told(evidence, sample, rules, foreseen))


def _told(evidence: Evidence, sample: Sample, rules: Sequence[Rule], foreseen: Forecast) -> Iterator[str]:
    removed, lost = foreseen.attack_removed.estimate / MILLION, foreseen.lost_bytes.estimate / MILLION
    yield f"Removes {removed:.1%} of the attack and {lost:.2%} of the other traffic seen with it."
    yield _rests_on(sample)
    if sample.unscaled:
        yield f"{sample.unscaled} flow records do not say how they were sampled and were left out."
    beyond = float(sample.excess[sample.point < 0].sum()) / max(sample.attack, 1e-9)
    if beyond >= TOLD_LEAST:
        yield f"{beyond:.0%} of the attack comes in where no border point is configured; no rule reaches it."
    if any(isinstance(rule.action, RateLimit) for rule in rules):
        yield (
            "Rate limits let pass the high of what is usual for what they match, so that a false alarm "
            "costs little; each router of a border point lets its equal part pass."
        )
    if any(isinstance(rule.action, Blackhole) for rule in rules):
        yield (
            "No filter holds the links below their capacity, so a host is given up until the attack ends: "
            "nothing reaches it."
        )
    yield from _not_told_apart(sample, rules)
    for residual in foreseen.residuals:
        capacity = residual.capacity_bits_per_s
        if capacity is not None and residual.bits_per_s.estimate > capacity:
            yield f"What is left at {residual.border_point} is still above its capacity."


def _rests_on(sample: Sample) -> str:
    if sample.before_known:
        return f"The attack is what exceeds the {sample.before_s:.0f} s of traffic remembered from before it."
    return (
        "The attack began before the flows in memory: other traffic inside it is taken from what is usual, "
        "and the forecast is wider for that."
    )


def _not_told_apart(sample: Sample, rules: Sequence[Rule]) -> Iterator[str]:
    """For each match: other traffic that looks the same, and so is held back with the attack."""
    columns = Columns(sample.rows)
    for match in dict.fromkeys(rule.match for rule in rules):
        hurt = float(sample.other[columns.hurt(match)].sum())
        load = float((sample.excess + sample.other)[columns.met(match)].sum())
        limits = [rule.action for rule in rules if rule.match == match]
        if stops_connections(match):
            yield (
                f"New connections to {match.destination} cannot be told from the flood by {words(match)}: "
                "while it lasts, genuine ones get through as seldom as forged ones. SYN cookies or a proxy "
                "at the target can tell them apart; a border router cannot."
            )
        elif (
            hurt > TOLD_LEAST * max(float(sample.other[sample.to_target].sum()), 1e-9) and load > 0 and limits
        ):
            yield f"Other traffic of {hurt * 8 / 1e6:.3g} Mb/s looks the same ({words(match)})."


def words(match: Match) -> str:
    """A match on one line: "destination 198.51.100.7/32, protocols 17, source_ports 53"."""
    return ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in parts(match))


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " or ".join(_value(one) for one in value)
    if isinstance(value, Range):
        return str(value.first) if value.first == value.last else f"{value.first} to {value.last}"
    if hasattr(value, "are"):
        return f"{value.are:#04x} among {value.among:#04x}"  # type: ignore[attr-defined]
    return str(value)
