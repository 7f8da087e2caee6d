"""Questions about what is on record, asked of the store whether or not a node is running."""

from collections.abc import Callable, Container, Iterator
from itertools import islice

import msgspec

from tidegate.app.node import read_state
from tidegate.model.attacks import Attack
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.facts import AttackDetected, AttackEnded, AttackGrew, AttackVectorsChanged
from tidegate.ports.facts import READ_ROWS_MAX, FactStore

AttackFact = AttackDetected | AttackGrew | AttackVectorsChanged | AttackEnded
ATTACK_FACTS = (AttackDetected, AttackGrew, AttackVectorsChanged, AttackEnded)
ATTACK_KINDS = [kind.__name__ for kind in ATTACK_FACTS]
CHANGES: dict[type[AttackFact], str] = {
    AttackDetected: "detected",
    AttackGrew: "grew",
    AttackVectorsChanged: "vectors_changed",
    AttackEnded: "ended",
}
"""How each fact about an attack is called where attacks are listed, replayed or shown."""

ENDED_LOOKED_MAX = 1_024
"""Ended attacks that one question looks through; whoever wants more asks again, from where it stopped."""

ENDED_READ = 128
"""Rows read at once, at least: most questions are answered by the first few."""

ATTACKS_LISTED_MAX = 10_000
"""Attacks that one list holds; the older ones are left out, and the list says so."""


Keep = Callable[[Attack, int | None], bool]
"""Whether an attack, as last recorded and with the moment of its end, is asked for."""


def every(_: Attack, __: int | None) -> bool:
    return True


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
    before = store.head().size
    while stored := store.latest(ATTACK_KINDS, before, READ_ROWS_MAX):
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
    store: FactStore, *, limit: int, since_ms: int = 0, open_only: bool = False, keep: Keep = every
) -> list[AttackRecord]:
    """At most `limit` attacks to keep that did not end before `since_ms`: open ones first, then the newest.

    OutsideFailed when the store fails or does not hold what was recorded.
    """
    limit = min(limit, ATTACKS_LISTED_MAX)
    opened = read_state(store).open_attacks
    kept = [number for number in sorted(opened, reverse=True) if keep(opened[number], None)]
    found = [_open_record(store, opened[number]) for number in kept[:limit]]
    if not open_only and len(found) < limit:
        ended = (one for one in _ended_records(store, since_ms, opened) if keep(one.attack, one.ended_at_ms))
        found += islice(ended, limit - len(found))
    return found


def _open_record(store: FactStore, attack: Attack) -> AttackRecord:
    detected = detection_of(store, attack.number)
    assert detected is not None, "an open attack was detected"
    return AttackRecord(number=attack.number, detected_at_ms=detected.at_ms, ended_at_ms=None, attack=attack)


def _ended_records(store: FactStore, since_ms: int, opened: Container[int]) -> Iterator[AttackRecord]:
    ended: dict[int, AttackChange] = {}
    for change in attack_changes(store):
        number = change.attack.number
        if number in opened:
            continue
        if change.change == "ended" and change.at_ms >= since_ms:
            ended[number] = change
        elif change.change == "detected" and (last := ended.pop(number, None)) is not None:
            yield AttackRecord(
                number=number, detected_at_ms=change.at_ms, ended_at_ms=last.at_ms, attack=last.attack
            )
        if change.at_ms < since_ms and not ended:
            return


class EndedAttacks(msgspec.Struct, frozen=True):
    """Attacks that ended, the last first. `go_on` is the fact before which to look for more, None where there
    is nothing more; `looked_to_ms` the moment down to which was looked."""

    attacks: tuple[tuple[Attack, int], ...]
    go_on: int | None
    looked_to_ms: int | None


def ended_attacks(
    store: FactStore, *, before: int | None, since_ms: int, limit: int, keep: Keep
) -> EndedAttacks:
    """At most `limit` to keep whose end is a fact below number `before`, found among ENDED_LOOKED_MAX."""
    at = store.head().size if before is None else before
    found: list[tuple[Attack, int]] = []
    looked, to_ms = 0, None
    while looked < ENDED_LOOKED_MAX and (
        stored := store.latest([AttackEnded.__name__], at, min(READ_ROWS_MAX, max(limit, ENDED_READ)))
    ):
        for one in stored:
            if one.at_ms < since_ms:
                return EndedAttacks(tuple(found), None, since_ms)
            at, to_ms, looked = one.number, one.at_ms, looked + 1
            attack = _change(decode_record(one.body)).attack
            if keep(attack, one.at_ms):
                found.append((attack, one.at_ms))
                if len(found) == limit:
                    return EndedAttacks(tuple(found), at, to_ms)
    return EndedAttacks(tuple(found), at if looked >= ENDED_LOOKED_MAX else None, to_ms)


def detection_of(store: FactStore, number: int) -> FactRecord | None:
    """The fact that detected attack `number`: numbers rise with the facts, so that halving finds it."""
    begin, end = 0, store.head().size
    while begin < end:
        middle = (begin + end + 1) // 2
        before = store.latest([AttackDetected.__name__], middle, 1)
        record = decode_record(before[0].body) if before else None
        if record is None:
            begin = middle
            continue
        assert isinstance(record.fact, AttackDetected)
        if record.fact.attack.number == number:
            return record
        if record.fact.attack.number < number:
            begin = middle
        else:
            end = record.number
    return None


def attack_life(store: FactStore, number: int) -> list[AttackChange]:
    """All facts about one attack, oldest first; empty where there is none of that number."""
    detected = detection_of(store, number)
    if detected is None:
        return []
    life: list[AttackChange] = []
    for stored in store.facts(detected.number, store.head().size):
        if stored.kind not in ATTACK_KINDS:
            continue
        change = _change(decode_record(stored.body))
        if change.attack.number == number:
            life.append(change)
            if change.change == "ended":
                break
    return life
