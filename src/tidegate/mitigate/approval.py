"""Who may put a plan in force: two different officers over its exact bytes; and who may stop one: anyone.

Guardian of invariants 1 and 4 of the house. The numbers stand beside the code that keeps each rule.

1. A word counts for the exact bytes of the plan and for one intent (tidegate.model.plan_bytes): a change of
   one byte, and it counts for nothing.
2. A word counts only from an officer who stands on the roster and is live now.
3. Two words are needed, from two different names with two different keys.
4. One of the two officers has at least the plan's level.
5. The plan's proposer is none of the two, unless the settings allow it.
6. A plan is approved before its `approve_until_ms`, and is in force only before its `ends_at_ms`.
7. Refusing and withdrawing take one word, from any live officer of any level.
8. One word that does not hold refuses all: nobody hides a forged word among good ones.
9. A plan counts at the node that it names, and at no other with the same officers and border points.
10. An officer whose key is a passkey speaks by an assertion over the digest of those same bytes, in which a
    person was present and verified, and by nothing else (tidegate.mitigate.passkeys); others by none.

Signatures of key files are Ed25519 (RFC 8032). Nothing here reads a store: the plan, the words, the roster
and the time come in, so that whoever holds the BGP sessions can ask the same question of its own roster and
clock.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from tidegate.mitigate.passkeys import holds_by_passkey
from tidegate.mitigate.roster import LEVELS, Roster
from tidegate.model.plan_bytes import plan_bytes, words_to_sign
from tidegate.model.plans import Intent, Officer, Plan, Signed
from tidegate.model.refusals import NotAllowed

APPROVALS_MAX = 8
"""Words that one plan's approval may bring; more are refused before any signature is checked."""

SIGNATURE = re.compile(r"[0-9a-f]{128}")


class ApprovalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose plans count here, and what the operator's file may say about approving."""

    node: str
    proposer_may_approve: bool = False


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with the two officers whose words hold; `digest` is the SHA-256 of the plan's bytes in hex."""

    plan: Plan
    digest: str
    officers: tuple[Officer, Officer]


def verify(
    plan: Plan, signed: Sequence[Signed], roster: Roster, settings: ApprovalSettings, now_ms: int
) -> Approved:
    """The approval that these words make of a plan not yet in force; NotAllowed says what is missing."""
    if now_ms >= plan.approve_until_ms:  # 6
        raise NotAllowed(f"plan {plan.number} could be approved until {plan.approve_until_ms} ms only")
    return two_officers(plan, signed, roster, settings, now_ms)


def verify_standing(
    plan: Plan, signed: Sequence[Signed], roster: Roster, settings: ApprovalSettings, now_ms: int
) -> Approved:
    """As `verify`, for a plan that was approved in time and whose leases are renewed or which widens.

    An officer who was revoked since then counts no more: the leases end.
    """
    if now_ms >= plan.ends_at_ms:  # 6
        raise NotAllowed(f"plan {plan.number} ended at {plan.ends_at_ms} ms; nothing of it comes back")
    return two_officers(plan, signed, roster, settings, now_ms)


def two_officers(
    plan: Plan, signed: Sequence[Signed], roster: Roster, settings: ApprovalSettings, now_ms: int
) -> Approved:
    if not plan.node or plan.node != settings.node:  # 9
        whose = f"of node {plan.node}" if plan.node else "of no node"
        raise NotAllowed(f"plan {plan.number} is {whose}; this is node {settings.node}")
    if len(signed) > APPROVALS_MAX:
        raise NotAllowed(f"plan {plan.number} comes with {len(signed)} words; {APPROVALS_MAX} are allowed")
    named = {word.officer: verify_word(plan, word, "approve", roster, now_ms) for word in signed}  # 8
    if not settings.proposer_may_approve:
        named.pop(plan.proposer, None)  # 5
    by_key = {officer.public_key: officer for officer in named.values()}  # 3
    # The highest come first, so that of three officers those two are taken who suffice, if any two do.
    officers = sorted(by_key.values(), key=lambda officer: -LEVELS[officer.level])
    if len(officers) < 2:
        beside = "" if settings.proposer_may_approve else f" other than its proposer, {plan.proposer}"
        raise NotAllowed(
            f"plan {plan.number} has the word of {len(officers)} of two different officers{beside}"
        )
    if LEVELS[officers[0].level] < LEVELS[plan.level]:  # 4
        raise NotAllowed(f"plan {plan.number} needs an officer of level {plan.level} as one of the two")
    return Approved(plan=plan, digest=digest(plan), officers=(officers[0], officers[1]))


def verify_withdrawal(plan: Plan, word: Signed, roster: Roster, now_ms: int) -> Officer:
    """The officer who withdraws the plan; NotAllowed when the word does not hold."""
    return verify_word(plan, word, "withdraw", roster, now_ms)  # 7


def verify_refusal(plan: Plan, word: Signed, roster: Roster, now_ms: int) -> Officer:
    """The officer who refuses the plan; NotAllowed when the word does not hold."""
    return verify_word(plan, word, "refuse", roster, now_ms)  # 7


def verify_word(plan: Plan, word: Signed, intent: Intent, roster: Roster, now_ms: int) -> Officer:
    """The live officer whose word on exactly this plan it is. NotAllowed otherwise."""
    if word.plan != plan.number:
        raise NotAllowed(f"this word is about plan {word.plan}, not about plan {plan.number}")
    if word.intent != intent:
        raise NotAllowed(f"{word.officer} says {word.intent}, not {intent}")
    officer = roster.live(word.officer, now_ms)  # 2
    if not word_holds(officer, word, words_to_sign(plan, intent)):  # 1
        raise NotAllowed(f"the signature of {word.officer} does not hold for plan {plan.number} as it is")
    return officer


def word_holds(officer: Officer, word: Signed, words: bytes) -> bool:
    """10. By the officer's own kind of key."""
    if officer.passkey is None:
        return word.assertion is None and holds(officer.public_key, word.signature, words)
    return word.assertion is not None and holds_by_passkey(officer, word.signature, word.assertion, words)


def holds(public_key: str, signature: str, message: bytes) -> bool:
    """Whether the signature is written in its one way, and verifies."""
    if not SIGNATURE.fullmatch(signature):
        return False
    # Loaded here: `tidegate --help` needs no cryptography.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def digest(plan: Plan) -> str:
    """What two people compare over the telephone: SHA-256 of the plan's canonical bytes, in hex."""
    return sha256(plan_bytes(plan)).hexdigest()
