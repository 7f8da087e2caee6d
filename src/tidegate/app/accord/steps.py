"""What a reminder means: it is told to people once, and remembered as told."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tidegate.app.state import REMINDED_MAX, Reminded, State, Stepped
from tidegate.model.accord_facts import Remind, ReminderFellDue
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


ACCORD_STEPS: Mapping[type, Callable[[State, int, Any], Stepped]] = {ReminderFellDue: reminder_fell_due}
