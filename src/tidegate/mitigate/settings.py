"""What an operator can set about plans, with defaults that need no setting."""

from dataclasses import dataclass

from tidegate.model.refusals import NotAllowed

RULES_A_PLAN_MAX = 8
"""Distinct matches with their actions in one plan; the operator may only set fewer. What eight rules cannot
hold stays, and the forecast says so."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """How a plan is chosen and how long it may last.

    `capacity_filled`: a border point's links are held below this share of their capacity. `hold_targets`:
    also hold what reaches the targets near what is usual for them, though no border link is congested.
    `bytes_worth_one`: how many bytes of attack a byte of other traffic is worth giving up for, where only
    the targets are at stake. `aggregate_min_*`: no rule is wider than this unless a target is.
    `usual_low_bytes_per_s` is the least that a rate limit lets pass, all routers together.
    """

    rules_max: int = RULES_A_PLAN_MAX
    capacity_filled: float = 0.9
    hold_targets: bool = True
    bytes_worth_one: float = 10.0
    aggregate_min_ipv4: int = 20
    aggregate_min_ipv6: int = 44
    usual_low_bytes_per_s: int = 12_500
    blackhole: bool = True
    blackhole_next_hop_ipv4: str = "192.0.2.1"
    blackhole_next_hop_ipv6: str = "100::1"
    blackhole_communities: tuple[str, ...] = ("65535:666",)
    approve_within_s: int = 1800
    ends_after_s: int = 6 * 3600
    lease_s: int = 600
    spot_test_s: int = 60
    widen_every_s: int = 60
    proposer: str = "tidegate"

    def __post_init__(self) -> None:
        if not 1 <= self.rules_max <= RULES_A_PLAN_MAX:
            raise NotAllowed(f"a plan has 1 to {RULES_A_PLAN_MAX} rules, not {self.rules_max}")
        if not 0 < self.capacity_filled <= 1:
            raise NotAllowed("the share of a capacity that may be filled lies above 0 and up to 1")
        if self.bytes_worth_one <= 0:
            raise NotAllowed("a byte of other traffic is worth more than nothing")
        if not self.lease_s <= self.ends_after_s:
            raise NotAllowed("a lease cannot last longer than its plan")
