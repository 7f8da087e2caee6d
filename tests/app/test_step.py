"""What each fact means, and which facts cannot have happened."""

import json
from hashlib import sha256
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.stories import an_attack
from tidegate.app.checkpoint import checkpoint_of
from tidegate.app.entry import Tip
from tidegate.app.state import ENDED_ATTACKS_MAX, EXPORTERS_SEEN_MAX, OPEN_ATTACKS_MAX, State
from tidegate.app.step import STEP_REVISION, STEPS, step
from tidegate.model.attacks import Attack
from tidegate.model.canonical import FactRecord
from tidegate.model.facts import (
    Alert,
    AttackDetected,
    AttackEnded,
    AttackGrew,
    AttackVectorsChanged,
    CollectorRestarted,
    Effect,
    ExporterAppeared,
    Fact,
    NodeStarted,
    NodeStopped,
)
from tidegate.model.refusals import Full, NotAllowed


def after(*facts: Fact, state: State | None = None) -> State:
    state = state or State()
    for fact in facts:
        state, _ = step(state, FactRecord(state.facts, 1_000 + state.facts, fact))
    return state


def effects_of(fact: Fact, state: State) -> tuple[Effect, ...]:
    return step(state, FactRecord(state.facts, 5_000, fact))[1]


def attack(number: int, **changes: object) -> Attack:
    return an_attack(number=number, **changes)


def test_every_fact_has_its_step() -> None:
    assert set(STEPS) == set(get_args(Fact))


def test_a_detected_attack_is_open_and_told_of() -> None:
    state = after(AttackDetected(attack(1)))
    assert state.open_attacks == {1: attack(1)}
    assert state.next_attack == 2
    assert effects_of(AttackDetected(attack(2)), state) == (Alert("detected", attack(2)),)


def test_a_changed_attack_stands_as_last_recorded_and_is_told_of() -> None:
    state = after(AttackDetected(attack(1)))
    bigger, other = attack(1, last_seen_ms=9), attack(1, doubts=("late",))
    assert after(AttackGrew(bigger), state=state).open_attacks == {1: bigger}
    assert after(AttackVectorsChanged(other), state=state).open_attacks == {1: other}
    assert effects_of(AttackGrew(bigger), state) == (Alert("grew", bigger),)
    assert effects_of(AttackVectorsChanged(other), state) == (Alert("vectors changed", other),)


def test_an_ended_attack_is_no_longer_open_and_is_told_of() -> None:
    state = after(AttackDetected(attack(1)), AttackDetected(attack(2)))
    ended = after(AttackEnded(attack(1)), state=state)
    assert list(ended.open_attacks) == [2]
    assert ended.ended_attacks == (attack(1),)
    assert effects_of(AttackEnded(attack(1)), state) == (Alert("ended", attack(1)),)


@pytest.mark.parametrize("fact", [AttackGrew, AttackVectorsChanged, AttackEnded])
@pytest.mark.parametrize("before", [[], [AttackDetected(attack(7)), AttackEnded(attack(7))]])
def test_an_attack_that_is_not_open_neither_changes_nor_ends(
    fact: type[AttackGrew], before: list[Fact]
) -> None:
    with pytest.raises(NotAllowed, match="attack 7 is not open"):
        after(*before, fact(attack(7)))


def test_an_attack_number_is_used_once() -> None:
    state = after(AttackDetected(attack(5)), AttackEnded(attack(5)))
    for number in (1, 5):
        with pytest.raises(NotAllowed, match="is taken"):
            after(AttackDetected(attack(number)), state=state)
    assert list(after(AttackDetected(attack(9)), state=state).open_attacks) == [9]


def test_a_fact_out_of_its_turn_is_refused() -> None:
    for number in (0, 2):
        with pytest.raises(NotAllowed, match="out of turn"):
            step(after(NodeStarted("1")), FactRecord(number, 0, NodeStopped()))


def test_a_start_without_a_stop_before_it_is_counted_as_unclean() -> None:
    clean = after(NodeStarted("1"), NodeStopped(), NodeStarted("1"))
    assert (clean.unclean_starts, clean.stopped_cleanly) == (0, False)
    died = after(NodeStarted("1"), state=clean)
    assert (died.unclean_starts, died.started_ms) == (1, 1_003)
    assert after(NodeStopped(), state=died).stopped_cleanly


def test_a_node_that_is_not_running_cannot_stop() -> None:
    for before in ([], [NodeStarted("1"), NodeStopped()]):
        with pytest.raises(NotAllowed, match="cannot stop"):
            after(*before, NodeStopped())


def test_an_exporter_appears_once_for_each_protocol() -> None:
    state = after(ExporterAppeared("192.0.2.1#0", "netflow9"), ExporterAppeared("192.0.2.1#0", "ipfix"))
    assert state.exporters == {("192.0.2.1#0", "netflow9"), ("192.0.2.1#0", "ipfix")}
    with pytest.raises(NotAllowed, match="heard before"):
        after(ExporterAppeared("192.0.2.1#0", "ipfix"), state=state)


def test_facts_are_counted_by_kind_and_the_last_time_is_kept() -> None:
    state = after(NodeStarted("1"), AttackDetected(attack(1)), AttackGrew(attack(1)), AttackGrew(attack(1)))
    assert state.counts == {"NodeStarted": 1, "AttackDetected": 1, "AttackGrew": 2}
    assert (state.facts, state.last_at_ms) == (4, 1_003)


def test_a_collector_s_restart_changes_nothing_but_the_count() -> None:
    state = after(CollectorRestarted("silent", 5, 3))  # the clock was set back meanwhile
    assert state == State(facts=1, counts={"CollectorRestarted": 1}, last_at_ms=1_000)


def test_one_attack_more_than_the_bound_is_refused_until_another_ends() -> None:
    state = replace(State(), open_attacks={n: attack(n) for n in range(OPEN_ATTACKS_MAX)}, next_attack=10_000)
    with pytest.raises(Full, match="open attacks"):
        after(AttackDetected(attack(10_000)), state=state)
    after(AttackEnded(attack(3)), AttackDetected(attack(10_000)), state=state)


def test_only_the_last_ended_attacks_stay_at_hand() -> None:
    state = replace(
        after(AttackDetected(attack(5_000))),
        ended_attacks=tuple(attack(number) for number in range(ENDED_ATTACKS_MAX)),
    )
    ended = after(AttackEnded(attack(5_000)), state=state).ended_attacks
    assert len(ended) == ENDED_ATTACKS_MAX
    assert (ended[0].number, ended[-1].number) == (1, 5_000)


def test_exporters_beyond_the_bound_are_counted_and_not_remembered() -> None:
    known = frozenset((f"192.0.2.1#{domain}", "ipfix") for domain in range(EXPORTERS_SEEN_MAX))
    state = after(ExporterAppeared("198.51.100.1#0", "ipfix"), state=State(exporters=known))
    assert (state.exporters, state.exporters_left_out) == (known, 1)


LIFE = st.lists(
    st.builds(
        lambda kind, number: kind(attack(number)),
        st.sampled_from([AttackDetected, AttackGrew, AttackVectorsChanged, AttackEnded]),
        st.integers(1, 5),
    ),
    max_size=30,
)


@given(LIFE)
def test_an_attack_s_life_runs_from_detected_to_ended_whatever_is_tried(tried: list[Fact]) -> None:
    """Against a model of its own: each number is new, then open, then ended, and never goes back."""
    state, life, highest = State(), dict.fromkeys(range(1, 6), "new"), 0
    for fact in tried:
        assert not isinstance(fact, NodeStarted | NodeStopped | ExporterAppeared | CollectorRestarted)
        number = fact.attack.number
        detects = isinstance(fact, AttackDetected)
        legal = number > highest if detects else life[number] == "open"
        try:
            state = after(fact, state=state)
        except NotAllowed:
            assert not legal
            continue
        assert legal
        highest = max(highest, number)
        life[number] = "ended" if isinstance(fact, AttackEnded) else "open"
    assert set(state.open_attacks) == {number for number, stage in life.items() if stage == "open"}
    assert {attack.number for attack in state.ended_attacks} == {n for n in life if life[n] == "ended"}


def test_a_step_changes_nothing_it_was_given() -> None:
    state = after(AttackDetected(attack(1)))
    before = repr(state)
    step(state, FactRecord(1, 0, AttackEnded(attack(1))))
    assert repr(state) == before
    with pytest.raises(TypeError):
        state.open_attacks[2] = attack(2)  # type: ignore[index]


def test_steps_that_make_another_state_have_another_revision() -> None:
    """A checkpoint made by other steps must be passed over: when this fails, raise STEP_REVISION."""
    state = after(
        NodeStarted("1"),
        ExporterAppeared("192.0.2.1#0", "ipfix"),
        AttackDetected(attack(1)),
        AttackDetected(attack(2)),
        AttackGrew(attack(2, last_seen_ms=9)),
        AttackVectorsChanged(attack(2, doubts=("late",))),
        AttackEnded(attack(1)),
        CollectorRestarted("silent", 1, 2),
        NodeStarted("2"),
    )
    made = json.dumps(json.loads(checkpoint_of(Tip(state)).body[32:]), sort_keys=True)
    assert (STEP_REVISION, sha256(made.encode()).hexdigest()[:16]) == (13, "5734f840856330fe")
