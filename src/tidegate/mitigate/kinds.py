"""Kinds of packets that rules are held against: BGP, protected services, and the stuff of ordinary life."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidegate.model.plans import Match, Range, TcpFlags

ICMP, TCP, UDP, GRE, ESP, ICMPV6 = 1, 6, 17, 47, 50, 58
BGP_PORT = 179
ANY = (Range(0, 65_535),)


@dataclass(frozen=True, slots=True)
class Kind:
    """Packets of one protocol, told by what their headers may say; addresses are not part of it.

    `flags` are those that its segments carry, None where any may be; `icmp_types` likewise.
    `fragmented` is whether its packets may come in fragments.
    """

    name: str
    protocol: int
    source_ports: Sequence[Range] = ANY
    destination_ports: Sequence[Range] = ANY
    lengths: Sequence[Range] = ANY
    flags: tuple[int, ...] | None = None
    icmp_types: Sequence[int] | None = None
    fragmented: bool = True


def ports(*numbers: int) -> tuple[Range, ...]:
    return tuple(Range(number, number) for number in numbers)


BGP = (
    Kind("BGP", TCP, destination_ports=ports(BGP_PORT)),
    Kind("BGP", TCP, source_ports=ports(BGP_PORT)),
)
"""Both directions of a session: either side may have opened it."""

WHAT_SESSIONS_NEED = (
    *BGP,
    # RFC 5881 and RFC 5883: a router that misses a few of these ends the session at once.
    Kind("BFD", UDP, (Range(49_152, 65_535),), ports(3784, 3785, 4784)),
    # RFC 4861: without an answer to these, an IPv6 neighbour is not there.
    Kind("the search for neighbours", ICMPV6, icmp_types=range(133, 138)),
)
"""What comes to and from speakers and routers while a session lives."""

SOME_CLIENT = 50_000
"""Stands for the port of whoever asks."""

# SYN, SYN-ACK, ACK, PSH-ACK, FIN-ACK and FIN-PSH-ACK: no connection comes about without these; and the two
# that open it where both sides can be told of congestion (RFC 3168 section 6.1.1).
CONNECTION = (0x02, 0x12, 0x10, 0x18, 0x11, 0x19, 0xC2, 0x52)
SERVICES = (22, 25, 53, 80, 110, 143, 443, 465, 587, 853, 993, 995, 5222, 5223, 5228, 8080, 8443)
MAIL_WEB_AND_MORE = ports(*SERVICES, SOME_CLIENT)
WHOLE = (Range(28, 1500),)


def ordinary(name: str, *, asked: int, lengths: Sequence[Range] = WHOLE) -> tuple[Kind, Kind]:
    """One UDP service, as it is asked and as it answers."""
    here, there = ports(SOME_CLIENT), ports(asked)
    return (
        Kind(name, UDP, here, there, lengths, fragmented=False),
        Kind(name, UDP, there, here, lengths, fragmented=False),
    )


ORDINARY: tuple[Kind, ...] = (
    Kind("TCP", TCP, MAIL_WEB_AND_MORE, MAIL_WEB_AND_MORE, (Range(40, 1500),), CONNECTION, None, False),
    # Names are asked and told in short packets; long answers are asked again over TCP (RFC 1035, RFC 6891).
    *ordinary("DNS", asked=53, lengths=(Range(28, 512),)),
    *ordinary("time", asked=123, lengths=(Range(76, 96),)),
    *ordinary("web over QUIC", asked=443),
    *ordinary("VPN", asked=4500),
    *ordinary("VPN", asked=51_820),
    *ordinary("voice", asked=16_384),
    Kind("VPN", ESP, lengths=WHOLE, fragmented=False),
    Kind("tunnels", GRE, lengths=WHOLE, fragmented=False),
    # Unreachable, time exceeded; in IPv6 also packet too big, and the search for neighbours (RFC 4890).
    Kind("ICMP errors", ICMP, lengths=WHOLE, icmp_types=(3, 11), fragmented=False),
    Kind("ICMPv6 errors", ICMPV6, lengths=WHOLE, icmp_types=(1, 2, 3, 4, *range(133, 138)), fragmented=False),
)
"""What still comes in when a network lives: a rule that is wide matches none of it."""


def would_match(match: Match, kind: Kind) -> bool:
    """Whether the rule matches some packet of the kind, if the addresses agree (RFC 8955 section 4.2)."""
    return (
        (not match.protocols or kind.protocol in match.protocols)
        and ports_agree(match, kind)
        and flags_agree(match.tcp_flags, kind)
        and types_agree(match.icmp_types, kind)
        and agree(match.packet_lengths, kind.lengths)
        and (not match.fragments or kind.fragmented or "dont" in match.fragments)
    )


def ports_agree(match: Match, kind: Kind) -> bool:
    if not match.source_ports and not match.destination_ports:
        return True
    if kind.protocol not in (TCP, UDP):
        return False
    return agree(match.source_ports, kind.source_ports) and agree(
        match.destination_ports, kind.destination_ports
    )


def agree(wanted: Sequence[Range], found: Sequence[Range]) -> bool:
    """Whether some number lies in both; a component that is not given agrees with all."""
    return not wanted or any(
        one.first <= other.last and other.first <= one.last for one in wanted for other in found
    )


def flags_agree(wanted: TcpFlags | None, kind: Kind) -> bool:
    if wanted is None:
        return True
    if kind.protocol != TCP:
        return False
    return kind.flags is None or any(flags & wanted.among == wanted.are for flags in kind.flags)


def types_agree(wanted: Iterable[int], kind: Kind) -> bool:
    types = set(wanted)
    if not types:
        return True
    if kind.protocol not in (ICMP, ICMPV6):
        return False
    return kind.icmp_types is None or not types.isdisjoint(kind.icmp_types)
