"""What was seen at the border before something changed says nothing about what is wanted since."""

import time
from collections.abc import Callable, Sequence

import pytest

from tests.mitigate.small_plans import plan
from tests.stand_ins import HandClock
from tidegate.app import border_keeper
from tidegate.app.border_keeper import SETTLING_MS, BorderKeeper, BorderView
from tidegate.app.reconciler import Wanted
from tidegate.ports.border import LiveRule, Order, ReadBack, SessionView
from tidegate.ports.outside import OutsideFailed

PATIENCE_S = 300.0


class QuietBorder:
    """A border that takes every order and shows nothing."""

    def announce(self, order: Order) -> None: ...
    def withdraw(self, plan: int, border_point: str | None) -> None: ...
    def withdraw_all(self) -> None: ...

    def live(self) -> Sequence[LiveRule]:
        return ()

    def sessions(self) -> Sequence[SessionView]:
        return ()

    def read_back(self) -> Sequence[ReadBack]:
        return ()


def settled_view(keeper: BorderKeeper, clock: HandClock) -> BorderView:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        clock.at_ms += SETTLING_MS // 10
        if keeper.view is not None and keeper.shows_differences(keeper.view):
            return keeper.view
        time.sleep(0.02)
    raise AssertionError("the border never settled")


def test_a_view_from_before_a_change_shows_no_differences() -> None:
    clock = HandClock()
    keeper = BorderKeeper(QuietBorder(), clock)
    keeper.start({})
    try:
        view = settled_view(keeper, clock)
        ours = plan()
        until_ms = clock.now_ms() + 3_600_000
        keeper.want({(ours.number, "north"): Wanted(ours, (), "north", until_ms)})
        assert view.settled
        assert not keeper.shows_differences(view)
        assert settled_view(keeper, clock) != view
    finally:
        keeper.stop()


class BorderWithHiccups(QuietBorder):
    """One that does not answer for a while."""

    silent = False

    def live(self) -> Sequence[LiveRule]:
        if self.silent:
            raise OutsideFailed("no answer", "here", "Wait.")
        return ()


def test_a_trouble_is_over_when_the_border_answers_again_though_no_order_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(border_keeper, "LOOK_EVERY_S", 0.01)
    border = BorderWithHiccups()
    keeper = BorderKeeper(border, HandClock())
    keeper.start({})
    try:
        wait_until(lambda: keeper.view is not None)
        border.silent = True
        wait_until(lambda: keeper.trouble is not None)
        border.silent = False
        wait_until(lambda: keeper.trouble is None)
    finally:
        keeper.stop()


def wait_until(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)
