"""How long a router keeps a rule after the node decided to take it back, with the real speaker and BGP."""

import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.live import Folder
from tidegate.adapters.border import start_border
from tidegate.app.orders import write_orders
from tidegate.app.settings import Config
from tidegate.lab.border_router import LabRouter, Speaker
from tidegate.mitigate.roster import Member, Roster, roster_text
from tidegate.model.border import BorderPoint, BorderSettings
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Drop, Forecast, Match, Officer, Plan, Rule, Share, Signed, Stages
from tidegate.ports.border import Border, Order
from tidegate.ports.outside import OutsideFailed

ADDRESS, ROUTER, NODE = "127.0.0.1", "127.0.0.77", "0" * 32
NOTHING = Share(0, 0, 0)
PATIENCE_S = 60.0


def agreed_order() -> tuple[Order, Roster]:
    """A plan for one border point with the words of two officers, and the roster that knows them."""
    now_ms = int(time.time() * 1000)
    plan = Plan(
        number=1,
        attack=1,
        targets=("198.51.100.7/32",),
        made_at_ms=now_ms,
        ledger_size=0,
        ledger_root="0" * 64,
        approve_until_ms=now_ms + 600_000,
        ends_at_ms=now_ms + 3_600_000,
        lease_s=300,
        rules=(Rule(border_point="north", match=match(), action=Drop()),),
        stages=Stages(spot_test="north", spot_test_s=10, widening=(), widen_every_s=10),
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
    members, words = [], []
    for name in ("anna", "bo"):
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw().hex()
        members.append(Member(officer=Officer(name=name, level="senior", public_key=public), added_ms=0))
        signature = key.sign(words_to_sign(plan, "approve")).hex()
        words.append(Signed(plan=1, intent="approve", officer=name, signature=signature))
    order = Order(plan=plan, approvals=tuple(words), border_point="north", lease_s=300)
    return order, Roster(tuple(members))


def match() -> Match:
    return Match(destination="198.51.100.7/32", protocols=(17,))


def until(true: Callable[[], object]) -> float:
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > PATIENCE_S:
            raise RuntimeError("the router did not hear in a minute")
        time.sleep(0.005)
    return time.perf_counter() - began


def withdrawals(folder: Path, rounds: int) -> list[float]:
    order, roster = agreed_order()
    state, file = folder / "state", folder / "officers.toml"
    write_orders(state, Config())
    file.write_text(roster_text(roster))
    file.chmod(0o600)
    router = LabRouter("edge", "north", ROUTER, Speaker(ADDRESS, 64500, 64500), folder / "edge")
    router.start()
    settings = BorderSettings(
        node=NODE,
        border_points=(BorderPoint(name="north", routers=(router.as_border_router(),)),),
        state_folder=str(state),
        officers=str(file),
        local_as=64500,
        local_address=ADDRESS,
        router_id=ADDRESS,
    )
    border = start_border(settings)
    try:
        return [taken_back(border, router, order) for _ in range(rounds)]
    finally:
        border.end()
        router.stop()


def taken_back(border: Border, router: LabRouter, order: Order) -> float:
    """Seconds from the order to take a rule back until the router has it no more."""

    def holds() -> bool:
        router.listen()
        return bool(router.rules)

    def announced() -> bool:
        try:
            border.announce(order)
        except OutsideFailed:  # it is starting
            return False
        return True

    until(announced)
    until(holds)
    began = time.perf_counter()
    border.withdraw(1, "north")
    until(lambda: not holds())
    return time.perf_counter() - began


def measure(settings: Settings) -> Figure:
    with Folder() as folder:
        times = sorted(withdrawals(Path(folder), 5 if settings.quick else 40))
    return Figure(
        value=times[-1],
        shown=f"{times[-1]:.2f} s the longest, {times[len(times) // 2]:.2f} s median of {len(times)}",
        notes=(
            "withdrawal: from the decision; ExaBGP, its hands and the speaker's process are the real ones",
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
