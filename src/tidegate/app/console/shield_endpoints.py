"""The endpoints of the shield: situation, attacks, plans, border, health, ledger.

The one that changes what a border does carries an officer's own signed word, and withdrawing everything is
left to the terminal.
"""

import msgspec

from tidegate.app.console.access import Right
from tidegate.app.console.endpoint import BYTES, EVENTS, Endpoint
from tidegate.app.console.situation import SituationView
from tidegate.app.console.views import (
    AttackList,
    AttackView,
    BorderView,
    CountsView,
    HealthView,
    LedgerView,
    ProofView,
)
from tidegate.app.filtering.offers import FilterHelp
from tidegate.model.plans import Assertion, Intent
from tidegate.ports.control import WordTaken


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    intent: Intent
    signature: str
    assertion: Assertion


SHIELD: tuple[Endpoint, ...] = (
    Endpoint(
        "situation",
        "GET",
        "/api/situation",
        Right.SITUATION,
        SituationView,
        "What is hitting us now, with so many seconds before.",
        asks=("seconds",),
        asks_text=("filter",),
    ),
    Endpoint(
        "live",
        "GET",
        "/api/situation/live",
        Right.SITUATION,
        EVENTS,
        "The same, once a second, as events.",
        asks_text=("filter",),
    ),
    Endpoint(
        "filter",
        "GET",
        "/api/filter",
        Right.SITUATION,
        FilterHelp,
        "What is wrong with a filter over attacks, and what may stand at character `at`.",
        asks=("at",),
        asks_text=("filter",),
    ),
    Endpoint(
        "attacks",
        "GET",
        "/api/attacks",
        Right.EVIDENCE,
        AttackList,
        "Attacks on record that did not end before `since_ms`; further ones end before fact `before`.",
        asks=("since_ms", "before"),
        asks_text=("filter",),
    ),
    Endpoint(
        "counts",
        "GET",
        "/api/counts",
        Right.EVIDENCE,
        CountsView,
        "What attacks of so many days amount to, by vector and border point.",
        asks=("days",),
        asks_text=("filter",),
    ),
    Endpoint(
        "attack", "GET", "/api/attacks/{number}", Right.EVIDENCE, AttackView, "One attack and its plans."
    ),
    Endpoint(
        "plan_bytes",
        "GET",
        "/api/plans/{number}/bytes",
        Right.EVIDENCE,
        BYTES,
        "The exact bytes of a plan, of which officers sign the digest.",
    ),
    Endpoint(
        "word",
        "POST",
        "/api/plans/{number}/word",
        Right.WORD,
        WordTaken,
        "Bring one's own signed word.",
        Word,
    ),
    Endpoint(
        "border",
        "GET",
        "/api/border",
        Right.EVIDENCE,
        BorderView,
        "Sessions, live rules, what receivers hold.",
    ),
    Endpoint("health", "GET", "/api/health", Right.EVIDENCE, HealthView, "Why data is missing."),
    Endpoint(
        "ledger", "GET", "/api/ledger", Right.EVIDENCE, LedgerView, "Facts below `before`.", asks=("before",)
    ),
    Endpoint(
        "proof", "GET", "/api/ledger/{number}", Right.EVIDENCE, ProofView, "That one fact is in the ledger."
    ),
)
