"""Which flow records a rule's match means: the evaluation that forecasts and measurements rest on.

A record sums up packets, so some of its properties stand for all of them: its packet length is the mean, its
TCP flags are those of the union. What was not told matches nothing that asks for it.
"""

from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import Prefix, is_ipv4
from tidegate.model.flows import FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_NONE, FlowRows
from tidegate.model.plans import Match, Range, TcpFlags

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
SYN, ACK = 0x02, 0x10
FLAGS = 0x3F
"""FIN, SYN, RST, PSH, ACK and URG; ECE and CWR say nothing of a segment's kind (RFC 3168)."""

GENUINE_SYN_BYTES = 44
"""A genuine SYN carries at least the MSS option (RFC 9293 section 3.7.1): 20 + 20 + 4 bytes of IPv4."""

Mask = npt.NDArray[np.bool_]
Component = tuple[str, object]


def matches(match: Match, rows: FlowRows) -> Mask:
    """A mask over `rows` (dtype FLOW): those whose packets the match would meet, as far as records tell.

    Ports, flags and ICMP types never match a later fragment. Neither DF nor "last fragment" is told by any
    record, so that a match asking for nothing but these meets none.
    """
    return Columns(rows).met(match)


def within(prefix: Prefix, rows: FlowRows, end: str = "dst") -> Mask:
    """Those whose destination (or source, "src") is in the prefix and of its family."""
    mask_high, mask_low = prefix.mask
    mask: Mask = rows["family"] == family_of(prefix)
    mask &= (rows[f"{end}_high"] & np.uint64(mask_high)) == np.uint64(prefix.high)
    mask &= (rows[f"{end}_low"] & np.uint64(mask_low)) == np.uint64(prefix.low)
    return mask


def family_of(prefix: Prefix) -> int:
    return 4 if is_ipv4(prefix.high, prefix.low) else 6


def parts(match: Match) -> list[Component]:
    """The components that a match has, by their names in Match."""
    return [(name, value) for name in match.__struct_fields__ if (value := getattr(match, name))]


@dataclass(slots=True)
class Columns:
    """Rows (dtype FLOW) with the mask of every component that was asked for, so that matches share them.

    `told` columns: `length` int64 (n,) IP bytes a packet; `later` later fragments, also as exporters write
    them that tell of none (UDP with both ports zero); `ports` and `flags` where these were really told;
    `icmp` where there is an ICMP type.
    """

    rows: FlowRows
    length: npt.NDArray[np.int64] = field(init=False)
    later: Mask = field(init=False)
    ports: Mask = field(init=False)
    flags: Mask = field(init=False)
    icmp: Mask = field(init=False)
    _masks: dict[Component, Mask] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        rows = self.rows
        protocol = rows["protocol"]
        self.length = (rows["bytes"] // np.maximum(rows["packets"], 1)).astype(np.int64)
        portless = (rows["src_port"] == 0) & (rows["dst_port"] == 0) & (rows["fragment"] == FRAGMENT_NONE)
        portless &= (rows["has_ports"] == 1) & (protocol == UDP)
        self.later = (rows["fragment"] == FRAGMENT_LATER) | portless
        self.ports = (rows["has_ports"] == 1) & ~self.later
        # Unless its header was seen, a segment without any flag looks like one whose exporter tells none.
        told = (rows["tcp_flags"] != 0) | (rows["flags_seen"] == 1)
        self.flags = (protocol == TCP) & told & ~self.later
        self.icmp = (protocol == np.where(rows["family"] == 4, ICMP, ICMPV6)) & ~self.later

    def met(self, match: Match) -> Mask:
        """As `matches`."""
        mask = self.mask(("destination", match.destination)).copy()
        for part in parts(match)[1:]:
            mask &= self.mask(part)
        return mask

    def hurt(self, match: Match) -> Mask:
        """Those met, and those whose connection cannot begin because its SYN is met.

        A record of a whole connection shows the union of its flags, so that a rule for bare SYNs seems to
        miss it; but without its SYN the connection never is.
        """
        met = self.met(match)
        if not stops_connections(match):
            return met
        opening = self.flags & ((self.rows["tcp_flags"] & SYN) != 0) & (self.rows["packets"] > 1)
        met |= opening & self._of_connections(match)
        return met

    def may_hurt(self, match: Match) -> Mask:
        """Those hurt, and those of connections whose SYN, which the sample may have missed, would be met."""
        hurt = self.hurt(match)
        return hurt | self._of_connections(match) if stops_connections(match) else hurt

    def _of_connections(self, match: Match) -> Mask:
        wider = msgspec.structs.replace(match, protocols=(TCP,), tcp_flags=None, packet_lengths=())
        return self.met(wider)

    def mask(self, part: Component) -> Mask:
        """Where one component agrees; read-only."""
        if part not in self._masks:
            self._masks[part] = self._agree(part)
        return self._masks[part]

    def _agree(self, part: Component) -> Mask:
        rows = self.rows
        match part:
            case "destination", str(prefix):
                return within(Prefix.parse(prefix), rows)
            case "source", str(prefix):
                return within(Prefix.parse(prefix), rows, "src")
            case "protocols", tuple(numbers):
                return _one_of(numbers, rows["protocol"])
            case "source_ports", tuple(ranges):
                return self.ports & _in_any(ranges, rows["src_port"])
            case "destination_ports", tuple(ranges):
                return self.ports & _in_any(ranges, rows["dst_port"])
            case "icmp_types", tuple(numbers):
                return self.icmp & _one_of(numbers, rows["icmp_type"])
            case "tcp_flags", TcpFlags(are=are, among=among):
                agrees: Mask = self.flags & ((rows["tcp_flags"] & among) == are)
                return agrees
            case "packet_lengths", tuple(ranges):
                return _in_any(ranges, self.length)
            case "fragments", tuple(kinds):
                return self._fragments(kinds)
        raise AssertionError(f"no such component: {part}")

    def _fragments(self, kinds: tuple[str, ...]) -> Mask:
        mask = np.zeros(len(self.rows), np.bool_)
        if "later" in kinds:
            mask |= self.later
        if "first" in kinds:
            mask |= self.rows["fragment"] == FRAGMENT_FIRST
        return mask


def stops_connections(match: Match) -> bool:
    """Whether genuine SYNs may be met: a match for bare SYNs, of a length that these have."""
    flags = match.tcp_flags
    if flags is None or flags.are != SYN or not flags.among & ACK:
        return False
    return not match.packet_lengths or any(span.last >= GENUINE_SYN_BYTES for span in match.packet_lengths)


def _one_of(numbers: tuple[int, ...], values: npt.NDArray[np.uint8]) -> Mask:
    mask: Mask = np.isin(values, np.array(numbers, np.uint8))
    return mask


def _in_any(ranges: tuple[Range, ...], values: npt.NDArray[np.integer]) -> Mask:
    mask = np.zeros(len(values), np.bool_)
    for span in ranges:
        mask |= (values >= span.first) & (values <= span.last)
    return mask
