"""Random packets and rules from a small alphabet, so that they often meet."""

from typing import Any

from hypothesis import strategies as st

from tests import frames
from tests.naive.rules import Packet
from tidegate.model.plans import Blackhole, Drop, Match, Range, RateLimit, Rule, TcpFlags

FOUR = ("198.51.100.7", "198.51.100.9", "203.0.113.1")
SIX = ("2001:db8::7", "2001:db8::9", "2001:db8:1::1")
PREFIXES = {
    4: ("198.51.100.7/32", "198.51.100.0/28", "198.51.100.8/29", "203.0.113.0/24", "0.0.0.0/0"),
    6: ("2001:db8::7/128", "2001:db8::/124", "2001:db8::8/125", "2001:db8:1::/48", "::/0"),
}
PORTS = (53, 123, 443, 4096)
TCP_FLAGS = (0x02, 0x12, 0x10, 0x18)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    family = draw(st.sampled_from((4, 6)))
    addresses = FOUR if family == 4 else SIX
    protocol = draw(st.sampled_from((6, 17, 17, 132, 1 if family == 4 else 58, 50)))
    payload = draw(st.integers(0, 4)) * 8
    offset = draw(st.sampled_from((0, 0, 0, 8, 1480)))
    more = draw(st.booleans()) and draw(st.booleans())
    header = {6: 20, 17: 8, 132: 12, 1: 8, 58: 8, 50: 0}[protocol] if not offset else 0
    whole: dict[str, Any] = {}
    if not offset and protocol in (6, 17, 132):
        whole["ports"] = draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))
    if not offset and protocol == 6:
        whole["flags"] = draw(st.sampled_from(TCP_FLAGS))
    if not offset and protocol in (1, 58):
        whole["icmp_type"] = draw(st.sampled_from((0, 8, 128)))
    fragmented = family == 6 and (offset or more)
    return Packet(
        source=draw(st.sampled_from(addresses)),
        destination=draw(st.sampled_from(addresses)),
        length=(20 if family == 4 else 40) + (8 if fragmented else 0) + header + payload,
        protocol=protocol,
        dont_fragment=family == 4 and draw(st.booleans()),
        offset=offset,
        more=more,
        **whole,
    )


def frame(packet: Packet) -> bytes:
    """The packet as an Ethernet frame."""
    family = 6 if ":" in packet.destination else 4
    fixed = (20 if family == 4 else 40) + (8 if family == 6 and (packet.offset or packet.more) else 0)
    body = _transport(packet).ljust(packet.length - fixed, b"\0")
    if family == 4:
        whole = bytearray(
            frames.ipv4(
                packet.protocol,
                body,
                source=packet.source,
                destination=packet.destination,
                fragment_offset=packet.offset,
                more=packet.more,
            )
        )
        whole[6] |= 0x40 * packet.dont_fragment
        return frames.ethernet(0x0800, bytes(whole))
    kind = packet.protocol
    if packet.offset or packet.more:
        body, kind = frames.fragment6(kind, body, offset=packet.offset, more=packet.more), 44
    return frames.ethernet(
        0x86DD, frames.ipv6(kind, body, source=packet.source, destination=packet.destination)
    )


def _transport(packet: Packet) -> bytes:
    if packet.ports is not None and packet.protocol == 6:
        return frames.tcp(*packet.ports, packet.flags or 0)
    if packet.ports is not None:
        return frames.udp(*packet.ports)
    return b"" if packet.icmp_type is None else frames.icmp(packet.icmp_type, 0)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    family = draw(st.sampled_from((4, 6)))
    prefix = st.sampled_from(PREFIXES[family])
    kinds = ("dont", "later", "first", "last") if family == 4 else ("later", "first", "last")
    return Match(
        destination=draw(prefix),
        source=draw(st.one_of(st.none(), st.none(), prefix)),
        protocols=draw(some(st.sampled_from((1, 6, 17, 58, 132)))),
        source_ports=draw(some(ranges(PORTS))),
        destination_ports=draw(some(ranges(PORTS))),
        icmp_types=draw(some(st.sampled_from((0, 8, 128)))),
        tcp_flags=draw(
            st.one_of(st.none(), st.none(), st.sampled_from((TcpFlags(2, 0x12), TcpFlags(0x10, 0x10))))
        ),
        packet_lengths=draw(some(ranges((28, 36, 48, 60)))),
        fragments=draw(some(st.sampled_from(kinds))),
    )


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly nothing, else one or two different values, sorted."""
    few = st.lists(values, min_size=1, max_size=2, unique=True).map(lambda found: tuple(sorted(found)))
    return st.one_of(st.just(()), st.just(()), few)


def ranges(values: tuple[int, ...]) -> st.SearchStrategy[Range]:
    pairs = st.tuples(st.sampled_from(values), st.sampled_from(values))
    return pairs.map(lambda pair: Range(min(pair), max(pair)))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    action = draw(
        st.one_of(
            st.just(Drop()),
            st.integers(0, 4000).map(RateLimit),
            st.sampled_from((Blackhole("192.0.2.1"), Drop())),
        )
    )
    match = draw(matches())
    if isinstance(action, Blackhole):
        match = Match(destination=match.destination)
    return Rule(border_point="north", match=match, action=action)
