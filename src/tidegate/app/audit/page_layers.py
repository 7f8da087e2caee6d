"""The part of an audit's page about layers: where they are, whose they are, service by service."""

from collections import defaultdict
from html import escape

from tidegate.app.audit.drawing import Flow, key, ribbons, stacked
from tidegate.app.audit.report import SERVICES_MAX, Report
from tidegate.app.page_pieces import rounded, share, span, table
from tidegate.audit.layers import WHERE_WORDS, Standing

OWNERS_MAX = 12
"""Owners that are drawn; the others are drawn as one, and counted."""


def layers(report: Report) -> list[str]:
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
        key(WHERE_WORDS),
        *table(
            ["layer", "people", "", "at home", "abroad", "not known", "hangs on one owner"], rows, texts=1
        ),
        "<p class=note>At home is what goes on when everything abroad is out of reach and all foreign "
        "providers have withdrawn. The root of names, which no country has at home, is left out here.</p>",
    ]


def owners(report: Report) -> list[str]:
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
        *table(["owner", "country", "people, once for each layer"], rows, texts=2),
    ]


def services(report: Report) -> list[str]:
    columns = [one.layer for one in report.totals]
    by_service: dict[str, dict[str, Standing]] = defaultdict(dict)
    for one in report.standing:
        by_service[one.service][one.layer] = one
    shown = [one for one in report.services if one.name in by_service][:SERVICES_MAX]
    rows = (
        (
            escape(told.name),
            rounded(told.people),
            *(_cell(by_service[told.name].get(layer)) for layer in columns),
        )
        for told in shown
    )
    more = len(by_service) - len(shown)
    return [
        "<h2>Every service, layer by layer</h2>",
        "<div class=small>",
        *table(["service", "people", *(layer.replace("_", " ") for layer in columns)], rows, texts=1),
        "</div>",
        "<p class=note>* hangs on one owner. An empty cell: nothing was seen or declared, which is not "
        f"the same as safe.{f' {more:,} more services are in the CSV tables.' if more > 0 else ''}</p>",
    ]


def _cell(one: Standing | None) -> str:
    if one is None:
        return ""
    mark = f'<abbr title="{escape(one.hangs_on)}">*</abbr>' if one.single else ""
    lasts = f" {span(one.lasts_s)}" if one.lasts_s else ""
    return f'<td class="w-{one.where}">{WHERE_WORDS[one.where]}{lasts}{mark}'
