"""An audit's report as one page of HTML: no script, no request, and the same bytes for the same audit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from tidegate.app.audit.drawing import DRAWING_STYLE, HATCH, Flow, key, ribbons, stacked
from tidegate.app.rehearsal_page import STYLE, share
from tidegate.audit.advice import Advice
from tidegate.audit.fates import Answer, Fate
from tidegate.audit.layers import LayerTotal, Standing
from tidegate.audit.losses import Blast
from tidegate.audit.policies import Breach
from tidegate.audit.scores import Score
from tidegate.model.audit_events import MOMENTS, State
from tidegate.model.audits import ServiceListed

SERVICES_MAX = 60
"""Services in the tables of the page, those with most people; --csv and --json have all."""

BLASTS_MAX = 25
"""Losses in the table of the page, the worst first; --csv and --json have all."""

OWNERS_MAX = 12
"""Owners that are drawn; the others are drawn as one, and counted."""

NOT_SEEN_MAX = 100
"""Things not seen that are listed; the rest are counted."""

CAUSES_MAX = 10
"""Services of each what-if whose causes are told."""

STATE_WORDS = {
    State.WORKS: "works",
    State.DEGRADED: "degraded",
    State.FAILS: "fails",
    State.NOT_KNOWN: "not known",
}
WHERE_WORDS = {"home": "at home", "abroad": "abroad", "not_known": "not known"}


@dataclass(frozen=True, slots=True)
class Report:
    """All that a page tells. `breaches` is None where no policy was named."""

    home: str
    at_s: int
    observations: int
    things: int
    dependencies: int
    services: Sequence[ServiceListed]
    standing: Sequence[Standing]
    totals: Sequence[LayerTotal]
    answers: Sequence[Answer]
    blasts: Sequence[Blast]
    scores: Sequence[Score]
    advice: Advice
    breaches: Sequence[Breach] | None
    not_seen: Sequence[str]


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
        f"computed from "
        "what was seen and declared. Nothing was stopped, and nothing in the program can stop anything.</p>",
        *_first(report),
        *_layers(report),
        *_owners(report),
        *(line for answer in report.answers for line in _what_if(answer)),
        *_losses(report.blasts),
        *_advice(report.advice),
        *_policy(report.breaches),
        *_scores(report),
        *_services(report),
        *_not_seen(report.not_seen),
        *_reading(report),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> list[str]:
    """The first `texts` columns are text, and stand at the start of the line; cells are HTML."""

    def cells(tag: str, row: Sequence[str]) -> Iterator[str]:
        for at, cell in enumerate(row):
            opened = (
                cell if cell.startswith("<td") else f"<{tag}{' class=start' if at < texts else ''}>{cell}"
            )
            yield f"{opened}</{tag}>"

    head = "".join(cells("th", headings))
    body = ["<tr>" + "".join(cells("td", row)) + "</tr>" for row in rows]
    return [f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>", *body, "</tbody></table></div>"]


def rounded(number: int) -> str:
    """Three digits are as many as such estimates deserve."""
    return f"{round(number, -max(0, len(str(number)) - 3)):,}".replace(",", "&#8239;")


def _first(report: Report) -> list[str]:
    """What a minister reads: four figures, and the layers that need work."""
    cut = report.answers[0].totals
    whole = max(1, sum(one.people for one in report.services))
    worst = report.blasts[0] if report.blasts else None
    tiles = [
        (f"{len(report.services):,}", f"services for {rounded(whole)} people"),
        (
            share(cut[3].people[State.WORKS] / whole),
            f"still work a day after {escape(report.home)} is cut off",
        ),
        (share(cut[5].people[State.WORKS] / whole), "still work after thirty days"),
    ]
    if worst is not None and worst.people[-1]:
        tiles.append((share(worst.people[-1] / whole), f"lose their service without {_loss(worst)}"))
    weak = [one for one in report.totals if one.abroad * 2 > one.people]
    words = ", ".join(escape(one.layer.replace("_", " ")) for one in weak)
    return [
        "<div class=tiles>"
        + "".join(f"<div><strong>{figure}</strong>{text}</div>" for figure, text in tiles)
        + "</div>",
        f"<p>For most people these layers still need work, since they end without what is abroad: "
        f"{words}.</p>"
        if weak
        else "<p>No layer ends for most people without what is abroad.</p>",
    ]


def _loss(one: Blast) -> str:
    name = escape(one.name)
    return {"law": f"the providers of {name}", "place": f"what stands in {name}"}.get(one.kind, name)


def _layers(report: Report) -> list[str]:
    rows = []
    for one in report.totals:
        whole = max(1, one.people)
        parts = [
            ("home", one.home / whole),
            ("abroad", one.abroad / whole),
            ("not_known", one.not_known / whole),
        ]
        figures = [share(part) for _, part in parts]
        single = share(one.single / whole)
        rows.append((one.layer.replace("_", " "), rounded(one.people), stacked(parts), *figures, single))
    return [
        "<h2>Layers: which are at home, and which still need work</h2>",
        key({"home": "at home", "abroad": "abroad", "not_known": "not known"}),
        *table(["layer", "people", "", "at home", "abroad", "not known", "hangs on one owner"], rows),
        "<p class=note>At home is what goes on when everything abroad is out of reach and all foreign "
        "providers "
        "have withdrawn. The root of names, which no country has at home, is left out here.</p>",
    ]


def _owners(report: Report) -> list[str]:
    """Who hangs on whom: sectors, the owners whose loss alone stops a layer, and their countries."""
    people = {one.name: one.people for one in report.services}
    sectors = {one.name: one.sector or "no sector" for one in report.services}
    countries = {f"{one.kind} {one.name}": one.country or "not known" for one in report.blasts}
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    for one in report.standing:
        if one.single:
            amounts[sectors[one.service], one.hangs_on] += people[one.service]
    by_owner: dict[str, int] = defaultdict(int)
    for (_, owner), amount in amounts.items():
        by_owner[owner] += amount
    ranked = sorted(by_owner, key=lambda owner: (-by_owner[owner], owner))
    drawn = set(ranked[:OWNERS_MAX])
    flows: list[Flow] = [
        (
            sector,
            owner.partition(" ")[2] if owner in drawn else f"{len(ranked) - len(drawn)} others",
            countries.get(owner, "not known"),
            amount,
        )
        for (sector, owner), amount in sorted(amounts.items())
    ]
    rows = (
        (escape(owner), escape(countries.get(owner, "not known")), rounded(by_owner[owner]))
        for owner in ranked[:OWNERS_MAX]
    )
    return [
        "<h2>Who hangs on whom</h2>",
        "<p>Layers of services that stop without one owner, in people; a service counts once for each "
        "layer.</p>",
        ribbons(flows, ("sectors", "owners", "countries")),
        *table(["owner", "country", "people, once for each layer"], rows, 2),
    ]


def _what_if(answer: Answer) -> list[str]:
    whole = max(1, sum(answer.totals[0].people.values()))
    rows = []
    for total in answer.totals:
        parts = [(state.value, total.people[state] / whole) for state in State]
        rows.append((total.moment, stacked(parts), *(share(part) for _, part in parts)))
    hit = [fate for fate in answer.services if any(state is not State.WORKS for state in fate.states)]
    shown = hit[:SERVICES_MAX]
    head = ["service", "people", *(moment for moment, _ in MOMENTS)]
    return [
        f"<h2>What if {escape(answer.what_if.name)}?</h2>",
        key({state.value: word for state, word in STATE_WORDS.items()}),
        *table(["after", "", *STATE_WORDS.values()], rows),
        *(table(head, map(_fate_row, shown)) if shown else ["<p>No service is touched.</p>"]),
        *(
            [f"<p class=note>{len(hit) - len(shown):,} more are touched.</p>"]
            if len(hit) > len(shown)
            else []
        ),
        *_causes(shown[:CAUSES_MAX]),
    ]


def _fate_row(fate: Fate) -> list[str]:
    states = (f'<td class="s-{state.value}">{STATE_WORDS[state]}' for state in fate.states)
    return [escape(fate.service), rounded(fate.people), *states]


def _causes(fates: Sequence[Fate]) -> list[str]:
    rows = [
        (escape(fate.service), escape(" ← ".join(_step(step.thing, step.fails_s) for step in fate.chain)))
        for fate in fates
        if fate.chain
    ]
    if not rows:
        return []
    return [
        "<h3>Why: from the service to what was lost</h3>",
        "<div class=small>",
        *table(["", ""], rows, 2),
        "</div>",
    ]


def _step(thing: str, fails_s: int) -> str:
    return thing if fails_s <= 0 else f"{thing} ({span(fails_s)})"


def span(seconds: int) -> str:
    """As "5 min", "12 h", "40 d"."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds} s"


def _losses(blasts: Sequence[Blast]) -> list[str]:
    most = max((one.people[-1] for one in blasts), default=0) or 1
    words = {
        "provider": "provider",
        "authority": "authority",
        "law": "country withdraws",
        "place": "out of reach",
    }
    shown = [one for one in blasts if one.people_degraded or one.people[-1]][:BLASTS_MAX]
    rows = (
        (
            escape(one.name),
            words[one.kind],
            escape(one.country or "?"),
            f"{one.services[-1]:,}",
            *(rounded(one.people[at]) for at in (0, 3, 6)),
            stacked([("fails", one.people[-1] / most)]),
            rounded(one.people_perhaps),
        )
        for one in shown
    )
    headings = ["without", "what", "country", "services", "at once", "day 1", "day 90", "", "perhaps"]
    return [
        "<h2>Single losses, the worst first</h2>",
        "<p>People whose service stops when one of these is lost alone. Perhaps: if what was not seen "
        "falls, too.</p>",
        *table(headings, rows, 3),
    ]


def _advice(told: Advice) -> list[str]:
    rows = (
        (str(at), f"{escape(one.fix.kind)}, at home", escape(one.fix.of), rounded(one.gain))
        for at, one in enumerate(told.changes, 1)
    )
    best = (
        "No other set of as many changes leaves less."
        if told.exact
        else "Each is the best one after those before."
    )
    left_out = f" {told.not_tried:,} changes that touch few people were not tried." if told.not_tried else ""
    return [
        "<h2>The few changes that help most</h2>",
        *table(["", "change", "for", "people kept"], rows, 3),
        f"<p>Over {told.losses:,} single losses, each counted by itself, {rounded(told.lost)} people "
        f"lose a service "
        f"within {span(told.hours * 3600)} without these changes, and {rounded(told.left)} with them. "
        f"{best}{left_out}</p>",
    ]


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
        table(["rule", "service", "because", "sure", "people"], rows, 4)
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
        *table(headings, rows),
        "<p class=note>As published for 150 countries (Habib, Ruth, Akiwate, Durumeric: Formalizing "
        "Dependence of "
        "Web Infrastructure, SIGCOMM 2025), each site counted once: concentration is 0 where every site "
        "has a "
        "provider of its own and near 1 where all have the same; insularity is the share of sites whose "
        "provider "
        "is based in the country.</p>",
    ]


def _services(report: Report) -> list[str]:
    layers = [one.layer for one in report.totals]
    by_service: dict[str, dict[str, Standing]] = defaultdict(dict)
    for one in report.standing:
        by_service[one.service][one.layer] = one
    shown = [one for one in report.services if one.name in by_service][:SERVICES_MAX]
    rows = (
        (
            escape(told.name),
            rounded(told.people),
            *(_cell(by_service[told.name].get(layer)) for layer in layers),
        )
        for told in shown
    )
    more = len(by_service) - len(shown)
    return [
        "<h2>Every service, layer by layer</h2>",
        "<div class=small>",
        *table(["service", "people", *(layer.replace("_", " ") for layer in layers)], rows),
        "</div>",
        "<p class=note>* hangs on one owner. An empty cell: nothing was seen or declared, which is not "
        "the same as "
        f"safe.{f' {more:,} more services are in the CSV tables.' if more > 0 else ''}</p>",
    ]


def _cell(one: Standing | None) -> str:
    if one is None:
        return ""
    mark = f'<abbr title="{escape(one.hangs_on)}">*</abbr>' if one.single else ""
    lasts = f" {span(one.lasts_s)}" if one.lasts_s else ""
    return f'<td class="w-{one.where}">{WHERE_WORDS[one.where]}{lasts}{mark}'


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
        "while those "
        "who asked before still have names in caches. Fails: it fails for everybody. Not known: what was "
        "not seen "
        "could decide it; it is never counted as safe. People are the weights of the list of services, "
        "and one "
        "person may count under several services.</p>",
        f"<p>Made from {report.observations:,} observations: {report.things:,} things and "
        f"{report.dependencies:,} dependencies.</p>",
    ]
