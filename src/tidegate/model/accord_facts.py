"""Facts about accords that are no messages: whom the node reminded of what, and what the shield saw."""

from typing import Literal

import msgspec

from tidegate.model.accords import PartyCode
from tidegate.model.attacks import Rate
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


class SeenFrom(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic whose source addresses lie in the networks that `party` answers for, with its 90 % sampling
    interval; `flows` is how many sampled flow records it rests on. Source addresses can be forged."""

    party: PartyCode
    prefixes: tuple[str, ...]
    networks: tuple[int, ...]
    bits_per_s: Rate
    flows: int


class OriginsSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Of an attack toward our protected assets: from which parties' networks its traffic was seen, by counts
    alone. It is material for an officer who may ask about it; nothing follows from it by itself.

    `sampling` is the largest number of packets that one sampled packet stood for; `seen` names no party where
    nothing came from networks that any answers for.
    """

    accord: str
    digest: Digest
    attack: int
    assets: tuple[str, ...]
    targets: tuple[str, ...]
    from_ms: int
    until_ms: int
    sampling: int
    seen: tuple[SeenFrom, ...]


AccordFact = ReminderFellDue | OriginsSeen


class Remind(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the operator, for the officers of `level`, what is due when, and what comes next."""

    change: Literal["reminder", "late"]
    accord: str
    article: str
    instance: str
    level: Level
    due_s: int
    words: str
