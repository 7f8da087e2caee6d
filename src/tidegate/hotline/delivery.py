"""The states of a message on its way to one recipient: one table of all moves.

`TRANSITIONS` is the law: docs/deliveries.md and what the doors show are made from it. A move that is not in
it changes nothing. Each recipient of a message has a *copy* with a state of its own; until the message is
queued its copies move together.

1. STORED and what follows it are reached only by receipts that were verified. Nothing else is "delivered".
2. A message that ended unreceipted (expired, recalled, refused) was perhaps stored all the same: a receipt
   that comes later still counts, and is the truth.
3. What an officer has done outranks what a station has: no late R1 takes back an R2.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Stage(StrEnum):
    COMPOSED = "composed"
    AUTHORISED = "authorised"
    QUEUED = "queued"
    RELAYED = "relayed"
    STORED = "stored"
    OPENED = "opened"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    RECALLED = "recalled"


class Event(StrEnum):
    AUTHORISED = "authorised"
    QUEUED = "queued"
    CUSTODY = "custody"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    REFUSED = "refused"
    EXPIRED = "expired"
    RECALLED = "recalled"


S, E = Stage, Event

MEANING: Mapping[Stage, str] = MappingProxyType(
    {
        S.COMPOSED: "Its bytes are fixed; officers of its level have not all signed.",
        S.AUTHORISED: "As many officers as the card asks for have signed; it has no serial yet.",
        S.QUEUED: "It has its serial and its envelope, and is offered over every path that is left.",
        S.RELAYED: "A relay signed that it holds it for the recipient; it is offered on all other paths too.",
        S.STORED: "R1: the recipient's station signed that it stored it durably. This is *delivered*.",
        S.OPENED: "R2: an officer of the recipient signed that it was opened.",
        S.ANSWERED: "R3: an officer of the recipient answered it.",
        S.REFUSED: "The recipient's station signed that it will not take it, and why.",
        S.EXPIRED: "Its time ended before the recipient receipted it.",
        S.RECALLED: "The sender no longer wants it delivered, and no receipt had come.",
    }
)
"""What each state says; a test holds that none is missing."""

RECEIPTS: Mapping[Event, Stage] = MappingProxyType({E.R1: S.STORED, E.R2: S.OPENED, E.R3: S.ANSWERED})
ENDINGS: Mapping[Event, Stage] = MappingProxyType(
    {E.REFUSED: S.REFUSED, E.EXPIRED: S.EXPIRED, E.RECALLED: S.RECALLED}
)
OFFERED = (S.QUEUED, S.RELAYED)
"""States in which a copy is offered because it was never receipted."""
DELIVERED = (S.STORED, S.OPENED, S.ANSWERED)
"""1. The states that may be called delivered."""
ENDED = (S.REFUSED, S.EXPIRED, S.RECALLED)
"""Not delivered, as far as anyone knows, and offered no more."""

TRANSITIONS: Mapping[tuple[Stage, Event], Stage] = MappingProxyType(
    {
        (S.COMPOSED, E.AUTHORISED): S.AUTHORISED,
        (S.COMPOSED, E.EXPIRED): S.EXPIRED,
        (S.COMPOSED, E.RECALLED): S.RECALLED,
        (S.AUTHORISED, E.QUEUED): S.QUEUED,
        (S.AUTHORISED, E.EXPIRED): S.EXPIRED,
        (S.AUTHORISED, E.RECALLED): S.RECALLED,
        (S.QUEUED, E.CUSTODY): S.RELAYED,
        (S.RELAYED, E.CUSTODY): S.RELAYED,
        **{(stage, event): then for stage in OFFERED for event, then in ENDINGS.items()},
        # 1, 2. An officer's receipt proves more than the station's, and may overtake it.
        **{(stage, event): then for stage in (*OFFERED, *ENDED) for event, then in RECEIPTS.items()},
        # 3.
        (S.STORED, E.R2): S.OPENED,
        (S.STORED, E.R3): S.ANSWERED,
        (S.OPENED, E.R3): S.ANSWERED,
    }
)
"""All moves of a copy."""


def may(stage: Stage, event: Event) -> bool:
    return (stage, event) in TRANSITIONS


def after(stage: Stage, event: Event) -> Stage:
    """Where the event leads; the same stage where the table has no such move."""
    return TRANSITIONS.get((stage, event), stage)
