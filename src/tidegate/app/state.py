"""What the node knows: one frozen value that follows from the facts and from nothing else."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from tidegate.hotline.state import HotlineState
from tidegate.mitigate.stages import Standing
from tidegate.model.attacks import Attack
from tidegate.model.facts import BorderSessionChanged, Effect
from tidegate.model.plans import Measured, Officer, Plan, Score

OPEN_ATTACKS_MAX = 4_096
"""Attacks under way at once; a further one is refused as Full until another ends."""

ENDED_ATTACKS_MAX = 1_000
"""Ended attacks at hand; the older ones are in the store."""

EXPORTERS_SEEN_MAX = 8_192
"""Exporters remembered as seen; further ones are recorded all the same, and counted as left out."""

PLANS_MAX = 256
"""Plans that have not ended; a further one is refused as Full, and the attack waits for its turn."""

ENDED_PLANS_MAX = 50
"""Ended plans at hand; the older ones are in the store."""

SCORES_MAX = 20
"""Scores of forecasts at hand; the older ones are in the store."""

SESSIONS_TROUBLED_MAX = 4_096
"""BGP sessions told to be in trouble: room for every session that the settings allow; one more is Full."""

REMINDED_MAX = 4_096
"""Obligations of accords of which people were reminded lately; the one that was due first is forgotten, and
far older ones are never told of (tidegate.app.accord.reminding)."""


ORIGINS_MAX = 1_024
"""Attacks on protected assets of which is remembered that their origins are on record; the oldest is let go,
and would be recorded again if it still went on."""


class Reminded(msgspec.Struct, frozen=True):
    """The last reminder of one obligation, and when that is due."""

    at_s: int
    due_s: int


class PlanLife(msgspec.Struct, frozen=True):
    """A plan, where it stands, and what was measured at its border points just before it came there."""

    plan: Plan
    standing: Standing
    before: tuple[Measured, ...] = ()


class State(msgspec.Struct, frozen=True, gc=False):
    """The state after `facts` facts. A mapping in it is never changed: a step makes another.

    `open_attacks` by attack number, each as last recorded; `ended_attacks` newest last. `exporters` holds
    (exporter, protocol). `counts` by kind of fact. `started_ms` is when the running node started, None when
    it stopped cleanly; `unclean_starts` counts the starts without a stop before them. `plans` by number are
    those that have not ended; `ended_plans` and `scores` newest last. `officers` by name are what is on
    record of the roster file, which alone says whose word counts. `sessions_troubled` are the BGP sessions
    that people were told are in trouble, each as last told. `hotline` is all that the hotline knows.
    `reminded` are the last reminders by accord and obligation, `origins` the attacks by accord of which the
    networks that they came from are on record.
    """

    facts: int = 0
    open_attacks: Mapping[int, Attack] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    ended_attacks: tuple[Attack, ...] = ()
    next_attack: int = 1
    exporters: frozenset[tuple[str, str]] = frozenset()
    exporters_left_out: int = 0
    counts: Mapping[str, int] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    started_ms: int | None = None
    unclean_starts: int = 0
    last_at_ms: int = 0
    plans: Mapping[int, PlanLife] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    ended_plans: tuple[PlanLife, ...] = ()
    next_plan: int = 1
    officers: Mapping[str, Officer] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    scores: tuple[Score, ...] = ()
    sessions_troubled: tuple[BorderSessionChanged, ...] = ()
    hotline: HotlineState = msgspec.field(default_factory=HotlineState)
    reminded: Mapping[str, Reminded] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    origins: tuple[str, ...] = ()

    @property
    def stopped_cleanly(self) -> bool:
        return self.started_ms is None


Stepped = tuple[State, tuple[Effect, ...]]
