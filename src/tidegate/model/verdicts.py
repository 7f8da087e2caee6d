"""Verdicts as values: what a measurement said of a plan in force, and what it rests on."""

import msgspec

from tidegate.model.plans import Measured, Share


class RuleCounters(msgspec.Struct, frozen=True, kw_only=True):
    """What the routers of one border point counted for the plan's rules while they were in force there.

    `matched_bytes` came in and agreed with a rule; `dropped_bytes` of these were not let through.
    `ever_matched_bytes` are all that agreed since the routers hold the rules.
    """

    border_point: str
    from_ms: int
    until_ms: int
    matched_bytes: int
    dropped_bytes: int
    ever_matched_bytes: int


class VerdictReason(msgspec.Struct, frozen=True):
    """One ground of a verdict: `code` is one of tidegate.mitigate.verdict, `words` a sentence for people."""

    code: str
    words: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a plan does at one border point what was forecast; `reasons` are never empty.

    `removed` is the share of matching traffic that no longer comes in and `others_kept` the share of other
    traffic that still does, each as measured; None where it could not be measured.
    """

    plan: int
    border_point: str
    passed: bool
    reasons: tuple[VerdictReason, ...]
    removed: Share | None
    others_kept: Share | None
    before: Measured
    during: Measured
    session_up: bool
    counters: RuleCounters | None
