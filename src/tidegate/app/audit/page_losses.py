"""The part of an audit's page about what is lost: services after each what-if, and single losses."""

from collections.abc import Sequence
from html import escape

from tidegate.app.audit.drawing import key, stacked
from tidegate.app.audit.report import SERVICES_MAX
from tidegate.app.page_pieces import rounded, share, span, table
from tidegate.audit.fates import Answer, Fate
from tidegate.audit.losses import Blast
from tidegate.model.audit_events import MOMENTS, State

BLASTS_MAX = 25
"""Losses in the table of the page, the worst first; --csv and --json have all."""

CAUSES_MAX = 10
"""Services of each what-if whose causes are told."""

STATE_WORDS = {
    State.WORKS: "works",
    State.DEGRADED: "degraded",
    State.FAILS: "fails",
    State.NOT_KNOWN: "not known",
}


def what_if(answer: Answer) -> list[str]:
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
        *table(["after", "", *STATE_WORDS.values()], rows, texts=1),
        *(table(head, map(_fate_row, shown), texts=1) if shown else ["<p>No service is touched.</p>"]),
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
        *table(["", ""], rows, texts=2),
        "</div>",
    ]


def _step(thing: str, fails_s: int) -> str:
    return thing if fails_s <= 0 else f"{thing} ({span(fails_s)})"


def losses(blasts: Sequence[Blast]) -> list[str]:
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
        *table(headings, rows, texts=3),
    ]
