"""The demo: the story's datagrams go to a real collector process and a real node, and are compared."""

import sys
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tidegate.app.assembly import open_node
from tidegate.app.console.demo_note import DemoNote
from tidegate.app.demonstration import DemoOrder, DemoReport, DemoView, ExporterView, PlanOutcome
from tidegate.app.parts import Parts
from tidegate.app.places import database_url
from tidegate.app.plan_mapping import roster_path
from tidegate.app.queries import ATTACKS_LISTED_MAX, AttackRecord, attack_records
from tidegate.lab.duty import DemoOfficer, DutyRoom, appoint
from tidegate.lab.enforcement import load_policing
from tidegate.lab.stage import Stage
from tidegate.lab.story import (
    PATIENCE_S,
    ROUTERS,
    STORY,
    Scene,
    Story,
    story_config,
)
from tidegate.lab.telling.beside import Beside
from tidegate.lab.telling.broom import broom, temporary_folder
from tidegate.lab.telling.chapters import CHAPTERS, HELD, OFFICERS_NEEDED, Narrator, Seen
from tidegate.lab.telling.organisations import PASSPHRASE, XA
from tidegate.lab.telling.talk import Step
from tidegate.lab.verdict import expectation
from tidegate.model.exporters import PROTOCOL_NAMES
from tidegate.model.refusals import NotAllowed
from tidegate.ports.collector import CollectorReport
from tidegate.ports.control import PlanView

TURN_S = 0.2
SOON_TURN_S = 0.02
"""From when the collector is there, which ends a turn by itself, until all is: a moment."""

SWITCH_S = 0.0005
"""How soon a thread that had waited for a file or a socket goes on while the stage's computes."""

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


def new_folder(wanted: Path | None) -> Path | None:
    """NotAllowed for one that holds anything: a story goes on from nothing, and ends with the demo."""
    if wanted is None:
        return None
    if wanted.is_dir() and any(wanted.iterdir()):
        raise NotAllowed(
            f"{wanted} is not empty, and every demo begins in a new folder: name another, or remove this "
            f"one. What an earlier demo left there can be looked at: tidegate attacks --state {wanted}"
        )
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return wanted


class Demo:
    """Started when it is made; `advance` moves it, `close` ends it. See `DemoRun`."""

    def __init__(self, parts: Parts, order: DemoOrder, story: Story = STORY) -> None:
        self._parts = parts
        self._order = order
        self._story = story
        self._target = f"{story.told.target}/32"
        sys.setswitchinterval(SWITCH_S)
        self._screen = _Screen()
        self._made_ms = parts.clock().now_ms()
        self._ready_ms: int | None = None
        self._appointed: Future[tuple[DemoOfficer, ...]] | None = None
        self._paths: dict[int, list[str]] = {}
        self._held_from_s: dict[Scene, float] = {}
        self._narrator = Narrator(order.reading_s, order.waits)
        with ExitStack() as unless_started:
            self._folder = new_folder(order.folder) or temporary_folder(self._made_ms / 1000)
            unless_started.enter_context(broom(self._folder, removed=order.folder is None))
            self._start(parts, unless_started)
            self._afterwards = unless_started.pop_all()

    def _start(self, parts: Parts, afterwards: ExitStack) -> None:
        """In the order in which each may fail; whoever talks to the node is told to stop before it is."""
        self._beside = Beside(parts, self._folder, self._target)
        afterwards.callback(self._beside.join)
        self._stage = Stage(
            parts.clock(),
            self._folder / "lab",
            self._story.scenes,
            lasting=self._is_read,
            may_come=lambda: self._beside.talk.heard.in_force,  # what was known before it starts no clock
        )
        self._config = story_config(self._story.pace, self._stage.routers, self._beside.section(XA))
        afterwards.callback(self._stage.stop)
        self._stage.prepare()
        if self._order.console:
            self._beside.open_console(self._config)
        node = open_node(
            self._beside.parts(),
            self._config,
            self._folder,
            [self._screen],
            station_passphrase=lambda: PASSPHRASE,
        )
        self._run = afterwards.enter_context(node)
        self._duty = DutyRoom(self._folder, parts.clock(), may_sign=self._may_sign)
        afterwards.callback(self._duty.stop)
        afterwards.callback(self._beside.stop)

    def _bring_people(self) -> None:
        """What the first chapter needs is there, and has the machine to itself no longer: officers get their
        keys, XB is founded and starts its node, and the kernel that routers police with is loaded."""
        officers, roster = self._folder / "officers", roster_path(self._config, self._folder)
        self._appointed = self._beside.clerk.submit(appoint, officers, roster)
        self._duty.start(self._appointed.result)
        self._beside.talk.start()
        self._beside.clerk.submit(load_policing)

    def close(self) -> None:
        self._afterwards.close()

    @property
    def _is_read(self) -> bool:
        """Then floods last until they were held, and officers speak when their chapter has come; else at
        once, beside the flood."""
        return self._order.waits or self._order.reading_s > 0

    def decide(self) -> None:
        self._narrator.decide()

    def _may_sign(self, view: PlanView) -> bool:
        """Of the first flood's plan a person decides first, where one is there: in the page, or by a key.
        Where two have made passkeys, nobody signs for them."""
        theirs = self._target in view.plan.targets
        alone = len(self._beside.officers) < OFFICERS_NEEDED
        decided = "approve" in self._narrator.decided or (alone and bool(view.approvals))
        return decided or not (self._order.waits and theirs)

    def advance(self) -> DemoView:
        soon = self._run.ready is not None and self._appointed is None
        self._run.turn(SOON_TURN_S if soon else TURN_S)
        self._stage.check()
        # Their roster is written whole: nobody who was added before that would be left in it.
        appointed = self._appointed is not None and self._appointed.done() and bool(self._appointed.result())
        self._beside.turn(taken_in=appointed)
        if self._run.ready is not None:
            self._stage.begin(self._run.ready.ports[0])
        if self._stage.started_ms is not None:
            self._tell()
        self._beside.tell_page(self._note())
        console = self._beside.console()
        opened = console is not None or not self._order.console
        if self._appointed is None and self._stage.started_ms is not None and opened:
            self._ready_ms = self._parts.machine().process_age_ms()
            self._bring_people()
        state = self._run.node.state
        ended = {attack.number: attack for attack in state.ended_attacks}
        attacks = {**ended, **{attack.number: attack for attack in self._run.attacks()}}
        return DemoView(
            elapsed_s=self._stage.elapsed_s,
            of_s=self._story.last_s + PATIENCE_S,
            step=self._step(),
            exporters=self._screen.exporters,
            routers=self._stage.router_views(),
            inbound_bits_per_s=tuple(self._screen.inbound),
            attacks=tuple(attacks[number] for number in sorted(attacks)),
            ended=frozenset(ended),
            plans=self._plans(),
            words=len(self._duty.words),
            facts=state.facts,
            chapter=self._narrator.current,
            present=self._narrator.present,
            told=tuple(self._narrator.told),
            awaits=self._narrator.awaits,
            letter=self._beside.talk.heard.letter,
            console=console,
            ready_ms=self._ready_ms,
        )

    def _note(self) -> DemoNote:
        """What the page tells of the story."""
        found = (plan.plan.attack for plan in self._plans() if self._target in plan.plan.targets)
        heard = self._beside.talk.heard
        due = heard.clock if heard.notified is None else None
        return DemoNote(
            chapter=self._narrator.current,
            number=self._narrator.number,
            chapters=len(CHAPTERS),
            attack=next(found, 0),
            awaits=self._narrator.awaits,
            over=self._narrator.over,
            due_ms=None if due is None else due.due_s * 1000,
        )

    def _tell(self) -> None:
        """One more look: what is seen moves the story on, and the story lets people go on."""
        seen = self._seen()
        if seen.is_signed:
            self._narrator.decided.add("approve")
        self._narrator.turn(seen)
        told = {one.chapter for one in self._narrator.told}
        ahead = not self._is_read and "approved" in told
        decided = self._narrator.decided if self._order.waits else {"notify", "reply"}
        steps: tuple[tuple[Step, bool], ...] = (
            ("clock", "falling" in told),
            ("notify", "clock" in told and "notify" in decided),
            ("reply", "notified" in told and "reply" in decided),
        )
        for step, begun in steps:
            if seen.attack is not None and (ahead or begun):
                self._beside.talk.begin(step, seen.attack.number)
        if self._is_read:
            self._end_floods(seen)

    def _end_floods(self, seen: Seen) -> None:
        """Each flood that goes on until it was held ends a while after that."""
        for scene in self._story.scenes:
            plans = [view for view in self._plans() if f"{scene.target}/32" in view.plan.targets]
            if any(view.stage in HELD for view in plans):
                self._held_from_s.setdefault(scene, seen.elapsed_s)
            since_s = self._held_from_s.get(scene)
            if since_s is not None and seen.elapsed_s > since_s + self._story.held_s:
                self._stage.end_flood(scene)

    def _seen(self) -> Seen:
        state, plans = self._run.node.state, self._plans()
        scene, target = self._story.told, self._target
        attacks = (*state.ended_attacks, *self._run.attacks())
        ours = tuple(view for view in plans if target in view.plan.targets and view.plan.rules)
        told = {one.chapter for one in self._narrator.told}
        return Seen(
            elapsed_s=self._stage.elapsed_s,
            scene=scene,
            begun=self._stage.has_begun(scene),
            sessions_up=sum(router.session_up for router in self._stage.routers.values()),
            exporters=len(self._screen.exporters),
            border_points=tuple(self._config.border_points),
            inbound_bits_per_s=self._screen.inbound[-1] if self._screen.inbound else 0,
            attack=next((one for one in attacks if target in one.targets), None),
            attacks_ended=len(state.ended_attacks),
            all_ended=len(state.ended_attacks) >= len(self._story.scenes) and not state.open_attacks,
            plans=ours,
            stages=frozenset(stage for view in ours for stage in self._paths[view.plan.number]),
            ends={view.plan.number: view.stage for view in plans if view.plan.rules},
            under_way=bool(state.plans),
            still_held=self._still_held(),
            truth=self._stage.truth(scene.target),
            heard=self._beside.talk.heard,
            cut=self._beside.cut() if "kept" in told else None,
            proved=self._beside.proved() if "lapsed" in told else None,
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
            return (
                f"Starting the collector, {waited_s} s; a first start compiles kernels, for a minute or two"
            )
        if self._stage.started_ms is None:
            return "Making the traffic"
        now_s = self._stage.elapsed_s
        passing = [one for one in self._story.scenes if one.from_s <= now_s < one.from_s + one.for_s]
        if passing:
            newest = passing[-1]
            return f"{newest.story} to {newest.target} by way of {' and '.join(newest.border_points)}"
        return "Ordinary traffic" if now_s < self._story.last_s else "Ordinary traffic again"

    @property
    def over(self) -> bool:
        """A person may take as long as it takes."""
        late = not self._order.waits and self._stage.elapsed_s > self._story.last_s + PATIENCE_S
        return late or self._narrator.over

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
            for scene in self._story.scenes
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
            chapters=tuple(self._narrator.told),
            chapters_meant=len(CHAPTERS),
            ready_ms=self._ready_ms,
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
