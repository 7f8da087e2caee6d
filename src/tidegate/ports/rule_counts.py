"""What routers count for rules: asked by border point, and told rule by rule."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from tidegate.model.plans import Rule


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one router counted for one rule since it holds the rule: all that matched, and what of it was not
    let through."""

    matched_bytes: int
    matched_packets: int
    dropped_bytes: int


class CountsRead(msgspec.Struct, frozen=True, kw_only=True):
    """`counts` are those of each rule asked for, router after router, always in the same order; they had
    been read by `read_ms`."""

    read_ms: int
    counts: tuple[RuleCount, ...]


class CountingRouters(Protocol):
    """Waits for routers, so it is never asked in the node's thread; it changes nothing there."""

    def covers(self, border_point: str) -> bool:
        """Whether every router of the border point can be asked; this waits for nobody."""

    def read(self, border_point: str, rules: Sequence[Rule]) -> CountsRead:
        """OutsideFailed where a router does not answer in time; Malformed where its answer makes no sense or
        lacks one of the rules. A rule that is not counted never counts as zero."""
