"""A border in memory that keeps the contract of tidegate.ports.border, and fails when a test says so."""

import threading
from collections.abc import Callable, Sequence

from tests.mitigate.small_plans import NODE
from tidegate.mitigate.approval import ApprovalSettings, digest, verify, verify_standing
from tidegate.mitigate.roster import Roster
from tidegate.model.plans import Rule
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import Border, LiveRule, Order, ReadBack, SessionView
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

FAMILIES: tuple[str, ...] = ("ipv4 flowspec", "ipv4 unicast", "ipv6 flowspec", "ipv6 unicast")


class MemoryBorder:
    """Leases are those of the clock; approvals are verified with its own roster, and in time for a plan
    that is none of those `believed`.

    `fails` is None, "and did nothing" or "but did it", for orders; `hangs` lets every call wait until it is
    set free; `tampers` changes the rules that are told as live. `said` holds every order that took hold.
    """

    def __init__(self, clock: Clock, roster: Callable[[], Roster], points: Sequence[str]) -> None:
        self._clock = clock
        self._roster = roster
        self._mutex = threading.Lock()
        self._held: dict[tuple[int, str], tuple[Order, int]] = {}
        self.believed: set[str] = set()
        self.points = tuple(points)
        self.fails: str | None = None
        self.free = threading.Event()
        self.free.set()
        self.down: set[str] = set()
        self.families = FAMILIES
        self.extra: list[LiveRule] = []
        self.receiver: dict[str, tuple[Rule, ...]] | None = None
        self.said: list[tuple[str, int, str]] = []

    def announce(self, order: Order) -> None:
        self._wait()
        now_ms = self._clock.now_ms()
        known = digest(order.plan)
        check = verify_standing if known in self.believed else verify
        check(order.plan, order.approvals, self._roster(), ApprovalSettings(node=NODE), now_ms)
        if order.lease_s <= 0 or order.lease_s > order.plan.lease_s:
            raise NotAllowed(f"a lease of {order.lease_s} s")
        until_ms = min(now_ms + order.lease_s * 1000, order.plan.ends_at_ms)

        def hold() -> None:
            self.believed.add(known)
            self.said.append(("announce", order.plan.number, order.border_point))
            self._held[order.plan.number, order.border_point] = order, until_ms

        self._perhaps(hold)

    def withdraw(self, plan: int, border_point: str | None) -> None:
        self._wait()

        def let_go() -> None:
            self.said.append(("withdraw", plan, border_point or "everywhere"))
            self.extra = [
                one
                for one in self.extra
                if one.plan != plan or border_point not in (None, one.rule.border_point)
            ]
            for place in list(self._held):
                if place[0] == plan and border_point in (None, place[1]):
                    del self._held[place]

        self._perhaps(let_go)

    def withdraw_all(self) -> None:
        self._wait()

        def let_go() -> None:
            self._held.clear()
            self.extra.clear()

        self._perhaps(let_go)

    def live(self) -> Sequence[LiveRule]:
        self._wait()
        if self.fails == "to answer":
            raise out_of_reach()
        return self.now()

    def now(self) -> list[LiveRule]:
        """What is held, for the test itself."""
        now_ms = self._clock.now_ms()
        with self._mutex:
            for place in [place for place, (_, until_ms) in self._held.items() if now_ms >= until_ms]:
                del self._held[place]
            return self.extra + [
                LiveRule(plan=number, rule=rule, remaining_s=(until_ms - now_ms) // 1000)
                for (number, point), (order, until_ms) in self._held.items()
                for rule in order.plan.rules
                if rule.border_point == point
            ]

    def points_held(self) -> set[tuple[int, str]]:
        return {(one.plan, one.rule.border_point) for one in self.now()}

    def sessions(self) -> Sequence[SessionView]:
        return [
            SessionView(
                router=f"r-{point}",
                border_point=point,
                state="down" if point in self.down else "up",
                since_ms=None,
                families=self.families,
                why="",
            )
            for point in self.points
        ]

    def read_back(self) -> Sequence[ReadBack]:
        if self.receiver is None:
            return [
                ReadBack(border_point=point, receiver="mirror", rules=None, why="none")
                for point in self.points
            ]
        held = {
            point: [one.rule for one in self.now() if one.rule.border_point == point] for point in self.points
        }
        return [
            ReadBack(
                border_point=point,
                receiver="mirror",
                rules=self.receiver.get(point, tuple(held[point])),
                why="",
            )
            for point in self.points
        ]

    def _wait(self) -> None:
        self.free.wait()

    def _perhaps(self, act: Callable[[], None]) -> None:
        if self.fails != "and did nothing":
            with self._mutex:
                act()
        if self.fails in ("and did nothing", "but did it"):
            raise out_of_reach()


def out_of_reach() -> OutsideFailed:
    return OutsideFailed("the speaker does not answer", "memory", "Wait.")


def a_border(border: MemoryBorder) -> Border:
    """For mypy: it keeps the protocol."""
    return border
