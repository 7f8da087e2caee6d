"""What facts about accords mean: a reminder is told to people once; where traffic came from is kept."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from tidegate.app.state import ORIGINS_MAX, REMINDED_MAX, Reminded, State, Stepped
from tidegate.model.accord_facts import AccordFact, OriginsSeen, Remind, ReminderFellDue
from tidegate.model.mappings import with_entry, without
from tidegate.model.refusals import NotAllowed


def reminded_key(digest: str, instance: str) -> str:
    """An obligation of one version of an accord."""
    return f"{digest}/{instance}"


def reminder_fell_due(state: State, _: int, fact: ReminderFellDue) -> Stepped:
    key = reminded_key(fact.digest, fact.instance)
    known = state.reminded.get(key)
    if known is not None and known.at_s >= fact.at_s:
        raise NotAllowed(f"people were reminded of {fact.instance} already")
    reminded = with_entry(state.reminded, key, Reminded(fact.at_s, fact.due_s))
    if len(reminded) > REMINDED_MAX:
        reminded = without(reminded, min(reminded, key=lambda one: (reminded[one].due_s, one)))
    told = Remind(
        change="late" if fact.at_s >= fact.due_s else "reminder",
        accord=fact.accord,
        article=fact.article,
        instance=fact.instance,
        level=fact.level,
        due_s=fact.due_s,
        words=reminder_sentence(fact),
    )
    return replace(state, reminded=reminded), (told,)


def reminder_sentence(fact: ReminderFellDue) -> str:
    at = datetime.fromtimestamp(fact.due_s, UTC)
    when = f"{'was' if fact.at_s >= fact.due_s else 'is'} due {at:%Y-%m-%d %H:%M} UTC"
    whose = f"owed by {fact.duty} to {fact.toward}"
    return f"{fact.level}: {fact.accord} article {fact.article}, {whose}, {when}; next: {fact.next_step}"


def origins_key(digest: str, attack: int) -> str:
    """An attack, under one version of an accord."""
    return f"{digest}/{attack}"


def origins_seen(state: State, _: int, fact: OriginsSeen) -> Stepped:
    """Remembered as on record, and no more: whether anyone is asked is for an officer."""
    key = origins_key(fact.digest, fact.attack)
    if key in state.origins:
        raise NotAllowed(f"where attack {fact.attack} was seen from is on record under {fact.accord}")
    return replace(state, origins=(*state.origins, key)[-ORIGINS_MAX:]), ()


def accord_sentence(fact: AccordFact) -> str:
    """What happened, in one line."""
    if isinstance(fact, ReminderFellDue):
        return reminder_sentence(fact)
    parties = ", ".join(one.party for one in fact.seen) or "none of its parties"
    touched = ", ".join(fact.assets)
    return (
        f"attack {fact.attack} touches {touched} under {fact.accord}; its traffic was seen from networks of "
        f"{parties}; source addresses can be forged"
    )


ACCORD_STEPS: Mapping[type, Callable[[State, int, Any], Stepped]] = {
    ReminderFellDue: reminder_fell_due,
    OriginsSeen: origins_seen,
}
