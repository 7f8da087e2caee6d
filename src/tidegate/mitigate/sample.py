"""Evidence told apart: what of the sampled traffic is attack and what is not, as rates of bytes a second.

Where flows from before the attack are in memory, other traffic is what came then, and the attack is the
excess over it: nobody has to say of one record which it is. Where the attack is older than the memory, what
is usual for each vector stands in, and what is not known widens the forecast.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tidegate.mitigate.evidence import Evidence, Usual
from tidegate.mitigate.matching import Mask, within
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack
from tidegate.model.doubts import LATE_TELEMETRY
from tidegate.model.flows import DIRECTION_REPETITION, FlowRows
from tidegate.model.vector_tables import least_bytes, port_vectors
from tidegate.model.vectors import CODE_OF, VECTORS, VectorClass

Floats = npt.NDArray[np.float64]

BEFORE_LEAST_S = 5.0
"""Seconds from before the attack, below which they say too little of what is usual."""

UNSURE = 3.0
"""What is usual may be so many times what the networks around suggest."""

SURE = 4.0
"""Standard deviations by which a vector must have risen to be taken for a part of the attack."""

MARGIN_MS, LATE_MARGIN_MS = 2_000, 10_000
"""The attack may have begun so much before it was seen; longer where exporters tell late."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Sampled records with what each adds to the attack and to other traffic; arrays of equal length (n,).

    Each record stands for `octets`, `packets` and `flows`. `calm`, `now` and `steady` turn these into rates a
    second: before the attack, during it, and over both. Where `suspect`, what was there before is other
    traffic and the rest is attack: the excess, negative for records from before. Where nobody knows what was
    there before, `granted` is the share of each record taken for other traffic, `doubt` how much more may be.
    `point` is the border point's index, -1 for none; `vector` a code of model.vectors. `before_s` (0: not
    known) and `during_s` are the seconds behind both parts. `unscaled` records were left out because nobody
    told how they were sampled.
    """

    rows: FlowRows
    point: npt.NDArray[np.int16]
    vector: npt.NDArray[np.uint8]
    to_target: Mask
    suspect: Mask
    octets: Floats
    packets: Floats
    flows: Floats
    calm: Floats
    now: Floats
    steady: Floats
    granted: Floats
    doubt: Floats
    before_s: float
    during_s: float
    unscaled: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def before_known(self) -> bool:
        return self.before_s > 0

    @property
    def excess(self) -> Floats:
        """Bytes a second that each record adds to the attack."""
        return self.octets * self._excess_share()

    @property
    def excess_packets(self) -> Floats:
        """Packets a second that each record adds to the attack."""
        return self.packets * self._excess_share()

    @property
    def other_share(self) -> Floats:
        """What turns a record's bytes, packets or flows into other traffic a second."""
        return np.where(self.suspect, self.calm + self.granted * self.now, self.steady)

    @property
    def other(self) -> Floats:
        """Bytes a second that each record adds to other traffic."""
        return self.octets * self.other_share

    @property
    def attack(self) -> float:
        """Bytes a second of the whole attack."""
        return max(0.0, float(self.excess.sum()))

    def _excess_share(self) -> Floats:
        return np.where(self.suspect, self.now * (1 - self.granted) - self.calm, 0.0)

    def suspecting(self, more: Mask) -> "Sample":
        """The same with further records (n,) suspected, where what was there before is known.

        Of suspected records only the time before the attack counts as other traffic.
        """
        return replace(self, suspect=self.suspect | more) if self.before_known else self

    def half(self, which: int) -> "Sample":
        """Every second record, each standing for two: one half chooses the rules, the other forecasts."""
        chosen = slice(which, None, 2)
        amounts = {name: getattr(self, name)[chosen] * 2 for name in ("octets", "packets", "flows")}
        kept = {name: getattr(self, name)[chosen] for name in _OF_RECORDS}
        return replace(self, **kept, **amounts)


_OF_RECORDS = (
    "rows",
    "point",
    "vector",
    "to_target",
    "suspect",
    "calm",
    "now",
    "steady",
    "granted",
    "doubt",
)


def told_apart(evidence: Evidence) -> Sample:
    """The evidence as a Sample."""
    rows = evidence.rows
    inside = np.isin(rows["family"], (4, 6)) & (rows["direction"] != DIRECTION_REPETITION)
    usable = inside & (rows["sampling_rate"] > 0)
    rows, weights = rows[usable], evidence.weights[usable]
    to_target = np.zeros(len(rows), np.bool_)
    for target in evidence.attack.targets:
        to_target |= within(Prefix.parse(target), rows)
    before, during, before_s, during_s = in_time(evidence, rows)
    known = before_s >= BEFORE_LEAST_S
    factor = weights * rows["sampling_rate"]
    vector = vectors_of(rows)
    named = [CODE_OF[rate.vector] for rate in evidence.attack.vectors]
    sample = Sample(
        rows=rows,
        point=evidence.border_point_of[usable],
        vector=vector,
        to_target=to_target,
        suspect=to_target & np.isin(vector, named),
        octets=factor * rows["bytes"],
        packets=factor * np.maximum(rows["packets"], 1),
        flows=weights,
        calm=before / before_s if known else np.zeros(len(rows)),
        now=during / during_s,
        steady=(before + during) / (before_s + during_s),
        granted=np.zeros(len(rows)),
        doubt=np.zeros(len(rows)),
        before_s=before_s if known else 0.0,
        during_s=during_s,
        unscaled=int(np.count_nonzero(inside & ~usable)),
    )
    if known:
        return sample.suspecting(companions(sample))
    granted, doubt = granted_shares(evidence, sample)
    return replace(sample, granted=granted, doubt=doubt)


def vectors_of(rows: FlowRows) -> npt.NDArray[np.uint8]:
    """uint8 (n,): the code of each record's vector."""
    # Compiled kernels are loaded by the first plan, not by whoever imports this.
    from tidegate.kernels.classify import classify_rows

    codes = np.zeros(len(rows), np.uint8)
    classify_rows(rows, port_vectors(), least_bytes(), codes)
    return codes


def companions(sample: Sample) -> Mask:
    """Records (n,) of vectors that came with the attack, too weak to be named: ICMP errors and the like.

    Traffic without any mark of an attack is left out: it may rise for reasons of its own. Reflectors are
    also taken together, because a flood from random ports seems to come a little from each.
    """
    more = np.where(sample.to_target, sample.octets * (sample.now - sample.calm), 0.0)
    rise = np.bincount(sample.vector, more, minlength=256)
    variance = np.bincount(sample.vector, more * more, minlength=256)
    marked = [code for code, one in enumerate(VECTORS) if one.vector_class is not VectorClass.UNCLASSIFIED]
    risen = [code for code in marked if rise[code] > SURE * math.sqrt(variance[code])]
    lesser = [code for code in marked if VECTORS[code].source_ports and code not in risen]
    if rise[lesser].sum() > SURE * math.sqrt(variance[lesser].sum()):
        risen += lesser
    mask: Mask = sample.to_target & np.isin(sample.vector, risen)
    return mask


def in_time(evidence: Evidence, rows: FlowRows) -> tuple[Floats, Floats, float, float]:
    """The shares (n,) of each record before and during the attack, and the seconds of both.

    A record's traffic is spread evenly over its time; what came before the window counts as its beginning.
    The margin before the attack was first seen belongs to neither part.
    """
    attack = evidence.attack
    begin = min(max(attack.first_seen_ms, evidence.from_ms), evidence.until_ms - 1)
    calm = max(begin - margin_ms(attack), evidence.from_ms)
    start = np.clip(rows["start_ms"], evidence.from_ms, evidence.until_ms)
    end = np.clip(rows["end_ms"], start, evidence.until_ms)
    span = np.maximum(end - start, 1).astype(np.float64)
    last = start + span
    before = np.clip(calm - start, 0, span) / span
    during = np.clip(last - begin, 0, span) / span
    return before, during, (calm - evidence.from_ms) / 1000, (evidence.until_ms - begin) / 1000


def margin_ms(attack: Attack) -> int:
    return LATE_MARGIN_MS if LATE_TELEMETRY in attack.doubts else MARGIN_MS


def granted_shares(evidence: Evidence, sample: Sample) -> tuple[Floats, Floats]:
    """Shares (n,) of each suspect record taken for other traffic, and how much more of it may be.

    What is usual for its vector towards the targets, up to its high. Where nobody knows that, what the
    networks around receive of it beside their other traffic, up to UNSURE times that (or as many records);
    and where nothing comes in around, up to the attack's own threshold.
    """
    usual = {one.vector: one for one in evidence.usual}
    threshold = evidence.attack.threshold_bits_per_s / 8
    granted, doubt = np.zeros(len(sample)), np.zeros(len(sample))
    now, vector = sample.octets * sample.now, sample.vector
    rest = float(now[sample.to_target & ~sample.suspect].sum())
    around = np.bincount(vector[~sample.to_target], now[~sample.to_target], minlength=256)
    named = [CODE_OF[rate.vector] for rate in evidence.attack.vectors]
    elsewhere = float(around.sum() - around[named].sum())
    for code in named:
        mine = sample.suspect & (vector == code)
        seen = float(now[mine].sum())
        if seen <= 0:
            continue
        like_around = rest * float(around[code]) / elsewhere if elsewhere > 0 else 0.0
        record = UNSURE * seen / int(np.count_nonzero(mine)) if elsewhere > 0 else np.inf
        amount, high = _usual_of(usual.get(VECTORS[code].name), like_around, record, threshold)
        granted[mine] = min(1.0, amount / seen)
        doubt[mine] = min(1.0, high / seen) - granted[mine]
    return granted, doubt


def _usual_of(
    usual: Usual | None, like_around: float, record: float, threshold: float
) -> tuple[float, float]:
    """Bytes a second of one vector that are usual, and their high."""
    if usual is None or usual.bits_per_s is None:
        return min(like_around, threshold), min(max(like_around * UNSURE, record), threshold)
    amount = usual.bits_per_s / 8
    return amount, max(amount, (usual.high_bits_per_s or 0) / 8)
