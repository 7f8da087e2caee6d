"""The stages of one due obligation: one table of all moves.

`TRANSITIONS` is the law: the drawing in docs/accord.md and the doors' choices are made from it. Three rules:

1. Only evidence makes an obligation met, and only a finding of the party to whom it is owed, signed at the
   senior level after the procedure, makes it breached. The clock alone makes it late, and accuses nobody.
2. Whoever owes may dispute what is late or found; then both accounts stand side by side until they settle.
3. What was late stays late, also when the evidence comes at last.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Stage(StrEnum):
    NOT_DUE = "not due"
    DUE = "due"
    MET = "met"
    LATE = "late"
    BREACHED = "breached"
    DISPUTED = "disputed"
    WAIVED = "waived"
    SUSPENDED = "suspended"


class Event(StrEnum):
    STARTED = "clock started"
    KEPT = "evidence came"
    OVERDUE = "time passed"
    ASKED = "clarification asked"
    CALLED = "consultation called"
    HELD = "consultation held"
    FOUND = "found not kept"
    DISPUTED = "disputed"
    SETTLED = "settled"
    WAIVED = "waived"
    RESTED = "track suspended"

    order: int
    """Of events at one moment: evidence that comes at the last moment is in time."""


for number, event in enumerate(Event):
    event.order = number


OPEN = frozenset((Stage.NOT_DUE, Stage.DUE, Stage.LATE, Stage.DISPUTED))
"""Something may still be done about these, but for a late one that has its evidence."""

TRANSITIONS: Mapping[tuple[Stage, Event], Stage] = MappingProxyType(
    {
        (Stage.NOT_DUE, Event.STARTED): Stage.DUE,
        (Stage.NOT_DUE, Event.WAIVED): Stage.WAIVED,
        (Stage.NOT_DUE, Event.RESTED): Stage.SUSPENDED,
        (Stage.DUE, Event.KEPT): Stage.MET,
        (Stage.DUE, Event.OVERDUE): Stage.LATE,
        (Stage.DUE, Event.ASKED): Stage.DUE,
        (Stage.DUE, Event.CALLED): Stage.DUE,
        (Stage.DUE, Event.HELD): Stage.DUE,
        (Stage.DUE, Event.WAIVED): Stage.WAIVED,
        (Stage.DUE, Event.RESTED): Stage.SUSPENDED,
        (Stage.LATE, Event.KEPT): Stage.LATE,
        (Stage.LATE, Event.ASKED): Stage.LATE,
        (Stage.LATE, Event.CALLED): Stage.LATE,
        (Stage.LATE, Event.HELD): Stage.LATE,
        (Stage.LATE, Event.FOUND): Stage.BREACHED,
        (Stage.LATE, Event.DISPUTED): Stage.DISPUTED,
        (Stage.LATE, Event.WAIVED): Stage.WAIVED,
        (Stage.LATE, Event.SETTLED): Stage.WAIVED,
        (Stage.BREACHED, Event.DISPUTED): Stage.DISPUTED,
        (Stage.BREACHED, Event.SETTLED): Stage.WAIVED,
        (Stage.DISPUTED, Event.ASKED): Stage.DISPUTED,
        (Stage.DISPUTED, Event.CALLED): Stage.DISPUTED,
        (Stage.DISPUTED, Event.HELD): Stage.DISPUTED,
        (Stage.DISPUTED, Event.KEPT): Stage.DISPUTED,
        (Stage.DISPUTED, Event.SETTLED): Stage.WAIVED,
        (Stage.DISPUTED, Event.WAIVED): Stage.WAIVED,
    }
)

MOVES = dict(TRANSITIONS)  # looked up for each mark, a third sooner than through the proxy

MEANING: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.NOT_DUE: "It may become due; what starts its clock has not reached whoever would act.",
        Stage.DUE: "Its clock runs.",
        Stage.MET: "The evidence came in time.",
        Stage.LATE: "The time passed first. With the evidence it is closed, and stays late.",
        Stage.BREACHED: "After the procedure the party to whom it is owed found that it was not kept.",
        Stage.DISPUTED: "Whoever owes it says otherwise; both accounts stand until they settle.",
        Stage.WAIVED: "The party to whom it is owed asks for it no more.",
        Stage.SUSPENDED: "It rests with its track of dialogue.",
    }
)


CLOCK = -1
"""Stands for a fact where only time passed."""


Mark = tuple[int, int, Event, int]
"""When, the event's order, an event of one instance, and the fact that tells it, or CLOCK; sorts by time."""


def mark(at_s: int, event: Event, fact: int) -> Mark:
    return at_s, event.order, event, fact


def stage_at(marks: Iterable[Mark], now_s: int) -> Stage:
    """Where the marks up to now lead; one that has no move from where it stands changes nothing."""
    return stage_until(marks, now_s)[0]


def stage_until(marks: Iterable[Mark], now_s: int) -> tuple[Stage, int | None]:
    """The same, and when the next mark comes, up to which it stands; None where none does."""
    stage = Stage.NOT_DUE
    for at_s, _, event, _ in sorted(marks):
        if at_s > now_s:
            return stage, at_s
        stage = MOVES.get((stage, event), stage)
    return stage, None
