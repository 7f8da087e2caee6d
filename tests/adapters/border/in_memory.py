"""The Border contract in memory: the reference that the real speakers are compared with."""

import time
from collections.abc import Sequence

from tests.adapters.border.speak_here import believe
from tidegate.adapters.border.leases import Leases, Moment, place_of
from tidegate.adapters.border.timing import EARLY_NS
from tidegate.adapters.clock import WallClock, boot_ns
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import LiveRule, Order, ReadBack, SessionView


class MemoryBorder:
    """Holds what it is told; nobody outside hears of it."""

    def __init__(self, border_points: Sequence[str]) -> None:
        self._border_points = border_points
        self._leases = Leases()

    def announce(self, order: Order) -> None:
        believe(order)
        if order.border_point not in self._border_points:
            raise NotAllowed(f"{order.border_point} is no border point")
        self._leases.take(order, self._now())

    def withdraw(self, plan: int, border_point: str | None) -> None:
        self._leases.release(plan, border_point)

    def withdraw_all(self) -> None:
        self._leases.release(None, None)

    def live(self) -> Sequence[LiveRule]:
        now_ns = self._now().boot_ns
        self._leases.lapse(now_ns, EARLY_NS)
        held = {place_of(each) for each in self._leases.held()}
        return tuple(self._leases.live(held, now_ns))

    def sessions(self) -> Sequence[SessionView]:
        return ()

    def read_back(self) -> Sequence[ReadBack]:
        live = self.live()
        return tuple(
            ReadBack(
                border_point=point,
                receiver="itself",
                rules=tuple({each.rule for each in live if each.rule.border_point == point}),
                why="",
            )
            for point in self._border_points
        )

    def close(self) -> None:
        time.sleep(0)

    @staticmethod
    def _now() -> Moment:
        return Moment(boot_ns(), WallClock().now_ms())
