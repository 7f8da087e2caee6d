"""Officers with keys of their own, a roster that knows them, and their words on plans."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.mitigate.small_plans import NOW_MS
from tidegate.mitigate.roster import Member, Roster
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Intent, Level, Officer, Plan, Signed


def key_of(name: str) -> Ed25519PrivateKey:
    """The same key for the same name, in every run."""
    return Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"."))


def officer(name: str, level: Level = "desk", key: str | None = None) -> Officer:
    return Officer(
        name=name, level=level, public_key=key_of(key or name).public_key().public_bytes_raw().hex()
    )


def member(
    name: str, level: Level = "desk", revoked_ms: int | None = None, added_ms: int = NOW_MS - 10
) -> Member:
    return Member(officer=officer(name, level), added_ms=added_ms, revoked_ms=revoked_ms)


def word(name: str, plan: Plan, intent: Intent = "approve", key: str | None = None) -> Signed:
    """What `name` says of the plan, signed with the key of `key` where that is another's."""
    signature = key_of(key or name).sign(words_to_sign(plan, intent)).hex()
    return Signed(plan=plan.number, intent=intent, officer=name, signature=signature)


ROSTER = Roster(
    (
        member("anna", "desk"),
        member("boris", "centre"),
        member("chen", "senior"),
        member("dana", "desk", revoked_ms=NOW_MS - 5),
        member("emil", "desk", added_ms=NOW_MS + 3_600_000),
    )
)
