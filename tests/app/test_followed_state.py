"""A state that is followed is the one that reading the whole record tells, whatever came in between."""

import random
from collections.abc import Iterator

import pytest

from tests.app.test_queries import many_attacks
from tests.stand_ins import HandClock
from tests.stores import FailingStore, MemoryStore
from tests.stories import an_attack
from tidegate.app import followed_state, node
from tidegate.app.followed_state import FollowedState
from tidegate.app.node import Node, read_state
from tidegate.model.facts import AttackDetected
from tidegate.ports.facts import FactStore, StoredFact
from tidegate.ports.outside import OutsideFailed


@pytest.mark.parametrize("seed", range(4))
def test_what_is_followed_is_what_reading_anew_tells(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "CHECKPOINT_EVERY", 16)
    monkeypatch.setattr(followed_state, "CHECKPOINT_EVERY", 16)
    chance, store = random.Random(seed), MemoryStore()
    writer, followed = Node.open(store, [], HandClock(0)), FollowedState(lambda: store)
    for fact in many_attacks(seed)[0]:
        writer.record(fact)
        if chance.random() < 0.2:  # sometimes after more facts than lie between two checkpoints
            assert followed.now() == read_state(store)
    assert followed.now() == read_state(store)


class CountingStore(MemoryStore):
    """Counts the facts that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def facts(self, begin: int, end: int) -> Iterator[StoredFact]:
        for fact in super().facts(begin, end):
            self.read += 1
            yield fact


def test_a_fact_is_read_once() -> None:
    store = CountingStore()
    writer, followed = Node.open(store, [], HandClock(0)), FollowedState(lambda: store)
    writer.record(*(AttackDetected(an_attack(number=number)) for number in range(1, 31)))
    followed.now()
    writer.record(AttackDetected(an_attack(number=31)))
    store.read = 0
    assert followed.now() is followed.now()
    assert len(followed.now().open_attacks) == 31
    assert store.read == 1


@pytest.mark.parametrize("others", [1, 3, 5])
def test_a_record_that_was_put_in_the_place_of_another_is_read_anew(others: int) -> None:
    stores: list[FactStore] = []
    for first, count in ((1, 3), (101, others)):
        store = MemoryStore()
        facts = [AttackDetected(an_attack(number=first + at)) for at in range(count)]
        Node.open(store, [], HandClock(0)).record(*facts)
        stores.append(store)
    followed = FollowedState(lambda: stores[0])
    assert list(followed.now().open_attacks) == [1, 2, 3]
    del stores[0]
    assert list(followed.now().open_attacks) == [101 + at for at in range(others)]


def test_a_store_that_fails_says_so_and_is_asked_again() -> None:
    store = FailingStore()
    Node.open(store, [], HandClock(0)).record(AttackDetected(an_attack(number=1)))
    followed = FollowedState(lambda: store)
    store.reads_fail = True
    with pytest.raises(OutsideFailed):
        followed.now()
    store.reads_fail = False
    assert list(followed.now().open_attacks) == [1]
