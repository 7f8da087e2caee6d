"""What a plan is made from: an attack, a bounded sample of recent flows, what is usual, and the border."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.model.attacks import Attack
from tidegate.model.border import BorderPoint
from tidegate.model.flows import FlowRows


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at this hour of the week for one vector towards the targets, as far as it is known.

    `high_bits_per_s` is the 95th percentile of one-minute values; None for want of history.
    """

    vector: str
    bits_per_s: int | None
    high_bits_per_s: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that `propose` may know.

    `rows` dtype FLOW (n,) are sampled flow records of the last minute towards the targets *and* their
    surrounding network, before and during the attack; `weights` float64 (n,) tells how many seen records
    each stands for. They were received from `from_ms` until `until_ms`. `border_point_of[i]` int16 (n,)
    is the index in `border_points` of row i's exporter, -1 where it belongs to none.
    """

    attack: Attack
    rows: FlowRows
    weights: npt.NDArray[np.float64]
    from_ms: int
    until_ms: int
    border_point_of: npt.NDArray[np.int16]
    border_points: tuple[BorderPoint, ...]
    usual: tuple[Usual, ...]
