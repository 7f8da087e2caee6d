"""The proof: a country is probed, something is made to happen, and what people see is what was foretold."""

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tidegate.app.audit.foretold import foretold
from tidegate.app.audit.lab import AuditLabOrder, AuditLabReport, CaseReport, Compared, Progress
from tidegate.lab.audit.cases import CASES, Case
from tidegate.lab.audit.country import SERVICES
from tidegate.lab.audit.probed import probe
from tidegate.lab.audit.visitor import Seen
from tidegate.lab.audit.world import World
from tidegate.model.audit_events import MOMENTS, State
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock

AT_ONCE = 2
"""Cases that run beside each other: most of their time is spent waiting for servers that are gone."""

Look = Mapping[str, tuple[Seen, Seen]]
"""By service: what somebody sees who comes anew, and what one who asked before."""


class Interrupted(Exception):
    """Nobody waits for this case any more."""


class AuditLab:
    """Each case has a world of its own in a temporary folder."""

    def __init__(
        self,
        order: AuditLabOrder,
        clock: Clock,
        sleep: Callable[[float], None],
        tell: Progress,
    ) -> None:
        self._order = order
        self._clock = clock
        self._sleep = sleep
        self._tell = tell
        self._over = threading.Event()

    def run(self) -> AuditLabReport:
        """NotAllowed for a case that there is not."""
        unknown = [name for name in self._order.cases if name not in CASES]
        if unknown:
            raise NotAllowed(f"There is no case {unknown[0]!r}; there are {', '.join(CASES)}.")
        began_ms = self._clock.now_ms()
        with ThreadPoolExecutor(AT_ONCE) as worlds:
            try:
                cases = tuple(worlds.map(self._case, (CASES[name] for name in self._order.cases)))
            finally:
                self._over.set()
        return AuditLabReport(cases, (self._clock.now_ms() - began_ms) // 1000)

    def _case(self, case: Case) -> CaseReport:
        with (
            tempfile.TemporaryDirectory(prefix="tidegate-audit-lab-") as folder,
            World(Path(folder), self._clock, self._sleep) as world,
        ):
            self._tell(f"{case.name}: the country runs, and is probed")
            observations = probe(world, world.clock)
            predicted = foretold(observations, case.what_if)
            self._tell(f"{case.name}: {case.title}")
            case.make(world)
            looks = [self._look(world, case, name, at_s) for name, at_s in MOMENTS]
        return compare(case, predicted, looks)

    def _look(self, world: World, case: Case, moment: str, at_s: int) -> Look:
        if self._over.is_set():
            raise Interrupted
        world.move_to(at_s)
        look = world.look()
        fewer = sum(state_of(pair) is not State.WORKS for pair in look.values())
        self._tell(f"{case.name}: {moment}, {fewer} of {len(look)} services do not work for everybody")
        return look


def compare(case: Case, predicted: Mapping[str, tuple[State, ...]], looks: Sequence[Look]) -> CaseReport:
    services = []
    for service in SERVICES:
        pairs = [look[service.name] for look in looks]
        whys = [seen.why for pair in pairs for seen in pair if seen.why]
        services.append(
            Compared(
                service.name,
                service.weakness,
                predicted[service.name],
                tuple(map(state_of, pairs)),
                whys[0] if whys else "",
            )
        )
    return CaseReport(case.name, case.title, tuple(services))


def state_of(pair: tuple[Seen, Seen]) -> State:
    """Of all people: where some see it fail and others do not, it is degraded."""
    fresh, warm = (seen.state for seen in pair)
    return fresh if fresh is warm else State.DEGRADED
