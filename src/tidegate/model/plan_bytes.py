"""The exact bytes that an officer signs about a plan; any other program can make them again."""

import msgspec

from tidegate.model.canonical import canonical_json
from tidegate.model.plans import Intent, Plan

PREFIX = {
    "approve": b"tidegate/plan-approval/1\x00",
    "refuse": b"tidegate/plan-refusal/1\x00",
    "withdraw": b"tidegate/plan-withdrawal/1\x00",
}
"""A signature for one intent is none for another, and none for any other protocol."""


def plan_bytes(plan: Plan) -> bytes:
    """The canonical bytes (RFC 8785 over integers, as docs/decisions/0004) of the whole plan."""
    return canonical_json(msgspec.to_builtins(plan))


def words_to_sign(plan: Plan, intent: Intent) -> bytes:
    """What Ed25519 signs: the intent's prefix, then the plan's canonical bytes."""
    return PREFIX[intent] + plan_bytes(plan)
