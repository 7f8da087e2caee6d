"""Rules that a router accepted, as nftables: Linux itself then holds packets back, in a network namespace.

A second proof beside `tidegate.lab.enforcement`: the kernel's matching is nobody's here.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.lab.enforcement import BURST_BYTES_LEAST, Counters
from tidegate.model.plans import Blackhole, FragmentKind, Match, Range, RateLimit, Rule
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.flowspec import meaning

TABLE: Final = "tidegate_lab"
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
OFFSET, MORE, DONT = 0x1FFF, 0x2000, 0x4000

FRAGMENTS4: Final[dict[FragmentKind, str]] = {
    "dont": f"ip frag-off & {DONT} != 0",
    "later": f"ip frag-off & {OFFSET} != 0",
    "first": f"ip frag-off & {OFFSET | MORE} == {MORE}",
    "last": f"ip frag-off & {OFFSET} != 0 ip frag-off & {MORE} == 0",
}
FRAGMENTS6: Final[dict[FragmentKind, str]] = {
    "later": "frag frag-off != 0",
    "first": "frag frag-off 0 frag more-fragments 1",
    "last": "frag frag-off != 0 frag more-fragments 0",
}
"""IPv6 has no DF bit (RFC 8956 section 3.6)."""

WITH_TRANSPORT4: Final = (f"ip frag-off & {OFFSET} == 0",)
WITH_TRANSPORT6: Final = ("exthdr frag missing", "frag frag-off 0")
"""Asked before ports, flags and types are read: Linux 6.18 reads them in later fragments too."""


def ruleset(rules: Sequence[Rule]) -> str:
    """An nft script that puts exactly these rules in force, in their order, in one step.

    Each rule is a chain of its own, with one bucket for whatever way a packet matched it; what it lets
    through is asked by no later rule. Whoever loads it again begins with full buckets.
    """
    lines = [f"add table inet {TABLE}", f"delete table inet {TABLE}", f"table inet {TABLE} {{"]
    for at, rule in enumerate(rules):
        lines += [f" counter matched{at} {{}}", f" counter dropped{at} {{}}"]
        lines += [
            f" chain rule{at} {{",
            f"  counter name matched{at}",
            f"  {_verdict(rule, at)}",
            "  accept",
            " }",
        ]
    lines += [" chain border {", "  type filter hook forward priority filter; policy accept;"]
    for at, rule in enumerate(rules):
        lines += [f"  {terms} jump rule{at}" for terms in _alternatives(meaning(rule.match))]
    return "\n".join([*lines, " }", "}", ""])


def _verdict(rule: Rule, at: int) -> str:
    drop = f"counter name dropped{at} drop"
    if not isinstance(rule.action, RateLimit):
        return drop
    rate = rule.action.bytes_per_s
    # Linux's bucket holds what comes in a second, and the burst above that.
    return f"limit rate over {rate} bytes/second burst {BURST_BYTES_LEAST} bytes {drop}" if rate else drop


def _alternatives(match: Match) -> Iterator[str]:
    """The match as nft statements, of which any suffices; none where its components exclude each other."""
    if _protocols(match) == set():
        return
    six = ":" in match.destination
    kinds = FRAGMENTS6 if six else FRAGMENTS4
    terms = " ".join(_terms(match))
    for fragment in [kinds[kind] for kind in match.fragments if kind in kinds] if match.fragments else [""]:
        for transport in (WITH_TRANSPORT6 if six else WITH_TRANSPORT4) if _reads_transport(match) else ("",):
            yield " ".join(part for part in (terms, fragment, transport, *_transport_terms(match)) if part)


def _reads_transport(match: Match) -> bool:
    return bool(match.source_ports or match.destination_ports or match.icmp_types or match.tcp_flags)


def _terms(match: Match) -> Iterator[str]:
    six = ":" in match.destination
    family = "ip6" if six else "ip"
    yield f"meta nfproto {'ipv6' if six else 'ipv4'}"
    for prefix, side in ((match.destination, "daddr"), (match.source, "saddr")):
        if prefix is not None and not prefix.endswith("/0"):
            yield f"{family} {side} {prefix}"
    if (protocols := _protocols(match)) is not None:
        yield f"meta l4proto {{ {', '.join(map(str, sorted(protocols)))} }}"
    if match.packet_lengths:
        yield f"meta length {_set(match.packet_lengths)}"


def _transport_terms(match: Match) -> Iterator[str]:
    six = ":" in match.destination
    for ranges, port in ((match.source_ports, "sport"), (match.destination_ports, "dport")):
        if ranges:
            yield f"th {port} {_set(ranges)}"
    if match.icmp_types:
        yield f"{'icmpv6' if six else 'icmp'} type {{ {', '.join(map(str, match.icmp_types))} }}"
    if match.tcp_flags is not None:
        yield f"tcp flags & {match.tcp_flags.among} == {match.tcp_flags.are}"


def _protocols(match: Match) -> set[int] | None:
    """Those that agree with every component, as RFC 8955 binds them to protocols; None: any."""
    asked = [set(match.protocols)] if match.protocols else []
    if match.source_ports or match.destination_ports:
        asked.append({TCP, UDP})
    if match.icmp_types:
        asked.append({ICMPV6 if ":" in match.destination else ICMP})
    if match.tcp_flags is not None:
        asked.append({TCP})
    return set.intersection(*asked) if asked else None


def _set(ranges: Sequence[Range]) -> str:
    return f"{{ {', '.join(f'{each.first}-{each.last}' for each in ranges)} }}"


@dataclass(frozen=True, slots=True)
class LinuxGate:
    """The rules of one network namespace's forwarding."""

    namespace: str

    def hold(self, rules: Sequence[Rule]) -> None:
        """Exactly these rules from now on, routes to nowhere first; OutsideFailed where nft refuses."""
        self._nft(["-f", "-"], ruleset(sorted(rules, key=lambda one: not isinstance(one.action, Blackhole))))

    def counters(self, rules: Sequence[Rule]) -> dict[Rule, Counters]:
        """What the kernel counted for the rules last held, given in the same order."""
        told = json.loads(self._nft(["-j", "list", "counters", "table", "inet", TABLE]))
        counted = {one["counter"]["name"]: one["counter"] for one in told["nftables"] if "counter" in one}
        ordered = sorted(rules, key=lambda one: not isinstance(one.action, Blackhole))
        return {
            rule: Counters(
                counted[f"matched{at}"]["packets"],
                counted[f"matched{at}"]["bytes"],
                counted[f"dropped{at}"]["packets"],
                counted[f"dropped{at}"]["bytes"],
            )
            for at, rule in enumerate(ordered)
        }

    def _nft(self, arguments: Sequence[str], script: str = "") -> str:
        command = ["ip", "netns", "exec", self.namespace, "nft", *arguments]
        try:
            done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        except OSError as error:
            raise OutsideFailed(
                "nftables cannot be asked", str(error), "Install nftables and iproute2."
            ) from error
        if done.returncode:
            raise OutsideFailed(
                "nftables refuses the rules",
                done.stderr.strip(),
                "Its words name the line; tidegate.lab.nftables wrote it.",
            )
        return done.stdout
