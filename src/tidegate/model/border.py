"""The border as values: border points, the routers there, and what each router can be asked to do."""

from typing import Literal

import msgspec

Component = Literal[
    "destination",
    "source",
    "protocols",
    "source_ports",
    "destination_ports",
    "icmp_types",
    "tcp_flags",
    "packet_lengths",
    "fragments",
]
"""What a rule can match by; the names are the fields of tidegate.model.plans.Match."""

COMPONENTS: tuple[Component, ...] = (
    "destination",
    "source",
    "protocols",
    "source_ports",
    "destination_ports",
    "icmp_types",
    "tcp_flags",
    "packet_lengths",
    "fragments",
)


class RouterProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a router can hold and do; the defaults are what the common implementations share.

    `rate_step_bytes_per_s` is the granularity of its policers: a limit is rounded up to a multiple.
    """

    rule_budget: int = 64
    components: frozenset[Component] = frozenset(COMPONENTS)
    rate_step_bytes_per_s: int = 1000
    ipv6: bool = True


class BorderRouter(msgspec.Struct, frozen=True, kw_only=True):
    """A router that rules are announced to, over one BGP session.

    `password` is the session's key (RFC 2385). `receiver` says how to ask it what it holds, where it can be
    asked: "birdc /run/bird/bird.ctl", "vtysh /run/frr", or "gobgp 192.0.2.7:50051".
    """

    name: str
    address: str
    peer_as: int
    profile: RouterProfile = RouterProfile()
    port: int = 179
    password: str | None = None
    receiver: str | None = None


class BorderPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One place where foreign traffic enters. A FlowSpec rate holds for each of its routers alone.

    `capacity_bits_per_s` is what its links carry, None where the operator does not say.
    """

    name: str
    capacity_bits_per_s: int | None = None
    routers: tuple[BorderRouter, ...] = ()


class BorderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that holds the BGP sessions needs; `tidegate.adapters.border.start_border` takes it.

    `speaker` "exabgp" is a child of ours that speaks from `local_address`; with `listen_port` it also lets
    routers connect. "gobgp" is an operator's gobgpd, asked at `gobgp`. `officers` is the roster's path;
    `state_folder` the node's. `hold_time_s` (RFC 4271 section 4.2) bounds how long a router keeps rules of
    a speaker that fell silent without ending its session. `mirror` adds a receiver of our own on loopback.
    `guard` is tidegate.mitigate.guard.GuardSettings as JSON; "" is the strictest. `node` is the identity of
    the node whose plans are believed.
    """

    node: str
    border_points: tuple[BorderPoint, ...]
    state_folder: str
    officers: str
    local_as: int
    local_address: str
    router_id: str
    speaker: Literal["exabgp", "gobgp"] = "exabgp"
    listen_port: int | None = None
    hold_time_s: int = 9
    gobgp: str = "127.0.0.1:50051"
    mirror: bool = True
    guard: str = ""
    proposer_may_approve: bool = False
