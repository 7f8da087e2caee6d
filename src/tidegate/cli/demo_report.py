"""How the demo ended: what was sent beside what was seen, and what was forecast beside what came."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegate.app.plan_sentences import action_words, match_words
from tidegate.app.units import si
from tidegate.cli import words
from tidegate.cli.demo_words import few_vectors, percent, share, span
from tidegate.cli.tables import WIDE, plain_table
from tidegate.model.plans import RateLimit

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoReport, Expectation, PlanOutcome
    from tidegate.model.plans import Action


def print_report(screen: Console, report: "DemoReport") -> None:
    """What was detected and how fast, what was done about it, what could not be known, what is proved."""
    screen.print()
    screen.print(_expectations(report, screen.width))
    screen.print()
    if report.plans:
        screen.print(_plans(report, screen.width))
        screen.print()
    for line in (*_rules(report), *_could_not_know(report)):
        screen.print(f"  {line}")
    for attack in report.false_alarms:
        screen.print(
            f"  Not sent by the lab, yet on record: attack {attack.number} on {words.target(attack)}."
        )
    for refusal in report.refusals:
        screen.print(f"  An officer's word was not taken: {refusal}.")
    for line in _proved(report):
        screen.print(f"  {line}")
    verdict = "All is as it should be." if report.all_is_well else "Not all is as it should be."
    screen.print(Text(f"  {verdict}", style="bold green" if report.all_is_well else "bold red"))


def _expectations(report: "DemoReport", width: int) -> Table:
    wide = width >= WIDE
    table = plain_table("What was sent, and what was seen of it")
    table.add_column("sent", max_width=None if wide else 22)
    table.add_column("came in at", overflow="fold")
    table.add_column("true rate", justify="right", no_wrap=True)
    table.add_column("peak rate (90 % interval)" if wide else "peak rate", justify="right", no_wrap=True)
    table.add_column("vectors", no_wrap=not wide)
    table.add_column("after", justify="right", no_wrap=True)
    for sent in report.expectations:
        table.add_row(
            f"{sent.story}\n{sent.target}",
            f"{', '.join(sent.border_points)}\n{', '.join(sent.protocols)}",
            si(sent.sent_bits_per_s, "bps"),
            *_made_of(sent, wide=wide),
        )
    return table


def _made_of(sent: "Expectation", *, wide: bool) -> list[Text | str]:
    attack = sent.detected
    if attack is None or sent.after_ms is None:
        return ["-", Text("missed", style="bold red"), "-"]
    named = words.vectors(attack) if wide else few_vectors(attack, 2).replace(", ", ",\n")
    rate = words.rate(attack.peak_bits_per_s, "bps", scaled=words.is_scaled(attack))
    return [
        rate if wide else rate.replace(" (", "\n("),
        Text(named, style="" if sent.right_vectors else "bold red"),
        words.duration(sent.after_ms),
    ]


def _plans(report: "DemoReport", width: int) -> Table:
    """The forecast, what telemetry measured, and what the lab's routers truly let through."""
    wide = width >= WIDE
    table = plain_table("What was done about it: forecast, measured, and true")
    table.add_column("plan", no_wrap=True)
    table.add_column("attack removed" if wide else "removes %", no_wrap=True)
    table.add_column("measured\ntrue" if not wide else "measured, true", justify="right", no_wrap=True)
    table.add_column("others lost" if wide else "harms %", no_wrap=True)
    table.add_column("measured\ntrue" if not wide else "measured, true", justify="right", no_wrap=True)
    table.add_column("end", no_wrap=not wide)
    for outcome in report.plans:
        table.add_row(*_outcome_cells(outcome, wide=wide))
    return table


def _outcome_cells(outcome: "PlanOutcome", *, wide: bool) -> list[Text | str]:
    plan, score, truth = outcome.view.plan, outcome.score, outcome.truth
    between, written = (", ", share) if wide else ("\n", span)
    went = f"{outcome.view.stage}: {outcome.view.why}" if wide else outcome.view.stage
    if not plan.rules:
        return [f"{plan.number}: {outcome.target}", "nothing", "-", "-", "-", went]
    measured = (None, None) if score is None else (score.attack_removed_measured, score.lost_bytes_measured)
    held = (True, True) if score is None else (score.attack_held, score.others_held)
    removed = _beside(measured[0], truth.attack_removed, between)
    lost = _beside(measured[1], truth.others_lost, between)
    return [
        f"{plan.number}: {outcome.target}",
        written(plan.forecast.attack_removed),
        Text(removed, style="" if held[0] else "yellow"),
        written(plan.forecast.lost_bytes),
        Text(lost, style="" if held[1] else "yellow"),
        went,
    ]


def _beside(measured: int | None, true: int | None, between: str) -> str:
    return between.join("-" if one is None else f"{percent(one)} %" for one in (measured, true))


def _rules(report: "DemoReport") -> Iterator[str]:
    for outcome in report.plans:
        plan = outcome.view.plan
        if not plan.rules:
            yield f"Plan {plan.number} proposes nothing: {' '.join(plan.reasons)}"
        for match in dict.fromkeys(rule.match for rule in plan.rules):
            here = [rule for rule in plan.rules if rule.match == match]
            actions = ", ".join(f"{rule.border_point} {limit_words(rule.action)}" for rule in here)
            yield f"Plan {plan.number}: {match_words(match)}: {actions}"


def limit_words(action: "Action") -> str:
    """As "1.2 Mbps", through each router of the border point; other actions in their own words."""
    return si(action.bytes_per_s * 8, "bps") if isinstance(action, RateLimit) else action_words(action)


def _could_not_know(report: "DemoReport") -> Iterator[str]:
    for sent in report.expectations:
        if sent.detected is not None and not sent.detected.actionable and not report.plans_for(sent):
            yield (
                f"Attack {sent.number} on {sent.target}: its exporter never told its sampling rate, so the "
                "rate is a lower bound, and nothing is proposed on it."
            )
        if sent.rate_within_interval is False:
            yield (
                f"Attack {sent.number} on {sent.target}: the true rate of its vectors is outside the stated "
                "interval; telemetry of the last seconds had not all come."
            )
    yield words.FORGED


def _proved(report: "DemoReport") -> Iterator[str]:
    left = (
        f"{report.still_held} rules are STILL HELD" if report.still_held else "no rule is left at any router"
    )
    signed = sum(len(outcome.view.approvals) for outcome in report.plans)
    yield f"{signed} signatures of officers; {left}."
    yield (
        f"{words.count(report.records)} records in {words.count(report.datagrams_sent)} datagrams, "
        f"{words.count(report.datagrams_lost)} lost; {report.facts} facts, "
        f"ledger {'verified' if report.ledger_verified else 'NOT verified'}."
    )
