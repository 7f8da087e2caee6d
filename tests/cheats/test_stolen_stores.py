"""What somebody can do who owns the database, the socket, or one key: less than putting one rule in force."""

import copy
from collections.abc import Iterator

import msgspec
import pytest
from msgspec.structs import replace

from tests.officers import ANNA, BO, CARA, Person, members
from tests.plan_world import PACE, PLANS, World, quick_border
from tests.stores import FailingStore
from tidegate.app.entry import Tip, addition, prepare
from tidegate.app.node import rebuild
from tidegate.mitigate.approval import digest
from tidegate.mitigate.roster import roster_text
from tidegate.mitigate.stages import FINAL
from tidegate.model.canonical import effect_bytes
from tidegate.model.facts import Announce, ApprovalGiven, Fact, PlanApproved, PlanProposed, SpotTestStarted
from tidegate.model.plans import Signed
from tidegate.ports.control import GiveWord, Refused, WordTaken
from tidegate.ports.facts import StoredEffect

THIEF = Person("thief", "senior")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_border(monkeypatch)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.border.free.set()
    made.stop()


def write_into(store: FailingStore, at_ms: int, *facts: Fact) -> None:
    """As somebody who owns the database: facts with correct hashes, effects and head, past every rule that
    only the running node keeps."""
    tip = rebuild(store, Tip())
    entries = []
    for fact in facts:
        entry = prepare(tip, at_ms, fact)
        entries.append(entry)
        tip = entry.tip
    store.append(addition(rebuild(store, Tip()), entries))


def never_announced(world: World) -> bool:
    return "announce" not in {what for what, _, _ in world.border.said} and not world.border.now()


@pytest.mark.parametrize("words", ["forged", "stolen", "another plan's"])
def test_a_whole_life_written_into_the_database_announces_nothing(world: World, words: str) -> None:
    """Approvals of people who never signed; of one stolen key under two names; of another plan."""
    world.until_proposed()
    plan = world.life().plan
    if words == "forged":
        approvals = [THIEF.says(plan, officer="anna"), THIEF.says(plan, officer="cara")]
    elif words == "stolen":
        approvals = [ANNA.says(plan), ANNA.says(plan, officer="cara")]
    else:
        other = msgspec.structs.replace(plan, lease_s=plan.lease_s + 1)
        approvals = [ANNA.says(other), CARA.says(other)]
    world.stop()
    now_ms = world.clock.now_ms()
    write_into(
        world.store,
        now_ms,
        *map(ApprovalGiven, approvals),
        PlanApproved(1, digest(plan), ("anna", "cara")),
        SpotTestStarted(1, ()),
    )
    world.start()
    world.run(20)
    assert never_announced(world)
    assert world.stage() == "failed"


def test_the_speaker_itself_refuses_what_a_node_believes_by_mistake(world: World) -> None:
    """Even a node whose own check is gone puts nothing in force: the speaker asks its own roster."""
    world.mitigation._unapproved = lambda life: None  # type: ignore[method-assign]
    world.until_proposed()
    plan = world.life().plan
    world.record(
        ApprovalGiven(THIEF.says(plan, officer="anna")),
        ApprovalGiven(THIEF.says(plan, officer="cara")),
        PlanApproved(1, digest(plan), ("anna", "cara")),
    )
    world.run_until(lambda: world.stage() == "failed", 60)
    assert never_announced(world)
    assert "the speaker refuses it" in world.life().standing.why


def test_an_order_written_into_the_database_orders_nothing(world: World) -> None:
    world.until_proposed()
    world.stop()
    head = world.store.head()
    body = effect_bytes(Announce(1, "north"))
    world.store._effects.append(StoredEffect(head.effects, head.size - 1, "Announce", body))
    world.store._head = replace(head, effects=head.effects + 1)
    world.start()
    world.run(10)
    assert never_announced(world)
    assert world.stage() == "proposed"


def test_a_database_put_back_brings_a_withdrawn_plan_back_no_longer_than_its_evidence_lasts(
    world: World,
) -> None:
    """The bound that docs/trust.md states: two people agreed to this plan, and its leases still end."""
    world.until_held()
    kept = copy.deepcopy(world.store)
    until_ms = world.life().standing.persisting_ms + (PACE.evidence_s + PLANS.lease_s) * 1000
    world.says(BO, "withdraw")
    world.run(1)
    assert world.border.now() == []
    world.stop()
    world.store = kept
    world.deaf = True
    world.start()
    world.detector_s_end()  # and nobody looks: no sample comes
    while world.clock.now_ms() < until_ms:
        world.turn()
    world.run(2)
    assert world.border.now() == []
    assert world.life().standing.stage in FINAL


@pytest.mark.parametrize("expired", [True, False])
def test_a_stolen_key_and_an_old_database_complete_no_plan_whose_time_for_approval_is_over(
    world: World, expired: bool
) -> None:
    """Anna's word is true, the second one stolen, and the database one in which both came in time."""
    world.until_proposed()
    plan = world.life().plan
    world.says(ANNA)
    kept = copy.deepcopy(world.store)
    if expired:
        world.clock.at_ms = plan.approve_until_ms
    world.turn()
    assert world.stage() == ("expired" if expired else "proposed")
    world.stop()
    world.store = kept
    stolen = [ApprovalGiven(CARA.says(plan)), PlanApproved(1, digest(plan), ("anna", "cara"))]
    write_into(world.store, plan.made_at_ms, *stolen)
    write_into(world.store, world.clock.now_ms(), SpotTestStarted(1, ()))
    world.start()
    world.run(2)
    assert never_announced(world) is expired, "in time, two words are two words"
    if expired:
        assert "could be approved until" in world.life().standing.why


def test_a_database_put_back_after_the_lease_brings_nothing_back(world: World) -> None:
    world.until_held()
    kept = copy.deepcopy(world.store)
    world.says(BO, "withdraw")
    world.stop()
    world.store, said = kept, len(world.border.said)
    world.clock.at_ms += 121_000
    world.start()
    world.run(10)
    assert "announce" not in {what for what, _, _ in world.border.said[said:]}
    assert world.stage() == "lapsed"


def test_a_plan_whose_rules_were_changed_in_the_database_is_not_what_was_signed(world: World) -> None:
    """The thief waits for two true words, and puts them under a plan with other rules."""
    world.until_proposed()
    plan = world.life().plan
    words = [ANNA.says(plan), CARA.says(plan)]
    world.stop()
    wider = msgspec.structs.replace(plan, number=2, ends_at_ms=plan.ends_at_ms + 1)
    moved = [msgspec.structs.replace(word, plan=2) for word in words]
    write_into(
        world.store,
        world.clock.now_ms(),
        PlanProposed(wider),
        *map(ApprovalGiven, moved),
        PlanApproved(2, digest(wider), ("anna", "cara")),
        SpotTestStarted(2, ()),
    )
    world.start()
    world.run(10)
    assert never_announced(world)
    assert world.stage(2) == "failed"


def test_the_socket_believes_signatures_and_nobody_s_name(world: World) -> None:
    world.until_proposed()
    plan = world.life().plan
    tries = [
        THIEF.says(plan),
        THIEF.says(plan, officer="cara"),
        ANNA.says(plan, officer="cara"),
        msgspec.structs.replace(ANNA.says(plan, "withdraw"), intent="approve"),
        Signed(plan=1, intent="approve", officer="cara", signature="00" * 64),
    ]
    for word in tries:
        reply = world.ask(GiveWord(word))
        assert isinstance(reply, Refused)
        assert reply.kind == "approval"
    assert world.life().standing.approvals == ()


def test_a_word_heard_twice_counts_once(world: World) -> None:
    world.until_proposed()
    word = ANNA.says(world.life().plan)
    assert isinstance(world.ask(GiveWord(word)), WordTaken)
    assert isinstance(world.ask(GiveWord(word)), Refused)
    assert world.stage() == "proposed"


def test_a_word_that_comes_too_late_counts_for_nothing(world: World) -> None:
    world.until_proposed()
    plan = world.life().plan
    world.says(ANNA)
    world.clock.at_ms = plan.approve_until_ms
    assert isinstance(world.ask(GiveWord(CARA.says(plan))), Refused)


def test_two_desk_officers_are_not_enough_where_the_senior_level_is_asked_for(world: World) -> None:
    world.until_proposed()
    assert world.life().plan.level == "senior", "nobody knows yet what usually comes in"
    world.says(ANNA)
    reply = world.says(BO)
    assert isinstance(reply, WordTaken)
    assert "level senior" in reply.lacking
    world.run(10)
    assert never_announced(world)


def test_an_officer_revoked_between_two_words_leaves_one(world: World) -> None:
    world.until_proposed()
    world.says(ANNA)
    world.roster.text = roster_text(members(ANNA, BO, CARA, revoked={"anna": world.clock.at_ms}))
    reply = world.says(CARA)
    assert isinstance(reply, WordTaken)
    assert "anna is revoked" in reply.lacking
    world.run(10)
    assert never_announced(world)
    assert world.stage() == "expired", "a word that counts no more would block the plan for good"
    world.run_until(lambda: 2 in world.state.plans, 90)
