"""From an attack and its evidence to the plan of least harm, which may be to do nothing."""

from collections.abc import Callable, Sequence
from itertools import islice

from tidegate.mitigate.candidates import CANDIDATES_MAX, abilities, candidate_of, candidates
from tidegate.mitigate.evidence import Evidence
from tidegate.mitigate.forecast import forecast
from tidegate.mitigate.matching import Columns
from tidegate.mitigate.sample import Sample, told_apart
from tidegate.mitigate.selection import choose
from tidegate.mitigate.settings import PlanSettings
from tidegate.mitigate.weighing import Option, Weighed, weigh
from tidegate.mitigate.why import why_not, why_nothing, why_these
from tidegate.model.border import BorderPoint
from tidegate.model.plans import Blackhole, Forecast, Level, Match, Plan, Rule, Stages

SPOT_SHARE_MAX = 0.9
"""A spot test meets no more of the attack than this, where another border point carries some of it: what
goes on elsewhere shows what the rules change. With one border point only, it is there."""

CHOOSING, FORECASTING = 0, 1
"""The halves of the sample: rules are fitted to one, so that only the other tells how good they are."""


def propose(
    evidence: Evidence,
    settings: PlanSettings,
    *,
    node: str,
    number: int,
    made_at_ms: int,
    ledger_size: int,
    ledger_root: str,
    replaces: int | None = None,
    level: Level = "desk",
    allowed: Callable[[Match], bool] | None = None,
) -> Plan:
    """The plan for an attack. One without rules proposes to do nothing, and its reasons say why.

    `node` makes it; `ledger_size` and `ledger_root` are its ledger's head; `replaces` is the plan that this
    one takes the place of; `level` is the least level of the second approver, which the guard decides. Only
    matches that are `allowed` are weighed.
    """
    sample = told_apart(evidence)
    obstacle = why_not(evidence, sample)
    rules: tuple[Rule, ...] = ()
    if obstacle is None:
        possible = weighed(evidence, sample.half(CHOOSING), settings, allowed)
        chosen = choose(possible.choice)
        rules = placed([possible.options[one] for one in chosen], evidence.border_points, settings)
    foreseen = forecast(sample.half(FORECASTING), rules, evidence.border_points)
    reasons = (obstacle,) if obstacle else _reasons(evidence, sample, possible, rules, foreseen)
    attack = evidence.attack
    return Plan(
        number=number,
        attack=attack.number,
        targets=attack.targets,
        made_at_ms=made_at_ms,
        ledger_size=ledger_size,
        ledger_root=ledger_root,
        approve_until_ms=made_at_ms + settings.approve_within_s * 1000,
        ends_at_ms=made_at_ms + settings.ends_after_s * 1000,
        lease_s=settings.lease_s,
        rules=rules,
        stages=stages(rules, sample, evidence.border_points, settings) if rules else None,
        forecast=foreseen,
        level=level,
        proposer=settings.proposer,
        replaces=replaces,
        reasons=reasons,
        node=node,
    )


def weighed(
    evidence: Evidence, sample: Sample, settings: PlanSettings, allowed: Callable[[Match], bool] | None = None
) -> Weighed:
    """All that could be done, weighed on one half of the sample."""
    columns = Columns(sample.rows)
    targets = evidence.attack.targets
    points = evidence.border_points
    found = candidates(sample, columns, targets, abilities(points), settings)
    plain = [Match(destination=target) for target in targets]
    known = {one.match for one in found}
    other = sample.other
    found = [*(candidate_of(match, columns, other) for match in plain if match not in known), *found]
    found = [one for one in found if allowed is None or allowed(one.match)]
    return weigh(sample, found[:CANDIDATES_MAX], points, evidence.usual, settings)


def _reasons(
    evidence: Evidence, sample: Sample, possible: Weighed, rules: Sequence[Rule], foreseen: Forecast
) -> tuple[str, ...]:
    if not rules:
        return why_nothing(evidence, sample, possible.choice)
    return why_these(evidence, sample, rules, foreseen)


def placed(
    options: Sequence[Option], points: Sequence[BorderPoint], settings: PlanSettings
) -> tuple[Rule, ...]:
    """The rules of the options, one for each border point that holds it, in a fixed order."""
    return tuple(
        sorted(
            Rule(
                border_point=point.name,
                match=option.match,
                action=action,
                communities=settings.blackhole_communities if isinstance(action, Blackhole) else (),
            )
            for option in options
            for point, action in zip(points, option.actions, strict=True)
            if action is not None
        )
    )


def stages(
    rules: Sequence[Rule], sample: Sample, points: Sequence[BorderPoint], settings: PlanSettings
) -> Stages:
    """First the border point with the most attack, though not nearly all of it; then 1, 2, 4 ... more."""
    used = {rule.border_point for rule in rules}
    total = max(sample.attack, 1e-9)
    shares = {
        point.name: float(sample.excess[sample.point == at].sum()) / total
        for at, point in enumerate(points)
        if point.name in used
    }
    order = sorted(shares, key=lambda name: (-shares[name], name))
    spot = next((name for name in order if shares[name] <= SPOT_SHARE_MAX), order[0])
    rest = iter([name for name in order if name != spot])
    steps: list[tuple[str, ...]] = []
    while step := tuple(islice(rest, 1 << len(steps))):
        steps.append(step)
    return Stages(
        spot_test=spot,
        spot_test_s=settings.spot_test_s,
        widening=tuple(steps),
        widen_every_s=settings.widen_every_s,
    )
