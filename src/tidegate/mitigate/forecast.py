"""What rules will do to the attack and to other traffic, with 90 % intervals, from records that chose none.

The intervals hold what chance in sampling can do, what is not known of other traffic inside the attack, and
what a rate limit's share depends on. Other traffic consists of flows that come and go, so its chance is that
of flows; the attack is taken to go on as it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.intervals import amount_rate, dot, share, share_of
from tidegate.mitigate.matching import ICMP, ICMPV6, Columns, Mask
from tidegate.mitigate.order import flow_order
from tidegate.mitigate.sample import Floats, Sample
from tidegate.model.border import BorderPoint
from tidegate.model.flows import FlowRows
from tidegate.model.plans import Forecast, RateLimit, Residual, Rule, ServiceLoss, Share

SERVICES_TOLD_MAX = 16
"""Services in a forecast, those that lose the most; the others are told together as "the rest"."""

REST = "the rest"
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 41: "ipv6", 47: "gre", 50: "esp", 58: "icmp", 132: "sctp"}


@dataclass(frozen=True, slots=True)
class Effect:
    """What rules do to each record, float64 (n,): the share let `through`, what may be all that is where
    a missed SYN decides (`at_least`), the standard deviation as far as a rate limit's share is uncertain,
    and whether any rule met it."""

    through: Floats
    at_least: Floats
    deviation: Floats
    met: Mask


def forecast(sample: Sample, rules: Sequence[Rule], points: Sequence[BorderPoint]) -> Forecast:
    """The forecast of `rules` over a sample; other traffic is all of it that is not attack."""
    # What looks like the attack to the rules is other traffic only as far as it was there before.
    sample = sample.suspecting(meant(sample, rules))
    effect = effect_of(sample, rules, points)
    lost, met, most = 1 - effect.through, effect.met.astype(np.float64), 1 - effect.at_least
    flow, record = flows_of(sample.rows), np.arange(len(sample))
    attack, others = _scenes(sample)
    octets, packets, flows = ([share * one for share in others] for one in _measures(sample))
    deviation = effect.deviation
    return Forecast(
        attack_matched=_share(attack, record, met),
        others_matched=_share(octets, flow, met),
        attack_removed=_share(attack, record, lost, deviation),
        lost_bytes=_share(octets, flow, lost, deviation, most),
        lost_packets=_share(packets, flow, lost, deviation, most),
        lost_flows=_share(flows, flow, lost, deviation, most),
        by_service=_by_service(sample, flow, lost, deviation),
        residuals=tuple(_residuals(sample, flow, effect, points)),
        sampled_flows=len(sample),
    )


def effect_of(sample: Sample, rules: Sequence[Rule], points: Sequence[BorderPoint]) -> Effect:
    """What the rules do, each acting on what no rule before it met (RFC 8955 section 5.1)."""
    columns = Columns(sample.rows)
    number = {point.name: at for at, point in enumerate(points)}
    through, at_least, deviation = np.ones(len(sample)), np.ones(len(sample)), np.zeros(len(sample))
    taken = np.zeros(len(sample), np.bool_)
    load = sample.excess + sample.other
    for rule in flow_order(rules):
        at = number[rule.border_point]
        would = np.where(sample.suspect, columns.met(rule.match), columns.hurt(rule.match))
        mine = would & (sample.point == at) & ~taken
        taken |= mine
        let, spread = _let_through(rule, len(points[at].routers), load[mine])
        through[mine], deviation[mine] = let, spread
        perhaps = columns.may_hurt(rule.match) & (sample.point == at)
        at_least[perhaps] = np.minimum(at_least[perhaps], let)
    return Effect(through, np.minimum(at_least, through), deviation, taken)


def _let_through(rule: Rule, routers: int, load: Floats) -> tuple[float, float]:
    """The share of its load (n,) that a rule lets pass, and its standard deviation."""
    if not isinstance(rule.action, RateLimit):
        return 0.0, 0.0
    limit = rule.action.bytes_per_s * routers
    amount = float(load.sum())
    if amount <= limit:
        return 1.0, 0.0
    let = limit / amount
    return let, let * math.sqrt(dot(load, load)) / amount


def meant(sample: Sample, rules: Sequence[Rule]) -> Mask:
    """The records (n,) towards the targets that any of the rules meets."""
    columns = Columns(sample.rows)
    mask = np.zeros(len(sample), np.bool_)
    for match in {rule.match for rule in rules}:
        mask |= columns.met(match)
    return mask & sample.to_target


def flows_of(rows: FlowRows) -> npt.NDArray[np.int64]:
    """int64 (n,): the number of each record's flow; packets of one flow are no independent witnesses."""
    mixed = np.zeros(len(rows), np.uint64)
    for name in ("src_high", "src_low", "dst_high", "dst_low", "src_port", "dst_port", "protocol"):
        mixed = (mixed ^ rows[name]) * np.uint64(0x9E37_79B9_7F4A_7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed, return_inverse=True)[1].astype(np.int64)


def _scenes(sample: Sample) -> tuple[list[Floats], list[Floats]]:
    """Attack (bytes a second) and shares of other traffic: as estimated, with the most of it inside the
    attack, and with the least."""
    attack, others = [sample.excess], [sample.other_share]
    for more in (sample.doubt, -sample.granted):
        if more.any():
            attack.append(attack[0] - sample.octets * sample.now * more)
            others.append(others[0] + sample.now * more)
    return attack, others


def _measures(sample: Sample) -> tuple[Floats, Floats, Floats]:
    return sample.octets, sample.packets, sample.flows


def _share(
    scenes: Sequence[Floats],
    flow: npt.NDArray[np.int64],
    lost: Floats,
    deviation: Floats | None = None,
    most: Floats | None = None,
) -> Share:
    """The share of an amount that is lost: as in the first scene, with an interval that holds all scenes,
    and that `most` is lost of each record."""
    ends = [_interval(scene, flow, lost, deviation) for scene in scenes]
    if most is not None:
        ends.append(_interval(scenes[0], flow, most, deviation))
    return share(ends[0][0], min(end[1] for end in ends), max(end[2] for end in ends))


def _interval(
    amounts: Floats, flow: npt.NDArray[np.int64], lost: Floats, deviation: Floats | None
) -> tuple[float, float, float]:
    """The share of the amounts that is lost, and the ends of its interval."""
    total = float(amounts.sum())
    if total <= 0:
        return 0.0, 0.0, 1.0
    middle = min(max(dot(amounts, lost) / total, 0.0), 1.0)
    of_flows = _by_flow(flow, amounts)
    counted = total * total / dot(of_flows, of_flows)
    away = _by_flow(flow, amounts * (lost - middle))
    variance = dot(away, away) / (total * total)
    if deviation is not None:
        variance += (dot(np.abs(amounts), deviation) / total) ** 2
    if variance > 0:
        counted = min(counted, middle * (1 - middle) / variance)
    return middle, *share_of(middle, counted)


def _by_flow(flow: npt.NDArray[np.int64], amounts: Floats) -> Floats:
    return np.bincount(flow, amounts).astype(np.float64)


def _by_service(
    sample: Sample, flow: npt.NDArray[np.int64], lost: Floats, deviation: Floats
) -> tuple[ServiceLoss, ...]:
    """Other traffic by service, those first that lose the most."""
    other = sample.other
    kinds, place = np.unique(service_codes(sample), return_inverse=True)
    taken = np.bincount(place, other * lost, minlength=len(kinds))
    amount = np.bincount(place, other, minlength=len(kinds))
    order = [at for at in np.lexsort((-amount, -taken)).tolist() if amount[at] > 0]
    told = [(service_name(int(kinds[at])), place == at) for at in order[:SERVICES_TOLD_MAX]]
    if len(order) > SERVICES_TOLD_MAX:
        told.append((REST, np.isin(place, order[SERVICES_TOLD_MAX:])))
    found = []
    for name, mine in told:
        bits = _by_flow(flow[mine], other[mine] * 8)
        rate = amount_rate(float(bits.sum()), dot(bits, bits))
        ends = _interval(other[mine], flow[mine], lost[mine], deviation[mine])
        found.append(ServiceLoss(name, rate, share(*ends)))
    return tuple(found)


def service_codes(sample: Sample) -> npt.NDArray[np.int64]:
    """int64 (n,): -1 for fragments, -2 for ICMP, else protocol * 65536 + the lower-numbered port."""
    rows, columns = sample.rows, Columns(sample.rows)
    port = np.where(columns.ports, np.minimum(rows["src_port"], rows["dst_port"]), 0)
    codes = rows["protocol"].astype(np.int64) * 65536 + port
    codes[(rows["protocol"] == ICMP) | (rows["protocol"] == ICMPV6)] = -2
    codes[columns.later] = -1
    return codes


def service_name(code: int) -> str:
    """As ServiceLoss names it: "udp/53", "gre", "ip/103", "icmp", "fragments"."""
    if code < 0:
        return {-1: "fragments", -2: "icmp"}[code]
    protocol, port = divmod(code, 65536)
    name = PROTOCOLS.get(protocol, f"ip/{protocol}")
    return f"{name}/{port}" if port else name


def _residuals(
    sample: Sample, flow: npt.NDArray[np.int64], effect: Effect, points: Sequence[BorderPoint]
) -> list[Residual]:
    """What still comes towards the targets at each border point: the attack by records, the rest by flows.

    Flows count twice: those that were seen came by chance, and those that will come are others.
    """
    left = (sample.excess + sample.other) * effect.through * sample.to_target * 8
    found = []
    for at, point in enumerate(points):
        here = sample.point == at
        attack, other = left[here & sample.suspect], here & ~sample.suspect
        flows = _by_flow(flow[other], left[other])
        rate = amount_rate(float(left[here].sum()), dot(attack, attack) + 2 * dot(flows, flows))
        found.append(Residual(point.name, rate, point.capacity_bits_per_s))
    return found
