"""When receipts are due, by precedence and accord, and who is told when they are late.

R1 is due so long after the message was queued; R2 and R3 so long after the recipient had it (for the sender:
after R1 came). Who is late is told to the message's level first; each further deadline that passes climbs one
level, up to senior.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from tidegate.model.hotline_facts import About, Awaited, Deadlines
from tidegate.model.messages import Content, FormName, Precedence
from tidegate.model.organisations import LEVELS, Level

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


BY_PRECEDENCE: Mapping[Precedence, Deadlines] = MappingProxyType(
    {
        "FLASH": Deadlines(r1_s=120, r2_s=600, r3_s=HOUR_S),
        "IMMEDIATE": Deadlines(r1_s=600, r2_s=HOUR_S, r3_s=6 * HOUR_S),
        "PRIORITY": Deadlines(r1_s=HOUR_S, r2_s=6 * HOUR_S, r3_s=DAY_S),
        "ROUTINE": Deadlines(r1_s=DAY_S, r2_s=3 * DAY_S, r3_s=7 * DAY_S),
    }
)

ASKING: frozenset[FormName] = frozenset({"clarification-request", "assistance-request", "consultation-call"})
"""Forms that ask for an answer."""

ANSWER_BY = "answer-by"

UNOPENED: frozenset[FormName] = frozenset({"check", "receipt"})
"""Forms that a station deals with: no officer needs to open them."""


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds in which an accord in force asks for receipts of one message, each counted as in `Deadlines`.
    None: it asks for none. No accord asks for R1: a station gives it, and what others do starts with it."""

    r2_s: int | None = None
    r3_s: int | None = None


NOTHING_AGREED = Agreed()


def deadlines(about: About, human: bool, agreed: Agreed) -> Deadlines:
    """What is awaited of this message's recipients. `human`: a check that asks for an officer's answer.

    The accord that it is sent under may ask for less time, or for an answer; never for more time.
    """
    usual = BY_PRECEDENCE[about.precedence]
    r2 = usual.r2_s if about.form not in UNOPENED or human else None
    r3 = usual.r3_s if about.form in ASKING else None
    return Deadlines(r1_s=usual.r1_s, r2_s=sooner(r2, agreed.r2_s), r3_s=sooner(r3, agreed.r3_s))


def person_asked(content: Content) -> bool:
    """Whether a communication check asks for an officer's answer: it says by when."""
    return content.form == "check" and any(field.name == ANSWER_BY for field in content.fields)


def sooner(one: int | None, other: int | None) -> int | None:
    return min((value for value in (one, other) if value is not None), default=None)


def climbed(first: Level, told: Level | None) -> Level | None:
    """Who is told next: the message's own level, then the one above the last; None above senior."""
    if told is None:
        return first
    above = LEVELS[told] + 1
    return next((level for level, rank in LEVELS.items() if rank == above), None)


class Overdue(msgspec.Struct, frozen=True):
    """Somebody is to be told that `awaited` was due at `due_s`."""

    awaited: Awaited
    due_s: int
    level: Level


def overdue(
    awaited: Awaited, began_s: int, allowed_s: int, first: Level, told: Level | None, now_s: int
) -> Overdue | None:
    """The next step of climbing, if its time has come: the same time again for each level above the first."""
    level = climbed(first, told)
    if level is None:
        return None
    steps = LEVELS[level] - LEVELS[first] + 1
    due_s = began_s + steps * allowed_s
    return Overdue(awaited, due_s, level) if now_s >= due_s else None
