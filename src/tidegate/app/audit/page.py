"""An audit's report as one page of HTML: no script, no request, and the same bytes for the same audit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from tidegate.app.audit.drawing import DRAWING_STYLE, HATCH
from tidegate.app.audit.page_layers import layers, owners, services
from tidegate.app.audit.page_losses import losses, what_if
from tidegate.app.audit.report import Report
from tidegate.app.page_pieces import STYLE, rounded, share, span, table
from tidegate.audit.advice import Advice, Advised
from tidegate.audit.graph import ROOT
from tidegate.audit.losses import Blast
from tidegate.audit.policies import Breach
from tidegate.model.audit_events import State

NOT_SEEN_MAX = 100
"""Things not seen that are listed; the rest are counted."""


def page(report: Report) -> str:
    """The whole document."""
    home = escape(report.home)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{home}: what its services stand on</title>"
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}{DRAWING_STYLE}</style></head><body>{HATCH}",
        f"<h1>{home}: what its services stand on, and what stops them</h1>",
        f"<p class=note>An audit of {datetime.fromtimestamp(report.at_s, UTC):%Y-%m-%d %H:%M} UTC, "
        "computed from what was seen and declared. Nothing was stopped, and nothing in the program can stop "
        "anything.</p>",
        *_first(report),
        *layers(report),
        *owners(report),
        *(line for answer in report.answers for line in what_if(answer)),
        *losses(report.blasts),
        *_advice(report.advice),
        *_policy(report.breaches),
        *_scores(report),
        *services(report),
        *_not_seen(report.not_seen),
        *_reading(report),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _first(report: Report) -> list[str]:
    """What a minister reads: four figures, and the layers that need work."""
    working = {one.moment: one.people[State.WORKS] for one in report.answers[0].totals}
    whole = max(1, sum(one.people for one in report.services))
    worst = report.blasts[0] if report.blasts else None
    tiles = [
        (f"{len(report.services):,}", f"services for {rounded(whole)} people"),
        (
            share(working["day 1"] / whole),
            f"still work a day after {escape(report.home)} is cut off",
        ),
        (share(working["day 30"] / whole), "still work after thirty days"),
    ]
    if worst is not None and worst.people[-1]:
        tiles.append((share(worst.people[-1] / whole), f"lose their service without {_loss(worst)}"))
    weak = [one for one in report.totals if one.abroad * 2 > one.people]
    words = ", ".join(escape(one.layer.replace("_", " ")) for one in weak)
    return [
        "<div class=tiles>"
        + "".join(f"<div><strong>{figure}</strong>{text}</div>" for figure, text in tiles)
        + "</div>",
        "<p>For most people these layers still need work, since they end without what is abroad: "
        f"{words}.</p>"
        if weak
        else "<p>No layer ends for most people without what is abroad.</p>",
    ]


def _loss(one: Blast) -> str:
    name = escape(one.name)
    return {"law": f"the providers of {name}", "place": f"what stands in {name}"}.get(one.kind, name)


def _advice(told: Advice) -> list[str]:
    best = (
        "No other set of as many changes leaves less."
        if told.exact
        else "Each is the best one after those before."
    )
    left_out = f" {told.not_tried:,} changes that touch few people were not tried." if told.not_tried else ""
    cheapest = [
        "<h3>Those that keep most people for what they cost</h3>",
        *_advised(told.by_cost, told.unit),
        f"<p>With these, {rounded(told.left_by_cost)} people would lose a service.</p>",
    ]
    return [
        "<h2>The few changes that help most</h2>",
        *_advised(told.changes, told.unit),
        f"<p>Over {told.losses:,} single losses, each counted by itself, {rounded(told.lost)} people lose "
        f"a service within {span(told.hours * 3600)} without these changes, and {rounded(told.left)} with "
        "them. "
        f"{best}{left_out}</p>",
        *(cheapest if told.by_cost != told.changes else []),
        f"<p class=note>Costs, in {escape(told.unit)}, are as they were stated, else guesses for a first "
        "order.</p>",
    ]


def _advised(rows: Sequence[Advised], unit: str) -> list[str]:
    told = (
        (
            str(at),
            f"{escape(one.fix.kind)}, at home",
            named(one.fix.of) + (f" (and the CAA records of {len(one.caa):,} hosts)" if one.caa else ""),
            rounded(one.gain),
            f"{one.cost:,.2f}".rstrip("0").rstrip(".").replace(",", "&#8239;"),
            rounded(round(one.gain / one.cost)) if one.cost else "",
        )
        for at, one in enumerate(rows, 1)
    )
    return table(["", "change", "for", "people kept", escape(unit), "people for each"], told, texts=3)


def named(of: str) -> str:
    return "the root" if of == ROOT else escape(of)


def _policy(breaches: Sequence[Breach] | None) -> list[str]:
    if breaches is None:
        return []
    rows = (
        (
            escape(one.rule),
            escape(one.service),
            escape(one.why),
            "yes" if one.sure else "not known",
            rounded(one.people),
        )
        for one in breaches
    )
    told = (
        table(["rule", "service", "because", "sure", "people"], rows, texts=4)
        if breaches
        else ["<p>All are kept.</p>"]
    )
    return ["<h2>Rules</h2>", *told]


def _scores(report: Report) -> list[str]:
    rows = (
        (
            one.layer,
            f"{one.sites:,}",
            f"{one.not_seen:,}",
            f"{one.providers:,}",
            "-" if one.concentration is None else f"{one.concentration:.3f}",
            "-" if one.insularity is None else share(one.insularity),
            escape(", ".join(f"{name} {part:.0%}" for name, part in one.largest[:3])),
        )
        for one in report.scores
    )
    headings = ["layer", "sites", "not seen", "providers", "concentration", "insularity", "largest"]
    return [
        "<h2>Concentration and insularity</h2>",
        *table(headings, rows, texts=1),
        "<p class=note>As published for 150 countries (Habib, Ruth, Akiwate, Durumeric: Formalizing "
        "Dependence of Web Infrastructure, SIGCOMM 2025), each site counted once: concentration is 0 where "
        "every site has a provider of its own and near 1 where all have the same; insularity is the share "
        "of sites whose provider is based in the country.</p>",
    ]


def _not_seen(told: Sequence[str]) -> list[str]:
    if not told:
        return ["<h2>Not seen</h2>", "<p>Everything that was asked was answered.</p>"]
    items = "".join(f"<li>{escape(one)}</li>" for one in told[:NOT_SEEN_MAX])
    more = f"<p>And {len(told) - NOT_SEEN_MAX:,} more.</p>" if len(told) > NOT_SEEN_MAX else ""
    return [f"<h2>Not seen: {len(told):,}</h2>", f"<ul class=small>{items}</ul>{more}"]


def _reading(report: Report) -> list[str]:
    return [
        "<h2>How to read this</h2>",
        "<p>Degraded: something that a service can do without is lost; or clients that come anew fail "
        "while those who asked before still have names in caches. Fails: it fails for everybody. Not "
        "known: what was not seen could decide it; it is never counted as safe. People are the weights of "
        "the list of services, and one person may count under several services.</p>",
        f"<p>Made from {report.observations:,} observations: {report.things:,} things and "
        f"{report.dependencies:,} dependencies.</p>",
    ]
