"""What the node knows: one frozen value that follows from the facts and from nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tidegate.model.attacks import Attack

OPEN_ATTACKS_MAX = 4_096
"""Attacks under way at once; a further one is refused as Full until another ends."""

ENDED_ATTACKS_MAX = 1_000
"""Ended attacks at hand; the older ones are in the store."""

EXPORTERS_SEEN_MAX = 8_192
"""Exporters remembered as seen; further ones are recorded all the same, and counted as left out."""


@dataclass(frozen=True, slots=True)
class State:
    """The state after `facts` facts. A mapping in it is never changed: a step makes another.

    `open_attacks` by attack number, each as last recorded; `ended_attacks` newest last. `exporters` holds
    (exporter, protocol). `counts` by kind of fact. `started_ms` is when the running node started, None when
    it stopped cleanly; `unclean_starts` counts the starts without a stop before them.
    """

    facts: int = 0
    open_attacks: Mapping[int, Attack] = field(default_factory=lambda: MappingProxyType({}))
    ended_attacks: tuple[Attack, ...] = ()
    next_attack: int = 1
    exporters: frozenset[tuple[str, str]] = frozenset()
    exporters_left_out: int = 0
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    started_ms: int | None = None
    unclean_starts: int = 0
    last_at_ms: int = 0

    @property
    def stopped_cleanly(self) -> bool:
        return self.started_ms is None
