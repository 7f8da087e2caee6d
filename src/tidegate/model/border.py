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
    """A router that rules are announced to, over one BGP session."""

    name: str
    address: str
    peer_as: int
    profile: RouterProfile = RouterProfile()


class BorderPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One place where foreign traffic enters. A FlowSpec rate holds for each of its routers alone.

    `capacity_bits_per_s` is what its links carry, None where the operator does not say.
    """

    name: str
    capacity_bits_per_s: int | None = None
    routers: tuple[BorderRouter, ...] = ()
