"""A small plan that the guard lets pass, in a world of three border points, and ways to change it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidegate.mitigate.guard import GuardSettings
from tidegate.model.attacks import Rate
from tidegate.model.border import BorderPoint, BorderRouter, RouterProfile
from tidegate.model.plans import (
    Action,
    Drop,
    Forecast,
    Match,
    Plan,
    Range,
    RateLimit,
    Rule,
    ServiceLoss,
    Share,
    Stages,
    UsualInbound,
)

NODE = "0123456789abcdef" * 2
NOW_MS = 1_800_000_000_000
TARGET = "198.51.100.7/32"
GBIT = 1_000_000_000

NTP = Match(
    destination=TARGET,
    protocols=(17,),
    source_ports=(Range(123, 123),),
    packet_lengths=(Range(400, 500),),
)


def router(name: str, address: str, **profile: Any) -> BorderRouter:
    return BorderRouter(name=name, address=address, peer_as=64500, profile=RouterProfile(**profile))


NORTH = BorderPoint(name="north", routers=(router("n1", "192.0.2.1"),))
SOUTH = BorderPoint(name="south", routers=(router("s1", "192.0.2.2"), router("s2", "192.0.2.3")))
COAST = BorderPoint(name="coast", routers=(router("c1", "2001:db8:ffff::1"),))
SETTINGS = GuardSettings(
    border_points=(NORTH, SOUTH, COAST),
    speakers=("192.0.2.100",),
    blackhole_next_hops=("192.0.2.254", "2001:db8::fe"),
)
USUAL = {"north": 40 * GBIT, "south": 60 * GBIT, "coast": 20 * GBIT}

FORECAST = Forecast(
    attack_removed=Share(970_000, 950_000, 990_000),
    lost_bytes=Share(2_000, 1_000, 4_000),
    lost_packets=Share(2_000, 1_000, 4_000),
    lost_flows=Share(2_000, 1_000, 4_000),
    by_service=(
        ServiceLoss("udp/123", Rate(2_000_000, 1_000_000, 4_000_000), Share(500_000, 400_000, 600_000)),
        ServiceLoss("tcp/443", Rate(90_000_000, 80_000_000, 99_000_000), Share(0, 0, 0)),
    ),
    residuals=(),
    sampled_flows=5_000,
)


def rules(*matches: Match, action: Action | None = None, at: Sequence[str] = ("north",)) -> tuple[Rule, ...]:
    """Each match at each border point."""
    action = RateLimit(250_000) if action is None else action
    return tuple(Rule(border_point=point, match=match, action=action) for point in at for match in matches)


def stages(spot_test: str = "north", *steps: tuple[str, ...]) -> Stages:
    return Stages(spot_test=spot_test, spot_test_s=20, widening=steps, widen_every_s=30)


PLAN = Plan(
    number=7,
    attack=3,
    targets=(TARGET,),
    made_at_ms=NOW_MS,
    ledger_size=100,
    ledger_root="ab" * 32,
    approve_until_ms=NOW_MS + 900_000,
    ends_at_ms=NOW_MS + 7_200_000,
    lease_s=600,
    rules=rules(NTP),
    stages=stages(),
    forecast=FORECAST,
    level="desk",
    proposer="planner",
    replaces=None,
    reasons=("UDP from port 123 in packets of 400 to 500 bytes is 97 % of the attack.",),
    node=NODE,
    usual_inbound=tuple(UsualInbound(point, usual) for point, usual in sorted(USUAL.items())),
)


def plan(**changes: Any) -> Plan:
    return msgspec.structs.replace(PLAN, **changes)


def plan_with(*matches: Match, action: Action | None = None, **changes: Any) -> Plan:
    """The small plan with other rules; its targets are what they go to."""
    targets = tuple(dict.fromkeys(match.destination for match in matches))
    return plan(rules=rules(*matches, action=action), targets=changes.pop("targets", targets), **changes)


def wide_plan(*steps: tuple[str, ...]) -> Plan:
    """The small plan at north first, then wider."""
    at = ("north", *(point for step in steps for point in step))
    return plan(rules=rules(NTP, at=at), stages=stages("north", *steps))


def ntp_to(destination: str) -> Match:
    return msgspec.structs.replace(NTP, destination=destination)


DROP = Drop()
