"""What detection said, held against what was true: found or missed, how late, which prefix, which
vectors, how strong.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import chi2

from benchmarks.accuracy.attacks import SYN_PACKETS_PER_S, Spread, Truth
from benchmarks.accuracy.country import Kind, Networks
from benchmarks.accuracy.course import Outcome
from benchmarks.accuracy.simulate import Told
from tidegate.detect.settings import Floors
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack
from tidegate.model.facts import AttackDetected, AttackEnded, AttackGrew, AttackVectorsChanged
from tidegate.model.vectors import CODE_OF

LATE_S_MAX = 90
"""A detection belongs to an attack until so long after its last record was told."""

VECTOR_SHARE_MIN = 0.01
"""A reported vector that holds less than this share of the capture is wrong, unless it is above its floor:
a few thousand SYN packets a second beside a great reflection are worth telling."""

FLOORS = Floors()


@dataclass(frozen=True, slots=True)
class Found:
    """One attack and what was said of it; `detected` is None where it was missed.

    `before`: attacks on the same target that were told under the same number, because they came so soon
    before this one that detection holds them to be one that goes on.
    """

    truth: Truth
    detected: Told | None
    later: tuple[Told, ...]
    before: tuple[Truth, ...] = ()

    @property
    def delay_s(self) -> int | None:
        """From the attack's first packet to the closing of the second that brought the fact."""
        return None if self.detected is None else self.detected.second + 1 - self.truth.burst.start_s


@dataclass(frozen=True, slots=True)
class Alarm:
    """A detection that no attack explains, and what was happening at its target, if anything."""

    second: int
    attack: Attack
    during: str
    grounds: str


@dataclass(frozen=True, slots=True)
class Score:
    found: list[Found]
    alarms: list[Alarm]
    prefix_days: float
    simulated_seconds: int

    @property
    def alarms_per_10000(self) -> float:
        return 10_000 * len(self.alarms) / self.prefix_days

    @property
    def alarms_per_10000_at_most(self) -> float:
        """The one-sided 95 % bound of a Poisson rate (Garwood 1936)."""
        return 10_000 * float(chi2.ppf(0.95, 2 * len(self.alarms) + 2)) / 2 / self.prefix_days


def attack_of(told: Told) -> Attack:
    assert isinstance(told.fact, AttackDetected | AttackGrew | AttackVectorsChanged | AttackEnded)
    return told.fact.attack


def overlap(attack: Attack, target: str) -> bool:
    true = Prefix.parse(target)
    return any(true.covers(one) or one.covers(true) for one in map(Prefix.parse, attack.targets))


def _belongs(told: Told, truth: Truth) -> bool:
    slack = LATE_S_MAX + (75 if truth.kind is Kind.NETFLOW else 0)
    in_time = truth.burst.start_s <= told.second <= truth.burst.end_s + slack
    return in_time and overlap(attack_of(told), truth.target)


def _explains(told: Told, truths: Sequence[Truth]) -> int | None:
    """The number of the attack that a detection belongs to: of those that fit, the one that began last."""
    fitting = [number for number, truth in enumerate(truths) if _belongs(told, truth)]
    return max(fitting, key=lambda number: truths[number].burst.start_s, default=None)


def score(outcome: Outcome) -> Score:
    """Match every attack with the first fact that tells of it: a detection that overlaps it in place and
    time, else that an attack told before has grown or has this one's vectors now. What is left is false.
    """
    told_of: Mapping[int, list[Told]] = defaultdict(list)
    for told in outcome.attacked:
        if isinstance(told.fact, AttackDetected | AttackGrew | AttackVectorsChanged):
            told_of[attack_of(told).number].append(told)
    own: Mapping[int, list[Told]] = defaultdict(list)
    numbers: Mapping[int, dict[int, None]] = defaultdict(dict)
    explained = set()
    for attack, facts in told_of.items():
        named: set[str] = set()
        for told in facts:
            number = _explains(told, outcome.truths)
            fresh = {rate.vector for rate in attack_of(told).vectors} - named
            named |= fresh
            if number is None:
                continue
            changed = isinstance(told.fact, AttackVectorsChanged)
            if not own[number] and changed and not fresh & outcome.truths[number].vectors:
                continue
            own[number].append(told)
            numbers[attack][number] = None
            if isinstance(told.fact, AttackDetected):
                explained.add(attack)
    found = []
    for number, truth in enumerate(outcome.truths):
        mine = sorted(own[number], key=lambda told: told.second)
        attacks = {attack_of(told).number for told in mine}
        before = {one for attack in attacks for one in numbers[attack] if one < number}
        earlier = tuple(outcome.truths[one] for one in sorted(before))
        found.append(Found(truth, mine[0] if mine else None, tuple(mine[1:]), earlier))
    detections = [told for told in outcome.attacked if isinstance(told.fact, AttackDetected)]
    false = [told for told in outcome.ordinary if isinstance(told.fact, AttackDetected)]
    false += [told for told in detections if attack_of(told).number not in explained]
    return Score(
        found=found,
        alarms=[_alarm(told, outcome) for told in false],
        prefix_days=outcome.prefix_days,
        simulated_seconds=outcome.simulated_seconds,
    )


def _alarm(told: Told, outcome: Outcome) -> Alarm:
    attack = attack_of(told)
    targets = [Prefix.parse(target) for target in attack.targets]
    names = {
        burst.name
        for burst in outcome.happenings
        if burst.start_s - 5 <= told.second <= burst.end_s + 90
        and any(_network_in(outcome.networks, burst.network, target) for target in targets)
    }
    if any(-5 <= told.second - one.start_s <= one.duration_s + 90 for one in outcome.silences):
        names.add("a restart of an exporter")
    return Alarm(told.second, attack, " and ".join(sorted(names)) or "nothing in particular", told.grounds)


def _network_in(networks: Networks, number: int, target: Prefix) -> bool:
    length = 120 if networks.family[number] == 4 else 48
    network = Prefix(int(networks.high[number]), int(networks.low[number]), length)
    return target.covers(network) or network.covers(target)


def detected(found: Iterable[Found]) -> list[Found]:
    return [one for one in found if one.detected is not None]


def last_word(one: Found) -> Attack:
    """The attack as the last fact about it has it; only of detected ones."""
    said = one.later[-1] if one.later else one.detected
    assert said is not None
    return attack_of(said)


def right_prefix(one: Found) -> bool:
    """The last word on its targets is the true target and nothing else."""
    return last_word(one).targets == (one.truth.target,)


def right_vectors(one: Found) -> bool:
    """Its last word names every vector with a tenth of the attack, and only such as are really in it, or in
    those before it that are told as one with it."""
    named = {rate.vector for rate in last_word(one).vectors}
    real = set().union(*map(_real, (one.truth, *one.before)))
    return one.truth.vectors <= named <= real | {"tcp", "tcp_ack"}


def _real(truth: Truth) -> set[str]:
    """The vectors that an attack has more than a trace of."""
    total = sum(truth.vector_packets_per_s.values())
    return {
        name
        for name, packets in truth.vector_packets_per_s.items()
        if packets >= VECTOR_SHARE_MIN * total
        or truth.vector_bits_per_s[name] >= VECTOR_SHARE_MIN * truth.bits_per_s
        or (name in CODE_OF and packets >= FLOORS.host(CODE_OF[name])[1])
    }


def rates_held(found: Iterable[Found]) -> tuple[int, int]:
    """How many stated 90 % intervals of a vector's bits and packets hold the true rate, of how many.

    Taken from every fact that names the true target while the attack lasts, at sFlow exporters that do
    not sample every packet.
    """
    held = asked = 0
    for one in found:
        if one.detected is None or one.truth.kind is not Kind.SFLOW or one.truth.sampling_rate == 1:
            continue
        for told in (one.detected, *one.later):
            if told.second >= one.truth.burst.end_s or attack_of(told).targets != (one.truth.target,):
                continue
            for rate in attack_of(told).vectors:
                for true, said in (
                    (one.truth.vector_bits_per_s.get(rate.vector), rate.bits_per_s),
                    (one.truth.vector_packets_per_s.get(rate.vector), rate.packets_per_s),
                ):
                    if true is not None:
                        asked += 1
                        held += said.low <= true <= said.high
    return held, asked


def strength(truth: Truth) -> str:
    if truth.capture == "syn":
        return f"{SYN_PACKETS_PER_S[truth.step] / 1e3:g} kpps"
    return f"{truth.bits_per_s / 1e6:g} Mb/s"


def described(one: Found) -> str:
    """The attack in words: what, where, how strong, told by whom."""
    truth = one.truth
    teller = f"{truth.kind.value} 1:{truth.sampling_rate}"
    return f"{truth.burst.name} {truth.target} at {strength(truth)}, {teller}"


def missed_lines(found: Iterable[Found]) -> list[str]:
    """One line for each capture, spread and strength: at which exporters it was found and missed."""
    rows: dict[tuple[str, str, int, str], list[tuple[str, bool]]] = defaultdict(list)
    for one in found:
        key = (one.truth.capture, one.truth.spread.value, one.truth.step, strength(one.truth))
        rows[key].append((f"{one.truth.kind.value} 1:{one.truth.sampling_rate}", one.detected is not None))
    lines = []
    for (capture, spread, _, how_strong), cells in sorted(rows.items()):
        missed = [where for where, was_found in cells if not was_found]
        if missed:
            lines.append(
                f"missed: {capture} on a {spread} at {how_strong}: "
                f"{'everywhere' if len(missed) == len(cells) else ', '.join(missed)}"
            )
    return lines


def delay_line(found: Iterable[Found], kind: Kind) -> str:
    delays = sorted(one.delay_s for one in found if one.truth.kind is kind and one.delay_s is not None)
    if not delays:
        return f"{kind.value}: nothing detected"
    p50, p90, p99 = (delays[min(len(delays) - 1, int(len(delays) * part))] for part in (0.5, 0.9, 0.99))
    return f"{kind.value}: detected after {p50} s (median), {p90} s (p90), {p99} s (p99), of {len(delays)}"


def alarm_lines(alarms: Iterable[Alarm]) -> list[str]:
    told = Counter(
        f"{'+'.join(rate.vector for rate in alarm.attack.vectors)} during {alarm.during}" for alarm in alarms
    )
    return [f"false alarm, {count} times: {what}" for what, count in told.most_common(20)]


def explained(alarm: Alarm) -> str:
    """One alarm: what was measured, and against what."""
    attack = alarm.attack
    measured = ", ".join(
        f"{rate.vector} {rate.bits_per_s.estimate / 1e6:.0f} Mb/s "
        f"{rate.packets_per_s.estimate / 1e3:.1f} kpps"
        for rate in attack.vectors
    )
    return (
        f"second {alarm.second} (hour {alarm.second // 3600 % 24}), {', '.join(attack.targets[:4])}, during "
        f"{alarm.during}: {measured}, threshold {attack.threshold_bits_per_s / 1e6:.0f} Mb/s; {alarm.grounds}"
    )


def of_spread(found: Iterable[Found], spread: Spread) -> list[Found]:
    return [one for one in found if one.truth.spread is spread]
