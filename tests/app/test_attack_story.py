"""The story of one attack, compared with a walk over every fact."""

from collections.abc import Iterator

import pytest

from tests.app.test_queries import many_attacks, stored
from tests.plan_world import World, quick_border
from tidegate.app.console.gathering import NOT_TOLD, PLAN_KINDS, plan_of, story_of
from tidegate.app.queries import ATTACK_FACTS, detection_of
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.facts import PlanProposed
from tidegate.ports.facts import FactStore


def naive_story(store: FactStore, attack: int) -> Iterator[FactRecord]:
    plans: set[int] = set()
    for one in store.facts(0, store.head().size):
        record = decode_record(one.body)
        if isinstance(record.fact, ATTACK_FACTS):
            if record.fact.attack.number == attack:
                yield record
            continue
        if isinstance(record.fact, PlanProposed) and record.fact.plan.attack == attack:
            plans.add(record.fact.plan.number)
        if record.kind in PLAN_KINDS and plan_of(record) in plans:
            yield record


def story(store: FactStore, attack: int) -> list[FactRecord]:
    detected = detection_of(store, attack)
    return [] if detected is None else list(story_of(store, detected.number, attack))


@pytest.mark.parametrize("seed", range(3))
def test_each_of_many_attacks_has_its_own_story(seed: int) -> None:
    facts, numbers = many_attacks(seed)
    store = stored(*facts)
    for number in numbers:
        assert story(store, number) == list(naive_story(store, number))


def test_what_became_of_its_plan_is_told_beyond_the_end_of_the_attack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick_border(monkeypatch)
    world = World()
    world.until_held()
    world.flood = set()
    world.detector_s_end()
    world.run_until(lambda: world.stage() == "lifted", 900)
    told = story(world.store, 1)
    assert told == list(naive_story(world.store, 1))
    kinds = [one.kind for one in told]
    assert kinds.index("AttackEnded") < len(kinds) - 1
    assert not {one.__name__ for one in NOT_TOLD} & set(kinds)
    world.stop()
