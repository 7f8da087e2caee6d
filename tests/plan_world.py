"""A small world for plans: two border points, a flood, ordinary traffic, and rules that take packets away.

Time is a clock that the world moves; the planner, the guard, the signatures, the store and the threads that
keep the border are the real ones. Traffic is enforced before it is told of, as a router does that drops
before it samples.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.border_stand_in import MemoryBorder
from tests.mitigate.small_plans import NODE, router
from tests.officers import ANNA, BO, CARA, Person, TextInMemory, members
from tests.stand_ins import HandClock, report_of, summary_of
from tests.stores import FailingStore
from tests.stories import an_attack
from tidegate.app import border_keeper
from tidegate.app.border_keeper import BorderKeeper, BorderSink
from tidegate.app.counting import Counting
from tidegate.app.desk import Desk
from tidegate.app.inbound import Inbound
from tidegate.app.mitigation import Mitigation, Rules
from tidegate.app.node import Node
from tidegate.app.officers import Officers
from tidegate.app.outbox import ORDERED, RetryPolicy, Route
from tidegate.app.recent import RECENT_SECONDS_MAX
from tidegate.app.reconciler import wanted_now
from tidegate.app.samples import ExportersHeard, FlowsAsked
from tidegate.app.state import PlanLife, State
from tidegate.detect.baseline import Baselines
from tidegate.mitigate.approval import ApprovalSettings
from tidegate.mitigate.due import PaceSettings
from tidegate.mitigate.guard import GuardSettings
from tidegate.mitigate.matching import matches
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.addresses import MAPPED_IPV4, Prefix
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.border import BorderPoint
from tidegate.model.canonical import decode_record
from tidegate.model.exporters import EXPORTER
from tidegate.model.facts import AttackDetected, AttackEnded, BorderSessionChanged, Fact, NodeStarted
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.model.plans import Intent, Rule
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.ports.baselines import BaselineRow
from tidegate.ports.collector import FlowSample
from tidegate.ports.control import Asked, GiveWord, Reply, Request
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.rule_counts import CountsRead, RuleCount

TARGET = "198.51.100.7"
POINTS = ("north", "south")
EXPORTERS = ("192.0.2.1#0", "192.0.2.2#0")
HTTPS = 443
RATE = 1000
TURN_MS = 500
PATIENCE_S = 90.0

PLANS = PlanSettings(approve_within_s=600, ends_after_s=3600, lease_s=120, spot_test_s=20, widen_every_s=20)
PACE = PaceSettings(look_every_s=60, look_s=20, settle_s=5, evidence_s=300)


class Door:
    """A control door without a socket: what the test asks is answered in the next turn."""

    def __init__(self) -> None:
        self._asked: list[Asked] = []

    def start(self) -> None: ...
    def stop(self) -> None: ...

    def waiting(self) -> Sequence[Asked]:
        taken, self._asked = self._asked, []
        return taken

    def ask(self, request: Request, got: list[Reply]) -> None:
        self._asked.append(Asked(request, "uid 0", got.append))


class World:
    """`flood` is where the attack comes in; `deaf` lets the collector give no sample.

    Exporters hold their flows back and tell of them all at once, every `told_every_ms`. `others_lost` are
    border points whose routers drop ordinary traffic too, though no rule says so, while they hold a rule.
    `counted_at` are those whose routers count what a rule matches, since it came; `uncounted` lets them fail.
    """

    def __init__(self, *people: Person, bordered: bool = True, store: FailingStore | None = None) -> None:
        self.clock = HandClock(1_800_000_000_000)
        self.store = store or FailingStore()
        self.roster = TextInMemory(members(*(people or (ANNA, BO, CARA))))
        self.flood: set[str] = set()
        self.ordinary = True
        self.deaf = False
        self.border = MemoryBorder(self.clock, lambda: self.officers.roster, POINTS)
        self.told_every_ms = TURN_MS
        self.others_lost: set[str] = set()
        self.counted_at: set[str] = set()
        self.uncounted = False
        self.counts: dict[Rule, RuleCount] = {}
        self._told: deque[tuple[int, FlowRows]] = deque()
        self._held_back: list[FlowRows] = []
        self._random = np.random.default_rng(7)
        self._told_ms = self.clock.now_ms()
        self._attack: Attack | None = None
        self.bordered = bordered
        self.baselines: dict[bytes, BaselineRow] = {}
        self.start()

    def start(self) -> None:
        """A node opens on what the store holds; nothing else is left of an earlier one."""
        self.officers = Officers(self.roster)  # type: ignore[arg-type]
        self.officers.read(0)
        self.door = Door()
        points = tuple(
            BorderPoint(name=name, routers=(router(f"r-{name}", f"192.0.2.{at + 1}"),))
            for at, name in enumerate(POINTS)
        )
        self.heard = heard = ExportersHeard()
        heard(report_of(summary_of(0, exporters=np.zeros(2, EXPORTER)), names=EXPORTERS))
        keeper = BorderKeeper(self.border, self.clock) if self.bordered else None
        sink = BorderSink(keeper, self.clock) if keeper else None
        routes = [Route(sink, ORDERED)] if sink else []
        self.node = Node.open(self.store, [], self.clock, RetryPolicy(first_ms=0, longest_ms=0), routes)
        self.keeper = keeper
        self.counting = Counting(self)
        self.mitigation = Mitigation(
            node=self.node,
            record=self.record,
            clock=self.clock,
            rules=Rules(
                plans=PLANS,
                guard=GuardSettings(border_points=points, speakers=("192.0.2.100",)),
                approval=ApprovalSettings(node=NODE),
                pace=PACE,
            ),
            officers=self.officers,
            asked=FlowsAsked(self, heard.now, dict(zip(EXPORTERS, POINTS, strict=True)).get, POINTS),
            baselines=Baselines(),
            heard=heard,
            inbound=self.recalled(),
            border=keeper,
            counting=self.counting,
        )
        self.desk = Desk(self.door, self.node, self.mitigation, self.clock, "memory")
        if keeper and sink:
            keeper.start(wanted_now(self.node.state, self.clock.now_ms()))
            sink.follow(lambda: self.node.state)
        self.record(NodeStarted("1"))

    def recalled(self) -> Inbound:
        """What usually comes in, as far as an earlier node had stored it."""
        self.inbound = Inbound(POINTS)
        for row in self.baselines.values():
            assert self.inbound.recall(row)
        return self.inbound

    def store_baselines(self) -> None:
        self.baselines.update((row.key, row) for row in self.inbound.pending())

    def stop(self) -> None:
        """The node is gone, as by kill -9: what it was doing at the border stops in the middle."""
        self.mitigation.stop()
        if self.keeper:
            self.keeper.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def record(self, *facts: Fact) -> None:
        try:
            self.node.store(*facts)
        except (Full, NotAllowed, OutsideFailed) as refusal:
            self.refused = refusal
        self.node.carry_out()

    @property
    def state(self) -> State:
        return self.node.state

    def life(self, number: int = 1) -> PlanLife:
        """A plan, whether or not it has ended."""
        lives = [*self.state.ended_plans, *self.state.plans.values()]
        return next(one for one in lives if one.plan.number == number)

    def stage(self, number: int = 1) -> str:
        return self.life(number).standing.stage.value

    def facts(self) -> list[Fact]:
        stored = self.store.facts(0, self.store.head().size)
        return [decode_record(one.body).fact for one in stored]

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.facts()]

    def session_changes(self) -> list[BorderSessionChanged]:
        return [fact for fact in self.facts() if isinstance(fact, BorderSessionChanged)]

    # The attack.

    def detect(self) -> None:
        """The detector sees the flood, from a few seconds ago."""
        self.run(seconds=8)
        now_ms = self.clock.now_ms()
        rate = Rate(449_000_000, 430_000_000, 470_000_000)  # as _rows makes it
        packets = Rate(120_000, 115_000, 125_000)
        self._attack = an_attack(
            vectors=(VectorRate("ntp", rate, packets),),
            bits_per_s=rate,
            packets_per_s=packets,
            peak_bits_per_s=rate,
            threshold_bits_per_s=80_000_000,
            targets=(f"{TARGET}/32",),
            number=self.state.next_attack,
            first_seen_ms=now_ms - 8_000,
            last_seen_ms=now_ms,
            telemetry_age_ms=0,
            border_points=POINTS,
        )
        self.record(AttackDetected(self._attack))

    def detector_s_end(self) -> None:
        """The detector sees the attack no more."""
        assert self._attack is not None
        self.record(AttackEnded(self._attack))
        self._attack = None

    # Time.

    def run(self, seconds: float) -> None:
        until_ms = self.clock.at_ms + round(seconds * 1000)
        while self.clock.at_ms < until_ms:
            self.turn()

    def run_until(self, what: Callable[[], bool], seconds: float = 600) -> None:
        until_ms = self.clock.at_ms + round(seconds * 1000)
        while not what():
            told = self.kinds(), [(n, life.standing) for n, life in self.state.plans.items()]
            assert self.clock.at_ms < until_ms, told
            self.turn()

    def turn(self) -> None:
        """Half a second goes by: traffic flows, the node has its turn, and what it began comes to its end."""
        self.clock.at_ms += TURN_MS
        self._flow()
        self.heard.last_ms = self.clock.at_ms
        self.mitigation.turn()
        self.settle()
        self.desk.turn()
        self.node.catch_up() if self.store.fails is None else self.node.carry_out()
        self.settle()

    def settle(self) -> None:
        """Waits, in real time, for the threads beside the node: jobs, orders, and a fresh look."""
        until = time.monotonic() + PATIENCE_S
        while any(
            not job.done()
            for jobs in (self.mitigation._jobs, self.counting._jobs)
            for job in jobs._running.values()  # type: ignore[attr-defined]
        ):
            assert time.monotonic() < until, "a job does not end"
            time.sleep(0.001)
        keeper = self.keeper
        if keeper is None or not self.border.free.is_set() or self.border.fails:
            return
        while True:
            with keeper._change:
                heard = keeper._began and keeper._next()[0] is None
                view = keeper.view
                fresh = view is not None and view.revision == keeper._revision
            if heard and fresh and view is not None and view.at_ms == self.clock.at_ms:
                return
            assert time.monotonic() < until, "the border does not hear"
            time.sleep(0.001)

    # Officers.

    def ask(self, request: Request) -> Reply:
        got: list[Reply] = []
        self.door.ask(request, got)
        self.desk.turn()
        self.settle()
        (reply,) = got
        return reply

    def says(self, person: Person, intent: Intent = "approve", number: int = 1, **changes: Any) -> Reply:
        return self.ask(GiveWord(person.says(self.life(number).plan, intent, **changes)))

    def approve(self, number: int = 1) -> None:
        self.says(ANNA, number=number)
        self.says(CARA, number=number)

    def until_proposed(self) -> None:
        self.flood = set(POINTS)
        self.detect()
        self.run_until(lambda: bool(self.state.plans), 30)

    def until_held(self) -> None:
        self.until_proposed()
        self.approve()
        self.run_until(lambda: self.stage() in ("held", "failed"), 300)
        assert self.stage() == "held", self.life().standing.why

    # Traffic.

    def _flow(self) -> None:
        """The traffic of this half second at both border points, less what the rules there take away."""
        parts = []
        for at, point in enumerate(POINTS):
            rows = self._rows(at)
            rules = {one.rule for one in self.border.now() if one.rule.border_point == point}
            for rule in rules:
                taken = matches(rule.match, rows)
                self._count(rule, rows[taken])
                rows = rows[~taken]
            if rules and point in self.others_lost:
                rows = rows[rows["src_port"] != HTTPS]
            parts.append(rows)
        self._held_back += parts
        now_ms = self.clock.at_ms
        if now_ms % self.told_every_ms < TURN_MS:
            self._told.append((now_ms, np.concatenate(self._held_back)))
            self._held_back = []
        while self._told and self._told[0][0] < now_ms - RECENT_SECONDS_MAX * 1000:
            self._told.popleft()

    def _count(self, rule: Rule, taken: FlowRows) -> None:
        was = self.counts.get(rule, RuleCount(matched_bytes=0, matched_packets=0, dropped_bytes=0))
        octets = int((taken["bytes"] * taken["sampling_rate"]).sum())
        self.counts[rule] = RuleCount(
            matched_bytes=was.matched_bytes + octets,
            matched_packets=was.matched_packets + len(taken) * RATE,
            dropped_bytes=was.dropped_bytes + octets,
        )

    def covers(self, border_point: str) -> bool:
        return border_point in self.counted_at

    def read(self, border_point: str, rules: Sequence[Rule]) -> CountsRead:
        if self.uncounted:
            raise OutsideFailed("the counters took too long", border_point, "Look at the router.")
        if not set(rules) <= self.counts.keys():
            raise Malformed("a rule is not counted", 0)
        return CountsRead(read_ms=self.clock.at_ms, counts=tuple(self.counts[rule] for rule in rules))

    def _rows(self, at: int) -> FlowRows:
        flood = 30 if POINTS[at] in self.flood else 0
        ordinary = 20 if self.ordinary else 0
        rows = empty_rows(flood + ordinary)
        rows["family"], rows["sampling_rate"], rows["has_ports"], rows["direction"] = 4, RATE, 1, 1
        rows["packets"], rows["exporter"] = 1, at
        rows["start_ms"] = rows["end_ms"] = self.clock.at_ms - 1
        rows["dst_low"] = Prefix.parse(f"{TARGET}/32").low
        rows["src_low"] = MAPPED_IPV4 | self._random.integers(1 << 24, 200 << 24, len(rows)).astype(np.uint64)
        flooding, rest = rows[:flood], rows[flood:]
        flooding["protocol"], flooding["src_port"], flooding["bytes"] = 17, 123, 468
        flooding["dst_port"] = self._random.integers(1024, 65535, flood)
        rest["protocol"], rest["src_port"], rest["tcp_flags"] = 6, HTTPS, 16
        rest["dst_port"] = self._random.integers(1024, 65535, ordinary)
        rest["bytes"] = self._random.integers(60, 1400, ordinary)
        return rows

    def sample(self, prefix: Prefix, limit: int, timeout_s: float) -> FlowSample:
        if self.deaf:
            raise OutsideFailed("no sample of recent flows came", "the collector", "Ask again.")
        rows = np.concatenate([empty_rows(0), *(rows for _, rows in self._told)])
        received_ms = np.repeat([at for at, _ in self._told], [len(rows) for _, rows in self._told])
        mask_high, mask_low = prefix.mask
        inside = (rows["dst_high"] & np.uint64(mask_high)) == np.uint64(prefix.high)
        inside &= (rows["dst_low"] & np.uint64(mask_low)) == np.uint64(prefix.low)
        rows, received_ms = rows[inside][-limit:], received_ms[inside][-limit:].astype(np.int64)
        now_ms = self.clock.at_ms
        from_ms = self._told[0][0] - self.told_every_ms if self._told else now_ms
        return FlowSample(rows, np.ones(len(rows)), received_ms, from_ms, now_ms)


def quick_border(patch: Any) -> None:
    """The threads beside the node look without a pause, because the world's time is not real time."""
    patch.setattr(border_keeper, "LOOK_EVERY_S", 0.002)
    patch.setattr(border_keeper, "AGAIN_S", 0.002)
    patch.setattr(border_keeper, "STOP_S", 0.5)
