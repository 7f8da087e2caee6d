"""The smallest set of prefixes that holds an attack, and which of them are one attack: hosts, or networks.

The rules. A *target* is a counted prefix under one vector; it is *decided* when its traffic makes an
attack by persistence and sampling (detect.decision). `smallest` keeps 1 to 4, detect.joining 5 to 8.

1. A decided host is a target, and so is a decided network that holds no target.
2. A decided network that holds targets is one itself only if what is left without them is decided too.
   Then it stands for them: the flood is on the network, and they are where it is heaviest.
3. Where a few narrower prefixes hold nearly all of what is left (and there are samples enough to tell),
   they are the targets instead: up to HOSTS_MAX hosts or PARTS_MAX networks. But a network's threshold is for
   what many hosts gather. Up to HOSTS_MAX hosts that hold MOST of it, and receive less than their own
   thresholds add up to, are ordinary, as each of them would be alone: where the rest is not decided without
   them, there is no target. Of wider prefixes they are taken off as targets are. In operators'
   objects it is not so.
4. More than PARTS_MAX siblings that began together, and hold most of what their network receives, are
   named by it, where the network is counted: in a full table it may not be.
5. All vectors on one target are one attack.
6. Targets under one vector that overlap are one attack, whenever they began: a flood on a host that
   widens to its network, or a carpet that narrows to hosts, goes on.
7. Siblings (of one length under one next wider prefix) are one attack if they began together and the
   vectors that both have are at least half of what each receives. Neighbours that are hit by different
   vectors, or one long after the other, are attacks of their own.
8. Networks that overlap under different vectors are one attack if they began together: the vectors of
   one carpet. One that overlaps two attacks which do not overlap each other joins neither. A host
   inside a network that is hit by other vectors is an attack of its own.

*Together* means within TOGETHER_SECONDS of any target that the attack has; so a flood that moves from
host to host stays one attack.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from ipaddress import collapse_addresses, ip_network
from typing import Protocol

from tidegate.detect.intervals import samples
from tidegate.detect.levels import LEVEL_LENGTHS, wider_length
from tidegate.model.addresses import Prefix, is_ipv4

HOLDS = 0.9
"""Narrower prefixes stand for a wider one when they hold this share of its traffic."""

MOST = 0.75
"""Hosts below their own thresholds explain a network's traffic when they hold this share of it."""

PARTS_MAX = 8
"""Narrower networks that stand for a wider one, at most; more of them are better named together."""

HOSTS_MAX = 4
"""Hosts, each below its own threshold, that stand for their network, at most."""

SAMPLES_A_PART = 6
"""Sampled packets for each narrower prefix, without which a wider one is not narrowed: among few samples
some hosts always seem to hold all."""

SAMPLES_A_HOST = 2
"""The same for hosts that explain a network: whom they do not hold, the next second's samples show."""

MERGES = 0.8
"""Many siblings are named by their parent when they hold this share of its traffic."""

TOGETHER_SECONDS = 60
"""Targets that begin within this time of each other may be one attack."""

HOST_LENGTH = 128

AROUND_MAX = 65_536
"""Prefixes of which it is remembered what lies around them; when full, the one asked for least recently is
forgotten."""


class Quantity(Enum):
    BITS = "bits"
    PACKETS = "packets"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a target is decided: since when it is above its threshold, and the seconds that show it.

    `quantity`: whether it is its bits or its packets that stand higher above their threshold.
    """

    first_second: int
    last_second: int
    seconds: int
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Amount:
    """Traffic over the seconds of some evidence, and the variance of its sampling."""

    total: float
    variance: float

    def less(self, others: Iterable["Amount"]) -> "Amount":
        """What is left; the same packets were sampled, so that their variance goes with them."""
        total, variance = self.total, self.variance
        for other in others:
            total, variance = total - other.total, variance - other.variance
        return Amount(max(total, 0.0), max(variance, 0.0))


class Traffic(Protocol):
    """The traffic of one vector, as the choice of targets asks for it."""

    def decided(self, prefix: Prefix, without: Iterable[Prefix]) -> Evidence | None:
        """Whether a prefix, with these prefixes inside it taken off, is under attack."""

    def parts(self, prefix: Prefix) -> Iterable[Prefix]:
        """The next narrower prefixes in it that have traffic."""

    def amount(self, prefix: Prefix, evidence: Evidence) -> Amount:
        """What a prefix received in the seconds of the evidence, in its quantity; nothing where it is not
        counted."""

    def within_their_own(self, hosts: Iterable[Prefix], prefix: Prefix, evidence: Evidence) -> bool:
        """Whether hosts receive less than their own thresholds add up to; inside an operator's object never,
        because its line is what counts, whoever draws on it."""


def ipv4(prefix: Prefix) -> bool:
    return prefix.length >= 96 and is_ipv4(prefix.high, prefix.low)


def wider(prefix: Prefix) -> Prefix | None:
    """The next wider prefix that is counted."""
    length = wider_length(prefix.length, ipv4=ipv4(prefix))
    return None if length is None else prefix.parent(length)


@lru_cache(AROUND_MAX)
def around(prefix: Prefix) -> tuple[Prefix, ...]:
    """Every counted prefix wider than this one, nearest first."""
    outer = wider(prefix)
    return () if outer is None else (outer, *around(outer))


class _Chosen:
    """Targets so far, and by prefix those inside it."""

    def __init__(self) -> None:
        self.evidence: dict[Prefix, Evidence] = {}
        self.inside: dict[Prefix, set[Prefix]] = defaultdict(set)

    def add(self, prefix: Prefix, evidence: Evidence) -> None:
        for narrower in list(self.inside[prefix]):
            self.drop(narrower)
        self.evidence[prefix] = evidence
        for outer in around(prefix):
            self.inside[outer].add(prefix)

    def drop(self, prefix: Prefix) -> None:
        del self.evidence[prefix]
        for outer in around(prefix):
            self.inside[outer].discard(prefix)


def smallest(hot: Iterable[Prefix], traffic: Traffic) -> dict[Prefix, Evidence]:
    """The smallest set of counted prefixes that explains all hot ones, by rules 1 to 4; none overlap."""
    chosen = _Chosen()
    ordinary: set[Prefix] = set()
    for prefix in sorted(hot, key=lambda p: (-p.length, p)):
        evidence = traffic.decided(prefix, chosen.inside[prefix])  # 1, 2
        if evidence is None:
            continue
        few = _ordinary(prefix, evidence, traffic, chosen)  # 3
        ordinary |= set(few)
        for part in few or _narrowed(prefix, evidence, traffic, chosen, HOLDS, SAMPLES_A_PART):
            chosen.add(part, evidence)
    for host in ordinary & chosen.evidence.keys():
        chosen.drop(host)
    _merge(chosen, traffic)  # 4
    return chosen.evidence


def _ordinary(prefix: Prefix, evidence: Evidence, traffic: Traffic, chosen: _Chosen) -> list[Prefix]:
    """The few hosts, each an ordinary one, that explain why a prefix is decided; none where none do."""
    for share in (HOLDS, MOST):
        hosts = _narrowed(prefix, evidence, traffic, chosen, share, SAMPLES_A_HOST)
        few = (
            hosts != [prefix] and len(hosts) <= HOSTS_MAX and all(one.length == HOST_LENGTH for one in hosts)
        )
        if few and traffic.within_their_own(hosts, prefix, evidence):
            rest = traffic.decided(prefix, chosen.inside[prefix].union(hosts))
            if rest is None:
                return hosts
    return []


def _narrowed(
    prefix: Prefix, evidence: Evidence, traffic: Traffic, chosen: _Chosen, holds: float, met: int
) -> list[Prefix]:
    """The few narrower prefixes that hold such a share of what is left of it, each met in so many sampled
    packets, else the prefix itself."""

    def left(place: Prefix) -> Amount:
        own = traffic.amount(place, evidence)
        return own.less(traffic.amount(inner, evidence) for inner in chosen.inside[place])

    whole = left(prefix)
    parts = [part for part in traffic.parts(prefix) if part not in chosen.evidence]
    weighed = sorted(((left(part).total, part) for part in parts), reverse=True)
    most = HOSTS_MAX if parts and parts[0].length == HOST_LENGTH else PARTS_MAX
    held = 0.0
    few: list[Prefix] = []
    for total, part in weighed[:most]:
        few.append(part)
        held += total
        if held >= holds * whole.total:
            if samples(whole.total, whole.variance) < met * len(few):
                break
            return [narrow for one in few for narrow in _narrowed(one, evidence, traffic, chosen, holds, met)]
    return [prefix]


def _merge(chosen: _Chosen, traffic: Traffic) -> None:
    """Many siblings become their parent where they hold most of what it receives."""
    for length in sorted(set(LEVEL_LENGTHS), reverse=True):
        families: dict[Prefix, list[Prefix]] = defaultdict(list)
        for prefix in chosen.evidence:
            outer = wider(prefix)
            if prefix.length == length and outer is not None:
                families[outer].append(prefix)
        for outer, siblings in families.items():
            for parts in begun_together({part: chosen.evidence[part].first_second for part in siblings}):
                if len(parts) <= PARTS_MAX:
                    continue
                latest = max((chosen.evidence[part] for part in parts), key=lambda e: e.last_second)
                held = sum(traffic.amount(part, latest).total for part in parts)
                whole = traffic.amount(outer, latest).total
                if whole > 0 and held >= MERGES * whole:
                    first = min(chosen.evidence[part].first_second for part in parts)
                    chosen.add(outer, replace(latest, first_second=first))
                    break


def begun_together(first_seconds: Mapping[Prefix, int]) -> list[list[Prefix]]:
    """Prefixes in clusters: each began within TOGETHER_SECONDS of the one before it in its cluster."""
    clusters: list[list[Prefix]] = []
    before = 0
    for prefix in sorted(first_seconds, key=lambda p: (first_seconds[p], p)):
        if not clusters or first_seconds[prefix] - before > TOGETHER_SECONDS:
            clusters.append([])
        clusters[-1].append(prefix)
        before = first_seconds[prefix]
    return clusters


def joined(prefixes: Iterable[Prefix]) -> tuple[str, ...]:
    """The same addresses in as few prefixes as can be, as sorted text: two adjacent /24 are one /23."""
    nets4 = [ip_network(str(p)) for p in prefixes if ipv4(p)]
    nets6 = [ip_network(str(p)) for p in prefixes if not ipv4(p)]
    return tuple(map(str, [*collapse_addresses(nets4), *collapse_addresses(nets6)]))  # type: ignore[type-var]


def counted_parts(prefix: Prefix) -> list[Prefix]:
    """The counted prefixes that make up any prefix (the opposite of `joined`), at most 256 of them."""
    lengths = sorted(length for length in LEVEL_LENGTHS if (length > 96) == ipv4(prefix) or length == 128)
    length = next((candidate for candidate in lengths if candidate >= prefix.length), 128)
    if length - prefix.length > 8:
        length = prefix.length
    base = prefix.high << 64 | prefix.low
    step = 1 << (128 - length)
    return [
        Prefix((base + i * step) >> 64, (base + i * step) & 0xFFFF_FFFF_FFFF_FFFF, length)
        for i in range(1 << (length - prefix.length))
    ]
