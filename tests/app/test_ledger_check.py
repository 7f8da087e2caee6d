"""Whatever is changed in the stored facts, the check finds it and says where; what is as recorded passes."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.stores import MemoryStore
from tests.stories import an_attack
from tidegate.app.entry import Tip, addition, prepare
from tidegate.app.ledger_check import Remembered, verify_ledger
from tidegate.ledger import EMPTY_ROOT, Frontier, leaf_hash
from tidegate.model.canonical import FactRecord, canonical_bytes
from tidegate.model.facts import AttackDetected, Fact, NodeStarted
from tidegate.ports.facts import StoredFact

COUNT = 600


def ledger_of(facts: list[Fact]) -> MemoryStore:
    store, tip = MemoryStore(), Tip()
    for at, fact in enumerate(facts):
        entry = prepare(tip, 1_000 + at, fact)
        store.append(addition(tip, [entry]))
        tip = entry.tip
    return store


@pytest.fixture
def store() -> MemoryStore:
    return ledger_of([AttackDetected(an_attack(number=number)) for number in range(1, COUNT + 1)])


def forge(store: MemoryStore, number: int, **changes: object) -> None:
    store._facts[number] = replace(store._facts[number], **changes)  # type: ignore[arg-type]


def other_fact(number: int) -> tuple[bytes, bytes]:
    body = canonical_bytes(FactRecord(number, 1_000 + number, AttackDetected(an_attack(number=9_999))))
    return body, leaf_hash(body)


def first_fault(store: MemoryStore, remembered: Remembered | None = None) -> tuple[int, str]:
    fault = verify_ledger(store, remembered).fault
    assert fault is not None
    return fault.number, fault.why


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257])
def test_a_ledger_as_recorded_is_intact(count: int) -> None:
    verdict = verify_ledger(ledger_of([NodeStarted(str(number)) for number in range(count)]))
    assert (verdict.intact, verdict.size, verdict.fault) == (True, count, None)
    assert (verdict.root == EMPTY_ROOT) == (count == 0)


@pytest.mark.parametrize("number", [0, 255, 256, COUNT - 1])
def test_changed_bytes_are_found_at_their_number(store: MemoryStore, number: int) -> None:
    forge(store, number, body=other_fact(number)[0])
    assert first_fault(store) == (
        number,
        "its bytes are not those that were recorded, or their hash is not",
    )


@pytest.mark.parametrize("number, found_from", [(0, 0), (255, 0), (300, 256), (COUNT - 1, 512)])
def test_bytes_changed_together_with_their_hash_are_found_among_256(
    store: MemoryStore, number: int, found_from: int
) -> None:
    body, leaf = other_fact(number)
    forge(store, number, body=body, leaf_hash=leaf)
    where, why = first_fault(store)
    assert where == found_from
    assert "not as recorded" in why


def test_bytes_that_are_no_canonical_fact_are_found(store: MemoryStore) -> None:
    body = b'{"at_ms":1007, "fact":{"type":"NodeStopped"},"number":7}'
    forge(store, 7, body=body, leaf_hash=leaf_hash(body))
    assert first_fault(store)[0] == 7
    assert "no canonical fact" in first_fault(store)[1]


@pytest.mark.parametrize("changes", [{"at_ms": 5}, {"kind": "NodeStopped"}])
def test_columns_that_say_otherwise_than_the_bytes_are_found(
    store: MemoryStore, changes: dict[str, object]
) -> None:
    forge(store, 7, **changes)
    assert first_fault(store) == (7, "its number, time or kind is not what its bytes say")


def test_two_facts_that_changed_places_are_found(store: MemoryStore) -> None:
    facts = store._facts
    facts[3], facts[4] = replace(facts[4], number=3), replace(facts[3], number=4)
    assert first_fault(store)[0] == 3


@pytest.mark.parametrize("number", [0, 300, COUNT - 1])
def test_a_fact_that_was_taken_out_is_found(store: MemoryStore, number: int) -> None:
    del store._facts[number]
    where, why = first_fault(store)
    assert where == number
    assert "missing" in why


def test_a_fact_put_in_behind_the_end_is_found(store: MemoryStore) -> None:
    body, leaf = other_fact(COUNT)
    store._facts.append(StoredFact(COUNT, 1_000 + COUNT, "AttackDetected", body, leaf))
    assert first_fault(store) == (COUNT, "the fact was put in behind the ledger's end")


def test_a_changed_head_is_found(store: MemoryStore) -> None:
    store._head = replace(store._head, root=bytes(32))
    assert first_fault(store) == (512, "one of the facts 512 to 599, or the head, is not as recorded")


def test_a_changed_frontier_is_found(store: MemoryStore) -> None:
    store._head = replace(store._head, frontier=Frontier().to_bytes())
    assert first_fault(store)[0] == 512


def test_a_node_that_records_meanwhile_is_not_taken_for_a_forger() -> None:
    store = ledger_of([NodeStarted("1")])
    tip = Tip()
    tip = prepare(tip, 1_000, NodeStarted("1")).tip
    record_once = iter([lambda: store.append(addition(tip, [prepare(tip, 2_000, NodeStarted("2"))]))])
    head = store.head

    def head_then_more() -> object:
        seen = head()
        next(record_once, lambda: None)()
        return seen

    store.head = head_then_more  # type: ignore[method-assign, assignment]
    assert verify_ledger(store).intact


def rewritten(store: MemoryStore) -> MemoryStore:
    """What a forger with all rights makes: another history whose hashes all agree."""
    facts: list[Fact] = [AttackDetected(an_attack(number=number)) for number in range(1, COUNT + 1)]
    return ledger_of([NodeStarted("forged"), *facts])


def test_a_history_rewritten_with_all_its_hashes_is_found_by_whoever_remembers_a_root(
    store: MemoryStore,
) -> None:
    remembered = Remembered(COUNT, store.head().root)
    forged = rewritten(store)
    assert verify_ledger(store, remembered).intact
    assert verify_ledger(forged).intact, "alone, nobody can tell"
    assert first_fault(forged, remembered) == (
        0,
        f"the first {COUNT} facts are not those whose root was remembered",
    )


def test_a_ledger_cut_short_is_found_by_whoever_remembers_its_size(store: MemoryStore) -> None:
    remembered = Remembered(COUNT, store.head().root)
    shorter = ledger_of([AttackDetected(an_attack(number=1))])
    assert first_fault(shorter, remembered) == (1, f"the ledger once had {COUNT} facts, and has 1")


def test_the_beginning_of_every_ledger_may_be_remembered(store: MemoryStore) -> None:
    assert verify_ledger(store, Remembered(0, EMPTY_ROOT)).intact
    assert first_fault(store, Remembered(0, bytes(32)))[0] == 0


def test_a_long_check_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch, store: MemoryStore) -> None:
    monkeypatch.setattr("tidegate.app.ledger_check.PROGRESS_EVERY", 250)
    told: list[tuple[int, int]] = []
    tell: Callable[[int, int], None] = lambda done, size: told.append((done, size))  # noqa: E731
    verify_ledger(store, progress=tell)
    assert told == [(250, COUNT), (500, COUNT)]
