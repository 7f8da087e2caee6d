"""Officers with real keys, for tests that sign."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.mitigate.roster import Member, Roster, roster_text
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Intent, Level, Officer, Plan, Signed


class Person:
    """An officer and the private key, made from the name so that a test's output stays the same."""

    def __init__(self, name: str, level: Level = "desk") -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")[:32])
        public_key = self._key.public_key().public_bytes_raw().hex()
        self.officer = Officer(name=name, level=level, public_key=public_key)

    def says(self, plan: Plan, intent: Intent = "approve", **changes: object) -> Signed:
        signature = self._key.sign(words_to_sign(plan, intent)).hex()
        told = {"plan": plan.number, "intent": intent, "officer": self.officer.name, "signature": signature}
        return Signed(**(told | changes))  # type: ignore[arg-type]

    def public_keys(self) -> list[str]:
        return [self.officer.public_key]

    def sign(self, public_key: str, message: bytes) -> str:
        assert public_key == self.officer.public_key
        return self._key.sign(message).hex()


ANNA, BO, CARA = Person("anna"), Person("bo", "centre"), Person("cara", "senior")


def members(*people: Person, revoked: dict[str, int] | None = None) -> Roster:
    return Roster(
        tuple(
            Member(officer=one.officer, added_ms=0, revoked_ms=(revoked or {}).get(one.officer.name))
            for one in people
        )
    )


class TextInMemory:
    """A roster file in memory."""

    def __init__(self, roster: Roster) -> None:
        self.text = roster_text(roster)
        self.path = "memory"

    def read(self) -> str:
        return self.text

    def written_ms(self) -> int:
        return 0
