"""A plan's whole life in a small world: proposed, agreed to by two, tried, widened, held, over by itself."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.officers import ANNA, BO, CARA, members
from tests.plan_world import POINTS, World, quick_border
from tidegate.app.inbound import Inbound
from tidegate.app.plan_moves import TAKING_HOLD_MS
from tidegate.mitigate.roster import roster_text
from tidegate.model.attacks import Rate
from tidegate.model.facts import (
    AttackDetected,
    AttackGrew,
    ForecastScored,
    LookEnded,
    PlanExpired,
    PlanFailed,
    PlanProposed,
    RulesDiffered,
    SpotTestStarted,
    VerdictReached,
)
from tidegate.model.plans import MILLION, Drop, Plan, ServiceLoss, Share
from tidegate.ports.border import LiveRule
from tidegate.ports.control import ClearBorder, Cleared, Refused, WordTaken
from tidegate.ports.rule_counts import RuleCount

ALL = Share(MILLION, MILLION, MILLION)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_border(monkeypatch)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.border.free.set()
    made.stop()


def test_a_plan_lives_from_the_flood_to_its_end(world: World) -> None:
    world.until_proposed()
    plan = world.life().plan
    assert plan.rules
    assert world.border.now() == []
    assert isinstance(world.says(ANNA), WordTaken)
    world.run(5)
    assert world.border.now() == [], "one officer is not two"
    assert world.says(CARA) == WordTaken("approved", "")
    world.run_until(lambda: world.stage() == "spot test", 30)
    assert plan.stages is not None
    assert world.border.points_held() == {(1, plan.stages.spot_test)}
    world.run_until(lambda: world.stage() == "held", 300)
    assert world.border.points_held() == {(1, point) for point in POINTS}
    world.flood = set()
    world.detector_s_end()
    world.run_until(lambda: world.stage() == "lifted", 900)
    assert world.border.now() == []
    (scored,) = [fact for fact in world.facts() if isinstance(fact, ForecastScored)]
    # The world's routers drop what a rule matches, and let nothing through up to its limit.
    assert scored.score.attack_removed_measured >= scored.score.attack_removed.low > 900_000
    assert scored.score.others_held
    order = [kind for kind in world.kinds() if kind in ("PlanProposed", "PlanApproved", "SpotTestStarted")]
    assert order == ["PlanProposed", "PlanApproved", "SpotTestStarted"]


def test_a_flood_that_goes_on_behind_the_rules_is_found_by_looking_and_the_plan_stays(world: World) -> None:
    world.until_held()
    world.detector_s_end()  # the rules work: downstream nobody sees it
    world.run(400)
    assert world.stage() == "held" or world.stage() == "relaxing"
    found = [fact.found for fact in world.facts() if type(fact).__name__ == "LookEnded"]
    assert found
    assert set(found) == {"found persisting"}


def looks(world: World) -> list[LookEnded]:
    return [fact for fact in world.facts() if isinstance(fact, LookEnded)]


def test_the_end_of_an_attack_is_found_from_counters_while_the_rules_stay(world: World) -> None:
    world.counted_at = set(POINTS)
    world.until_held()
    verdicts = [one for fact in world.facts() if isinstance(fact, VerdictReached) for one in fact.verdicts]
    assert {one.border_point for one in verdicts} == set(POINTS)
    for one in verdicts:
        assert one.counters is not None
        assert one.counters.dropped_bytes == one.counters.matched_bytes > 0
    world.flood = set()
    world.detector_s_end()
    while world.stage() == "held":
        assert world.border.points_held() == {(1, point) for point in POINTS}
        world.turn()
    assert world.stage() == "lifted"
    assert "PlanRelaxed" not in world.kinds()
    assert [(one.found, one.counters is not None) for one in looks(world)] == [("found quiet", True)] * 2


def test_counters_of_an_attack_that_goes_on_leave_it_to_the_look(world: World) -> None:
    world.counted_at = set(POINTS)
    world.until_held()
    world.detector_s_end()
    world.run_until(lambda: bool(looks(world)), 200)
    assert [(one.found, one.counters) for one in looks(world)] == [("found persisting", None)]


def test_counters_that_cannot_be_read_are_no_counters_and_are_told(world: World) -> None:
    world.counted_at, world.uncounted = set(POINTS), True
    world.until_held()
    assert "took too long" in world.mitigation.note(world.clock.at_ms).counters_trouble
    verdicts = [one for fact in world.facts() if isinstance(fact, VerdictReached) for one in fact.verdicts]
    assert [one.counters for one in verdicts] == [None] * len(POINTS)
    world.flood = set()
    world.detector_s_end()
    world.run_until(lambda: world.stage() == "lifted", 900)
    assert "PlanRelaxed" in world.kinds()


def test_counters_that_began_anew_leave_it_to_the_look(world: World) -> None:
    world.counted_at = set(POINTS)
    world.until_held()
    world.flood = set()
    world.detector_s_end()
    world.run(10)  # they were read once
    assert world.stage() == "held"
    nothing = RuleCount(matched_bytes=0, matched_packets=0, dropped_bytes=0)
    world.counts = dict.fromkeys(world.counts, nothing)
    world.run_until(lambda: world.stage() == "relaxing", 200)
    assert looks(world) == []


def test_counters_behind_a_session_that_is_down_leave_it_to_the_look(world: World) -> None:
    world.counted_at = set(POINTS)
    world.until_held()
    world.flood = set()
    world.border.down = set(POINTS)
    world.detector_s_end()
    world.run_until(lambda: world.stage() == "relaxing", 200)
    assert looks(world) == []


def test_leases_are_renewed_while_it_lasts_and_lapse_when_the_node_is_gone(world: World) -> None:
    world.until_held()
    world.run(300)
    assert world.border.points_held(), "renewed past two leases"
    world.stop()
    world.clock.at_ms += 121_000
    assert world.border.now() == []
    world.start()
    world.run_until(lambda: not world.state.plans, 30)
    assert world.stage() == "lapsed"
    assert world.border.now() == [], "nothing that lapsed came back"


def test_a_spot_test_that_changes_nothing_fails_and_takes_everything_back(world: World) -> None:
    world.until_proposed()
    world.border.now = lambda: []  # type: ignore[method-assign]
    world.border.live = lambda: [  # type: ignore[method-assign]
        LiveRule(plan=number, rule=rule, remaining_s=9)
        for (number, point), (order, _) in world.border._held.items()
        for rule in order.plan.rules
        if rule.border_point == point
    ]
    world.approve()
    world.run_until(lambda: world.stage() == "failed", 120)
    assert "is removed" in world.life().standing.why
    assert world.border._held == {}


def test_a_session_that_is_down_fails_the_verdict(world: World) -> None:
    world.border.down = set(POINTS)
    world.until_proposed()
    world.approve()
    world.run_until(lambda: world.stage() == "failed", 120)
    assert "session" in world.life().standing.why


def test_a_session_that_goes_down_under_a_held_plan_is_an_alarm_and_the_plan_stays(world: World) -> None:
    world.until_held()
    world.border.down = {"south"}
    world.run(40)
    assert world.stage() in ("held", "relaxing")
    (told,) = world.session_changes()
    assert (told.border_point, told.router, told.state, told.plans) == ("south", "r-south", "down", (1,))
    world.restart()
    world.run(40)
    assert world.session_changes() == [told], "a restart tells nothing twice"
    world.border.down = set()
    world.run(120)
    assert [one.state for one in world.session_changes()] == ["down", "up"]
    assert world.state.sessions_troubled == ()


def test_a_speaker_that_falls_silent_under_a_plan_is_heard_of(world: World) -> None:
    world.until_held()
    world.border.fails = "to answer"
    world.run(60)
    assert {one.state for one in world.session_changes()} == {"unseen"}
    assert len(world.session_changes()) == len(POINTS)
    assert "does not answer" in world.session_changes()[0].why


def test_exporters_that_tell_of_flows_in_bursts_let_a_good_plan_pass(world: World) -> None:
    world.told_every_ms = 7_000
    world.until_held()
    (verdict,) = {one for one in world.life().standing.verdicts if one.border_point == "north"}
    assert verdict.others_kept is not None
    assert verdict.others_kept.estimate > 800_000
    told = [one for one in world.facts() if isinstance(one, VerdictReached)]
    stages = world.life().plan.stages
    assert stages is not None
    for one in (each for fact in told for each in fact.verdicts):
        assert one.during.until_ms - one.during.from_ms >= stages.spot_test_s * 1000 - TAKING_HOLD_MS


def test_other_traffic_that_falls_under_the_rules_fails_a_plan(world: World) -> None:
    world.told_every_ms = 7_000
    world.others_lost = set(POINTS)
    world.until_proposed()
    world.approve()
    world.run_until(lambda: world.stage() == "failed", 200)
    assert "Other traffic at" in world.life().standing.why
    assert "fell to 0.0%" in world.life().standing.why
    assert world.border.now() == []


@pytest.mark.parametrize(("every_ms", "stage"), [(50_000, "held"), (600_000, "failed")])
def test_exporters_that_fall_silent_are_waited_for_but_not_for_ever(
    world: World, every_ms: int, stage: str
) -> None:
    world.until_proposed()
    world.approve()
    world.run_until(lambda: world.stage() == "spot test", 30)
    world.told_every_ms = every_ms
    world.run_until(lambda: world.stage() in ("held", "failed"), 300)
    assert world.stage() == stage
    if stage == "failed":
        assert "Neither telemetry nor counters show" in world.life().standing.why


def test_a_look_waits_until_telemetry_has_told_of_it(world: World) -> None:
    world.until_proposed()
    world.told_every_ms = 15_000
    world.approve()
    world.run_until(lambda: world.stage() == "held", 300)
    world.detector_s_end()
    world.run(400)
    found = [fact.found for fact in world.facts() if type(fact).__name__ == "LookEnded"]
    assert set(found) == {"found persisting"}


def test_without_samples_nothing_begins_and_nothing_unseen_stays(world: World) -> None:
    world.until_proposed()
    world.deaf = True
    world.approve()
    world.run_until(lambda: world.stage() == "failed", 120)
    assert not [fact for fact in world.facts() if isinstance(fact, SpotTestStarted)]
    assert ("announce", 1, "north") not in world.border.said


def test_a_proposal_that_nobody_wants_expires_and_another_follows(world: World) -> None:
    world.until_proposed()
    world.run_until(lambda: world.stage() == "expired", 700)
    world.run_until(lambda: 2 in world.state.plans, 120)


def test_a_proposal_ends_with_its_attack(world: World) -> None:
    world.until_proposed()
    world.detector_s_end()
    world.run_until(lambda: world.stage() == "expired", 30)


def test_one_officer_withdraws_at_any_point(world: World) -> None:
    world.until_held()
    assert world.says(BO, "withdraw") == WordTaken("withdrawn", "")
    assert world.border.now() == []
    world.run(200)
    assert list(world.state.plans) == [], "a person's no stands until the attack changes"


def test_taking_back_needs_no_database(world: World) -> None:
    world.until_held()
    world.store.fails = "and did nothing"
    taken = world.says(BO, "withdraw")
    assert isinstance(taken, WordTaken)
    assert "the database fails" in taken.lacking
    world.run(5)
    assert world.border.now() == []
    world.store.fails = None
    world.run(2)
    assert world.stage() == "withdrawn"
    assert world.store.pending_effects(-1, 1000) == []


def test_clearing_the_border_takes_back_what_nobody_knows_of_too(world: World) -> None:
    world.until_held()
    rule = world.life().plan.rules[0]
    world.border.extra = [LiveRule(plan=77, rule=rule, remaining_s=60)]
    world.store.fails = "but did it"
    assert world.ask(ClearBorder()) == Cleared(1)
    world.run(3)
    assert world.border.now() == []
    world.store.fails = None
    world.run(5)
    assert world.border.now() == []
    assert world.stage() == "withdrawn"


def test_an_officer_who_is_revoked_takes_the_rules_along(world: World) -> None:
    world.until_held()
    world.roster.text = roster_text(members(ANNA, BO, CARA, revoked={"anna": world.clock.at_ms}))
    world.run(3)
    assert world.stage() == "failed"
    assert "anna is revoked" in world.life().standing.why
    assert world.border.now() == []


def test_a_clock_set_back_brings_no_revoked_officer_s_word_back(world: World) -> None:
    world.until_proposed()
    world.roster.text = roster_text(members(ANNA, BO, CARA, revoked={"anna": world.clock.at_ms}))
    world.run(3)
    world.clock.at_ms -= 600_000
    assert world.says(ANNA) == Refused("approval", "officer anna is revoked")
    world.says(BO)
    world.says(CARA)
    assert "anna" not in world.state.officers


def test_a_roster_that_cannot_be_read_ends_what_is_in_force(world: World) -> None:
    world.until_held()
    world.roster.text = "no [roster"
    world.run(3)
    assert world.stage() == "failed"
    assert world.border.now() == []


def test_a_rule_that_nobody_wants_is_withdrawn_and_an_alarm(world: World) -> None:
    world.until_held()
    rule = world.life().plan.rules[0]
    world.border.extra = [LiveRule(plan=99, rule=rule, remaining_s=60)]
    world.run_until(lambda: world.border.extra == [], 30)
    assert ("withdraw", 99, rule.border_point) in world.border.said


def test_a_receiver_that_holds_something_else_ends_the_plan_with_an_alarm(world: World) -> None:
    world.until_held()
    world.border.receiver = {"south": ()}
    world.run_until(lambda: world.stage() == "failed", 30)
    assert "south" in world.life().standing.why
    (told,) = [fact for fact in world.facts() if isinstance(fact, RulesDiffered)]
    assert (told.border_point, told.seen_at, len(told.extra)) == ("south", "mirror", 0)
    assert world.border.now() == []


def test_a_speaker_that_refuses_an_order_ends_the_plan(world: World) -> None:
    world.until_proposed()
    world.border._roster = lambda: members(BO)  # the speaker's own roster knows other people
    world.approve()
    world.run_until(lambda: world.stage() == "failed", 60)
    assert "the speaker refuses it" in world.life().standing.why
    assert world.border.now() == []


def test_a_node_without_a_speaker_proposes_and_lets_nobody_approve() -> None:
    world = World(bordered=False)
    try:
        world.until_proposed()
        assert isinstance(world.says(ANNA), Refused)
        world.run(60)
        assert world.stage() == "proposed"
    finally:
        world.stop()


def test_nothing_is_decided_while_the_store_fails(world: World) -> None:
    world.until_proposed()
    size = world.store.head().size
    world.store.fails = "and did nothing"
    world.record(PlanFailed(99, "no such plan"))
    world.detector_s_end()
    world.run(5)
    assert world.store.head().size == size
    world.store.fails = None
    world.run_until(lambda: world.stage() == "expired", 30)


def test_an_attack_that_changes_supersedes_what_nobody_agreed_to_yet(world: World) -> None:
    world.until_proposed()
    world.run(25)
    world.flood = {"north"}
    assert world._attack is not None
    world._attack = msgspec.structs.replace(world._attack, border_points=("north",))
    world.run(60)
    world.record(AttackGrew(world._attack))
    world.run_until(lambda: world.stage(1) == "superseded", 60)
    assert world.life(2).plan.replaces == 1
    assert len([fact for fact in world.facts() if isinstance(fact, PlanProposed)]) == 2


def in_place_of_the_first(world: World) -> Plan:
    """A plan that drops what the first limits, agreed to by two."""
    like, now_ms = world.life().plan, world.clock.at_ms
    plan = msgspec.structs.replace(
        like,
        number=2,
        rules=tuple(msgspec.structs.replace(rule, action=Drop()) for rule in like.rules),
        made_at_ms=now_ms,
        approve_until_ms=now_ms + 600_000,
        ends_at_ms=now_ms + 3_600_000,
        replaces=1,
    )
    world.record(PlanProposed(plan))
    world.approve(2)
    return plan


def held_once(world: World) -> bool:
    """That at no border point two plans are in force, now."""
    points = [point for _, point in world.border.points_held()]
    return len(points) == len(set(points))


def test_a_plan_in_force_stays_where_the_one_that_replaces_it_is_not_yet(world: World) -> None:
    world.until_held()
    plan = in_place_of_the_first(world)
    assert plan.stages is not None
    spot = plan.stages.spot_test
    (other,) = set(POINTS) - {spot}
    world.run_until(lambda: world.stage(2) == "spot test", 30)
    seen = set()
    while world.stage(2) != "held":
        assert held_once(world)
        seen.add(frozenset(world.border.points_held()))
        world.turn()
    assert {(2, spot), (1, other)} in seen
    assert world.border.points_held() == {(2, spot), (2, other)}
    assert world.stage(1) == "superseded"
    assert all(fact.verdicts[0].passed for fact in world.facts() if isinstance(fact, VerdictReached))


def test_what_a_plan_that_fails_took_over_is_in_force_as_before(world: World) -> None:
    world.until_held()
    plan = in_place_of_the_first(world)
    assert plan.stages is not None
    world.run_until(lambda: world.stage(2) == "spot test", 30)
    world.others_lost = {plan.stages.spot_test}
    world.run_until(lambda: world.stage(2) == "failed", 120)
    world.others_lost = set()
    world.run(2)
    assert world.border.points_held() == {(1, point) for point in POINTS}
    assert world.life(1).standing.yielded == ()
    world.run(60)
    assert world.stage(1) in ("held", "relaxing")


def test_a_step_that_fails_gives_its_border_points_back_to_the_plan_before(world: World) -> None:
    world.until_held()
    plan = in_place_of_the_first(world)
    assert plan.stages is not None
    spot = plan.stages.spot_test
    (other,) = set(POINTS) - {spot}
    world.run_until(lambda: (2, other) in world.border.points_held(), 120)
    world.others_lost = {other}
    world.run_until(lambda: world.stage(2) == "held", 120)
    world.others_lost = set()
    world.run(2)
    assert world.border.points_held() == {(2, spot), (1, other)}
    assert (world.stage(1), world.life(1).standing.in_force) == ("held", (other,))


def test_taking_back_what_replaced_a_plan_puts_nothing_in_force(world: World) -> None:
    world.until_held()
    plan = in_place_of_the_first(world)
    assert plan.stages is not None
    (other,) = set(POINTS) - {plan.stages.spot_test}
    world.run_until(lambda: world.stage(2) == "spot test", 30)
    world.says(BO, "withdraw", 2)
    world.run(10)
    assert world.border.points_held() == {(1, other)}


def beside_the_first(world: World, number: int, held_back_bits_per_s: int) -> Plan:
    """A plan of the desk's level for the same border points and another attack, agreed to by two."""
    assert world._attack is not None
    like = world.life().plan
    loss = ServiceLoss("udp/123", Rate(held_back_bits_per_s, 0, held_back_bits_per_s), ALL)
    target = f"198.51.100.{number + 100}/32"
    rules = tuple(
        msgspec.structs.replace(one, match=msgspec.structs.replace(one.match, destination=target))
        for one in like.rules
    )
    attack = msgspec.structs.replace(
        world._attack, number=world.state.next_attack, targets=(target,), actionable=False
    )
    plan = msgspec.structs.replace(
        like,
        number=number,
        attack=attack.number,
        targets=(target,),
        rules=rules,
        made_at_ms=world.clock.at_ms,
        approve_until_ms=world.clock.at_ms + 600_000,
        ends_at_ms=world.clock.at_ms + 3_600_000,
        forecast=msgspec.structs.replace(like.forecast, by_service=(loss,)),
        level="desk",
        replaces=None,
    )
    world.record(AttackDetected(attack), PlanProposed(plan))
    world.approve(number)
    return plan


def test_plans_side_by_side_hold_back_no_more_than_the_senior_level_agreed_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = dict.fromkeys(POINTS, 1_000_000_000_000)
    monkeypatch.setattr(Inbound, "usual", lambda *_: usual)
    world.until_held()
    assert world.life().plan.level == "desk"
    beside_the_first(world, 2, 30_000_000_000)
    world.run_until(lambda: world.stage(2) in ("spot test", "failed"), 60)
    assert world.stage(2) == "spot test", world.life(2).standing.why
    beside_the_first(world, 3, 30_000_000_000)
    world.run_until(lambda: world.stage(3) in ("spot test", "failed"), 60)
    assert world.stage(3) == "failed"
    assert "together with plan 1, 2, more than 5%" in world.life(3).standing.why
    assert "must ask for the senior level" in world.life(3).standing.why
    assert not {point for number, point in world.border.points_held() if number == 3}


def test_a_plan_asks_for_the_senior_level_where_others_have_taken_up_the_desk_s_share(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = dict.fromkeys(POINTS, 1_000_000_000_000)
    monkeypatch.setattr(Inbound, "usual", lambda *_: usual)
    world.until_proposed()
    assert world.life().plan.level == "desk"
    world.record(PlanExpired(1, "nobody wanted it"))
    world.run(50)
    beside_the_first(world, 2, 50_000_000_000)
    world.run_until(lambda: 3 in world.state.plans, 30)
    assert world.stage(2) == "spot test"
    assert world.life(3).plan.rules
    assert world.life(3).plan.level == "senior"
