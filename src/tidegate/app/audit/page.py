"""An audit's report as one page of HTML: no script, no request, and the same bytes for the same audit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from tidegate.app.audit.drawing import DRAWING_STYLE, HATCH
from tidegate.app.audit.page_layers import layers, owners, services
from tidegate.app.audit.page_losses import losses, what_if
from tidegate.app.audit.page_words import Words, count
from tidegate.app.audit.report import FURTHER_SERVICES_MAX, SERVICES_MAX, Report
from tidegate.app.page_pieces import STYLE, rounded, share, table
from tidegate.audit.advice import Advice, Advised
from tidegate.audit.graph import ROOT
from tidegate.audit.layers import LayerTotal
from tidegate.audit.policies import Breach
from tidegate.model.audit_events import State
from tidegate.model.labels import Language

PAPER = "Habib, Ruth, Akiwate, Durumeric: Formalizing Dependence of Web Infrastructure, SIGCOMM 2025"

NOT_SEEN_MAX = 100
"""Things not seen that are listed; the rest are counted."""


def page(report: Report, language: Language = "en") -> str:
    """The whole document. Names of others, and what was not seen, are as they were told, in any language."""
    words = Words(language)
    home = escape(report.home)
    made = f"{datetime.fromtimestamp(report.at_s, UTC):%Y-%m-%d %H:%M}"
    parts = [
        f'<!doctype html><html lang="{language}" dir="{words.direction}"><head><meta charset="utf-8">'
        f"<title>{words.plain('title', home=home)}</title>"
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}{DRAWING_STYLE}</style></head><body>{HATCH}",
        f"<h1>{words('title', home=home)}</h1>",
        f"<p class=note>{words('made', time=made)}</p>",
        *_first(words, report),
        *layers(words, report),
        *owners(words, report),
        *what_if(words, report.answers[0], SERVICES_MAX),
        *(line for answer in report.answers[1:] for line in what_if(words, answer, FURTHER_SERVICES_MAX)),
        *losses(words, report.blasts),
        *_advice(words, report.advice),
        *_policy(words, report.breaches),
        *_scores(words, report),
        *services(words, report),
        *_not_seen(words, report.not_seen),
        *_reading(words, report),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _first(words: Words, report: Report) -> list[str]:
    """What a minister reads: four figures, and the layers that need work."""
    working = {one.moment: one.people[State.WORKS] for one in report.answers[0].totals}
    whole = max(1, sum(one.people for one in report.services))
    worst = report.blasts[0] if report.blasts else None
    tiles = [
        (count(len(report.services)), words("tile-services", people=rounded(whole))),
        (share(working["day 1"] / whole), words("tile-day", home=escape(report.home))),
        (share(working["day 30"] / whole), words("tile-month")),
    ]
    if worst is not None and worst.people[-1]:
        lost = f"{words.code('loss', worst.kind)} <bdi>{escape(worst.name)}</bdi>"
        tiles.append((share(worst.people[-1] / whole), f"{words('tile-worst')}: {lost}"))
    weak = [one for one in report.totals if one.abroad * 2 > one.people]
    unsure = [one for one in report.totals if one not in weak and one.home * 2 < one.people]
    told = [words("need-work", layers=_layers(words, weak))] if weak else []
    told += [words("need-sight", layers=_layers(words, unsure))] if unsure else []
    return [
        "<div class=tiles>"
        + "".join(f"<div><strong><bdi>{figure}</bdi></strong>{text}</div>" for figure, text in tiles)
        + "</div>",
        *(f"<p>{one}</p>" for one in told or [words("no-work")]),
    ]


def _layers(words: Words, totals: Sequence[LayerTotal]) -> str:
    return f"{words('comma')} ".join(words.code("layer", one.layer) for one in totals)


def _advice(words: Words, told: Advice) -> list[str]:
    if not told.changes:
        return [f"<h2>{words('advice')}</h2>", f"<p>{words('no-advice')}</p>"]
    figures = {"losses": count(told.losses), "lost": rounded(told.lost), "left": rounded(told.left)}
    left_out = {"changes": count(told.not_tried), "losses": count(told.losses_not_tried)}
    cheapest = [
        f"<h3>{words('by-cost')}</h3>",
        *_advised(words, told.by_cost, told.unit),
        f"<p>{words('left-by-cost', left=rounded(told.left_by_cost))}</p>",
    ]
    return [
        f"<h2>{words('advice')}</h2>",
        *_advised(words, told.changes, told.unit),
        f"<p>{words('advice-means', time=words.span(told.hours * 3600))} {words('advice-sum', **figures)} "
        f"{words('exact' if told.exact else 'greedy')}"
        f"{' ' + words('not-tried', **left_out) if told.not_tried or told.losses_not_tried else ''}</p>",
        *(cheapest if told.by_cost != told.changes else []),
        f"<p class=note>{words('costs-mean')}</p>",
    ]


def _advised(words: Words, rows: Sequence[Advised], unit: str) -> list[str]:
    told = (
        (
            str(at),
            words.fix(one.fix.kind),
            "-" if one.fix.of == ROOT else f"<bdi>{escape(one.fix.of)}</bdi>{_allowed(words, one)}",
            rounded(one.gain),
            f"{one.cost:,.2f}".rstrip("0").rstrip(".").replace(",", "&#8239;"),
            rounded(round(one.gain / one.cost)) if one.cost else "",
        )
        for at, one in enumerate(rows, 1)
    )
    headings = ["", words("change"), words("for"), words("kept"), words.unit(unit), words("for-each")]
    return table(headings, told, texts=3)


def _allowed(words: Words, one: Advised) -> str:
    return f" {words('caa', count=count(len(one.caa)))}" if one.caa else ""


def _policy(words: Words, breaches: Sequence[Breach] | None) -> list[str]:
    if breaches is None:
        return []
    rows = (
        (
            f"<bdi>{escape(one.rule)}</bdi>",
            f"<bdi>{escape(one.service)}</bdi>",
            _why(words, one),
            words("yes") if one.sure else words.code("where", "not_known"),
            rounded(one.people),
        )
        for one in breaches
    )
    headings = [words(one) for one in ("rule", "service", "because", "sure", "people")]
    told = table(headings, rows, texts=4) if breaches else [f"<p>{words('all-kept')}</p>"]
    return [f"<h2>{words('rules')}</h2>", *told]


def _why(words: Words, one: Breach) -> str:
    layer = {"layer": words.code("layer", one.layer)} if one.layer else {}
    told = words(f"because-{one.because.replace('_', '-')}", **layer)
    return f"{told}: {words.thing(one.of)}" if one.because in ("hangs_on", "without") else told


def _scores(words: Words, report: Report) -> list[str]:
    rows = (
        (
            words.code("layer", one.layer),
            count(one.sites),
            count(one.not_seen),
            count(one.providers),
            "-" if one.concentration is None else f"{one.concentration:.3f}",
            "-" if one.insularity is None else share(one.insularity),
            ", ".join(f"<bdi>{escape(name)} {part:.0%}</bdi>" for name, part in one.largest[:3]),
        )
        for one in report.scores
    )
    columns = ("layer", "sites", "sites-unseen", "providers", "concentration", "insularity", "largest")
    return [
        f"<h2>{words('scores')}</h2>",
        *table([words(one) for one in columns], rows, texts=1),
        f"<p class=note>{words('scores-mean', paper=PAPER)}</p>",
    ]


def _not_seen(words: Words, told: Sequence[str]) -> list[str]:
    heading = f"<h2>{words('not-seen', count=count(len(told)))}</h2>"
    if not told:
        return [heading, f"<p>{words('all-seen')}</p>"]
    items = "".join(f"<li>{escape(one)}</li>" for one in told[:NOT_SEEN_MAX])
    left = len(told) - NOT_SEEN_MAX
    more = [f"<p>{words('and-more', count=count(left))}</p>"] if left > 0 else []
    return [
        heading,
        f"<p>{words('never-safe')}</p>",
        f'<ul class=small lang="en" dir="ltr">{items}</ul>',
        *more,
    ]


def _reading(words: Words, report: Report) -> list[str]:
    figures = {
        "observations": count(report.observations),
        "things": count(report.things),
        "dependencies": count(report.dependencies),
    }
    return [
        f"<h2>{words('reading')}</h2>",
        f"<p>{words('states-mean')}</p>",
        f"<p>{words('made-from', **figures)}</p>",
    ]
