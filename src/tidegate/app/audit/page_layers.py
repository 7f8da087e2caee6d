"""The part of an audit's page about layers: where they are, whose they are, service by service."""

from collections import defaultdict
from html import escape

from tidegate.app.audit.drawing import Flow, key, ribbons, stacked
from tidegate.app.audit.page_words import Words, count
from tidegate.app.audit.report import SERVICES_MAX, Report
from tidegate.app.page_pieces import rounded, share, table
from tidegate.audit.layers import WHERE_WORDS, Standing

TABLES = "tidegate audit export --csv"
"""The command that writes all of them."""

OWNERS_MAX = 12
"""Owners that are drawn; the others are drawn as one, and counted."""


def layers(words: Words, report: Report) -> list[str]:
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
        rows.append((words.code("layer", one.layer), rounded(one.people), stacked(parts), *figures, single))
    headings = [words("layer"), words("people"), "", *words.codes("where", WHERE_WORDS).values()]
    return [
        f"<h2>{words('layers')}</h2>",
        key(words.codes("where", WHERE_WORDS)),
        *table([*headings, words("one-owner")], rows, texts=1),
        f"<p class=note>{words('at-home-means')}</p>",
    ]


def owners(words: Words, report: Report) -> list[str]:
    """Who hangs on whom: sectors, the owners whose loss alone stops a layer, and their countries."""
    people = {one.name: one.people for one in report.services}
    sectors = {one.name: one.sector or words.plain("no-sector") for one in report.services}
    unknown = words.plain("where-not-known")
    countries = {f"{one.kind} {one.name}": one.country or unknown for one in report.blasts}
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    for one in report.standing:
        if one.single:
            amounts[sectors[one.service], one.hangs_on] += people[one.service]
    by_owner: dict[str, int] = defaultdict(int)
    for (_, owner), amount in amounts.items():
        by_owner[owner] += amount
    ranked = sorted(by_owner, key=lambda owner: (-by_owner[owner], owner))
    drawn = set(ranked[:OWNERS_MAX])
    others = f"{len(ranked) - len(drawn):,}"
    flows: list[Flow] = [
        (
            sector,
            owner.partition(" ")[2] if owner in drawn else words.plain("other-owners", count=others),
            countries.get(owner, unknown),
            amount,
        )
        for (sector, owner), amount in sorted(amounts.items())
    ]
    rows = (
        (words.thing(owner), escape(countries.get(owner, unknown)), rounded(by_owner[owner]))
        for owner in ranked[:OWNERS_MAX]
    )
    heads = (words.plain("sectors"), words.plain("owners"), words.plain("countries"))
    return [
        f"<h2>{words('who-on-whom')}</h2>",
        f"<p>{words('owners-mean')}</p>",
        ribbons(flows, heads),
        *table([words(one) for one in ("owner", "country", "people-by-layer")], rows, texts=2),
    ]


def services(words: Words, report: Report) -> list[str]:
    columns = [one.layer for one in report.totals]
    by_service: dict[str, dict[str, Standing]] = defaultdict(dict)
    for one in report.standing:
        by_service[one.service][one.layer] = one
    shown = [one for one in report.services if one.name in by_service][:SERVICES_MAX]
    rows = (
        (
            f"<bdi>{escape(told.name)}</bdi>",
            rounded(told.people),
            *(_cell(words, by_service[told.name].get(layer)) for layer in columns),
        )
        for told in shown
    )
    more = len(by_service) - len(shown)
    headings = [words("service"), words("people"), *(words.code("layer", layer) for layer in columns)]
    return [
        f"<h2>{words('every-service')}</h2>",
        "<div class=small>",
        *table(headings, rows, texts=1),
        "</div>",
        f"<p class=note>{words('empty-means')}"
        f"{' ' + words('more-services', count=count(more), command=TABLES) if more > 0 else ''}</p>",
    ]


def _cell(words: Words, one: Standing | None) -> str:
    if one is None:
        return ""
    mark = f'<abbr title="{escape(one.hangs_on)}">*</abbr>' if one.single else ""
    lasts = f" {words.span(one.lasts_s)}" if one.lasts_s else ""
    return f'<td class="w-{one.where}">{words.code("where", one.where)}{lasts}{mark}'
