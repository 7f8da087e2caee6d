"""What a plan does to traffic that is known whole: policers at each border point, the first match acts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.plans.world import Floats, Packets
from tidegate.mitigate.matching import Columns, Mask
from tidegate.mitigate.order import flow_order
from tidegate.model.border import BorderPoint
from tidegate.model.plans import Plan, RateLimit


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares: of the attack's bytes removed, of other bytes, packets and flows lost.

    By border point, bits a second: all that still comes in, and what of it goes towards the targets.
    """

    attack_removed: float
    lost_bytes: float
    lost_packets: float
    lost_flows: float
    left_bits_per_s: tuple[float, ...]
    towards_bits_per_s: tuple[float, ...]


def outcome(plan: Plan, points: tuple[BorderPoint, ...], attack: Packets, other: Packets) -> Outcome:
    """The plan in force everywhere; the attack's load on each policer is the whole attack's."""
    through = _through(plan, points, attack, other)
    lost = 1 - through[1]
    octets = other.bytes_per_s()
    left, towards = _left(plan.targets, len(points), (attack, other), through)
    return Outcome(
        attack_removed=_share(attack.bytes_per_s(), 1 - through[0]),
        lost_bytes=_share(octets, lost),
        lost_packets=_share(other.rows["packets"] * other.weight, lost),
        lost_flows=_share(other.weight, lost),
        left_bits_per_s=tuple(left.tolist()),
        towards_bits_per_s=tuple(towards.tolist()),
    )


def _left(
    targets: Sequence[str], points: int, both: Sequence[Packets], through: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """(P,): bits a second that still come in, and what of it goes towards the targets."""
    left, towards = np.zeros(points), np.zeros(points)
    for one, let in zip(both, through, strict=True):
        columns, bits = Columns(one.rows), one.bytes_per_s() * let * 8
        aimed = np.logical_or.reduce([columns.mask(("destination", target)) for target in targets])
        left += np.bincount(one.point, bits, minlength=points)
        towards += np.bincount(one.point, bits * aimed, minlength=points)
    return left, towards


def _share(amounts: Floats, lost: Floats) -> float:
    return float(amounts @ lost) / float(amounts.sum())


def _through(
    plan: Plan, points: tuple[BorderPoint, ...], attack: Packets, other: Packets
) -> tuple[Floats, Floats]:
    number = {point.name: at for at, point in enumerate(points)}
    both = (attack, other)
    columns = [Columns(one.rows) for one in both]
    through = [np.ones(len(one.rows)) for one in both]
    free: list[Mask] = [np.ones(len(one.rows), np.bool_) for one in both]
    for rule in flow_order(plan.rules):
        at = number[rule.border_point]
        mine = [
            left & (one.point == at) & told.hurt(rule.match)
            for left, one, told in zip(free, both, columns, strict=True)
        ]
        load = sum(float(one.bytes_per_s()[here].sum()) for one, here in zip(both, mine, strict=True))
        limit = (
            rule.action.bytes_per_s * len(points[at].routers) if isinstance(rule.action, RateLimit) else 0.0
        )
        for let, left, here in zip(through, free, mine, strict=True):
            let[here] = min(1.0, limit / load) if load > 0 else 1.0
            np.logical_and(left, ~here, out=left)
    return through[0], through[1]
