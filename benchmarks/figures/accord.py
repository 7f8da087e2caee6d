"""The status of an accord with 200 obligations after 100,000 facts, at once and one fact later."""

import random
from collections.abc import Iterator
from time import process_time

from benchmarks.figure import Better, Description, Figure, Settings
from tidegate.accord.reckoning import Force, Reckoning
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.model.accords import (
    Accord,
    After,
    Before,
    Clock,
    Every,
    Happening,
    Languages,
    Obligation,
    Occurrence,
    Party,
    Receipted,
    Told,
)
from tidegate.model.accords import Force as InForce

TEXT = {"en": "text"}
BEGIN_S = begin_of_day(parse_day("2026-01-01"))
OBLIGATIONS = 200
FACTS = 100_000
RECURRING: tuple[Happening, ...] = (
    "check", "review-held", "contacts-told", "statistics-sent", "committee-met", "track-met",
    "operators-instructed",
)  # fmt: skip


def obligation(number: int) -> Obligation:
    """Of each kind of clock some, most of them recurring; every message asks for an acknowledgement."""
    clock: Clock
    evidence: Happening
    match number:
        case 0:
            clock, evidence = After(event="message", obliges="addressee", within="24h"), "acknowledgement"
        case 1 | 2:
            clock, evidence = Before(act="exercise", at_least="72h"), "notice"
        case 3 | 4:
            clock = After(event="clarification-request", obliges="addressee", within="48h")
            evidence = "clarification-reply"
        case _:
            clock, evidence = Every(span=("1mo", "3mo", "1y")[number % 3]), RECURRING[number % len(RECURRING)]
    return Obligation(id=f"o{number}", article=str(number), text=TEXT, clock=clock, evidence=evidence)


def accord() -> Accord:
    return Accord(
        format=1,
        id="large",
        version=1,
        title=TEXT,
        force=InForce(enters="signature", notice="6mo"),
        languages=Languages(authentic=("en",)),
        party=tuple(Party(code=code, name=TEXT) for code in ("XA", "XB")),
        obligation=tuple(map(obligation, range(OBLIGATIONS))),
    )


def told(rng: random.Random, count: int) -> Iterator[Told]:
    """Messages ten minutes apart, each receipted within seconds and acknowledged within a minute."""
    number, at_s = 0, BEGIN_S
    while number < count:
        at_s += 600
        by, toward = rng.sample(("XA", "XB"), 2)
        kind: Happening = rng.choices(("message", "clarification-request", "notice"), (90, 5, 5))[0]
        reference = f"m{number}"
        yield Occurrence(
            fact=number, kind=kind, by=by, toward=(toward,), at_s=at_s, reference=reference, sent_at_s=at_s,
            act="exercise" if kind == "notice" else None,
        )  # fmt: skip
        yield Receipted(fact=number + 1, reference=reference, by=toward, at_s=at_s + 5)
        answer: Happening = "clarification-reply" if kind == "clarification-request" else "acknowledgement"
        yield Occurrence(
            fact=number + 2, kind=answer, by=toward, toward=(by,), at_s=at_s + 60, reference=f"a{number}",
            about=reference, sent_at_s=at_s + 60,
        )  # fmt: skip
        yield Receipted(fact=number + 3, reference=f"a{number}", by=by, at_s=at_s + 65)
        number += 4


def measure_whole(settings: Settings) -> Figure:
    facts = list(told(random.Random(settings.seed), FACTS))
    began = process_time()
    reckoning = Reckoning(accord(), Force(BEGIN_S))
    for one in facts:
        reckoning.hear(one)
    open_now = len(reckoning.open(BEGIN_S + 200 * 86_400))
    took = process_time() - began
    note = f"{OBLIGATIONS} obligations, {len(facts)} facts, {open_now} instances open"
    return Figure(value=took, shown=f"{took:.2f} s", notes=(note,))


def measure_next(settings: Settings) -> Figure:
    reckoning = Reckoning(accord(), Force(BEGIN_S))
    facts = list(told(random.Random(settings.seed), FACTS))
    for one in facts[:-400]:
        reckoning.hear(one)
    now_s = BEGIN_S + 200 * 86_400
    reckoning.open(now_s)
    began = process_time()
    for one in facts[-400:]:
        reckoning.hear(one)
        reckoning.open(now_s)
    took = (process_time() - began) / 400 * 1_000
    return Figure(
        value=took, shown=f"{took:.2f} ms", notes=("mean over 400 facts, each followed by the status",)
    )


WHOLE = Description(
    "accord-status", "status of 200 obligations from 100,000 facts", "s", 1.0, Better.LOWER, measure_whole
)
NEXT = Description(
    "accord-next", "the status again after one more fact", "ms", 10.0, Better.LOWER, measure_next
)
