"""Which attack is planned for next, what its plan is made from, and what the finished plan replaces."""

from functools import partial

from tidegate.app.inbound import Inbound
from tidegate.app.jobs import Jobs
from tidegate.app.node import Node
from tidegate.app.plan_moves import plans_at
from tidegate.app.proposing import Question, make_plan, next_attack, says_the_same, to_be_replaced, usual_of
from tidegate.app.samples import FlowsAsked
from tidegate.detect.baseline import Baselines
from tidegate.mitigate.guard import GuardSettings
from tidegate.mitigate.settings import PlanSettings
from tidegate.mitigate.stages import IN_FORCE, PlanStage
from tidegate.model.attacks import Attack
from tidegate.model.facts import Fact, PlanProposed, PlanSuperseded
from tidegate.model.plans import Plan

PLAN = ("PLAN", 0)
"""The job's name: one plan is made at a time."""


class Planning:
    """Belongs to the node's thread; `name` is that of the node, which a plan carries."""

    def __init__(
        self,
        node: Node,
        asked: FlowsAsked,
        baselines: Baselines,
        inbound: Inbound,
        plans: PlanSettings,
        guard: GuardSettings,
        name: str,
    ) -> None:
        self._node = node
        self._asked = asked
        self._baselines = baselines
        self._inbound = inbound
        self._plans = plans
        self._guard = guard
        self._name = name
        self._planned: dict[int, Attack] = {}

    def ask(self, jobs: Jobs[tuple[str, int]], now_ms: int) -> None:
        """Begins the next plan that is wanted, unless one is being made."""
        state = self._node.state
        if PLAN in jobs:
            return
        attack = next_attack(state, self._planned, now_ms)
        if attack is None:
            return
        work = partial(make_plan, self._asked, self._question(attack, now_ms), self._plans, self._guard)
        if jobs.begin(PLAN, work):
            self._planned[attack.number] = attack
            open_attacks = state.open_attacks
            self._planned = {number: one for number, one in self._planned.items() if number in open_attacks}

    def proposed(self, plan: Plan) -> list[Fact]:
        """What follows from a finished plan; nothing where an earlier one says the same."""
        mine = [life for life in self._node.state.plans.values() if life.plan.attack == plan.attack]
        if any(says_the_same(life.plan, plan) for life in mine):
            return []
        waiting = [life for life in mine if life.standing.stage is PlanStage.PROPOSED]
        return [PlanProposed(plan), *(PlanSuperseded(life.plan.number, plan.number) for life in waiting)]

    def _question(self, attack: Attack, now_ms: int) -> Question:
        state, head = self._node.state, self._node.head
        return Question(
            attack=attack,
            node=self._name,
            number=state.next_plan,
            made_at_ms=now_ms,
            ledger_size=head.size,
            ledger_root=head.root.hex(),
            replaces=to_be_replaced(state, attack.number),
            usual=usual_of(self._baselines, attack, now_ms // 1000),
            usual_inbound=self._inbound.usual(now_ms),
            beside=plans_at(state, PlanStage.APPROVED, *IN_FORCE),
        )
