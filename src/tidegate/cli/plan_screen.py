"""Plans, scores and the border on a screen: what an officer must know before agreeing, in this order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from tidegate.app.officer_line import digest
from tidegate.app.plan_sentences import action_words, match_words, proposal, share
from tidegate.app.units import si
from tidegate.cli import words
from tidegate.cli.tables import plain_table
from tidegate.model.labels import retold
from tidegate.model.plans import MILLION, Forecast, Plan, Rule, Score

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.app.officer_line import LiveRule, PlanView, ReadBack, SessionView
    from tidegate.model.labels import Language


def plan_table(plans: "Sequence[PlanView]", now_ms: int) -> Table:
    """One row a plan."""
    table = plain_table()
    for heading in ("#", "attack", "stage", "since", "agreed", "in force at"):
        table.add_column(heading, no_wrap=heading == "#", overflow="fold")
    table.add_column("what", overflow="fold")
    for view in plans:
        agreed = ", ".join(word.officer for word in view.approvals)
        table.add_row(
            str(view.plan.number),
            str(view.plan.attack),
            view.stage,
            words.duration(max(0, now_ms - view.since_ms)),
            agreed or "-",
            ", ".join(view.in_force) or "-",
            proposal(view.plan),
        )
    return table


def print_plan(screen: "Console", view: "PlanView", now_ms: int, language: "Language") -> None:
    """All of one plan; its reasons and verdicts in the reader's language."""
    plan = view.plan
    screen.print(f"Plan {plan.number} for attack {plan.attack} on {', '.join(plan.targets)}", style="bold")
    for name, text in facts_of(view, now_ms, language):
        screen.print(f"  {name:<14} {text}", soft_wrap=True)
    for reason in plan.reasons:
        screen.print(f"  {retold(reason, language)}", soft_wrap=True)
    if not plan.rules:
        screen.print("It proposes to do nothing; there is nothing to approve.")
        return
    screen.print()
    screen.print(rule_table(plan.rules))
    screen.print()
    screen.print(forecast_table(plan.forecast))
    screen.print()
    if plan.forecast.by_service:
        screen.print(service_table(plan.forecast))
        screen.print()
    for verdict in view.verdicts:
        told = " ".join(retold(reason.words, language) for reason in verdict.reasons)
        screen.print(f"Verdict at {verdict.border_point}: {told}", soft_wrap=True)
    if not view.may_act:
        screen.print("No speaker is configured (border.speaker): nothing of this can come into force.")
    screen.print(f"SHA-256 of the exact bytes: {digest(plan)}", soft_wrap=True)


def facts_of(view: "PlanView", now_ms: int, language: "Language") -> list[tuple[str, str]]:
    plan = view.plan
    left = "-" if view.lease_until_ms is None else words.duration(max(0, view.lease_until_ms - now_ms))
    return [
        ("stage", view.stage + (f": {retold(view.why, language)}" if view.why else "")),
        ("agreed", ", ".join(word.officer for word in view.approvals) or "nobody yet"),
        ("needs", f"two different officers, one of level {plan.level} or higher"),
        ("approve until", words.moment(plan.approve_until_ms)),
        ("ends at", words.moment(plan.ends_at_ms)),
        ("lease", f"{plan.lease_s} s, left: {left}"),
        ("in force at", ", ".join(view.in_force) or "nowhere"),
        ("stages", stage_words(plan)),
        ("proposed by", plan.proposer + (f", replaces plan {plan.replaces}" if plan.replaces else "")),
        ("usual inbound", usual_words(plan)),
        ("node", plan.node or "not told"),
        ("ledger", f"{plan.ledger_size} facts, root {plan.ledger_root[:16]}..."),
    ]


def usual_words(plan: Plan) -> str:
    told = (f"{one.border_point} {si(one.bits_per_s, 'bps')}" for one in plan.usual_inbound)
    return ", ".join(told) or "not known"


def stage_words(plan: Plan) -> str:
    if plan.stages is None:
        return "none"
    steps = [f"{plan.stages.spot_test} alone for {plan.stages.spot_test_s} s"]
    steps += [f"and {', '.join(step)}" for step in plan.stages.widening]
    return ", then ".join(steps)


def rule_table(rules: Sequence[Rule]) -> Table:
    """One row a rule; the border points that have the same one are named together."""
    together: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        together.setdefault((rule.match, rule.action, rule.communities), []).append(rule)
    table = plain_table("Rules")
    for heading in ("match", "action", "border points"):
        table.add_column(heading, overflow="fold")
    for same in together.values():
        communities = f", communities {' '.join(same[0].communities)}" if same[0].communities else ""
        points = ", ".join(rule.border_point for rule in same)
        table.add_row(match_words(same[0].match), action_words(same[0].action) + communities, points)
    return table


def forecast_table(forecast: Forecast) -> Table:
    table = plain_table("Forecast (90 % interval)")
    table.add_column("what", overflow="fold")
    table.add_column("how much", justify="right", overflow="fold")
    table.add_row("attack removed", share(forecast.attack_removed))
    for name, lost in (
        ("bytes", forecast.lost_bytes),
        ("packets", forecast.lost_packets),
        ("flows", forecast.lost_flows),
    ):
        table.add_row(f"other {name} lost", share(lost))
    for residual in forecast.residuals:
        capacity = residual.capacity_bits_per_s
        of = "" if capacity is None else f" of {si(capacity, 'bps')}"
        still = words.rate(residual.bits_per_s, "bps", scaled=True)
        table.add_row(f"still coming in at {residual.border_point}", f"{still}{of}")
    table.add_row("resting on", f"{words.count(forecast.sampled_flows)} sampled flows")
    return table


def service_table(forecast: Forecast) -> Table:
    """Whom it hurts: what other traffic each service has, and what of it is lost."""
    table = plain_table("Whom it hurts")
    table.add_column("service")
    table.add_column("other traffic", justify="right")
    table.add_column("lost", justify="right")
    for loss in forecast.by_service:
        table.add_row(loss.service, words.rate(loss.bits_per_s, "bps", scaled=True), share(loss.lost))
    return table


def score_table(scores: Sequence[Score]) -> Table:
    table = plain_table()
    for heading in (
        "plan",
        "attack removed: forecast",
        "measured",
        "others lost: forecast",
        "measured",
        "held",
    ):
        table.add_column(heading, justify="right", overflow="fold")
    for score in scores:
        table.add_row(
            str(score.plan),
            share(score.attack_removed),
            percent(score.attack_removed_measured),
            share(score.lost_bytes),
            percent(score.lost_bytes_measured),
            "both" if score.attack_held and score.others_held else held_words(score),
        )
    return table


def held_words(score: Score) -> str:
    return "attack" if score.attack_held else "others" if score.others_held else "neither"


def score_words(scores: Sequence[Score]) -> str:
    """How often our intervals held what came; they should in nine of ten."""
    attack, others = sum(one.attack_held for one in scores), sum(one.others_held for one in scores)
    count = len(scores)
    return f"Of our last {count} forecasts {attack} held what came of the attack, {others} of other traffic."


def percent(part: int) -> str:
    return f"{part * 100 / MILLION:.3g} %"


def session_table(sessions: "Sequence[SessionView]", now_ms: int) -> Table:
    table = plain_table("Sessions")
    for heading in ("router", "border point", "state", "since", "families", "why"):
        table.add_column(heading, overflow="fold")
    for one in sessions:
        since = "-" if one.since_ms is None else words.duration(max(0, now_ms - one.since_ms))
        table.add_row(one.router, one.border_point, one.state, since, ", ".join(one.families) or "-", one.why)
    return table


def receiver_table(read_back: "Sequence[ReadBack]") -> Table:
    table = plain_table("What receivers hold")
    for heading in ("border point", "receiver", "rules", "why"):
        table.add_column(heading, overflow="fold")
    for one in read_back:
        count = "cannot be asked" if one.rules is None else str(len(one.rules))
        table.add_row(one.border_point, one.receiver, count, one.why)
    return table


def live_table(live: "Sequence[LiveRule]") -> Table:
    table = plain_table("Live rules")
    for heading in ("plan", "border point", "match", "action", "lease left"):
        table.add_column(heading, overflow="fold")
    for one in live:
        table.add_row(
            str(one.plan),
            one.rule.border_point,
            match_words(one.rule.match),
            action_words(one.rule.action),
            words.duration(max(0, one.remaining_s) * 1000),
        )
    return table
