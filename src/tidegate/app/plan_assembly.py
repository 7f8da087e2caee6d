"""What a node needs for plans, put together: the border, the roster, the control loop, the desk."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tidegate.app.border_keeper import BorderKeeper, BorderSink
from tidegate.app.counting import Counting
from tidegate.app.desk import Desk, nobody
from tidegate.app.hotline.assembly import Hotline
from tidegate.app.inbound import Inbound
from tidegate.app.live import Live
from tidegate.app.mapping import BorderPoints
from tidegate.app.mitigation import Mitigation, Rules
from tidegate.app.officers import Officers
from tidegate.app.outbox import ORDERED, Route
from tidegate.app.parts import Parts
from tidegate.app.plan_mapping import (
    approval_settings,
    border_settings,
    counter_commands,
    guard_settings,
    pace_settings,
    plan_settings,
    roster_path,
)
from tidegate.app.reconciler import wanted_now
from tidegate.app.run import NodeRun
from tidegate.app.samples import ExportersHeard, FlowsAsked, Sampler
from tidegate.app.settings import Config
from tidegate.detect.baseline import Baselines
from tidegate.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class PlanParts:
    """What there is before the node is open. `keeper` and `sink` are None where no speaker is configured."""

    rules: Rules
    officers: Officers
    heard: ExportersHeard
    inbound: Inbound
    live: Live
    keeper: BorderKeeper | None
    sink: BorderSink | None

    def routes(self) -> list[Route]:
        return [] if self.sink is None else [Route(self.sink, ORDERED)]


def plan_parts(parts: Parts, config: Config, folder: Path, clock: Clock, node: str) -> PlanParts:
    """NotAllowed for a file that the configuration names and that cannot be read; OutsideFailed where the
    speaker cannot be started."""
    rules = Rules(
        plans=plan_settings(config),
        guard=guard_settings(config),
        approval=approval_settings(config, node),
        pace=pace_settings(config),
    )
    speaker = border_settings(config, folder, node)
    keeper = None if speaker is None else BorderKeeper(parts.border(speaker), clock)
    return PlanParts(
        rules=rules,
        officers=Officers(parts.roster(roster_path(config, folder))),
        heard=ExportersHeard(),
        inbound=Inbound(tuple(config.border_points)),
        live=Live(BorderPoints(config).of, tuple(config.border_points)),
        keeper=keeper,
        sink=None if keeper is None else BorderSink(keeper, clock),
    )


def take_up_plans(
    plans: PlanParts,
    run: NodeRun,
    parts: Parts,
    config: Config,
    folder: Path,
    *,
    clock: Clock,
    sampler: Sampler,
    baselines: Baselines,
    afterwards: ExitStack,
    hotline: Hotline | None = None,
) -> Mitigation:
    """From now on the run looks after plans: what the state wants is at the border, and people may ask; also
    of the hotline, where there is one."""
    node = run.node
    mitigation = Mitigation(
        node=node,
        record=run.record,
        clock=clock,
        rules=plans.rules,
        officers=plans.officers,
        asked=FlowsAsked(sampler, plans.heard.now, BorderPoints(config).of, tuple(config.border_points)),
        baselines=baselines,
        heard=plans.heard,
        inbound=plans.inbound,
        border=plans.keeper,
        counting=Counting(parts.counters(counter_commands(config))),
    )
    afterwards.callback(mitigation.stop)
    if plans.keeper is not None and plans.sink is not None:
        plans.keeper.start(wanted_now(node.state, clock.now_ms()))
        afterwards.callback(plans.keeper.stop)
        plans.sink.follow(lambda: node.state)
    door = parts.control_door(folder)
    door.start()
    afterwards.callback(door.stop)
    others = hotline.desk.answer if hotline else nobody
    desk = Desk(door, node, mitigation, clock, config.border.speaker, others, plans.live)
    plans.live.follow(run.attacks)
    run.accompany(mitigation, desk, *([hotline] if hotline else []))
    return mitigation
