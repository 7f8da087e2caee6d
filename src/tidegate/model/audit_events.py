"""What an audit is asked: events, the moments after them, the states of a service, and rules to be kept."""

from enum import Enum
from typing import Literal

import msgspec

from tidegate.model.audits import Layer

EVENTS_MAX = 1_000
"""Events of one what-if; a longer list is refused."""

RULES_MAX = 1_000
"""Rules of one policy; a longer list is refused."""

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400

MOMENTS = (
    ("minute 5", 5 * MINUTE_S),
    ("hour 1", HOUR_S),
    ("hour 12", 12 * HOUR_S),
    ("day 1", DAY_S),
    ("day 7", 7 * DAY_S),
    ("day 30", 30 * DAY_S),
    ("day 90", 90 * DAY_S),
)
"""After the event, when the state of every service is told."""


class State(Enum):
    """Of a service at a moment. `DEGRADED` also where some clients fail already and others not yet."""

    WORKS = "works"
    DEGRADED = "degraded"
    FAILS = "fails"
    NOT_KNOWN = "not_known"


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True):
    """One thing that happens `after_s` seconds after the what-if begins."""

    after_s: int = 0


class WithdrawProvider(_Event, frozen=True, tag="withdraw_provider"):
    """A provider, or an owner with all its providers, serves the country no longer, from wherever."""

    provider: str


class WithdrawCountry(_Event, frozen=True, tag="withdraw_country"):
    """All providers under a country's law serve no longer, from wherever."""

    country: str


class LoseCountry(_Event, frozen=True, tag="lose_country"):
    """What stands in a country cannot be reached; what its providers have elsewhere can."""

    country: str


class CutOff(_Event, frozen=True, tag="cut_off"):
    """The country's own foreign links are cut: only what stands in `country` is reached."""

    country: str


class LoseNetworks(_Event, frozen=True, tag="lose_networks"):
    """These networks are not reached, whoever holds them, and of `perhaps` it is not known; a rehearsed
    scenario tells which.
    """

    networks: tuple[int, ...]
    perhaps: tuple[int, ...] = ()


class StopAuthority(_Event, frozen=True, tag="stop_authority"):
    """A certificate authority issues nothing more: neither certificates nor status answers."""

    authority: str


class ExpireName(_Event, frozen=True, tag="expire_name"):
    """A zone is no longer delegated."""

    zone: str


class Stop(_Event, frozen=True, tag="stop"):
    """A host, a name server, an address or a declared thing stops."""

    thing: str


Event = (
    WithdrawProvider
    | WithdrawCountry
    | LoseCountry
    | CutOff
    | LoseNetworks
    | StopAuthority
    | ExpireName
    | Stop
)


class WhatIf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named list of events; `at_s` is when it begins (0: when the audit was made)."""

    name: str
    event: tuple[Event, ...] = ()
    at_s: int = 0


Loss = Literal["any provider", "any foreign provider", "any country", "any foreign country", "cut off"]
"""What a rule may ask a service to survive: each one alone."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule over services (all, or of some sectors, or by name): they survive a loss for `hours`, or a
    layer of theirs is `at home`, `redundant` or `seen`. What is not known breaks the rule.
    """

    name: str
    sectors: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    survives: Loss | None = None
    hours: int = 24
    layer: Layer | None = None
    must_be: Literal["at home", "redundant", "seen"] | None = None

    @property
    def is_whole(self) -> bool:
        """It asks for one thing: a rule that asks for nothing would be kept by everybody."""
        asks = [self.survives is not None, self.layer is not None]
        return asks.count(True) == 1 and (self.layer is None) == (self.must_be is None)


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules that an audit is held to."""

    rule: tuple[Rule, ...] = ()
