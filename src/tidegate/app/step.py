"""What each fact means: `step(state, record) -> (state, effects)`, a pure function and one table.

Nothing here knows of stores, sinks or clocks. The same facts give the same state on every machine, which
is how a node finds its state again after a crash.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from tidegate.app.accord.steps import ACCORD_STEPS
from tidegate.app.hotline.evidence_steps import EVIDENCE_STEPS
from tidegate.app.hotline.steps import STEPS_OF_HOTLINE
from tidegate.app.plan_steps import PLAN_STEPS
from tidegate.app.state import (
    ENDED_ATTACKS_MAX,
    EXPORTERS_SEEN_MAX,
    OPEN_ATTACKS_MAX,
    State,
    Stepped,
)
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
    NodeStarted,
    NodeStopped,
)
from tidegate.model.mappings import with_entry, without
from tidegate.model.refusals import Full, NotAllowed

STEP_REVISION = 13
"""Raised with every change of what a step makes of a fact, or of what State holds; see `checkpoint`."""


def step(state: State, record: FactRecord) -> Stepped:
    """The state after one more fact, and what is to be done about it.

    NotAllowed for a fact that cannot have happened in this state, or out of its turn; Full beyond a bound.
    """
    if record.number != state.facts:
        raise NotAllowed(f"fact {record.number} is out of turn: the next is {state.facts}")
    counted = replace(
        state,
        facts=state.facts + 1,
        counts=with_entry(state.counts, record.kind, state.counts.get(record.kind, 0) + 1),
        last_at_ms=record.at_ms,
    )
    return STEPS[type(record.fact)](counted, record.at_ms, record.fact)


def node_started(state: State, at_ms: int, _: NodeStarted) -> Stepped:
    unclean = state.unclean_starts + (not state.stopped_cleanly)
    return replace(state, started_ms=at_ms, unclean_starts=unclean), ()


def node_stopped(state: State, _: int, __: NodeStopped) -> Stepped:
    if state.stopped_cleanly:
        raise NotAllowed("a node that is not running cannot stop")
    return replace(state, started_ms=None), ()


def exporter_appeared(state: State, _: int, fact: ExporterAppeared) -> Stepped:
    exporter = (fact.exporter, fact.protocol)
    if exporter in state.exporters:
        raise NotAllowed(f"exporter {fact.exporter} ({fact.protocol}) was heard before")
    if len(state.exporters) >= EXPORTERS_SEEN_MAX:
        return replace(state, exporters_left_out=state.exporters_left_out + 1), ()
    return replace(state, exporters=state.exporters | {exporter}), ()


def attack_detected(state: State, _: int, fact: AttackDetected) -> Stepped:
    attack = fact.attack
    if attack.number < state.next_attack:
        raise NotAllowed(f"attack number {attack.number} is taken; the next is {state.next_attack}")
    if len(state.open_attacks) >= OPEN_ATTACKS_MAX:
        raise Full("open attacks", OPEN_ATTACKS_MAX)
    opened = with_entry(state.open_attacks, attack.number, attack)
    return replace(state, open_attacks=opened, next_attack=attack.number + 1), alert("detected", attack)


def attack_grew(state: State, _: int, fact: AttackGrew) -> Stepped:
    return with_open(state, fact.attack), alert("grew", fact.attack)


def attack_vectors_changed(state: State, _: int, fact: AttackVectorsChanged) -> Stepped:
    return with_open(state, fact.attack), alert("vectors changed", fact.attack)


def attack_ended(state: State, _: int, fact: AttackEnded) -> Stepped:
    must_be_open(state, fact.attack)
    still_open = without(state.open_attacks, fact.attack.number)
    ended = (*state.ended_attacks, fact.attack)[-ENDED_ATTACKS_MAX:]
    closed = replace(state, open_attacks=still_open, ended_attacks=ended)
    return closed, alert("ended", fact.attack)


def collector_restarted(state: State, _: int, __: CollectorRestarted) -> Stepped:
    return state, ()


# The law: each kind of fact and what it does. A test holds that none is missing.
STEPS: Mapping[type, Callable[[State, int, Any], Stepped]] = {
    NodeStarted: node_started,
    NodeStopped: node_stopped,
    ExporterAppeared: exporter_appeared,
    AttackDetected: attack_detected,
    AttackGrew: attack_grew,
    AttackVectorsChanged: attack_vectors_changed,
    AttackEnded: attack_ended,
    CollectorRestarted: collector_restarted,
    **PLAN_STEPS,
    **STEPS_OF_HOTLINE,
    **EVIDENCE_STEPS,
    **ACCORD_STEPS,
}


def alert(change: str, attack: Attack) -> tuple[Effect, ...]:
    return (Alert(change, attack),)


def with_open(state: State, attack: Attack) -> State:
    must_be_open(state, attack)
    return replace(state, open_attacks=with_entry(state.open_attacks, attack.number, attack))


def must_be_open(state: State, attack: Attack) -> None:
    if attack.number not in state.open_attacks:
        raise NotAllowed(f"attack {attack.number} is not open")
