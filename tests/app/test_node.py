"""The node: saved before acted upon, every fact once, every effect until it is taken, whatever fails."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores import FailingStore, MemoryStore, out_of_reach
from tests.stories import an_attack
from tidegate.app import node as node_module
from tidegate.app.checkpoint import checkpoint_of, tip_from
from tidegate.app.entry import Tip
from tidegate.app.node import FACTS_WAITING_MAX, Node, past_attacks, read_state, rebuild
from tidegate.app.outbox import UNTAKEN_EVERY_MS
from tidegate.app.state import State
from tidegate.app.step import STEP_REVISION
from tidegate.model.canonical import decode_record
from tidegate.model.facts import (
    Alert,
    AttackDetected,
    AttackEnded,
    AttackGrew,
    Fact,
    NodeStarted,
    NodeStopped,
)
from tidegate.model.hotline_facts import OwnCardIssued
from tidegate.model.refusals import Full, NotAllowed
from tidegate.ports.facts import Checkpoint, HeadMoved, StoredFact
from tidegate.ports.outside import OutsideFailed


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.at_ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


class Sink:
    """Remembers what it was told, and fails when a test says so: before it tells anyone, or after."""

    def __init__(self, name: str = "sink") -> None:
        self.name = name
        self.told: list[tuple[int, str]] = []
        self.fails: str | None = None
        self.watch: Callable[[], None] = lambda: None

    def carry_out(self, number: int, alert: Alert) -> None:
        self.watch()
        if self.fails == "refuses":
            raise NotAllowed("nobody takes such alerts")
        if self.fails != "and did nothing":
            self.told.append((number, alert.change))
        if self.fails is not None:
            raise OutsideFailed("the telephone is engaged", self.name, "Wait.")


def detected(number: int) -> AttackDetected:
    return AttackDetected(an_attack(number=number))


def ended(number: int) -> AttackEnded:
    return AttackEnded(an_attack(number=number))


def stored(store: MemoryStore) -> list[Fact]:
    return [decode_record(fact.body).fact for fact in store.facts(0, 1 << 20)]


class Story:
    """A store that may fail, two sinks, a clock, and a node over them that can be opened again."""

    def __init__(self) -> None:
        self.store = FailingStore()
        self.sinks = [Sink("terminal"), Sink("telephone")]
        self.clock = SetClock()
        self.node = self.reopen()

    def reopen(self) -> Node:
        """As after a crash: nothing but the store is left."""
        self.node = Node.open(self.store, self.sinks, self.clock)
        return self.node

    def later(self, ms: int) -> None:
        self.clock.at_ms += ms
        self.node.catch_up()


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_fact_is_stored_before_anything_is_done_about_it(story: Story) -> None:
    seen_by_sink: list[tuple[int, int]] = []
    story.sinks[0].watch = lambda: seen_by_sink.append((story.store.head().size, len(story.store.done)))
    assert story.node.record(detected(1)) == [0]
    assert seen_by_sink == [(1, 0)]
    assert story.sinks[0].told == story.sinks[1].told == [(0, "detected")]
    assert list(story.store.done) == [0]


def test_facts_recorded_together_are_stored_together_in_their_order(story: Story) -> None:
    facts = [NodeStarted("1"), detected(1), detected(2), ended(1)]
    assert story.node.record(*facts) == [0, 1, 2, 3]
    assert stored(story.store) == facts
    assert list(story.node.state.open_attacks) == [2]
    assert story.node.head == story.store.head()


def test_a_fact_carries_the_time_of_the_clock(story: Story) -> None:
    story.node.record(NodeStarted("1"))
    story.clock.at_ms += 250
    story.node.record(detected(1))
    assert [fact.at_ms for fact in story.store.facts(0, 2)] == [1_700_000_000_000, 1_700_000_000_250]


def test_a_fact_that_cannot_have_happened_is_not_stored_nor_its_company(story: Story) -> None:
    with pytest.raises(NotAllowed, match="attack 2 is not open"):
        story.node.record(detected(1), ended(2))
    assert stored(story.store) == []
    assert story.node.state == State()
    assert story.node.waiting == 0


def test_the_state_after_a_crash_is_the_state_before_it(story: Story) -> None:
    story.node.record(NodeStarted("1"), detected(1), detected(2))
    story.node.record(AttackGrew(an_attack(number=2, last_seen_ms=5)), ended(1))
    before = story.node
    after = story.reopen()
    assert (after.state, after.head) == (before.state, before.head)
    assert rebuild(story.store, Tip()).state == before.state


def test_effects_that_were_pending_are_carried_out_when_the_node_opens_again(story: Story) -> None:
    story.sinks[0].fails = "and did nothing"
    story.node.record(detected(1), ended(1))
    story.sinks[0].fails = None
    story.reopen()
    assert story.sinks[0].told == [(0, "detected"), (1, "ended")]
    assert list(story.store.done) == [0, 1]


# Several records stored together.


def gather(node: Node, *facts: Fact) -> None:
    with node.together():
        for fact in facts:
            node.store(fact)


def test_what_is_recorded_together_is_stored_at_the_end_in_one_transaction(story: Story) -> None:
    with story.node.together():
        assert story.node.store(detected(1)) == [0]
        assert story.node.store(ended(1), detected(2)) == [1, 2]
        assert list(story.node.state.open_attacks) == [2]
        assert (story.node.waiting, story.node.recorded, stored(story.store)) == (0, 3, [])
        assert story.sinks[0].told == []
    assert stored(story.store) == [detected(1), ended(1), detected(2)]
    story.node.carry_out()
    assert [change for _, change in story.sinks[0].told] == ["detected", "ended", "detected"]
    assert story.node.verify().intact


def test_effects_of_what_is_only_gathered_are_not_carried_out(story: Story) -> None:
    with story.node.together():
        story.node.store(detected(1))
        story.node.carry_out()
        assert story.sinks[0].told == []


def test_a_question_to_the_store_finds_what_was_gathered_before_it(story: Story) -> None:
    with story.node.together():
        card = OwnCardIssued("ab" * 32, "XA-CERT", "cd" * 32, 1, 2_000_000_000)
        story.node.store(card)
        found = story.node.mentioning(["ab" * 32], [OwnCardIssued])
        assert [record.fact for _, record in found] == [card]
        story.node.store(NodeStarted("1"))
    assert len(stored(story.store)) == 2


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_what_was_gathered_and_could_not_be_stored_waits_and_is_stored_once(story: Story, fails: str) -> None:
    story.store.fails = fails
    with pytest.raises(OutsideFailed):
        gather(story.node, detected(1), ended(1))
    assert story.node.waiting == 2
    assert story.node.state == State()
    story.store.fails = None
    story.node.catch_up()
    assert stored(story.store) == [detected(1), ended(1)]
    assert story.sinks[0].told == [(0, "detected"), (1, "ended")]


def test_an_error_inside_leaves_what_was_recorded_before_it(story: Story) -> None:
    with pytest.raises(NotAllowed):
        gather(story.node, detected(1), ended(7))
    assert stored(story.store) == [detected(1)]


def test_one_gathering_inside_another_ends_with_the_outer_one(story: Story) -> None:
    with story.node.together():
        with story.node.together():
            story.node.store(detected(1))
        assert stored(story.store) == []
    assert stored(story.store) == [detected(1)]


# Storing fails, and did nothing or did it.


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_facts_whose_storing_failed_are_stored_once_when_the_store_answers_again(
    story: Story, fails: str
) -> None:
    story.node.record(NodeStarted("1"))
    story.store.fails = fails
    with pytest.raises(OutsideFailed):
        story.node.record(detected(1))
    assert story.node.state.open_attacks == {}
    assert story.node.waiting == 1
    assert story.sinks[0].told == []
    with pytest.raises(OutsideFailed):
        story.node.record(detected(2), ended(1))
    story.store.fails = None
    assert story.node.record(ended(2)) == [4]
    assert stored(story.store) == [NodeStarted("1"), detected(1), detected(2), ended(1), ended(2)]
    assert story.node.waiting == 0
    assert story.sinks[0].told == [(0, "detected"), (1, "detected"), (2, "ended"), (3, "ended")]
    assert story.node.verify().intact


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_facts_that_wait_are_stored_by_catching_up_too(story: Story, fails: str) -> None:
    story.store.fails = fails
    with pytest.raises(OutsideFailed):
        story.node.record(detected(1))
    story.store.fails = None
    story.node.catch_up()
    assert stored(story.store) == [detected(1)]
    assert list(story.node.state.open_attacks) == [1]


def test_whether_a_failed_try_took_hold_may_stay_unknown_for_a_while(story: Story) -> None:
    story.store.fails, story.store.reads_fail = "but did it", True
    for _ in range(3):
        with pytest.raises(OutsideFailed):
            story.node.catch_up() if story.node.waiting else story.node.record(detected(1))
    story.store.fails, story.store.reads_fail = None, False
    story.node.catch_up()
    assert stored(story.store) == [detected(1)]


def test_a_fact_is_judged_by_the_facts_that_wait_before_it(story: Story) -> None:
    story.store.fails = "and did nothing"
    with pytest.raises(OutsideFailed):
        story.node.record(detected(1))
    with pytest.raises(NotAllowed, match="is taken"):
        story.node.record(detected(1))
    assert story.node.waiting == 1


def test_too_many_waiting_facts_are_pushed_back(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FACTS_WAITING_MAX == 4_096
    monkeypatch.setattr(node_module, "FACTS_WAITING_MAX", 3)
    story.store.fails = "and did nothing"
    with pytest.raises(OutsideFailed):
        story.node.record(NodeStarted("1"), NodeStarted("2"), NodeStarted("3"))
    with pytest.raises(Full, match="facts waiting"):
        story.node.record(NodeStarted("4"))
    story.store.fails = None
    story.node.catch_up()
    assert story.node.record(NodeStarted("5")) == [3]


def test_more_facts_than_one_transaction_holds_are_stored_in_several(story: Story) -> None:
    facts = [NodeStarted(str(number)) for number in range(600)]
    story.store.fails = "and did nothing"
    with pytest.raises(OutsideFailed):
        story.node.record(*facts)
    story.store.fails = None
    story.node.catch_up()
    assert stored(story.store) == facts
    assert story.node.verify().intact


def test_a_second_node_on_the_same_store_is_told_so(story: Story) -> None:
    other = Node.open(story.store, [], story.clock)
    story.node.record(NodeStarted("1"))
    with pytest.raises(HeadMoved):
        other.record(NodeStarted("2"))
    assert stored(story.store) == [NodeStarted("1")]


@given(st.lists(st.sampled_from(["and did nothing", "but did it", None, "crash"]), max_size=30))
def test_whatever_fails_every_fact_is_stored_once_and_every_alert_is_told(happens: list[str | None]) -> None:
    """A crash loses only what was never said to be stored."""
    story = Story()
    promised: list[Fact] = []
    for number, what in enumerate(happens, start=1):
        if what == "crash":
            story.store.fails = None
            story.reopen()
            promised = stored(story.store)
            continue
        story.store.fails = what
        fact = NodeStarted(str(number)) if number % 2 else detected(number)
        promised.append(fact)
        try:
            story.node.record(fact)
        except OutsideFailed:
            continue
        assert stored(story.store) == promised
    story.store.fails = None
    story.node.catch_up()
    assert stored(story.store) == promised
    assert story.node.verify().intact
    alerts = sum(isinstance(fact, AttackDetected) for fact in promised)
    assert {number for number, _ in story.sinks[0].told} == set(range(alerts))
    assert story.store.pending_effects(-1, 100) == []


# A sink fails, and did nothing or did it.


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_a_sink_that_failed_is_tried_again_after_a_while(story: Story, fails: str) -> None:
    telephone = story.sinks[1]
    telephone.fails = fails
    story.node.record(detected(1))
    telephone.fails = None
    before = len(telephone.told)
    story.later(999)
    assert len(telephone.told) == before, "tried again too early"
    story.later(1)
    assert telephone.told[before:] == [(0, "detected")]
    assert list(story.store.done) == [0]


def test_a_sink_that_fails_holds_up_no_other_and_keeps_its_order(story: Story) -> None:
    terminal, telephone = story.sinks
    telephone.fails = "and did nothing"
    story.node.record(detected(1))
    story.node.record(detected(2))
    story.node.record(ended(1))
    assert [number for number, _ in terminal.told] == [0, 1, 2]
    assert story.store.done == {}
    telephone.fails = None
    story.later(1_000)
    assert [number for number, _ in telephone.told] == [0, 1, 2]
    assert [number for number, _ in terminal.told] == [0, 1, 2]
    assert list(story.store.done) == [0, 1, 2]


def test_the_wait_grows_to_a_bound_and_the_failure_is_told(story: Story) -> None:
    telephone = story.sinks[1]
    telephone.fails = "and did nothing"
    story.node.record(detected(1))
    waits = []
    for _ in range(9):
        status = story.node.sinks()[1]
        waits.append(status.retry_at_ms - story.clock.at_ms)
        story.later(waits[-1])
    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]
    status = story.node.sinks()[1]
    assert (status.name, status.failures, status.done_through) == ("telephone", 10, -1)
    assert status.why == "the telephone is engaged: telephone. Wait."
    telephone.fails = None
    story.later(60_000)
    status = story.node.sinks()[1]
    assert (status.failures, status.why, status.done_through) == (0, None, 0)


def test_a_clock_set_back_does_not_silence_a_sink(story: Story) -> None:
    telephone = story.sinks[1]
    telephone.fails = "and did nothing"
    story.node.record(detected(1))
    telephone.fails = None
    story.later(-86_400_000)
    assert telephone.told == [(0, "detected")]


def test_an_alert_that_a_sink_will_never_take_does_not_block_the_next(story: Story) -> None:
    telephone = story.sinks[1]
    telephone.fails = "refuses"
    story.node.record(detected(1))
    assert (story.node.sinks()[1].refused, story.node.sinks()[1].why) == (1, "nobody takes such alerts")
    telephone.fails = None
    story.node.record(detected(2))
    assert telephone.told == [(1, "detected")]
    assert list(story.store.done) == [0, 1]


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_marking_that_failed_is_made_up_for(story: Story, fails: str) -> None:
    story.sinks[0].fails = story.sinks[1].fails = "and did nothing"
    story.node.record(detected(1))
    story.sinks[0].fails = story.sinks[1].fails = None
    story.store.fails = fails
    story.clock.at_ms += 1_000
    story.node.carry_out()
    assert story.node.trouble is not None
    story.store.fails = None
    story.node.carry_out()
    assert story.node.trouble is None
    assert list(story.store.done) == [0]
    assert story.sinks[0].told == [(0, "detected")]


def test_a_store_that_cannot_be_read_does_not_undo_a_recorded_fact(story: Story) -> None:
    story.store.reads_fail = True
    assert story.node.record(detected(1)) == [0]
    assert str(story.node.trouble) == str(out_of_reach())
    story.store.reads_fail = False
    story.node.catch_up()
    assert story.sinks[0].told == [(0, "detected")]


def test_without_sinks_effects_are_done_at_once() -> None:
    store = MemoryStore()
    Node.open(store, [], SetClock()).record(detected(1), ended(1))
    assert list(store.done) == [0, 1]


def test_without_sinks_effects_that_follow_soon_are_done_within_a_second() -> None:
    store, clock = MemoryStore(), SetClock()
    node = Node.open(store, [], clock)
    node.record(detected(1))
    node.record(ended(1))
    assert len(store.pending_effects(-1, 100)) == 1
    clock.at_ms += UNTAKEN_EVERY_MS
    node.catch_up()
    assert store.pending_effects(-1, 100) == []


def test_many_pending_effects_are_carried_out_in_rounds(story: Story) -> None:
    story.sinks[1].fails = "and did nothing"
    for begin in range(1, 2_101, 700):
        story.node.record(*(detected(number) for number in range(begin, begin + 700)))
    story.sinks[1].fails = None
    story.reopen()
    for _ in range(3):
        story.node.catch_up()
    assert [number for number, _ in story.sinks[1].told] == list(range(2_100))
    assert len(story.store.done) == 2_100


def test_a_slow_sink_holds_up_the_node_no_longer_than_its_round(story: Story) -> None:
    def take_a_while() -> None:
        story.clock.at_ms += 200

    story.sinks[1].watch = take_a_while
    story.node.record(*(detected(number) for number in range(1, 10)))
    assert len(story.sinks[0].told) == 9
    assert len(story.sinks[1].told) == 3
    for expected in (6, 9):
        story.node.catch_up()
        assert [number for number, _ in story.sinks[1].told] == list(range(expected))
    assert len(story.store.done) == 9


# Opening what is not as it was recorded, and questions.


@pytest.mark.parametrize(
    "body, what",
    [
        (b"{}", "fact 1 is not as recorded"),
        (b'{"at_ms":0,"fact":{"type":"NodeStopped"},"number":7}', "fact 1 is not as recorded"),
        (b'{"at_ms":0,"fact":{"type":"NodeStopped"},"number":1}', "do not have the recorded root"),
    ],
)
def test_a_node_does_not_open_on_facts_that_are_not_those_recorded(
    story: Story, body: bytes, what: str
) -> None:
    story.node.record(NodeStarted("1"))
    story.node.record(NodeStarted("2"))
    fact = next(story.store.facts(1, 2))
    story.store._facts[1] = StoredFact(fact.number, fact.at_ms, fact.kind, body, fact.leaf_hash)
    with pytest.raises(OutsideFailed, match=what):
        story.reopen()


def test_past_attacks_come_from_the_store_the_last_first(story: Story) -> None:
    story.node.record(*(detected(number) for number in (1, 2, 3)), *(ended(number) for number in (2, 1, 3)))
    assert [attack.number for attack in story.node.past_attacks(2)] == [3, 1]
    assert [attack.number for attack in past_attacks(story.store, 5, 10)] == [1, 2]


def test_a_stopped_node_is_known_to_have_stopped(story: Story) -> None:
    story.node.record(NodeStarted("1"))
    assert not story.reopen().state.stopped_cleanly
    story.node.record(NodeStopped())
    assert story.reopen().state.stopped_cleanly


# Checkpoints: a quicker start, and never a different one.


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "CHECKPOINT_EVERY", 3)


@pytest.mark.usefixtures("often")
def test_a_node_that_starts_from_a_checkpoint_is_where_it_was(story: Story) -> None:
    story.node.record(NodeStarted("1"), detected(1), detected(2))
    story.node.record(ended(2))
    saved = story.store.checkpoint()
    assert saved is not None
    assert saved.size == 3
    before = story.node
    assert tip_from(saved).state.open_attacks == {1: detected(1).attack, 2: detected(2).attack}
    after = story.reopen()
    assert (after.state, after.head) == (before.state, before.head)
    assert read_state(story.store) == rebuild(story.store, Tip()).state == before.state
    with pytest.raises(TypeError):
        tip_from(saved).state.open_attacks[1] = detected(1).attack  # type: ignore[index]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_a_checkpoint_that_failed_is_saved_in_the_next_round(story: Story, fails: str) -> None:
    def fail_from_now_on() -> None:
        story.store.fails = fails

    story.sinks[0].watch = fail_from_now_on
    assert story.node.record(NodeStarted("1"), NodeStarted("2"), detected(1)) == [0, 1, 2]
    assert story.node.trouble is not None
    story.store.fails = None
    story.node.catch_up()
    assert story.node.trouble is None
    saved = story.store.checkpoint()
    assert saved is not None
    assert saved.size == 3


def forged(body: bytes) -> Checkpoint:
    return Checkpoint(3, sha256(body).digest() + body)


def test_a_checkpoint_that_is_damaged_or_of_other_steps_is_passed_over(story: Story) -> None:
    story.node.record(NodeStarted("1"), detected(1), detected(2))
    good = checkpoint_of(story.node._tip)
    text = good.body[32:]
    flipped = good.body[:-9] + bytes([good.body[-9] ^ 1]) + good.body[-8:]
    assert tip_from(good).frontier.size == 3
    for bad in (
        Checkpoint(3, flipped),
        Checkpoint(3, b""),
        Checkpoint(2, good.body),
        forged(b"{}"),
        forged(text.replace(b'"step_revision":%d' % STEP_REVISION, b'"step_revision":0')),
        forged(text.replace(b'"facts":3', b'"facts":4')),
        forged(text.replace(b'"frontier":"', b'"frontier":"AAAA')),
    ):
        assert tip_from(bad) == Tip()
        story.store.save_checkpoint(bad)
        assert story.reopen().state.facts == 3


def test_a_checkpoint_of_another_history_does_not_open(story: Story) -> None:
    other = Story()
    other.node.record(NodeStarted("forged"))
    story.node.record(NodeStarted("1"), NodeStarted("2"))
    story.store.save_checkpoint(checkpoint_of(other.node._tip))
    with pytest.raises(OutsideFailed, match="do not have the recorded root"):
        story.reopen()
