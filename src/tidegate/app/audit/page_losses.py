"""The part of an audit's page about what is lost: services after each what-if, and single losses."""

from collections.abc import Sequence
from html import escape

from tidegate.app.audit.drawing import key, stacked
from tidegate.app.audit.page_words import Words, count
from tidegate.app.page_pieces import rounded, share, table
from tidegate.audit.causes import Step
from tidegate.audit.fates import Answer, Fate
from tidegate.audit.losses import Blast
from tidegate.model.audit_events import MOMENTS, CutOff, State, WhatIf, WithdrawCountry

BLASTS_MAX = 25
"""Losses in the table of the page, the worst first; --csv and --json have all."""

CAUSES_MAX = 10
"""Services of each what-if whose causes are told."""


def what_if(words: Words, answer: Answer, services_max: int) -> list[str]:
    whole = max(1, sum(answer.totals[0].people.values()))
    states = {state.value: words.code("state", state.value) for state in State}
    rows = []
    for total, (_, at_s) in zip(answer.totals, MOMENTS, strict=True):
        parts = [(state.value, total.people[state] / whole) for state in State]
        rows.append((words.span(at_s), stacked(parts), *(share(part) for _, part in parts)))
    hit = [fate for fate in answer.services if any(state is not State.WORKS for state in fate.states)]
    shown = hit[:services_max]
    head = [words("service"), words("people"), *(words.span(at_s) for _, at_s in MOMENTS)]
    touched = (_fate_row(words, fate) for fate in shown)
    more = len(hit) - len(shown)
    return [
        f"<h2>{words('what-if')}: {_asked(words, answer.what_if)}</h2>",
        key(states),
        *table([words("after"), "", *states.values()], rows, texts=1),
        *(table(head, touched, texts=1) if shown else [f"<p>{words('untouched')}</p>"]),
        *([f"<p class=note>{words('more-touched', count=count(more))}</p>"] if more else []),
        *_causes(words, shown[:CAUSES_MAX]),
    ]


def _asked(words: Words, what_if: WhatIf) -> str:
    """A what-if's own name, except of those that every report asks."""
    match what_if.event:
        case (CutOff(country=home),):
            return words("cut-off", home=escape(home))
        case (WithdrawCountry(country=country),):
            return words("withdraws", country=escape(country))
    return f"<bdi>{escape(what_if.name)}</bdi>"


def _fate_row(words: Words, fate: Fate) -> list[str]:
    states = (f'<td class="s-{state.value}">{words.code("state", state.value)}' for state in fate.states)
    return [f"<bdi>{escape(fate.service)}</bdi>", rounded(fate.people), *states]


def _causes(words: Words, fates: Sequence[Fate]) -> list[str]:
    arrow = " → " if words.direction == "rtl" else " ← "
    rows = [
        (f"<bdi>{escape(fate.service)}</bdi>", arrow.join(_step(words, step) for step in fate.chain))
        for fate in fates
        if fate.chain
    ]
    if not rows:
        return []
    return [f"<h3>{words('why')}</h3>", "<div class=small>", *table(["", ""], rows, texts=2), "</div>"]


def _step(words: Words, step: Step) -> str:
    after = f" ({words.span(step.fails_s)})" if step.fails_s > 0 else ""
    return f"<span>{words.thing(step.thing)}{after}</span>"


def losses(words: Words, blasts: Sequence[Blast]) -> list[str]:
    most = max((one.people[-1] for one in blasts), default=0) or 1
    shown = [one for one in blasts if one.people_degraded or one.people[-1]][:BLASTS_MAX]
    rows = (
        (
            f"<bdi>{escape(one.name)}</bdi>",
            words.code("loss", one.kind),
            escape(one.country or "?"),
            count(one.services[-1]),
            *(rounded(one.people[at]) for at in (0, 3, 6)),
            stacked([("fails", one.people[-1] / most)]),
            rounded(one.people_perhaps),
        )
        for one in shown
    )
    moments = [words("at-once"), *(words.span(MOMENTS[at][1]) for at in (3, 6))]
    headings = [words(one) for one in ("without", "kind", "country", "services")]
    return [
        f"<h2>{words('losses')}</h2>",
        f"<p>{words('losses-mean')}</p>",
        *table([*headings, *moments, "", words("perhaps")], rows, texts=3),
    ]
