"""The demo: the story's datagrams go to a real collector process and a real node, and are compared."""

import tempfile
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np

from tidegate.app.assembly import database_url, open_node
from tidegate.app.demonstration import DemoReport, DemoView, ExporterView
from tidegate.app.parts import Parts
from tidegate.app.queries import ATTACKS_LISTED_MAX, AttackRecord, attack_records
from tidegate.lab.story import (
    LAST_S,
    ORDINARY_BITS_PER_S,
    PATIENCE_S,
    ROUTERS,
    SCENES,
    Scene,
    story_config,
    story_traffic,
)
from tidegate.lab.traffic import Traffic
from tidegate.lab.verdict import expectation
from tidegate.lab.world import Stream, World
from tidegate.model.exporters import PROTOCOL_NAMES
from tidegate.ports.clock import Clock
from tidegate.ports.collector import CollectorReport

TURN_S = 0.2
INBOUND_SECONDS = 120
"""Seconds of inbound volume that the screen remembers."""

BORDER_POINT_OF = {router.name: router.border_point for router in ROUTERS}


class _Stage:
    """The world in a thread of its own: it makes its traffic, waits for the collector, and lets time pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._threads = ThreadPoolExecutor(1, "lab")
        self._port: Future[int] = Future()
        self._stopped = threading.Event()
        self._life: Future[None] | None = None
        self.world: World | None = None
        self.floods: dict[Scene, Stream] = {}
        self.started_ms: int | None = None

    def prepare(self) -> None:
        self._life = self._threads.submit(self._live)

    def begin(self, port: int) -> None:
        """The collector listens; the story begins as soon as its traffic is made."""
        if not self._port.done():
            self._port.set_result(port)

    def stop(self) -> None:
        self._stopped.set()
        self._port.cancel()
        self._threads.shutdown()

    def check(self) -> None:
        """Raises what went wrong in the stage's thread."""
        if self._life is not None and self._life.done():
            self._life.result()

    @property
    def elapsed_s(self) -> float:
        return 0.0 if self.started_ms is None else (self._clock.now_ms() - self.started_ms) / 1000

    def _live(self) -> None:
        ordinary, attacks = story_traffic()
        with suppress(CancelledError):
            collector = "127.0.0.1", self._port.result()
            started_ms = self._clock.now_ms()
            with World(collector, started_ms) as world:
                self._people(world, ordinary, attacks)
                self.world, self.started_ms = world, started_ms
                world.run(float("inf"), self._stopped.is_set)

    def _people(self, world: World, ordinary: Traffic, attacks: Mapping[str, Traffic]) -> None:
        exporters = {router: router.exporter() for router in ROUTERS}
        for exporter in exporters.values():
            world.add(exporter)
            world.background(ordinary, exporter, ORDINARY_BITS_PER_S)
        for scene in SCENES:
            self.floods[scene] = world.flood(
                attacks[scene.capture],
                scene.target,
                exporters[scene.router],
                bits_per_s=scene.bits_per_s,
                from_s=scene.from_s,
                for_s=scene.for_s,
            )


class _Screen:
    """What the last reports say of inbound volume and of each exporter."""

    def __init__(self) -> None:
        self.inbound: deque[int] = deque(maxlen=INBOUND_SECONDS)
        self.exporters: tuple[ExporterView, ...] = ()
        self.records = 0
        self.datagrams_lost = 0
        self._records_before: dict[str, int] = {}

    def __call__(self, report: CollectorReport) -> None:
        rows = report.summary.exporters
        self.records += report.summary.records
        self.datagrams_lost = max(int(rows["lost"].sum()), report.datagrams_dropped)
        if len(rows):
            self.inbound.append(round(report.summary.bytes * 8))
        views = [self._view(name, row) for name, row in zip(report.exporter_names, rows, strict=True)]
        self.exporters = tuple(sorted(views, key=lambda view: view.name))

    def _view(self, name: str, row: np.void) -> ExporterView:
        records = int(row["records"])
        before, self._records_before[name] = self._records_before.get(name, 0), records
        return ExporterView(
            name=name,
            border_point=BORDER_POINT_OF.get(name, "-"),
            protocol=PROTOCOL_NAMES[int(row["protocol"])],
            sampling_rate=int(row["sampling_rate"]),
            records_per_s=records - before,
            age_ms=int(row["age_ms"]),
        )


class Demo:
    """Started when it is made; `advance` moves it, `close` ends it. See `DemoRun`."""

    def __init__(self, parts: Parts, folder: Path | None) -> None:
        self._parts = parts
        self._stage = _Stage(parts.clock())
        self._screen = _Screen()
        self._made_ms = parts.clock().now_ms()
        with ExitStack() as unless_started:
            self._folder = folder or Path(
                unless_started.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-demo-"))
            )
            node = open_node(parts, story_config(), self._folder, [self._screen])
            self._run = unless_started.enter_context(node)
            unless_started.callback(self._stage.stop)
            self._stage.prepare()
            self._afterwards = unless_started.pop_all()

    def close(self) -> None:
        self._afterwards.close()

    def advance(self) -> DemoView:
        self._run.turn(TURN_S)
        self._stage.check()
        if self._run.ready is not None:
            self._stage.begin(self._run.ready.ports[0])
        state = self._run.node.state
        ended = {attack.number: attack for attack in state.ended_attacks}
        attacks = {**ended, **{attack.number: attack for attack in self._run.attacks()}}
        return DemoView(
            elapsed_s=self._stage.elapsed_s,
            of_s=LAST_S + PATIENCE_S,
            step=self._step(),
            exporters=self._screen.exporters,
            inbound_bits_per_s=tuple(self._screen.inbound),
            attacks=tuple(attacks[number] for number in sorted(attacks)),
            ended=frozenset(ended),
            facts=state.facts,
        )

    def _step(self) -> str:
        if self._run.ready is None:
            waited_s = (self._parts.clock().now_ms() - self._made_ms) // 1000
            return f"Starting the collector, {waited_s} s; a first start compiles kernels for half a minute"
        if self._stage.started_ms is None:
            return "Making the traffic"
        now_s = self._stage.elapsed_s
        passing = [scene for scene in SCENES if scene.from_s <= now_s < scene.from_s + scene.for_s]
        if passing:
            newest = passing[-1]
            return f"{newest.story} to {newest.target} by way of {newest.router.border_point}"
        return "Ordinary traffic" if now_s < LAST_S else "Ordinary traffic again"

    @property
    def over(self) -> bool:
        state = self._run.node.state
        told = len(state.ended_attacks) >= len(SCENES) and not state.open_attacks
        return self._stage.elapsed_s > (LAST_S if told else LAST_S + PATIENCE_S)

    def report(self) -> DemoReport:
        verdict = self._run.node.verify()
        records = self._attacks_on_record()
        expectations = tuple(
            expectation(scene, self._stage.floods.get(scene), self._stage.started_ms, records)
            for scene in SCENES
        )
        meant = {sent.number for sent in expectations}
        world = self._stage.world
        return DemoReport(
            expectations=expectations,
            false_alarms=tuple(found.attack for found in records if found.number not in meant),
            facts=verdict.size,
            ledger_verified=verdict.intact,
            datagrams_sent=world.datagrams_sent if world else 0,
            datagrams_lost=self._screen.datagrams_lost,
            records=self._screen.records,
            seconds=self._stage.elapsed_s,
        )

    def _attacks_on_record(self) -> list[AttackRecord]:
        stores = self._parts.stores(database_url(story_config(), self._folder), "refuse")
        try:
            return attack_records(stores.facts, limit=ATTACKS_LISTED_MAX)
        finally:
            stores.close()
