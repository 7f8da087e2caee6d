"""From an attack and its evidence to the plan of least harm, which may be to do nothing."""

from tidegate.mitigate.evidence import Evidence
from tidegate.mitigate.intervals import NOTHING
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.plans import Forecast, Level, Plan, Rule, Stages


def propose(
    evidence: Evidence,
    settings: PlanSettings,
    *,
    number: int,
    made_at_ms: int,
    ledger_size: int,
    ledger_root: str,
    replaces: int | None = None,
    level: Level = "desk",
) -> Plan:
    """The plan for an attack. One without rules proposes to do nothing, and its reasons say why.

    `ledger_size` and `ledger_root` are the ledger's head; `replaces` is the plan that this one takes the
    place of; `level` is the least level of the second approver, which the guard decides.
    """
    attack = evidence.attack
    rules: tuple[Rule, ...] = ()
    stages: Stages | None = None
    forecast = Forecast(
        attack_removed=NOTHING,
        lost_bytes=NOTHING,
        lost_packets=NOTHING,
        lost_flows=NOTHING,
        by_service=(),
        residuals=(),
        sampled_flows=len(evidence.rows),
    )
    reasons = (why_not(evidence) or "No rule is better than none.",)
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
        stages=stages,
        forecast=forecast,
        level=level,
        proposer=settings.proposer,
        replaces=replaces,
        reasons=reasons,
    )


def why_not(evidence: Evidence) -> str | None:
    """Why nothing can be proposed on this evidence, whatever the rules; None where something can."""
    if not evidence.attack.actionable:
        return (
            "The telemetry does not say how it was sampled, so neither the attack nor what a rule would "
            "take can be scaled; nothing is proposed on it."
        )
    if not any(point.routers for point in evidence.border_points):
        return "No border point has a router that rules could be announced to."
    if not len(evidence.rows):
        return "No flow towards the targets is in memory, so nothing can be told apart."
    return None
