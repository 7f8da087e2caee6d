"""A country's report as one page of HTML: no script, no request, and the same bytes for the same world.

Bars are drawn in the cells of the tables whose figures they show, so that every chart has its table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tidegate.app.outlines import Outlines
from tidegate.app.page_pieces import STYLE, rounded, share, table
from tidegate.app.rehearsal_map import MAP_STYLE, map_of, people_kept, people_lost
from tidegate.model.topology import Note, Source
from tidegate.rehearse.advice import Advice
from tidegate.rehearse.answers import Answer, Between, Bounds, Change, Counted, Country
from tidegate.rehearse.borders import Borders
from tidegate.rehearse.chokepoints import Chokepoint, Chokepoints
from tidegate.rehearse.dependencies import Dependencies

OTHERS_MAX = 30
"""Other countries in the page's table, those with most people lost first; the rest are in --csv of a cut."""

BAR_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Report:
    """All that a page tells of one country."""

    borders: Borders
    answer: Answer
    chokepoints: Chokepoints
    dependencies: Dependencies
    advice: Advice
    networks: int
    links: int
    outlines: Outlines
    sources: Sequence[Source]
    notes: Sequence[Note]


def page(report: Report) -> str:
    """The whole document."""
    country = report.answer.countries[0]
    name = escape(country.country)
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}: a cut rehearsed</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}{MAP_STYLE}</style></head><body>',
        f"<h1>{name}: what would be left if all foreign links were cut</h1>",
        "<p class=note>A rehearsal: computed from the sources named at the end. Nothing was cut, and nothing "
        "in the program can cut anything.</p>",
        *_standing(report.borders, country),
        *_reach(country),
        *_others(report.outlines, country),
        *_services(country),
        *_alone(country),
        *_chokepoints(report.chokepoints),
        *_dependencies(report.dependencies),
        *_advice(report.advice),
        *_reading(),
        *_provenance(report),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _bounds(told: Bounds) -> str:
    low, high = share(told.low), share(told.high)
    return low if low == high else f"{low} to {high}"


def _people(told: Counted) -> str:
    interval = "" if told.low == told.high else f" ({rounded(told.low)} to {rounded(told.high)})"
    return f"{rounded(told.people)}{interval}"


def _bar(low: float, high: float) -> str:
    """Dark up to the low bound, light up to the high one."""
    widths = [round(BAR_WIDTH * min(1.0, max(0.0, value)), 1) for value in (high, low)]
    return (
        f'<svg width="{BAR_WIDTH}" height="10" viewBox="0 0 {BAR_WIDTH} 10" preserveAspectRatio="none" '
        'role="img" aria-hidden="true">'
        f'<rect width="{BAR_WIDTH}" height="10" class="back"/>'
        f'<rect width="{widths[0]}" height="10" class="high"/>'
        f'<rect width="{widths[1]}" height="10" class="low"/></svg>'
    )


def _standing(told: Borders, country: Country) -> list[str]:
    index = "unknown" if told.concentration is None else f"{told.concentration:.3f}"
    return [
        "<h2>How it hangs on the world</h2>",
        *table(
            ["", ""],
            [
                ("People on the Internet", _people(country.size)),
                ("Networks", f"{told.networks:,}"),
                ("Networks with a foreign link", f"{told.crossings:,}"),
                ("Foreign links", f"{told.foreign_links:,}"),
                ("Foreign carriers", f"{told.foreign_carriers:,}"),
                ("Concentration of people over networks (HHI, 1 is all in one)", index),
            ],
        ),
    ]


def _change_row(name: str, change: Change) -> tuple[str, ...]:
    after = f"{_bounds(change.after)}{_bar(change.after.low, change.after.high)}"
    return name, _bounds(change.before), after, _bounds(change.emergency)


def _reach(country: Country) -> list[str]:
    name = escape(country.country)
    rows = []
    if country.inside is not None:
        rows.append(_change_row(f"inside {name}", country.inside))
    if country.outside is not None:
        rows.append(_change_row("with the rest of the world", country.outside))
    return [
        "<h2>Pairs of people that reach each other</h2>",
        *table(["", "before", "after the cut", "with emergency transit"], rows),
    ]


def _others(outlines: Outlines, country: Country) -> list[str]:
    headings = ["", "people", "no longer within reach", "still within reach", "before", "after the cut"]
    most = sorted(country.others, key=lambda other: (-people_lost(other), -other.people, other.country))
    return [
        "<h2>With other countries</h2>",
        *map_of(outlines, country),
        *table(headings, map(_other_row, most[:OTHERS_MAX])),
    ]


def _other_row(other: Between) -> tuple[str, ...]:
    bar = _bar(other.reach.after.low, other.reach.after.high)
    before, after = _bounds(other.reach.before), _bounds(other.reach.after)
    people = (rounded(told) for told in (other.people, people_lost(other), people_kept(other)))
    return escape(other.country), *people, before, f"{after}{bar}"


def _services(country: Country) -> list[str]:
    if not country.services:
        return []
    rows = (
        (
            escape(one.service),
            _bounds(one.before),
            f"{_bounds(one.after)}{_bar(one.after.low, one.after.high)}",
        )
        for one in country.services
    )
    return ["<h2>People who reach a service</h2>", *table(["service", "before", "after the cut"], rows)]


def _alone(country: Country) -> list[str]:
    rows = [
        ("reach no other network", _people(country.cut_off), f"{country.cut_off.networks:,}"),
        (
            "reach none even with unseen peering",
            _people(country.surely_cut_off),
            f"{country.surely_cut_off.networks:,}",
        ),
        ("have no path at all", _people(country.stranded), f"{country.stranded.networks:,}"),
    ]
    islands = [
        (f"around AS{one.largest}", _people(one.inside), f"{one.inside.networks:,}")
        for one in country.largest_islands
    ]
    return [
        "<h2>Who is alone</h2>",
        *table(["", "people", "networks"], rows),
        f"<h2>Islands: {country.islands:,}</h2>",
        *table(["", "people of the country", "networks"], islands),
    ]


def _chokepoints(told: Chokepoints) -> list[str]:
    def row(one: Chokepoint) -> tuple[str, str]:
        name = f"AS{one.first} to AS{one.second}" if one.second else f"AS{one.first}"
        return name, f"{share(one.lost)}{_bar(one.lost, one.lost)}"

    parts = ["<h2>What it hangs on, today</h2>", "<p>Share of pairs of people lost without it.</p>"]
    parts += table(["network", "lost"], map(row, told.networks))
    parts += table(["link", "lost"], map(row, told.links)) if told.links else ["<p>No single link.</p>"]
    if told.untried > 0:
        tried = f"{told.tried:,} of {told.candidates:,} networks and links were tried, the likeliest first."
        parts.append(f"<p class=note>{tried} No other costs more than {share(told.untried)}.</p>")
    return parts


def _dependencies(told: Dependencies) -> list[str]:
    rows = (
        (
            f"AS{one.network}",
            "abroad" if one.abroad else "at home",
            share(one.inbound),
            f"{share(one.outbound)}{_bar(one.outbound, one.outbound)}",
        )
        for one in told.crossed
    )
    return [
        "<h2>Networks that its routes cross</h2>",
        *table(["network", "where", "inbound", "outbound"], rows),
    ]


def _advice(told: Advice) -> list[str]:
    rows = ((f"AS{one.link.first} peers with AS{one.link.second}", share(one.gain)) for one in told.links)
    bound = f" No {told.asked} peerings can bring more than {share(told.bound)}." if told.bound else ""
    left_out = f" {told.left_out:,} small networks were not tried." if told.left_out else ""
    return [
        "<h2>New links that would help most when it is alone</h2>",
        *table(["", "adds"], rows),
        f"<p>Pairs of people inside that reach each other: {share(told.before)} without these links, "
        f"{share(told.after)} with them.{bound} If everybody carried everybody: {share(told.emergency)}."
        f"{left_out}</p>",
    ]


def _reading() -> list[str]:
    return [
        "<h2>How to read this</h2>",
        "<p>Of two figures the first follows the links that are seen in public routing data. The second adds "
        "every peering that may exist where networks meet. The truth lies between; where only one figure "
        "stands, it is a lower bound. Emergency transit is what there would be if everybody carried "
        "everybody. People are estimates, with an interval of about 90&nbsp;% in brackets.</p>",
        "<p>Not known here: private links, where routers stand, default routes, capacity, and whether names "
        "still resolve.</p>",
    ]


def _provenance(report: Report) -> list[str]:
    sources = (
        (escape(one.role), escape(one.name), f"<code>{one.digest[:16]}</code>", escape(one.terms))
        for one in report.sources
    )
    notes = ((escape(one.what), f"{one.count:,}", escape(one.rule)) for one in report.notes)
    return [
        f"<h2>Made from</h2><p>{report.networks:,} networks and {report.links:,} links.</p>",
        *table(["what", "file", "SHA-256", "terms"], sources),
        *(table(["met", "times", "decided by"], notes) if report.notes else []),
    ]
