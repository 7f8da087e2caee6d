"""How long a router keeps a rule after a verdict went against it: store, node, speaker and BGP are real."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.live import Folder
from benchmarks.year import Year
from tidegate.adapters.border import start_border
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.border_keeper import BorderKeeper, BorderSink
from tidegate.app.node import Node
from tidegate.app.orders import write_orders
from tidegate.app.outbox import ORDERED, Route
from tidegate.app.places import DATABASE_NAME
from tidegate.app.settings import Config
from tidegate.lab.border_router import LabRouter, Speaker
from tidegate.mitigate.approval import digest
from tidegate.mitigate.roster import Member, Roster, roster_text
from tidegate.model.attacks import Attack, Rate
from tidegate.model.border import BorderPoint, BorderSettings
from tidegate.model.facts import (
    ApprovalGiven,
    AttackDetected,
    AttackEnded,
    PlanApproved,
    PlanFailed,
    PlanProposed,
    SpotTestStarted,
    VerdictReached,
)
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import (
    Drop,
    Forecast,
    Match,
    Measured,
    Officer,
    Plan,
    Rule,
    Share,
    Signed,
    Stages,
)
from tidegate.model.verdicts import Verdict, VerdictReason

ADDRESS, ROUTER, NODE = "127.0.0.1", "127.0.0.77", "0" * 32
POINT = "north"
NOTHING, RATE = Share(0, 0, 0), Rate(1, 0, 2)
PATIENCE_S = 60.0


def key_of(name: str) -> tuple[Ed25519PrivateKey, Member]:
    key = Ed25519PrivateKey.generate()
    officer = Officer(name=name, level="senior", public_key=key.public_key().public_bytes_raw().hex())
    return key, Member(officer=officer, added_ms=0)


def proposed(number: int) -> Plan:
    """A plan for one border point, for the attack of the same number."""
    now_ms = int(time.time() * 1000)
    return Plan(
        number=number,
        attack=number,
        targets=("198.51.100.7/32",),
        made_at_ms=now_ms,
        ledger_size=0,
        ledger_root="0" * 64,
        approve_until_ms=now_ms + 600_000,
        ends_at_ms=now_ms + 3_600_000,
        lease_s=300,
        rules=(Rule(border_point=POINT, match=match(), action=Drop()),),
        stages=Stages(spot_test=POINT, spot_test_s=10, widening=(), widen_every_s=10),
        forecast=Forecast(
            attack_removed=NOTHING,
            lost_bytes=NOTHING,
            lost_packets=NOTHING,
            lost_flows=NOTHING,
            by_service=(),
            residuals=(),
            sampled_flows=1,
        ),
        level="senior",
        proposer="tidegate",
        replaces=None,
        reasons=(),
        node=NODE,
    )


def match() -> Match:
    return Match(destination="198.51.100.7/32", protocols=(17,))


def until(true: Callable[[], object]) -> float:
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > PATIENCE_S:
            raise RuntimeError("the router did not hear in a minute")
        time.sleep(0.005)
    return time.perf_counter() - began


def measured() -> Measured:
    return Measured(
        border_point=POINT,
        from_ms=0,
        until_ms=1,
        matched_bits_per_s=RATE,
        other_bits_per_s=RATE,
        sampled_flows=100,
    )


def failing(number: int) -> Verdict:
    return Verdict(
        plan=number,
        border_point=POINT,
        passed=False,
        reasons=(VerdictReason("others_down", "Other traffic fell below what was forecast."),),
        removed=None,
        others_kept=None,
        before=measured(),
        during=measured(),
        session_up=True,
        counters=None,
    )


def attack(number: int) -> Attack:
    now_ms = int(time.time() * 1000)
    return msgspec.structs.replace(
        Year(random.Random(number)).attack(now_ms, now_ms), number=number, targets=("198.51.100.7/32",)
    )


class Shield:
    """A node with its database, the border's keeper, the speaker's process, ExaBGP, and one router."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        (anna, first), (bo, second) = key_of("anna"), key_of("bo")
        self._keys = {"anna": anna, "bo": bo}
        state, file = folder / "state", folder / "officers.toml"
        write_orders(state, Config())
        file.write_text(roster_text(Roster((first, second))))
        file.chmod(0o600)
        self.router = LabRouter("edge", POINT, ROUTER, Speaker(ADDRESS, 64500, 64500), folder / "edge")
        self.router.start()
        ends.callback(self.router.stop)
        settings = BorderSettings(
            node=NODE,
            border_points=(BorderPoint(name=POINT, routers=(self.router.as_border_router(),)),),
            state_folder=str(state),
            officers=str(file),
            local_as=64500,
            local_address=ADDRESS,
            router_id=ADDRESS,
        )
        border = start_border(settings)
        ends.callback(border.end)
        clock = WallClock()
        keeper = BorderKeeper(border, clock)
        sink = BorderSink(keeper, clock)
        stores = SqlStores(f"sqlite:///{folder / DATABASE_NAME}", "create")
        ends.callback(stores.close)
        self.node = Node.open(stores.facts, [], clock, routes=[Route(sink, ORDERED)])
        sink.follow(lambda: self.node.state)
        keeper.start({})
        ends.callback(keeper.stop)

    def in_force(self, number: int) -> None:
        """A plan agreed to by both, in its spot test, and held by the router."""
        plan = proposed(number)
        words = tuple(
            Signed(
                plan=number,
                intent="approve",
                officer=name,
                signature=key.sign(words_to_sign(plan, "approve")).hex(),
            )
            for name, key in self._keys.items()
        )
        self.node.record(
            AttackDetected(attack(number)),
            PlanProposed(plan),
            *map(ApprovalGiven, words),
            PlanApproved(number, digest(plan), tuple(self._keys)),
            SpotTestStarted(number, (measured(),)),
        )
        until(self.holds)

    def holds(self) -> bool:
        self.node.catch_up()
        self.router.listen()
        return bool(self.router.rules)

    def taken_back(self, number: int) -> float:
        """Seconds from the moment when a failing verdict is known, and not yet on record, until the router
        has no rule."""
        began = time.perf_counter()
        why = "Other traffic fell below what was forecast."
        self.node.record(VerdictReached(number, (failing(number),)), PlanFailed(number, why))
        until(lambda: not self.holds())
        took_s = time.perf_counter() - began
        self.node.record(AttackEnded(attack(number)))
        return took_s


def withdrawals(folder: Path, rounds: int) -> list[float]:
    times = []
    with ExitStack() as ends:
        shield = Shield(folder, ends)
        for number in range(1, rounds + 1):
            shield.in_force(number)
            times.append(shield.taken_back(number))
    return times


def measure(settings: Settings) -> Figure:
    with Folder() as folder:
        times = sorted(withdrawals(Path(folder), 5 if settings.quick else 40))
    return Figure(
        value=times[-1],
        shown=f"{times[-1]:.2f} s the longest, {times[len(times) // 2]:.2f} s median of {len(times)}",
        notes=(
            "withdrawal: from the failing verdict, before it is stored; node, SQLite, the speaker's process, "
            "ExaBGP and its hands are the real ones",
        ),
    )


DESCRIPTION = Description(
    name="withdrawal",
    what="a failed plan's rule is gone from a router",
    unit="s",
    aim=5.0,
    better=Better.LOWER,
    measure=measure,
)
