"""What a lab router does with the rules it holds: each packet is let through or not, as the RFCs say.

It is written apart from the planner's own matching, packet by packet, so that it can bear witness.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.kernels.policing import PASSES, POLICER, STREAM, police
from tidegate.lab.exporters import Offered
from tidegate.lab.packet_facts import DONT_FRAGMENT, FIRST, LAST, LATER, Marks, PacketFacts, packet_facts
from tidegate.lab.rule_order import Family, in_order
from tidegate.lab.traffic import Traffic
from tidegate.model.addresses import Prefix
from tidegate.model.plans import Blackhole, FragmentKind, Match, Range, RateLimit, Rule
from tidegate.model.refusals import NotAllowed

BURST_S = 0.05
"""A full bucket holds what its rate brings in this time, as policers are commonly set up,"""

BURST_BYTES_LEAST = 9_216
"""but never less than one large Ethernet frame."""

TCP, ICMP, ICMPV6 = 6, 1, 58
FRAGMENT_BITS: Mapping[FragmentKind, int] = {
    "dont": DONT_FRAGMENT,
    "later": LATER,
    "first": FIRST,
    "last": LAST,
}


@dataclass(frozen=True, slots=True)
class HeldRule:
    """A rule as a router holds it: `nlri` is what it received, without length; empty for a route."""

    nlri: bytes
    rule: Rule


@dataclass(frozen=True, slots=True)
class Counters:
    """What a router counted for one rule since it holds it."""

    matched_packets: int
    matched_bytes: int
    dropped_packets: int
    dropped_bytes: int


def family_of(match: Match) -> Family:
    return 6 if ":" in match.destination else 4


def matching(match: Match, packets: PacketFacts) -> Marks:
    """Which packets the match names, by RFC 8955 section 4.2.2 and RFC 8956."""
    rows = packets.rows
    marks: Marks = rows["family"] == family_of(match)
    marks &= _within(match.destination, rows["dst_high"], rows["dst_low"])
    if match.source is not None:
        marks &= _within(match.source, rows["src_high"], rows["src_low"])
    if match.protocols:
        marks &= np.isin(rows["protocol"], match.protocols)
    for ranges, port in ((match.source_ports, "src_port"), (match.destination_ports, "dst_port")):
        if ranges:
            marks &= packets.has_ports & _in_ranges(rows[port], ranges)
    if match.icmp_types:
        kind = np.where(rows["family"] == 4, ICMP, ICMPV6)
        marks &= (rows["protocol"] == kind) & packets.whole_header
        marks &= np.isin(rows["icmp_type"], match.icmp_types)
    if match.tcp_flags is not None:
        marks &= (rows["protocol"] == TCP) & packets.whole_header
        marks &= (rows["tcp_flags"] & match.tcp_flags.among) == match.tcp_flags.are
    if match.packet_lengths:
        marks &= _in_ranges(packets.lengths, match.packet_lengths)
    if match.fragments:
        wanted = sum(FRAGMENT_BITS[kind] for kind in set(match.fragments))
        marks &= (packets.fragment_bits & wanted) != 0
    return marks


def _within(prefix: str, high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> Marks:
    wanted = Prefix.parse(prefix)
    mask_high, mask_low = wanted.mask
    marks: Marks = (high & np.uint64(mask_high)) == np.uint64(wanted.high)
    marks &= (low & np.uint64(mask_low)) == np.uint64(wanted.low)
    return marks


def _in_ranges(values: npt.NDArray[np.generic], ranges: Iterable[Range]) -> Marks:
    marks = np.zeros(len(values), np.bool_)
    for wanted in ranges:
        marks |= (values >= wanted.first) & (values <= wanted.last)  # type: ignore[operator]
    return marks


def load_policing() -> None:
    """The kernel is loaded, so that no packet waits for it when the first rule comes."""
    no_rules, no_lengths, no_marks = np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros(0, np.uint8)
    streams, policers, chance = np.zeros(0, STREAM), np.zeros(0, POLICER), np.ones(1, np.uint64)
    police(no_rules, no_lengths, streams, policers, 0.0, 1.0, np.zeros(0, np.int64), chance, no_marks)


class Enforcement:
    """One router's rules in force, its policers (each full when it is new) and its counters.

    A route to nowhere (RFC 7999) is asked before every FlowSpec rule: whatever these would have spent on
    its packets, none of them arrives. FlowSpec rules of one family are asked in the order of RFC 8955
    section 5.1, and the first that matches decides.
    """

    def __init__(self, seed: int = 1) -> None:
        self._held: tuple[HeldRule, ...] = ()
        self._policers = np.zeros(0, POLICER)
        self._chance = np.array([seed], np.uint64)
        self._rule_of: dict[int, npt.NDArray[np.int16]] = {}
        self._facts: dict[int, tuple[Traffic, PacketFacts]] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """In the order in which they are asked."""
        return tuple(held.rule for held in self._held)

    def hold(self, held: Iterable[HeldRule]) -> None:
        """These rules from now on; one that was held before keeps its bucket and its counters.

        NotAllowed where a rule asks for TCP flags of the second octet, which no lab router reads.
        """
        before = dict(zip(self._held, self._policers, strict=True))
        ordered = _ordered(held)
        policers = np.zeros(len(ordered), POLICER)
        for at, rule in enumerate(ordered):
            policers[at] = before[rule] if rule in before else _policer(rule.rule)
        self._held, self._policers = ordered, policers
        self._rule_of.clear()

    def counters(self) -> dict[Rule, Counters]:
        return {
            held.rule: Counters(
                int(policer["matched_packets"]),
                int(policer["matched_bytes"]),
                int(policer["matched_packets"] - policer["kept_packets"]),
                int(policer["matched_bytes"] - policer["kept_bytes"]),
            )
            for held, policer in zip(self._held, self._policers, strict=True)
        }

    def let_through(self, offered: Sequence[Offered]) -> list[Marks]:
        """Which packets of each go through; all of `offered` pass between the same two moments."""
        if not self._held:
            return [np.ones(one.last - one.first, np.bool_) for one in offered]
        streams = np.zeros(len(offered), STREAM)
        sizes = [len(one.traffic) for one in offered]
        counts = [one.last - one.first for one in offered]
        streams["base"], streams["size"] = _starts(sizes), sizes
        streams["first"], streams["last"] = [one.first for one in offered], [one.last for one in offered]
        streams["out"] = _starts(counts)
        kept = np.zeros(sum(counts), np.uint8)
        police(
            np.concatenate([self._rules_of(one.traffic) for one in offered]),
            np.concatenate([self._facts_of(one.traffic).lengths for one in offered]),
            streams,
            self._policers,
            offered[0].from_ms / 1000,
            offered[0].until_ms / 1000,
            np.zeros(len(offered), np.int64),
            self._chance,
            kept,
        )
        return [part.astype(np.bool_) for part in np.split(kept, np.cumsum(counts)[:-1])]

    def _rules_of(self, traffic: Traffic) -> npt.NDArray[np.int16]:
        known = self._rule_of.get(id(traffic))
        if known is None:
            packets = self._facts_of(traffic)
            known = np.full(len(traffic), PASSES, np.int16)
            for at in reversed(range(len(self._held))):
                known[matching(self._held[at].rule.match, packets)] = at
            self._rule_of[id(traffic)] = known
        return known

    def _facts_of(self, traffic: Traffic) -> PacketFacts:
        if id(traffic) not in self._facts:
            self._facts[id(traffic)] = traffic, packet_facts(traffic)
        return self._facts[id(traffic)][1]


def _ordered(held: Iterable[HeldRule]) -> tuple[HeldRule, ...]:
    """Routes first, then FlowSpec rules by family; no packet is of two families."""
    rules = list(held)
    ordered = [one for one in rules if isinstance(one.rule.action, Blackhole)]
    families: tuple[Family, ...] = (4, 6)
    for family in families:
        by_nlri = {
            one.nlri: one
            for one in rules
            if family_of(one.rule.match) == family and not isinstance(one.rule.action, Blackhole)
        }
        ordered += [by_nlri[nlri] for nlri in in_order(family, by_nlri)]
    return tuple(ordered)


def _policer(rule: Rule) -> npt.NDArray[np.void]:
    flags = rule.match.tcp_flags
    if flags is not None and (flags.among | flags.are) > 0xFF:
        raise NotAllowed("lab routers read only the eight TCP flags of octet 13")
    policer = np.zeros((), POLICER)
    if isinstance(rule.action, RateLimit):  # drops, routes to nowhere and redirects let nothing through here
        policer["bytes_per_s"] = rule.action.bytes_per_s
        policer["burst_bytes"] = max(rule.action.bytes_per_s * BURST_S, BURST_BYTES_LEAST)
        policer["tokens"] = policer["burst_bytes"]
    return policer


def _starts(counts: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)
