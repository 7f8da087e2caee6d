"""What the changes that an audit advises cost: stated by whoever plans, or ours to begin with."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec

STATED_MAX = 10_000
"""Changes whose cost is stated one by one; a longer list is refused."""

ChangeKind = Literal[
    "name_servers", "root_copy", "replica", "authority", "page_copy", "mail_server", "source"
]
"""Kinds of changes, by the words of the file of costs."""

KIND_WORDS: Mapping[ChangeKind, str] = {
    "name_servers": "second provider of name servers",
    "root_copy": "local copy of the root zone (RFC 8806)",
    "replica": "replica",
    "authority": "second certificate authority",
    "page_copy": "own copy of what pages use",
    "mail_server": "second mail server",
    "source": "second source",
}

Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Effort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a change costs once, and for each zone, host, certificate or service that has to be changed."""

    once: Amount
    each: Amount = 0.0


class Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one change costs in all; `of` is what it is for, as advice names it."""

    kind: ChangeKind
    of: str
    cost: Amount


DEFAULT_EFFORTS: Mapping[ChangeKind, Effort] = {
    "name_servers": Effort(2, 0.5),
    "root_copy": Effort(1),
    "replica": Effort(20),
    "authority": Effort(3, 0.25),
    "page_copy": Effort(2, 0.5),
    "mail_server": Effort(5),
    "source": Effort(10, 1),
}
"""In days of work, as we guess them: for a first order, not for a plan."""


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By kind, and one by one where that is stated; what is not stated costs as DEFAULT_EFFORTS says, so that
    a file in another unit states all kinds.
    """

    unit: str = "days of work"
    cost: Mapping[ChangeKind, Effort] = {}
    change: tuple[Stated, ...] = ()

    def of(self, kind: ChangeKind, of: str, things: int) -> float:
        """Of a change for `of` that is made at so many things."""
        for one in self.change:
            if (one.kind, one.of) == (kind, of):
                return one.cost
        effort = self.cost.get(kind, DEFAULT_EFFORTS[kind])
        return effort.once + effort.each * things


assert set(KIND_WORDS) == set(DEFAULT_EFFORTS) == set(get_args(ChangeKind))
