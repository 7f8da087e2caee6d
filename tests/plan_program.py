"""A program with a plan's whole life in it, which a test kills: `python -m tests.plan_program DIR`.

The ledger is a real SQLite file. The border outlives the program, as routers do: what it holds lies in a file
that only the border writes, and its leases go on while the program is dead. So does the world's clock.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.border_stand_in import MemoryBorder
from tests.officers import ANNA, CARA
from tests.plan_world import POINTS, World, quick_border
from tidegate.adapters.sql.engine import open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.reconciler import wanted_now
from tidegate.ports.border import Order

TURNS_MAX = 1_500


class FileBorder(MemoryBorder):
    """Its rules are on disk before an order is answered, and maybe after the program died."""

    file: Path

    def remember(self, file: Path) -> None:
        self.file = file
        if file.exists():
            kept = msgspec.json.decode(file.read_bytes(), type=tuple[list[tuple[Order, int]], set[str]])
            held, self.believed = kept
            self._held = {(order.plan.number, order.border_point): (order, until) for order, until in held}

    def _perhaps(self, act: Callable[[], None]) -> None:
        super()._perhaps(act)
        with self._mutex:
            fresh = self.file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode((list(self._held.values()), self.believed)))
            fresh.replace(self.file)


class Killed(World):
    """The small world, taken up where the last program was killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__()

    def start(self) -> None:
        self.store = SqlFactStore(open_database(f"sqlite:///{self._folder}/ledger.db", "create"))  # type: ignore[assignment]
        self.store.fails = None  # type: ignore[misc]
        clock = self._folder / "clock"
        self.clock.at_ms = int(clock.read_text()) if clock.exists() else self.clock.at_ms
        self.border = FileBorder(self.clock, lambda: self.officers.roster, POINTS)
        self.border.remember(self._folder / "border.json")
        super().start()
        open_attacks = list(self.state.open_attacks.values())
        self._attack = open_attacks[0] if open_attacks else None

    def turn(self) -> None:
        super().turn()
        fresh = self._folder / "clock.new"
        fresh.write_text(str(self.clock.at_ms))
        fresh.replace(self._folder / "clock")

    def is_as_wanted(self) -> bool:
        return self.border.points_held() == set(wanted_now(self.state, self.clock.now_ms()))


class Plainly:
    """Stands for pytest's monkeypatch where there is none."""

    def setattr(self, module: Any, name: str, value: object) -> None:
        setattr(module, name, value)


def live(folder: Path) -> None:
    """From the flood to the end of the plan, or to the moment in which the program is killed."""
    quick_border(Plainly())
    world = Killed(folder)
    world.flood = set(POINTS)
    world.turn()
    assert world.is_as_wanted(), (world.border.points_held(), world.kinds())
    print("taken up", flush=True)
    if not world.state.next_attack > 1:
        world.detect()
    world.run_until(lambda: world.state.next_plan > 1, 60)
    for person in (ANNA, CARA):
        if world.stage() == "proposed":
            world.says(person)
    for _ in range(TURNS_MAX):
        if world.stage() == "held":
            break
        world.turn()
        print(world.stage(), flush=True)
    world.flood = set()
    if world.state.open_attacks:
        world.detector_s_end()
    for _ in range(TURNS_MAX):
        if not world.state.plans:
            break
        world.turn()
        print(world.stage(), flush=True)
    world.turn()
    last = {"stage": world.stage(), "held": len(world.border.now()), "kinds": world.kinds()}
    print(json.dumps(last), flush=True)
    world.stop()


if __name__ == "__main__":
    live(Path(sys.argv[1]))
