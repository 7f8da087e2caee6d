"""What comes next for one instance, and who is reminded of it when; never an accusation, always a step."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tidegate.accord.reckoning import Standing
from tidegate.accord.spans import begin_of, parse_span
from tidegate.accord.stages import Event, Stage
from tidegate.model.accords import Obligation, PartyCode
from tidegate.model.organisations import Level


class Step(StrEnum):
    """Codes with a label in every language."""

    WAIT = "wait"
    ACT = "act in time"
    ACT_LATE = "act now, late"
    ASK = "ask for clarification"
    CALL = "call a consultation"
    HOLD = "hold the consultation"
    REVIEW = "take it to the review"
    SETTLE = "settle between both accounts"
    NOTHING = "nothing"


def next_step(one: Standing, us: PartyCode) -> Step:
    """The step of the party `us`: acting for who owes it, the procedure for the party to whom it is owed."""
    if not one.is_open:
        return Step.NOTHING
    if one.stage is Stage.NOT_DUE:
        return Step.WAIT
    if one.stage is Stage.DISPUTED:
        return Step.SETTLE
    if us == one.duty:
        return Step.ACT if one.stage is Stage.DUE else Step.ACT_LATE
    if one.stage is Stage.DUE or us != one.toward:
        return Step.WAIT
    return procedure(one)


def procedure(one: Standing) -> Step:
    """Clarification, then consultation, then review: each only after the one before."""
    done = {event for event, _ in one.procedure}
    if Event.HELD in done:
        return Step.REVIEW
    if Event.CALLED in done:
        return Step.HOLD
    answers_clarification = one.obligation.evidence == "clarification-reply"
    return Step.CALL if Event.ASKED in done or answers_clarification else Step.ASK


class Reminder(msgspec.Struct, frozen=True):
    """`level` of `party` is reminded at `at_s` of an instance that is due at `due_s`."""

    at_s: int
    party: PartyCode
    level: Level
    instance: str
    due_s: int


def reminders(standings: Sequence[Standing], us: PartyCode) -> list[Reminder]:
    """For the party `us`, by time: of what it owes and is due, one for each lead time and one at the end; of
    what is late, whoever owes it, the one at the end. Each is for the level that owns the obligation."""
    found = [
        Reminder(at_s, us, one.obligation.owner, one.name, one.due_s)
        for one in standings
        if one.is_open and one.due_s is not None
        for at_s in moments(one, one.due_s, us)
        if one.began_s is None or at_s >= one.began_s
    ]
    return sorted(found, key=lambda reminder: (reminder.at_s, reminder.instance))


def moments(one: Standing, due_s: int, us: PartyCode) -> list[int]:
    if one.stage is Stage.DUE and one.duty == us:
        return [*leads(one.obligation, due_s), due_s]
    return [due_s] if one.stage is Stage.LATE and us in (one.duty, one.toward) else []


def fallen(coming: Sequence[Reminder], since_s: int, now_s: int) -> list[Reminder]:
    """Those whose time has come after `since_s`; of several of one instance only the last, since whoever was
    away needs no reminder of what another one says better. `coming` is in the order of time."""
    last = {one.instance: one for one in coming if since_s < one.at_s <= now_s}
    return list(last.values())


def leads(obligation: Obligation, due_s: int) -> list[int]:
    return [begin_of(parse_span(lead), due_s) for lead in obligation.remind]
