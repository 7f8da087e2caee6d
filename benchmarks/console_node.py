"""A node that answers the console with as much as its first screen may have to show: 1,000 attacks at 50
border points, with other rates every second.

Run as `python -m benchmarks.console_node FOLDER SEED PACE`: it answers at the control socket there, as a
node does, and has no more of one than that. It tells of no plan. At a pace above 1 its seconds are shorter,
and begin four hours ago, so that none lies in the future.
"""

import random
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.processes import child
from benchmarks.year import Year
from tidegate.adapters.control import CONTROL_NAME, SocketDoor
from tidegate.app.live import LIVE_ATTACKS_MAX, LIVE_SECONDS_MAX
from tidegate.model.attacks import Attack, Rate
from tidegate.model.vectors import VECTORS
from tidegate.ports.control import (
    InboundNow,
    ListPlans,
    ListScores,
    Now,
    Plans,
    PointSecond,
    Refused,
    Reply,
    Request,
    Scores,
    ShowNow,
)

POINTS = tuple(f"point-{number:02}" for number in range(1, 51))
VECTORS_AT_A_POINT = 10
START_S_MAX = 30
TURN_S = 0.005
HOUR_S = 3_600


class Telling:
    """The node's last seconds. They begin with as many as a node keeps, so that no screen has to fill up."""

    def __init__(self, seed: int, second: int) -> None:
        self._chance = random.Random(seed)
        self._year = Year(self._chance)
        self._begun = [self._began(second) for _ in range(LIVE_ATTACKS_MAX)]
        self._attacks = self._begun
        self._past: deque[PointSecond] = deque(maxlen=LIVE_SECONDS_MAX)
        self._inbound: tuple[InboundNow, ...] = ()
        for past in range(second - LIVE_SECONDS_MAX, second):
            self._add(past)
        self.tick(second)

    def _began(self, second: int) -> Attack:
        first_ms = (second - self._chance.randrange(5, 3_600)) * 1000
        seen_at = tuple(sorted(self._chance.sample(POINTS, self._chance.choice((1, 1, 2)))))
        return msgspec.structs.replace(self._year.attack(first_ms, second * 1000), border_points=seen_at)

    def _add(self, second: int) -> None:
        self._inbound = tuple(
            InboundNow(
                border_point=point,
                vector=vector.name,
                bits_per_s=self._chance.randrange(10_000_000, 10_000_000_000),
                packets_per_s=self._chance.randrange(10_000, 10_000_000),
            )
            for point in POINTS
            for vector in VECTORS[:VECTORS_AT_A_POINT]
        )
        by_point = dict.fromkeys((*POINTS, ""), 0)
        for one in self._inbound:
            by_point[one.border_point] += one.bits_per_s
        self._past.append(PointSecond(second, tuple(by_point.values())))

    def tick(self, second: int) -> None:
        self._add(second)
        # Each from what it began with: grown from second to second, all rates would be zero in an hour.
        self._attacks = [self._year.grown(one, second * 1000) for one in self._begun]
        self._attacks.sort(key=lambda one: -one.bits_per_s.estimate)

    def answer(self, request: Request) -> Reply:
        match request:
            case ShowNow(seconds=seconds):
                return self._now(seconds)
            case ListPlans():
                return Plans((), ())
            case ListScores():
                return Scores(())
        return Refused("rule", "This node answers the benchmark alone.")

    def _now(self, seconds: int) -> Now:
        return Now(
            node="benchmark",
            second=self._past[-1].second,
            bits_per_s=about(sum(one.bits_per_s for one in self._inbound)),
            packets_per_s=about(sum(one.packets_per_s for one in self._inbound)),
            unscaled=0,
            records_per_s=200_000,
            points=(*POINTS, ""),
            point_bits_per_s=tuple(map(about, self._past[-1].bits_per_s)),
            inbound=self._inbound,
            past=tuple(self._past)[-seconds:] if seconds > 0 else (),
            attacks=tuple(self._attacks),
            attacks_left_out=0,
        )


def about(amount: int) -> Rate:
    return Rate(amount, amount * 9 // 10, amount * 11 // 10)


def answer_at(folder: Path, seed: int, pace: float) -> None:
    """Until it is ended."""
    began = time.time()
    first = began if pace == 1 else began - 4 * HOUR_S
    second = int(first)
    telling = Telling(seed, second)
    door = SocketDoor(folder)
    door.start()
    while True:
        for asked in door.waiting():
            asked.answer(telling.answer(asked.request))
        if (now := int(first + (time.time() - began) * pace)) > second:
            second = now
            telling.tick(second)
        time.sleep(TURN_S)


@contextmanager
def node_answering(folder: Path, seed: int, pace: float = 1) -> Iterator[int]:
    """The node's process at the state folder; RuntimeError where it does not begin."""
    log = folder / "node.log"
    command = [sys.executable, "-m", "benchmarks.console_node", str(folder), str(seed), str(pace)]
    with child(command, None, log) as node:
        until = time.monotonic() + START_S_MAX
        while not (folder / CONTROL_NAME).exists():
            if node.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the node does not answer: {log.read_text()[-1500:]}")
            time.sleep(0.05)
        yield node.pid
    (folder / CONTROL_NAME).unlink(missing_ok=True)


if __name__ == "__main__":
    answer_at(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
