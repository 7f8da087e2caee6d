"""Sessions in trouble are told once, in time, and never in a flood."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mitigate.small_plans import NOW_MS, plan, router
from tidegate.app.reconciler import Place, Wanted
from tidegate.app.sessions import (
    BAD_MS,
    DROPS,
    HOUR_MS,
    SESSIONS_AT_ONCE_MAX,
    STEADY_MS,
    STEADY_MS_MAX,
    WHY_MAX,
    SessionWatch,
    family_of,
)
from tidegate.app.state import State
from tidegate.app.step import step
from tidegate.model.border import BorderPoint
from tidegate.model.canonical import FactRecord, canonical_bytes
from tidegate.model.facts import BorderSessionChanged
from tidegate.ports.border import SessionView

NORTH = BorderPoint(name="north", routers=(router("r1", "192.0.2.1"),))
OURS = plan()
FAMILIES = tuple(sorted({family_of(rule) for rule in OURS.rules}))


class Watched:
    """One session, told of second by second; what is told goes into a state, as the node would store it."""

    def __init__(self, points: Iterable[BorderPoint] = (NORTH,)) -> None:
        self.points = tuple(points)
        self.now_ms = NOW_MS
        self.state = State()
        self.told: list[BorderSessionChanged] = []
        self.plans: tuple[int, ...] = (OURS.number,)
        self.restart()

    def restart(self) -> None:
        self.watch = SessionWatch(self.points)

    def wanted(self) -> dict[Place, Wanted]:
        return {
            (number, point.name): Wanted(OURS, (), point.name, self.now_ms + 60_000)
            for number in self.plans
            for point in self.points
        }

    def hear(
        self, state: str, seconds: float = 1, families: tuple[str, ...] = FAMILIES, why: str = "cease"
    ) -> list[str]:
        """What is told while every session is so for some seconds."""
        before = len(self.told)
        for _ in range(round(seconds)):
            self.now_ms += 1_000
            seen = [
                SessionView(
                    router=one.name,
                    border_point=point.name,
                    state=state,  # type: ignore[arg-type]
                    since_ms=None,
                    families=families if state == "up" else (),
                    why=why,
                )
                for point in self.points
                for one in point.routers
            ]
            for fact in self.watch.changes(
                self.state, self.wanted(), seen if state else [], "no answer", self.now_ms
            ):
                record = FactRecord(self.state.facts, self.now_ms, fact)
                canonical_bytes(record)
                self.state, _ = step(self.state, record)
                self.told.append(fact)
        return [one.state for one in self.told[before:]]


def test_a_session_that_goes_down_under_a_plan_is_told_once_and_so_is_its_return() -> None:
    watched = Watched()
    assert watched.hear("up", 100) == []
    assert watched.hear("down", BAD_MS // 1000, why="hold timer expired") == []
    assert watched.hear("down", 3600, why="hold timer expired") == ["down"]
    assert watched.told[0].why == "hold timer expired"
    assert watched.told[0].plans == (OURS.number,)
    assert watched.hear("up", STEADY_MS // 1000) == []
    assert watched.hear("up", 3600) == ["up"]


def test_a_session_that_is_reset_and_comes_back_at_once_is_no_trouble() -> None:
    watched = Watched()
    watched.hear("up", 10)
    assert watched.hear("down", 5) + watched.hear("up", 1000) == []


def test_where_no_rule_is_in_force_nothing_is_told_and_a_plan_that_comes_is_told_at_once() -> None:
    watched = Watched()
    watched.plans = ()
    assert watched.hear("down", 1000) == []
    watched.plans = (1,)
    assert watched.hear("down", 1) == ["down"]
    watched.plans = (1, 2)
    assert watched.hear("down", 1000) == ["down"]
    assert watched.told[-1].plans == (1, 2)
    watched.plans = (2,)
    assert watched.hear("down", 1000) == [], "a plan that goes is no news"


def test_the_end_of_a_trouble_is_told_though_the_plan_ended_before() -> None:
    watched = Watched()
    watched.hear("down", 20)
    watched.plans = ()
    assert watched.hear("down", 100) == []
    assert watched.hear("up", 100) == ["up"]
    assert watched.told[-1].plans == ()


def test_a_family_that_was_not_agreed_is_a_trouble_of_its_own() -> None:
    watched = Watched()
    assert watched.hear("up", 100, families=("ipv6 unicast",)) == ["lacking"]
    assert watched.told[0].lacking == FAMILIES
    assert watched.hear("up", 100) == ["up"]


@pytest.mark.parametrize("state", ["unknown", ""])
def test_a_session_that_nobody_sees_is_told_as_unseen(state: str) -> None:
    watched = Watched()
    assert watched.hear(state, 100, why="no answer") == ["unseen"]
    assert watched.told[0].why == "no answer"


def test_a_restart_tells_nothing_twice_and_still_tells_the_end() -> None:
    watched = Watched()
    assert watched.hear("down", 20) == ["down"]
    watched.restart()
    assert watched.hear("down", 100) == []
    watched.restart()
    assert watched.hear("up", 100) == ["up"]


def test_a_router_that_is_taken_out_of_the_configuration_is_told_as_gone() -> None:
    watched = Watched()
    watched.hear("down", 20)
    watched.points = ()
    watched.restart()
    assert watched.hear("up", 10) == ["gone"]
    assert watched.state.sessions_troubled == ()


def test_short_breaks_that_come_again_and_again_are_told() -> None:
    watched = Watched()
    told = [change for _ in range(DROPS) for change in watched.hear("up", 20) + watched.hear("down", 4)]
    assert told == ["down"]
    assert watched.told[0].why.startswith("it comes and goes; ")


@given(st.lists(st.tuples(st.sampled_from(["up", "down", "unknown"]), st.integers(1, 400)), max_size=60))
def test_however_a_session_flaps_an_hour_holds_few_facts(spans: list[tuple[str, int]]) -> None:
    watched = Watched()
    times: list[int] = []
    for state, seconds in spans:
        for _ in range(seconds):
            times += [watched.now_ms for _ in watched.hear(state)]
    for start_ms in times:
        assert sum(start_ms <= at_ms < start_ms + HOUR_MS for at_ms in times) <= 14


def test_a_session_that_changes_as_often_as_can_be_told_gives_few_facts_a_day() -> None:
    watched = Watched()
    day = 0
    while day < 86_400:
        for state in ("down", "up"):
            spent = 0
            while not watched.hear(state) and spent < STEADY_MS_MAX // 1000 + 1:
                spent += 1
            day += spent + 1
    assert len(watched.told) <= 14 * 24


def test_a_clock_that_is_set_back_puts_nothing_off_for_long() -> None:
    watched = Watched()
    watched.hear("down", 5)
    watched.now_ms -= 3_600_000
    assert watched.hear("down", 20) == ["down"]


def test_a_neighbour_s_own_words_are_made_fit_for_the_record() -> None:
    watched = Watched()
    watched.hear("down", 20, why="a\u030a\x1b[2J\n" + "x" * 1000)
    assert watched.told[0].why == ("\xe5 [2J " + "x" * 1000)[:WHY_MAX]


def test_of_very_many_sessions_only_some_are_told_each_second() -> None:
    routers = tuple(router(f"r{number}", "192.0.2.1") for number in range(SESSIONS_AT_ONCE_MAX + 5))
    watched = Watched([replace_routers(NORTH, routers)])
    watched.hear("down", BAD_MS // 1000)
    assert len(watched.hear("down", 1)) == SESSIONS_AT_ONCE_MAX
    assert len(watched.hear("down", 1)) == 5
    assert len({one.router for one in watched.told}) == len(routers)


def replace_routers(point: BorderPoint, routers: tuple[object, ...]) -> BorderPoint:
    return BorderPoint(name=point.name, routers=routers)  # type: ignore[arg-type]
