"""Questions about attacks on record, compared with a walk over every fact."""

import random
from collections.abc import Sequence

import pytest

from tests.stand_ins import HandClock
from tests.stores import MemoryStore
from tests.stories import an_attack
from tidegate.app.node import Node
from tidegate.app.queries import attack_life, attack_records, detection_of
from tidegate.model.facts import AttackDetected, AttackEnded, AttackGrew, Fact, NodeStarted


def stored(*facts: Fact) -> MemoryStore:
    """A record in which a second passes before each fact."""
    store, clock = MemoryStore(), HandClock(0)
    node = Node.open(store, [], clock)
    for fact in facts:
        clock.at_ms += 1000
        node.record(fact)
    return store


def many_attacks(seed: int) -> tuple[list[Fact], dict[int, list[int]]]:
    """Facts of 60 attacks that overlap, some without an end; and the fact numbers of each."""
    chance = random.Random(seed)
    facts: list[Fact] = [NodeStarted("1")]
    numbers: dict[int, list[int]] = {}
    opened: list[int] = []
    number = 0
    while len(numbers) < 60:
        if not opened or chance.random() < 0.4:
            number += chance.choice([1, 1, 1, 5])
            opened.append(number)
            facts.append(AttackDetected(an_attack(number=number)))
        elif chance.random() < 0.5:
            number_of_old = chance.choice(opened)
            facts.append(AttackGrew(an_attack(number=number_of_old)))
            numbers[number_of_old].append(len(facts) - 1)
            continue
        else:
            ended = opened.pop(chance.randrange(len(opened)))
            facts.append(AttackEnded(an_attack(number=ended)))
            numbers[ended].append(len(facts) - 1)
            continue
        numbers[number] = [len(facts) - 1]
    return facts, numbers


def open_in(facts: Sequence[Fact]) -> set[int]:
    begun = {fact.attack.number for fact in facts if isinstance(fact, AttackDetected)}
    return begun - {fact.attack.number for fact in facts if isinstance(fact, AttackEnded)}


@pytest.mark.parametrize("seed", range(5))
def test_the_life_of_every_attack_is_found_whatever_lies_between(seed: int) -> None:
    facts, numbers = many_attacks(seed)
    store = stored(*facts)
    for number in range(max(numbers) + 2):
        life = attack_life(store, number)
        assert [change.fact for change in life] == numbers.get(number, [])
        assert (detection_of(store, number) is None) == (number not in numbers)


@pytest.mark.parametrize("seed", range(5))
def test_open_attacks_come_first_and_then_the_last_to_begin(seed: int) -> None:
    facts, numbers = many_attacks(seed)
    store = stored(*facts)
    opened = open_in(facts)
    listed = attack_records(store, limit=1000)
    ended = sorted(numbers.keys() - opened, reverse=True)
    assert [one.number for one in listed] == [*sorted(opened, reverse=True), *ended]
    assert {one.number for one in listed if one.is_open} == opened
    assert all(one.detected_at_ms == (numbers[one.number][0] + 1) * 1000 for one in listed)
    assert all(one.ended_at_ms == (numbers[one.number][-1] + 1) * 1000 for one in listed if not one.is_open)
    assert attack_records(store, limit=1000, open_only=True) == listed[: len(opened)]


def test_an_old_attack_that_is_open_is_listed_however_few_are_asked_for() -> None:
    facts: list[Fact] = [AttackDetected(an_attack(number=1))]
    for number in range(2, 9):
        facts += [AttackDetected(an_attack(number=number)), AttackEnded(an_attack(number=number))]
    store = stored(*facts)
    assert [one.number for one in attack_records(store, limit=3)] == [1, 8, 7]
    assert [one.number for one in attack_records(store, limit=9, since_ms=14_500)] == [1, 8]
