"""What every Border keeps, whoever speaks BGP for it: in memory, through ExaBGP, through GoBGP."""

import time
from collections.abc import Iterator

import msgspec
import pytest

from tests.adapters.border.in_memory import MemoryBorder
from tests.adapters.border.routers import eventually
from tests.adapters.border.world import many_kinds, meanings, ntp, order, plan, speaking
from tidegate.model.plans import Drop, Rule
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import LET_GO_EARLY_S, Border

POINTS = ("north", "south")


@pytest.fixture(scope="module", params=["memory", "exabgp", "gobgp"])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Border]:
    if request.param == "memory":
        yield MemoryBorder(POINTS)
        return
    folder = tmp_path_factory.mktemp(request.param)
    with speaking(request.param, folder, dict.fromkeys(POINTS, ())) as world:
        yield world.border


@pytest.fixture
def border(started: Border) -> Iterator[Border]:
    yield started
    started.withdraw_all()
    assert not started.live()


def live(border: Border, border_point: str | None = None) -> set[Rule]:
    return {each.rule for each in border.live() if border_point in (None, each.rule.border_point)}


def test_what_was_announced_is_live_under_its_plan_and_its_lease(border: Border) -> None:
    rules = many_kinds("north")
    border.announce(order(plan(*rules, number=7), lease_s=30))
    assert live(border) == meanings(rules)
    assert {each.plan for each in border.live()} == {7}
    assert all(25 <= each.remaining_s <= 30 for each in border.live())


def test_only_the_rules_of_the_ordered_border_point_are_announced(border: Border) -> None:
    proposed = plan(ntp("north"), ntp("south"))
    border.announce(order(proposed, "north"))
    assert live(border) == meanings([ntp("north")])
    border.announce(order(proposed, "south"))
    assert live(border) == meanings([ntp("north"), ntp("south")])
    border.withdraw(1, "north")
    assert live(border) == meanings([ntp("south")])


def test_the_same_order_again_renews_its_lease(border: Border) -> None:
    proposed = plan(ntp())
    border.announce(order(proposed, lease_s=10))
    border.announce(order(proposed, lease_s=50))
    assert [each.remaining_s > 40 for each in border.live()] == [True]


def test_a_lease_that_is_not_renewed_ends_by_itself(border: Border) -> None:
    began = time.monotonic()
    border.announce(order(plan(ntp()), lease_s=5))
    assert live(border)
    eventually(lambda: not border.live(), 5)
    assert time.monotonic() - began >= 5 - LET_GO_EARLY_S - 0.1


def test_no_renewal_goes_beyond_the_end_of_the_plan(border: Border) -> None:
    proposed = plan(ntp(), ends_in_s=5)
    border.announce(order(proposed, lease_s=60))
    assert [each.remaining_s <= 5 for each in border.live()] == [True]
    eventually(lambda: not border.live(), 5.5)
    time.sleep(max(0.0, proposed.ends_at_ms / 1000 - time.time()) + 0.1)
    with pytest.raises(NotAllowed, match="over"):
        border.announce(order(proposed))


def test_withdrawing_what_is_not_there_does_nothing(border: Border) -> None:
    border.withdraw(99, None)
    border.withdraw(99, "nowhere")
    border.announce(order(plan(ntp())))
    border.withdraw(99, None)
    assert live(border) == meanings([ntp()])


def test_a_plan_is_withdrawn_everywhere(border: Border) -> None:
    proposed = plan(ntp("north"), ntp("south"), number=3)
    for point in POINTS:
        border.announce(order(proposed, point))
    border.withdraw(3, None)
    assert not border.live()


def test_an_order_with_one_word_only_is_never_announced(border: Border) -> None:
    given = order(plan(ntp()))
    with pytest.raises(NotAllowed, match="two are needed"):
        border.announce(msgspec.structs.replace(given, approvals=given.approvals[:1]))
    with pytest.raises(NotAllowed, match="two are needed"):
        border.announce(msgspec.structs.replace(given, approvals=given.approvals[:1] * 2))
    assert not border.live()


def test_a_border_point_without_a_rule_or_unknown_is_refused(border: Border) -> None:
    with pytest.raises(NotAllowed):
        border.announce(order(plan(ntp("north")), "south"))
    with pytest.raises(NotAllowed):
        border.announce(order(plan(ntp("west")), "west"))
    assert not border.live()


@pytest.mark.parametrize("lease_s", [0, -1, 61])
def test_a_lease_longer_than_agreed_or_none_at_all_is_refused(border: Border, lease_s: int) -> None:
    with pytest.raises(NotAllowed, match="lease"):
        border.announce(order(plan(ntp()), lease_s=lease_s))


def test_another_plan_with_the_same_match_takes_nobody_s_place_unless_it_says_so(border: Border) -> None:
    border.announce(order(plan(ntp(), number=1)))
    dropping = msgspec.structs.replace(ntp(), action=Drop())
    with pytest.raises(NotAllowed, match="same match"):
        border.announce(order(plan(dropping, number=2)))
    assert live(border) == meanings([ntp()])
    border.announce(order(plan(dropping, number=2, replaces=1)))
    assert live(border) == meanings([dropping])
    assert {each.plan for each in border.live()} == {2}


def test_two_plans_share_a_rule_until_the_last_lets_it_go(border: Border) -> None:
    border.announce(order(plan(ntp(), number=1)))
    border.announce(order(plan(ntp(), number=2)))
    assert {each.plan for each in border.live()} == {1, 2}
    border.withdraw(1, None)
    assert {each.plan for each in border.live()} == {2}


@pytest.mark.parametrize("started", ["memory", "exabgp"], indirect=True)
def test_what_is_read_back_means_what_was_announced(border: Border) -> None:
    """Without routers a mirror must tell, which only these have; test_real_routers asks GoBGP's routers."""
    assert [each for each in border.read_back() if each.border_point == "north"]
    rules = many_kinds("north")
    border.announce(order(plan(*rules)))

    def seen() -> list[set[Rule] | None]:
        back = [each for each in border.read_back() if each.border_point == "north"]
        return [None if each.rules is None else set(each.rules) for each in back]

    eventually(lambda: all(each == meanings(rules) for each in seen()), 15)
    border.withdraw(1, None)
    eventually(lambda: all(each == set() for each in seen()), 5)
