"""Facts about accords that are no messages: whom the node reminded of what."""

from typing import Literal

import msgspec

from tidegate.model.accords import PartyCode
from tidegate.model.organisations import Digest, Level


class ReminderFellDue(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An obligation came so near to its time that the accord asks to remind `level` of it, or passed it.

    `accord` is its id and `digest` the SHA-256 of the version that it stands in; `instance` is the
    obligation's name as `tidegate accord status --json` tells it. It is about our own part: what we owe
    (`ours`), or what the other side owes us and is late. `next_step` is a code with a label.
    """

    accord: str
    digest: Digest
    article: str
    instance: str
    duty: PartyCode
    toward: PartyCode
    ours: bool
    level: Level
    at_s: int
    due_s: int
    next_step: str


AccordFact = ReminderFellDue


class Remind(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the operator, for the officers of `level`, what is due when, and what comes next."""

    change: Literal["reminder", "late"]
    accord: str
    article: str
    instance: str
    level: Level
    due_s: int
    words: str
