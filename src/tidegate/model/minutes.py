"""Minutes of a meeting of one track of dialogue, as a file that travels with the message that tells of it."""

from typing import Literal

import msgspec

from tidegate.model.accords import PartyCode, Text

MINUTES_BYTES_MAX = 1 << 16
"""The file of one meeting."""

POINTS_MAX = 64
"""Points of an agenda, decisions, or actions of one meeting."""


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What was decided; `text` in each authentic language."""

    id: str
    text: Text


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What `owner` took upon itself to do until the end of the day `due`."""

    id: str
    text: Text
    owner: PartyCode
    due: str


class Next(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The next meeting, as far as it was agreed."""

    date: str
    agenda: tuple[Text, ...] = ()


class Minutes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One meeting of `track` on the day `held`."""

    format: Literal[1]
    track: str
    held: str
    agenda: tuple[Text, ...] = ()
    decision: tuple[Decision, ...] = ()
    action: tuple[Action, ...] = ()
    next: Next | None = None
