"""Answers of rehearsals as tables: shares as bounds, people with their interval, links by AS number."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tidegate.cli.tables import plain_table
from tidegate.cli.words import count

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tidegate.app.rehearsing import (
        Advice,
        Allied,
        Answer,
        Borders,
        Bounds,
        Change,
        Chokepoint,
        Chokepoints,
        Compared,
        Counted,
        Country,
        Dependencies,
        Loss,
        Throttled,
    )
    from tidegate.model.topology import World

OTHERS_SHOWN_MAX = 12
"""Other countries shown in a table, those that lose most first; --json and --csv have all."""


COMPARED_SHOWN_MAX = 40
"""Rows of a comparison shown in a table, those that differ most first; --json has all."""


def share(value: float) -> str:
    """As "48.2 %"; not quite all is never shown as all, nor not quite nothing as nothing."""
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    return f"{percent:.1f}".rstrip("0").rstrip(".") + " %"


def bounds(told: "Bounds") -> str:
    low, high = share(told.low), share(told.high)
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def people(told: "Counted") -> str:
    """Three digits are as many as such estimates deserve."""
    interval = "" if told.low == told.high else f" ({round_people(told.low)} to {round_people(told.high)})"
    return f"{round_people(told.people)}{interval}"


def round_people(number: int) -> str:
    digits = max(0, len(str(number)) - 3)
    return count(round(number, -digits))


def _columns(title: str, *headings: str) -> "Table":
    table = plain_table(title)
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _change(table: "Table", name: str, change: "Change | None") -> None:
    if change is not None:
        table.add_row(name, bounds(change.before), bounds(change.after), bounds(change.emergency))


def print_answer(screen: "Console", answer: "Answer", throttled: "Throttled | None") -> None:
    """Everything that a person asks first; the rest is in --json."""
    screen.print(answer.scenario.name, style="bold")
    for country in answer.countries:
        _print_country(screen, country)
    lost = answer.pairs_before.low - answer.pairs_after.low
    screen.print(
        f"In the whole world {count(int(lost))} ordered pairs of networks no longer reach each other."
    )
    if throttled is not None:
        _print_throttled(screen, throttled)
    screen.print(
        "Of two figures the first follows the links that are seen; the second adds peering that may exist.",
        style="dim",
    )


def _print_country(screen: "Console", country: "Country") -> None:
    screen.print(
        f"\n{country.country}: {people(country.size)} people in {count(country.size.networks)} networks"
    )
    table = _columns("Pairs of people that reach each other", "who", "before", "after", "emergency transit")
    _change(table, f"inside {country.country}", country.inside)
    _change(table, "with the rest of the world", country.outside)
    nobody_abroad = country.outside is not None and country.outside.after.high == 0
    for other in country.others[: 0 if nobody_abroad else OTHERS_SHOWN_MAX]:
        _change(table, f"with {other.country}", other.reach)
    screen.print(table)
    if nobody_abroad:
        screen.print("Nobody abroad is within reach any more.")
    _print_alone(screen, country)
    shown = country.largest_islands[:5]
    if country.islands > 1:
        table = _columns(f"{count(country.islands)} islands", "around", "networks", "people of the country")
        for island in shown:
            table.add_row(f"AS{island.largest}", count(island.inside.networks), people(island.inside))
        screen.print(table)
    if country.services:
        table = _columns("People who reach a service", "service", "before", "after")
        for service in country.services:
            table.add_row(service.service, bounds(service.before), bounds(service.after))
        screen.print(table)


def _print_alone(screen: "Console", country: "Country") -> None:
    """One line for all who are in the same case."""
    cases: dict[str, list[str]] = {}
    for what, told in (
        ("reach no other network", country.cut_off),
        ("reach none even with unseen peering", country.surely_cut_off),
        ("have no path at all", country.stranded),
    ):
        who = f"{people(told)} people in {count(told.networks)} networks" if told.networks else "Nobody:"
        cases.setdefault(who, []).append(what)
    for who, whats in cases.items():
        screen.print(f"{who} {', '.join(whats)}.")


def _print_throttled(screen: "Console", told: "Throttled") -> None:
    whole = max(1, told.demand)
    screen.print(
        f"\nOf the demand over the border {share(told.carried_before / whole)} fits before, "
        f"{share(told.carried_after / whole)} after."
    )
    table = _columns("Border points", "name", "load before", "capacity after", "load after")
    for point in told.points:
        figures = (point.load_before, point.capacity_after, point.load_after)
        table.add_row(point.border_point, *(f"{figure / 1e9:,.2f} Gbps" for figure in figures))
    screen.print(table)


def loss_table(losses: Sequence["Loss"]) -> "Table":
    """Worst first, of any length."""
    table = _columns("Pairs of people lost", "scenario", "share", "pairs of networks")
    for one in losses:
        table.add_row(one.name, bounds(one.people), count(one.network_pairs_lost))
    return table


def chokepoint_table(world: "World", title: str, found: Sequence["Chokepoint"]) -> "Table":
    names = dict(zip(world.numbers.tolist(), world.names, strict=True))
    table = _columns(title, "AS", "pairs of people lost without it")
    for one in found:
        label = f"AS{one.first} to AS{one.second}" if one.second else f"AS{one.first} {names[one.first]}"
        table.add_row(label.rstrip(), share(one.lost))
    return table


def print_chokepoints(screen: "Console", world: "World", told: "Chokepoints") -> None:
    screen.print(chokepoint_table(world, f"Networks that {told.country} hangs on", told.networks))
    if told.links:
        screen.print(chokepoint_table(world, "Links", told.links))
    if told.untried > 0:
        tried = f"{count(told.tried)} of {count(told.candidates)} networks and links were tried"
        screen.print(f"{tried}, the likeliest first; no other costs more than {share(told.untried)}.")


def print_advice(screen: "Console", told: "Advice") -> None:
    screen.print(
        f"Pairs of people in {', '.join(told.countries)} that reach each other: {share(told.before)} now, "
        f"{share(told.after)} with these links, {share(told.emergency)} if everybody carried everybody."
    )
    table = _columns("New links, the most useful first", "link", "adds")
    if not told.links:
        screen.print("No new link brings anybody together.")
        return
    for one in told.links:
        verb = "peers with" if one.link.relation == "peer" else "carries"
        table.add_row(f"AS{one.link.first} {verb} AS{one.link.second}", share(one.gain))
    screen.print(table)
    if told.bound is not None:
        screen.print(f"No {told.asked} peerings can bring more than {share(told.bound)}.")
    if told.left_out:
        left_out = f"{count(told.left_out)} networks, those with fewest people below them"
        screen.print(f"Not tried as ends of links: {left_out}.")


def allied_table(found: Sequence["Allied"]) -> "Table":
    table = _columns(
        "Alliances alone in the world", "countries", "people", "within reach", "emergency transit"
    )
    for one in found:
        reach = [
            " to ".join(dict.fromkeys(round_people(int(value)) for value in (told.low, told.high)))
            for told in (one.within_reach, one.emergency)
        ]
        table.add_row(" ".join(one.countries), round_people(one.people), *reach)
    return table


def border_table(found: Sequence["Borders"]) -> "Table":
    table = _columns("", "country", "networks", "people", "crossing", "foreign carriers", "HHI")
    for one in found:
        index = "-" if one.concentration is None else f"{one.concentration:.3f}"
        figures = (count(one.networks), round_people(one.people), count(one.crossings))
        table.add_row(one.country, *figures, count(one.foreign_carriers), index)
    return table


def comparison_table(rows: Sequence["Compared"], one: str, other: str) -> "Table":
    """What is left after each of two scenarios, the greatest difference first; who does not differ, or is
    told of by one of the two alone, is left out.
    """
    table = _columns("Pairs of people that reach each other", "who", one, other)
    differ = [(row, row.one, row.other) for row in rows if row.one and row.other and row.one != row.other]
    differ.sort(key=lambda row: -abs(row[1].low - row[2].low))
    for row, first, second in differ[:COMPARED_SHOWN_MAX]:
        who = f"inside {row.country}" if row.with_whom == "inside" else f"{row.country} with {row.with_whom}"
        table.add_row(who, bounds(first), bounds(second))
    return table


def dependency_table(told: "Dependencies") -> "Table":
    """The networks in the middle, those that most routes cross first."""
    table = _columns(f"Routes of {told.country} that cross a network", "AS", "where", "inbound", "outbound")
    for one in told.crossed:
        where = "abroad" if one.abroad else "at home"
        table.add_row(f"AS{one.network}", where, share(one.inbound), share(one.outbound))
    return table
