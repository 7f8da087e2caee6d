"""What telemetry says at one border point, told apart by a plan's own rules."""

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.forecast import flows_of
from tidegate.mitigate.intervals import amount_rate
from tidegate.mitigate.matching import Mask, matches, within
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Rate
from tidegate.model.flows import DIRECTION_REPETITION, FlowRows
from tidegate.model.plans import Measured, Plan
from tidegate.model.refusals import NotAllowed


def measured(
    plan: Plan,
    border_point: str,
    rows: FlowRows,
    weights: npt.NDArray[np.float64],
    exporter_in_point: Mask,
    from_ms: int,
    until_ms: int,
) -> Measured:
    """The traffic that the plan's rules mean at a border point, and the rest towards its targets.

    `rows` dtype FLOW (n,) flowed from `from_ms` until `until_ms`, each standing for `weights` float64 (n,)
    seen ones; `exporter_in_point` bool (n,) says whose exporter is there. Records that do not say how they
    were sampled are passed over. NotAllowed where no time passed.

    The attack is taken to go on as it is, so its interval is that of sampling. Other traffic consists of
    flows that come and go: ten of them may well be seven a moment later, though each was told to the byte.
    """
    if until_ms <= from_ms:
        raise NotAllowed("a measurement needs some time: it ends no later than it begins")
    usable = exporter_in_point & (rows["sampling_rate"] > 0) & (rows["direction"] != DIRECTION_REPETITION)
    rows, weights = rows[usable], weights[usable]
    meant = meant_by(plan, border_point, rows)
    towards = np.zeros(len(rows), np.bool_)
    for target in plan.targets:
        towards |= within(Prefix.parse(target), rows)
    others = towards & ~meant
    seconds = (until_ms - from_ms) / 1000
    other, other_flows = _rate_of_flows(rows[others], weights[others], seconds)
    return Measured(
        border_point=border_point,
        from_ms=from_ms,
        until_ms=until_ms,
        matched_bits_per_s=rate_of(rows[meant], weights[meant], seconds),
        other_bits_per_s=other,
        sampled_flows=int(np.count_nonzero(meant | towards)),
        other_flows=other_flows,
    )


def meant_by(plan: Plan, border_point: str, rows: FlowRows) -> Mask:
    """The rows that any of the plan's rules at this border point matches."""
    meant = np.zeros(len(rows), np.bool_)
    for match in {rule.match for rule in plan.rules if rule.border_point == border_point}:
        meant |= matches(match, rows)
    return meant


def rate_of(rows: FlowRows, weights: npt.NDArray[np.float64], seconds: float) -> Rate:
    """Bits per second with their sampling interval; a record that stands for itself alone is exact."""
    factor = weights * rows["sampling_rate"]
    octets = rows["bytes"].astype(np.float64)
    packets = np.maximum(rows["packets"], 1).astype(np.float64)
    scale = 8 / seconds
    # A sampled packet of a record stands for `factor` packets, chosen by chance among them.
    variance = np.sum(factor * (factor - 1) * octets * octets / packets)
    return amount_rate(float(np.sum(factor * octets)) * scale, float(variance) * scale * scale)


def _rate_of_flows(rows: FlowRows, weights: npt.NDArray[np.float64], seconds: float) -> tuple[Rate, int]:
    """Bits per second with the interval of flows that come and go, and how many equal ones would have it.

    Flows that begin by chance make a compound Poisson sum: its variance is that of the flows' squares.
    """
    bits = weights * rows["sampling_rate"] * rows["bytes"].astype(np.float64) * 8 / seconds
    of_flows = np.bincount(flows_of(rows), bits) if len(rows) else np.zeros(0)
    amount, squares = float(of_flows.sum()), float(np.sum(of_flows * of_flows))
    return amount_rate(amount, squares), int(amount * amount / squares) if squares else 0
