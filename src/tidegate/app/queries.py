"""Questions about what is on record, asked of the store whether or not a node is running."""

from collections.abc import Iterator

import msgspec

from tidegate.model.attacks import Attack
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.facts import AttackDetected, AttackEnded, AttackGrew, AttackVectorsChanged
from tidegate.ports.facts import READ_ROWS_MAX, FactStore

AttackFact = AttackDetected | AttackGrew | AttackVectorsChanged | AttackEnded
ATTACK_FACTS = (AttackDetected, AttackGrew, AttackVectorsChanged, AttackEnded)
CHANGES: dict[type[AttackFact], str] = {
    AttackDetected: "detected",
    AttackGrew: "grew",
    AttackVectorsChanged: "vectors_changed",
    AttackEnded: "ended",
}
"""How each fact about an attack is called where attacks are listed, replayed or shown."""

ATTACKS_LISTED_MAX = 10_000
"""Attacks that one list holds; the older ones are left out, and the list says so."""


class AttackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One attack as last recorded; `ended_at_ms` is None while it is open."""

    number: int
    detected_at_ms: int
    ended_at_ms: int | None
    attack: Attack

    @property
    def is_open(self) -> bool:
        return self.ended_at_ms is None


class AttackChange(msgspec.Struct, frozen=True, kw_only=True):
    """One fact in an attack's life, with its number in the ledger."""

    fact: int
    at_ms: int
    change: str
    attack: Attack


def attack_changes(store: FactStore) -> Iterator[AttackChange]:
    """Every fact about attacks, newest first; read as far as it is asked for."""
    kinds = [kind.__name__ for kind in ATTACK_FACTS]
    before = store.head().size
    while stored := store.latest(kinds, before, READ_ROWS_MAX):
        for fact in stored:
            yield _change(decode_record(fact.body))
        before = stored[-1].number


def _change(record: FactRecord) -> AttackChange:
    assert isinstance(record.fact, ATTACK_FACTS)
    return AttackChange(
        fact=record.number,
        at_ms=record.at_ms,
        change=CHANGES[type(record.fact)],
        attack=record.fact.attack,
    )


def attack_records(
    store: FactStore, *, limit: int, since_ms: int = 0, open_only: bool = False
) -> list[AttackRecord]:
    """Attacks that were detected or changed at `since_ms` or later, newest first, at most `limit`."""
    newest: dict[int, AttackChange] = {}
    found: list[AttackRecord] = []
    for change in attack_changes(store):
        last = newest.setdefault(change.attack.number, change)
        if change.change != "detected":
            continue
        del newest[change.attack.number]
        ended_at_ms = last.at_ms if last.change == "ended" else None
        if not (open_only and ended_at_ms is not None) and last.at_ms >= since_ms:
            found.append(
                AttackRecord(
                    number=last.attack.number,
                    detected_at_ms=change.at_ms,
                    ended_at_ms=ended_at_ms,
                    attack=last.attack,
                )
            )
        if len(found) >= min(limit, ATTACKS_LISTED_MAX) or (change.at_ms < since_ms and not newest):
            break
    return found


def attack_life(store: FactStore, number: int) -> list[AttackChange]:
    """All facts about one attack, oldest first; empty where there is none of that number."""
    life: list[AttackChange] = []
    for change in attack_changes(store):
        if change.attack.number == number:
            life.append(change)
        if change.change == "detected" and change.attack.number <= number:
            break
    return life[::-1]
