"""Answers of audits as tables: states at each moment, people in three digits, chains of causes in lines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from tidegate.cli.rehearse_tables import round_people, share
from tidegate.cli.tables import plain_table
from tidegate.cli.words import count, duration
from tidegate.model.audit_events import MOMENTS, State
from tidegate.model.domain_names import ROOT

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tidegate.app.audit.asking import (
        Advice,
        Advised,
        Answer,
        Blast,
        Breach,
        CertificateHeld,
        Difference,
        Explained,
        Fate,
        LayerTotal,
        Score,
        Standing,
        Step,
    )

CAUSES_SHOWN_MAX = 3
"""Services whose causes are shown behind a table; --json has all."""

SINGLES_SHOWN_MAX = 12
"""Losses that alone stop a service, as far as they are shown; --json has more."""

CERTIFICATES_SHOWN_MAX = 5
"""Certificates of a service that are shown; --json has more."""

NOT_SEEN_SHOWN_MAX = 10
"""Things not seen that are shown; --json has all."""

STATES = {
    State.WORKS: ("works", "green"),
    State.DEGRADED: ("degraded", "yellow"),
    State.FAILS: ("FAILS", "bold red"),
    State.NOT_KNOWN: ("not known", "magenta"),
}
MOMENTS_SHORT = ("5 min", "1 h", "12 h", "1 day", "7 days", "30 days", "90 days")


def columns(title: str, *headings: str, left: int = 1) -> "Table":
    table = plain_table(title)
    for at, heading in enumerate(headings):
        if at < left:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    return table


def state(told: State) -> Text:
    word, style = STATES[told]
    return Text(word, style=style)


def print_answer(screen: "Console", answer: "Answer", limit: int) -> None:
    """Totals, the services that are hit worst, and why the first of them are."""
    screen.print(answer.what_if.name, style="bold")
    table = columns("People, by the state of their service after", "", *MOMENTS_SHORT)
    for one in State:
        figures = [round_people(total.people[one]) for total in answer.totals]
        table.add_row(state(one), *figures)
    screen.print(table)
    hit = [fate for fate in answer.services if any(one is not State.WORKS for one in fate.states)]
    if not hit:
        screen.print("No service is touched.")
        return
    table = columns("Services, those hit worst first", "service", "people", *MOMENTS_SHORT)
    for fate in hit[:limit]:
        table.add_row(fate.service, round_people(fate.people), *map(state, fate.states))
    screen.print(table)
    if len(hit) > limit:
        screen.print(f"{count(len(hit) - limit)} more are touched; --limit shows them, --json has all.")
    for fate in hit[:CAUSES_SHOWN_MAX]:
        _print_cause(screen, fate)
    screen.print(
        "degraded: something less important is lost, or clients that come anew fail while others still "
        "have caches. not known: what was not seen could decide it.",
        style="dim",
    )


def when(at_s: int) -> str:
    """As "at once", "after 5 min", "never worked"."""
    if at_s < 0:
        return "never worked"
    return "at once" if at_s == 0 else f"after {duration(at_s * 1000)}"


def _print_cause(screen: "Console", fate: "Fate") -> None:
    if not fate.chain:
        return
    screen.print(f"\n{fate.service}: why", style="bold")
    for step in reversed(fate.chain):
        screen.print(f"  {step.thing} {when(step.fails_s)}{_held(step)}")


def _held(step: "Step") -> str:
    if step.others:
        return f" (and so did {step.others} other{'s' if step.others > 1 else ''})" + _longer(step)
    return _longer(step)


def _longer(step: "Step") -> str:
    if step.until_s:
        from tidegate.cli.words import moment

        return f", good until {moment(step.until_s * 1000)}"
    if step.holds_s and step.fails_s > 0:
        return f", {duration(step.holds_s * 1000)} longer than what it needs"
    return ""


def layer_table(totals: "Sequence[LayerTotal]") -> "Table":
    headings = ("layer", "people", "at home", "abroad", "not known", "one owner", "redundant")
    table = columns("Layers, in people whose services stand on them", *headings)
    for one in totals:
        whole = max(1, one.people)
        table.add_row(
            one.layer.replace("_", " "),
            round_people(one.people),
            *(
                share(part / whole)
                for part in (one.home, one.abroad, one.not_known, one.single, one.redundant)
            ),
        )
    return table


def standing_table(rows: "Sequence[Standing]") -> "Table":
    from tidegate.app.audit.asking import WHERE_WORDS

    table = columns("", "service", "layer", "where", "alone abroad is lost", "one owner", left=3)
    for one in rows:
        single = {True: one.hangs_on, False: "no", None: "not known"}[one.single]
        lasts = "-" if one.lasts_s is None else when(one.lasts_s)
        table.add_row(one.service, one.layer.replace("_", " "), WHERE_WORDS[one.where], lasts, single)
    return table


def score_table(rows: "Sequence[Score]") -> "Table":
    headings = ("layer", "sites", "not seen", "providers", "concentration", "insularity", "largest")
    table = columns("Concentration and insularity, as published for 150 countries", *headings)
    for one in rows:
        told = ["-" if one.concentration is None else f"{one.concentration:.3f}"]
        told.append("-" if one.insularity is None else share(one.insularity))
        largest = f"{one.largest[0][0]} {share(one.largest[0][1])}" if one.largest else "-"
        table.add_row(one.layer, count(one.sites), count(one.not_seen), count(one.providers), *told, largest)
    return table


def blast_table(rows: "Sequence[Blast]") -> "Table":
    headings = ("without", "of", "services", "at once", "1 day", "30 days", "90 days", "touched", "perhaps")
    table = columns("People whose service stops", *headings, left=2)
    words = {"provider": "", "authority": "", "law": "withdrawal of all of ", "place": "reach of "}
    for one in rows:
        people = [round_people(one.people[at]) for at in (0, 3, 5, 6)]
        table.add_row(
            f"{words[one.kind]}{one.name}",
            one.country or "?",
            count(one.services[-1]),
            *people,
            round_people(one.people_degraded),
            round_people(one.people_perhaps),
        )
    return table


def print_advice(screen: "Console", told: "Advice") -> None:
    if not told.changes:
        screen.print("No change of those known here would help.")
        return
    within = "" if told.budget is None else f", for {amount(told.budget)} {told.unit} at most"
    title = f"Changes that keep most people served {told.hours} hours after any single loss{within}"
    screen.print(_advised_table(title, told.changes, told.unit))
    screen.print(
        f"Over {count(told.losses)} single losses, {round_people(told.lost)} people lose a service now and "
        f"{round_people(told.left)} would with these changes (each loss counted by itself)."
    )
    others = "set within the budget" if told.budget is not None else "set of as many changes"
    screen.print(
        f"No other {others} leaves less."
        if told.exact
        else f"Each is the best one after those before; another {others} may leave less."
    )
    if told.by_cost != told.changes:
        title = "Those that keep most people for what they cost"
        screen.print(_advised_table(title, told.by_cost, told.unit))
        screen.print(f"With these, {round_people(told.left_by_cost)} people would lose a service.")
    if told.not_tried or told.losses_not_tried:
        screen.print(
            f"Not tried: {count(told.not_tried)} changes and {count(told.losses_not_tried)} losses, "
            "those that touch fewest people."
        )


def _advised_table(title: str, rows: "Sequence[Advised]", unit: str) -> "Table":
    table = columns(title, "at home, a", "for", "people kept", unit, "people for each", left=2)
    for one in rows:
        each = round_people(round(one.gain / one.cost)) if one.cost else "-"
        of = "the root" if one.fix.of == ROOT else one.fix.of
        of += f" (and CAA of {hosts(one.caa)})" if one.caa else ""
        table.add_row(one.fix.kind, of, round_people(one.gain), amount(one.cost), each)
    return table


def amount(cost: float) -> str:
    """As "12", "0.5", "1 250": two digits behind the point at most."""
    text = f"{cost:,.2f}".rstrip("0").rstrip(".")
    return text.replace(",", "\N{NO-BREAK SPACE}")


def hosts(names: Sequence[str]) -> str:
    """The first one, and how many more."""
    return names[0] if len(names) == 1 else f"{names[0]} and {count(len(names) - 1)} more"


def print_explained(screen: "Console", told: "Explained") -> None:
    one = told.service
    screen.print(f"{one.name}: {one.sector or 'no sector'}, {round_people(one.people)} people", style="bold")
    screen.print(f"Hosts: {', '.join((*one.domains, *one.backends)) or 'none'}")
    screen.print(standing_table(told.layers))
    if not told.singles:
        screen.print("Nothing that was seen stops it alone.")
    else:
        table = columns("What stops it alone", "loss", "when", "how", left=3)
        for single in told.singles[:SINGLES_SHOWN_MAX]:
            table.add_row(single.what, when(single.fails_s), " > ".join(single.proof[:-1]) or "-")
        screen.print(table)
        if len(told.singles) > SINGLES_SHOWN_MAX:
            screen.print(
                f"{count(len(told.singles) - SINGLES_SHOWN_MAX)} more stop it later (--json has them)."
            )
    if told.certificates:
        screen.print(certificate_table(told.certificates[:CERTIFICATES_SHOWN_MAX]))
    print_not_seen(screen, told.not_seen)


def certificate_table(rows: "Sequence[CertificateHeld]") -> "Table":
    from tidegate.cli.words import moment

    headings = ("host", "by", "until", "renewed by")
    table = columns("Its certificates, those first that end first", *headings, left=4)
    for one in rows:
        by = f"{one.authority} ({one.country or '?'})"
        renewed = "a program" if one.by_program else "hand, it seems"
        table.add_row(one.host, by, moment(one.ends_s * 1000), renewed)
    return table


def print_not_seen(screen: "Console", told: Sequence[str]) -> None:
    if not told:
        return
    screen.print(f"Not seen, and never counted as safe: {count(len(told))}")
    for one in told[:NOT_SEEN_SHOWN_MAX]:
        screen.print(f"  {one}")
    if len(told) > NOT_SEEN_SHOWN_MAX:
        screen.print(f"  and {count(len(told) - NOT_SEEN_SHOWN_MAX)} more (--json names all)")


def breach_table(rows: "Sequence[Breach]") -> "Table":
    table = columns("", "rule", "service", "because", "sure", "people", left=4)
    for one in rows:
        table.add_row(
            one.rule, one.service, one.why, "yes" if one.sure else "not known", round_people(one.people)
        )
    return table


def difference_table(rows: "Sequence[Difference]") -> "Table":
    table = columns("", "what", "of", "before", "after", left=4)
    for one in rows:
        table.add_row(one.what, one.of, one.before, one.after)
    return table


def fates_csv(answer: "Answer") -> str:
    """Every service, a line each: states at the moments, and when it surely and perhaps fails."""
    from tidegate.app.audit.comma import comma_lines

    heads = [moment.replace(" ", "_") for moment, _ in MOMENTS]
    head = ["service", "sector", "people", *heads, "fails_s", "may_fail_s", "degrades_s", "cause"]
    rows = [
        [
            one.service, one.sector, one.people, *(state.value for state in one.states), one.fails_s,
            one.may_fail_s, one.degrades_s, one.chain[-1].thing if one.chain else "",
        ]
        for one in answer.services
    ]  # fmt: skip
    return comma_lines(head, rows)
