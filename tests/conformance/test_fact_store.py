"""What every fact store must do, whichever database it uses: the contract of `ports.facts.FactStore`."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.stores import MemoryStore
from tests.stories import an_attack
from tidegate.adapters.sql.engine import Database, open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.attack_counts import counts_between
from tidegate.app.entry import Entry, Tip, addition, prepare
from tidegate.app.proofs import prove_growth, prove_inclusion
from tidegate.ledger import EMPTY_ROOT, Frontier, ProofRefused, verify_consistency, verify_inclusion
from tidegate.model.attacks import Rate, VectorRate
from tidegate.model.facts import AttackDetected, AttackEnded, ExporterAppeared, Fact, NodeStarted
from tidegate.model.hotline_facts import EpochBegun, MessageRefused
from tidegate.ports.facts import (
    ANY,
    READ_ROWS_MAX,
    AttackCount,
    Checkpoint,
    FactStore,
    HeadMoved,
    StoredEffect,
)
from tidegate.ports.outside import OutsideFailed

OpenStore = Callable[[], FactStore]


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.peer)],
)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the one store of this test, each time through connections of its own."""
    if request.param == "memory":
        memory = MemoryStore()
        yield lambda: memory
        return
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/ledger.db"
    else:
        address = request.getfixturevalue("postgresql").new_database()
    databases: list[Database] = []

    def opened() -> FactStore:
        databases.append(open_database(address))
        return SqlFactStore(databases[-1])

    yield opened
    for database in databases:
        database.close()


def entries(tip: Tip, facts: Sequence[Fact]) -> list[Entry]:
    made: list[Entry] = []
    for at, fact in enumerate(facts):
        made.append(prepare(tip, 1_000 + at, fact))
        tip = made[-1].tip
    return made


def store_all(store: FactStore, tip: Tip, facts: Sequence[Fact], at_once: int = 256) -> Tip:
    made = entries(tip, facts)
    for begin in range(0, len(made), at_once):
        some = made[begin : begin + at_once]
        store.append(addition(tip, some))
        tip = some[-1].tip
    return tip


def starts(count: int) -> list[Fact]:
    return [NodeStarted(f"1.{number}") for number in range(count)]


def attacks(count: int) -> list[Fact]:
    return [AttackDetected(an_attack(number=number)) for number in range(1, count + 1)]


def numbers(effects: Sequence[StoredEffect]) -> list[int]:
    return [effect.number for effect in effects]


def test_a_new_store_is_empty(open_store: OpenStore) -> None:
    store = open_store()
    head = store.head()
    assert (head.size, head.root, head.effects) == (0, EMPTY_ROOT, 0)
    assert Frontier.from_bytes(head.frontier) == Frontier()
    assert list(store.facts(0, 10)) == []
    assert store.pending_effects(-1, 10) == []
    assert store.latest(["NodeStarted"], 10, 10) == []
    assert store.roots(0, 0, 10) == store.roots(8, 0, 10) == []


def test_what_is_appended_comes_back_byte_for_byte_also_after_reopening(open_store: OpenStore) -> None:
    made = entries(Tip(), [NodeStarted("1"), *attacks(3)])
    open_store().append(addition(Tip(), made))
    again = open_store()
    assert list(again.facts(0, 10)) == [entry.fact for entry in made]
    assert again.head() == made[-1].tip.head
    assert again.pending_effects(-1, 10) == [effect for entry in made for effect in entry.effects]


def test_facts_are_read_in_order_from_any_number_to_any_other(open_store: OpenStore) -> None:
    store = open_store()
    count = 2 * READ_ROWS_MAX + 3
    store_all(store, Tip(), starts(count))
    for begin, end in [
        (0, count),
        (0, count + 5),
        (1, READ_ROWS_MAX + 1),
        (7, 8),
        (9, 9),
        (count, count + 1),
    ]:
        found = [fact.number for fact in store.facts(begin, end)]
        assert found == list(range(begin, min(end, count)))


@pytest.mark.parametrize("change", [{"size": 9}, {"root": bytes(32)}, {"effects": 9}])
def test_an_addition_for_another_head_is_refused_and_nothing_of_it_stays(
    open_store: OpenStore, change: dict[str, int]
) -> None:
    store = open_store()
    tip = store_all(store, Tip(), attacks(2))
    made = addition(tip, entries(tip, [NodeStarted("1"), AttackDetected(an_attack(number=3))]))
    with pytest.raises(HeadMoved):
        store.append(replace(made, expected=replace(made.expected, **change)))
    assert store.head() == tip.head
    assert [fact.number for fact in store.facts(0, 10)] == [0, 1]
    assert numbers(store.pending_effects(-1, 10)) == [0, 1]
    store.append(made)
    assert store.head() == made.head


def test_two_nodes_on_one_database_cannot_interleave(open_store: OpenStore) -> None:
    ours, theirs = open_store(), open_store()
    first, second = (addition(Tip(), entries(Tip(), [NodeStarted(name)])) for name in ("ours", "theirs"))
    ours.append(first)
    with pytest.raises(HeadMoved):
        theirs.append(second)
    assert theirs.head() == first.head


def test_of_many_at_once_exactly_one_is_stored(open_store: OpenStore) -> None:
    rivals = 6
    stores = [open_store() for _ in range(rivals)]
    made = [addition(Tip(), entries(Tip(), [NodeStarted(f"{name}")])) for name in range(rivals)]
    at_the_same_time = threading.Barrier(rivals)
    won: list[int] = []

    def append(name: int) -> None:
        at_the_same_time.wait()
        try:
            stores[name].append(made[name])
        except HeadMoved:
            return
        won.append(name)

    threads = [threading.Thread(target=append, args=(name,)) for name in range(rivals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert stores[0].head() == made[won[0]].head
    assert len(list(stores[0].facts(0, 10))) == 1


def test_an_addition_made_twice_is_stored_once(open_store: OpenStore) -> None:
    """The store does not know a retry from a rival; the head tells the caller which it was."""
    store = open_store()
    made = addition(Tip(), entries(Tip(), attacks(1)))
    store.append(made)
    with pytest.raises(HeadMoved):
        store.append(made)
    assert store.head() == made.head
    assert len(list(store.facts(0, 10))) == 1


def test_pending_effects_come_in_order_until_they_are_done(open_store: OpenStore) -> None:
    store = open_store()
    store_all(store, Tip(), attacks(6))
    assert numbers(store.pending_effects(-1, 4)) == [0, 1, 2, 3]
    store.mark_done([1, 3], 5_000)
    assert numbers(store.pending_effects(-1, 10)) == [0, 2, 4, 5]
    assert numbers(store.pending_effects(2, 10)) == [4, 5]
    assert numbers(open_store().pending_effects(-1, 10)) == [0, 2, 4, 5]


def test_marking_as_done_is_idempotent_and_forgives_numbers_that_are_not_there(open_store: OpenStore) -> None:
    store = open_store()
    store_all(store, Tip(), attacks(3))
    for _ in range(2):
        store.mark_done([0, 1, 1, 77], 5_000)
        assert numbers(store.pending_effects(-1, 10)) == [2]
    store.mark_done([], 5_000)
    store.mark_done([2], 6_000)
    assert store.pending_effects(-1, 10) == []


def test_one_question_brings_back_a_bounded_number_of_rows(open_store: OpenStore) -> None:
    store = open_store()
    store_all(store, Tip(), attacks(READ_ROWS_MAX + 2))
    assert len(store.pending_effects(-1, 10 * READ_ROWS_MAX)) == READ_ROWS_MAX
    assert len(store.latest(["AttackDetected"], 10 * READ_ROWS_MAX, 10 * READ_ROWS_MAX)) == READ_ROWS_MAX


def test_the_latest_facts_of_some_kinds_come_newest_first(open_store: OpenStore) -> None:
    store = open_store()
    facts = [NodeStarted("1"), *attacks(3), ExporterAppeared("192.0.2.1#0", "ipfix")]
    store_all(store, Tip(), [*facts, AttackEnded(an_attack(number=2))])
    found = store.latest(["AttackEnded", "AttackDetected"], 6, 3)
    assert [(fact.number, fact.kind) for fact in found] == [
        (5, "AttackEnded"),
        (3, "AttackDetected"),
        (2, "AttackDetected"),
    ]
    assert [fact.number for fact in store.latest(["AttackDetected"], 2, 10)] == [1]


def test_a_stranger_accepts_the_proofs_made_from_the_store(open_store: OpenStore) -> None:
    store = open_store()
    sizes = [1, 255, 256, 257, 511, 777]
    roots = {0: EMPTY_ROOT}
    tip = Tip()
    for size in sizes:
        tip = store_all(store, tip, starts(size - tip.frontier.size), at_once=200)
        roots[size] = tip.frontier.root
    leaves = store.roots(0, 0, 777)
    for number in (0, 1, 254, 255, 256, 600, 776):
        verify_inclusion(number, 777, leaves[number], prove_inclusion(store, number, 777), roots[777])
        with pytest.raises(ProofRefused):
            verify_inclusion(number, 777, bytes(32), prove_inclusion(store, number, 777), roots[777])
    for old_size, old_root in roots.items():
        for size in (size for size in sizes if size >= old_size):
            proof = prove_growth(store, old_size, size)
            verify_consistency(old_size, old_root, size, roots[size], proof)


def test_a_proof_of_facts_that_are_not_there_fails_and_says_which(open_store: OpenStore) -> None:
    store = open_store()
    store_all(store, Tip(), starts(3))
    with pytest.raises(OutsideFailed, match="some hashes of facts 0 to 7 are missing"):
        prove_inclusion(store, 0, 8)


def test_the_last_checkpoint_is_kept_and_no_other(open_store: OpenStore) -> None:
    store = open_store()
    assert store.checkpoint() is None
    store.save_checkpoint(Checkpoint(1, b"one"))
    store.save_checkpoint(Checkpoint(2, b"two" * 1_000_000))
    assert open_store().checkpoint() == Checkpoint(2, b"two" * 1_000_000)


# Counts of attacks.

DAY_MS = 86_400_000
NTP = VectorRate("ntp", Rate(8_000_000, 1, 9_000_000), Rate(9, 9, 9))
DNS = VectorRate("dns", Rate(16_000_000, 1, 17_000_000), Rate(9, 9, 9))


def an_ended_attack(number: int, day: int, peak: int = 30_000_000, **changes: Any) -> AttackEnded:
    """Ten seconds of 24 Mb/s: 30,000 kB."""
    begin_ms = day * DAY_MS + 5
    story: dict[str, Any] = {
        "vectors": (NTP, DNS),
        "bits_per_s": Rate(24_000_000, 1, 25_000_000),
        "peak_bits_per_s": Rate(peak, 1, 10**9),
        "first_seen_ms": begin_ms,
        "last_seen_ms": begin_ms + 10_000,
        "border_points": ("north", "south"),
    }
    return AttackEnded(an_attack(number=number, **story | changes))


def store_ended(store: FactStore, *ended: AttackEnded) -> Tip:
    facts: list[Fact] = [AttackDetected(one.attack) for one in ended]
    return store_all(store, Tip(), [*facts, *ended], at_once=3)


def counted(store: FactStore, begin: int, end: int, *by: str) -> list[tuple[str, str, int, int, int, int]]:
    return [
        (one.vector, one.border_point, one.attacks, one.kilobytes, one.peak_bits_per_s, one.longest_s)
        for one in store.attack_counts(
            begin, end, by_vector="vector" in by, by_border_point="border point" in by
        )
    ]


def test_attacks_are_counted_with_their_facts_by_day_vector_and_border_point(open_store: OpenStore) -> None:
    store = open_store()
    store_ended(
        store,
        an_ended_attack(1, 100),
        an_ended_attack(2, 100, peak=90_000_000, vectors=(NTP,), border_points=("north",)),
        an_ended_attack(3, 101, last_seen_ms=101 * DAY_MS + 60_005, border_points=()),
    )
    assert store.counted() == store.head().size == 6
    assert counted(store, 100, 101) == [("", "", 2, 60_000, 90_000_000, 10)]
    assert counted(store, 100, 102) == [("", "", 3, 240_000, 90_000_000, 60)]
    assert counted(store, 102, 200) == []
    assert counted(store, 100, 101, "vector") == [
        ("dns", "", 1, 20_000, 30_000_000, 10),
        ("ntp", "", 2, 20_000, 90_000_000, 10),
    ]
    assert counted(store, 0, 200, "border point") == [
        ("", "north", 2, 60_000, 90_000_000, 10),
        ("", "south", 1, 30_000, 30_000_000, 10),
    ]
    assert counted(store, 0, 200, "vector", "border point") == [
        ("dns", "north", 1, 20_000, 30_000_000, 10),
        ("dns", "south", 1, 20_000, 30_000_000, 10),
        ("ntp", "north", 2, 20_000, 90_000_000, 10),
        ("ntp", "south", 1, 10_000, 30_000_000, 10),
    ]


def test_an_addition_that_is_refused_counts_nothing(open_store: OpenStore) -> None:
    store = open_store()
    made = addition(Tip(), entries(Tip(), [AttackDetected(an_attack()), an_ended_attack(1, 100)]))
    store.append(made)
    with pytest.raises(HeadMoved):
        store.append(made)
    assert counted(store, 0, 200) == [("", "", 1, 30_000, 30_000_000, 10)]


def test_counts_are_added_once_and_in_the_order_of_facts(open_store: OpenStore) -> None:
    store = open_store()
    one = AttackCount(100, "ntp", "", 1, 30_000, 30_000_000, 10)
    store.add_counts(5, 9, [one])
    assert (store.counted(), store.attack_counts(0, 200, by_vector=True, by_border_point=False)) == (0, [])
    for _ in range(2):
        store.add_counts(0, 9, [one])
        assert store.counted() == 9
        assert counted(store, 0, 200, "vector") == [("ntp", "", 1, 30_000, 30_000_000, 10)]
    # What is stored from fact 0 on now is not what the counts hold.
    store_ended(store, an_ended_attack(1, 100))
    assert store.counted() == 9
    assert counted(store, 0, 200) == []


def test_the_counts_are_those_of_the_facts_counted_anew(open_store: OpenStore) -> None:
    store = open_store()
    store_ended(
        store,
        *(
            an_ended_attack(
                number, 100 + number % 3, peak=number * 1000, vectors=(NTP, DNS)[: 1 + number % 2]
            )
            for number in range(1, 40)
        ),
    )
    again = counts_between(store, 0, store.head().size)
    assert len(again) == 27
    for day in (100, 101, 102):
        for by_vector in (False, True):
            for by_border_point in (False, True):
                assert store.attack_counts(
                    day, day + 1, by_vector=by_vector, by_border_point=by_border_point
                ) == sorted(
                    (
                        one
                        for one in again
                        if one.day == day
                        and (one.vector != ANY) == by_vector
                        and (one.border_point != ANY) == by_border_point
                    ),
                    key=lambda one: (one.vector, one.border_point),
                )


def test_facts_are_found_by_what_they_mention_in_order_and_by_kind(open_store: OpenStore) -> None:
    store, tip = open_store(), Tip()
    message = ["a" * 64, "b" * 64]
    facts = [
        EpochBegun(7, "the node was founded"),
        refused(message[0]),
        refused(message[1]),
        ExporterAppeared("192.0.2.1#0", "ipfix"),
        refused(message[0]),
    ]
    store.append(addition(tip, entries(tip, facts)))
    found = open_store().mentioning(message, ["MessageRefused"])
    assert [(digest[0], fact.number) for digest, fact in found] == [("a", 1), ("b", 2), ("a", 4)]
    assert store.mentioning(message[:1], ["MessageStored"]) == []
    assert store.mentioning([], ["MessageRefused"]) == []
    assert store.digests_beginning("a", 9) == [message[0]]
    assert store.digests_beginning(message[1], 9) == [message[1]]
    assert store.digests_beginning("bbb", 9) == [message[1]]
    assert store.digests_beginning("c", 9) == []


def refused(message: str) -> MessageRefused:
    return MessageRefused("e" * 64, message, "f" * 64, 5, "no officer signed", False)
