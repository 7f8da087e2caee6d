"""The demo: the story's datagrams go to a real collector process and a real node, and are compared."""

import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tidegate.app.assembly import database_url, open_node
from tidegate.app.demonstration import DemoReport, DemoView, ExporterView, PlanOutcome
from tidegate.app.parts import Parts
from tidegate.app.plan_mapping import roster_path
from tidegate.app.queries import ATTACKS_LISTED_MAX, AttackRecord, attack_records
from tidegate.lab.duty import DutyRoom, appoint
from tidegate.lab.stage import Stage
from tidegate.lab.story import (
    LAST_S,
    PATIENCE_S,
    ROUTERS,
    SCENES,
    story_config,
)
from tidegate.lab.verdict import expectation
from tidegate.model.exporters import PROTOCOL_NAMES
from tidegate.ports.collector import CollectorReport
from tidegate.ports.control import PlanView

TURN_S = 0.2
INBOUND_SECONDS = 120
"""Seconds of inbound volume that the screen remembers."""

BORDER_POINT_OF = {router.name: router.border_point for router in ROUTERS}


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
        self._screen = _Screen()
        self._made_ms = parts.clock().now_ms()
        self._paths: dict[int, list[str]] = {}
        with ExitStack() as unless_started:
            self._folder = folder or Path(
                unless_started.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-demo-"))
            )
            self._stage = Stage(parts.clock(), self._folder / "lab")
            self._config = story_config(self._stage.routers)
            officers = appoint(self._folder / "officers", roster_path(self._config, self._folder))
            unless_started.callback(self._stage.stop)
            self._stage.prepare()
            node = open_node(parts, self._config, self._folder, [self._screen])
            self._run = unless_started.enter_context(node)
            self._duty = DutyRoom(self._folder, officers, parts.clock())
            unless_started.callback(self._duty.stop)
            self._duty.start()
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
            routers=self._stage.router_views(),
            inbound_bits_per_s=tuple(self._screen.inbound),
            attacks=tuple(attacks[number] for number in sorted(attacks)),
            ended=frozenset(ended),
            plans=self._plans(),
            words=len(self._duty.words),
            facts=state.facts,
        )

    def _plans(self) -> tuple[PlanView, ...]:
        """As the officers see them, by number; each stage is remembered once it was seen."""
        plans = tuple(sorted(self._duty.seen.plans, key=lambda view: view.plan.number))
        for view in plans:
            path = self._paths.setdefault(view.plan.number, [])
            if view.stage not in path[-1:]:
                path.append(view.stage)
        return plans

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
            return f"{newest.story} to {newest.target} by way of {' and '.join(newest.border_points)}"
        return "Ordinary traffic" if now_s < LAST_S else "Ordinary traffic again"

    @property
    def over(self) -> bool:
        elapsed_s = self._stage.elapsed_s
        return elapsed_s > LAST_S + PATIENCE_S or (elapsed_s > LAST_S and self._is_all_told())

    def _is_all_told(self) -> bool:
        """Every attack began and ended, no plan is under way, and nobody holds a rule."""
        state = self._run.node.state
        attacks = len(state.ended_attacks) >= len(SCENES) and not state.open_attacks
        return attacks and not state.plans and not self._still_held()

    def _still_held(self) -> int:
        """Rules that a router enforces, or that the speaker says it holds."""
        border = self._duty.seen.border
        held = sum(len(router.rules) for router in self._stage.routers.values())
        return held + (len(border.live) if border else 0)

    def report(self) -> DemoReport:
        self._plans()
        verdict = self._run.node.verify()
        records = self._attacks_on_record()
        expectations = tuple(
            expectation(scene, self._stage.sent.get(scene), self._stage.started_ms, records)
            for scene in SCENES
        )
        meant = {sent.number for sent in expectations}
        world = self._stage.world
        return DemoReport(
            expectations=expectations,
            false_alarms=tuple(found.attack for found in records if found.number not in meant),
            plans=tuple(map(self._outcome, self._plans())),
            words=len(self._duty.words),
            refusals=tuple(self._duty.refusals),
            still_held=self._still_held(),
            facts=verdict.size,
            ledger_verified=verdict.intact,
            datagrams_sent=world.datagrams_sent if world else 0,
            datagrams_lost=self._screen.datagrams_lost,
            records=self._screen.records,
            seconds=self._stage.elapsed_s,
        )

    def _outcome(self, view: PlanView) -> PlanOutcome:
        target = view.plan.targets[0].partition("/")[0]
        scores = {score.plan: score for score in self._duty.seen.scores}
        return PlanOutcome(
            target=target,
            view=view,
            path=tuple(self._paths[view.plan.number]),
            score=scores.get(view.plan.number),
            truth=self._stage.truth(target),
        )

    def _attacks_on_record(self) -> Sequence[AttackRecord]:
        stores = self._parts.stores(database_url(self._config, self._folder), "refuse")
        try:
            return attack_records(stores.facts, limit=ATTACKS_LISTED_MAX)
        finally:
            stores.close()
