"""Which flow records a rule's match means: the evaluation that forecasts and measurements rest on.

A record sums up packets, so some of its properties stand for all of them: its packet length is the mean, its
TCP flags are those of the union. What was not told matches nothing that asks for it.
"""

import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import Prefix, is_ipv4
from tidegate.model.flows import FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_NONE, FlowRows
from tidegate.model.plans import FragmentKind, Match, Range, TcpFlags

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58

Mask = npt.NDArray[np.bool_]


def matches(match: Match, rows: FlowRows) -> Mask:
    """A mask over `rows` (dtype FLOW): those whose packets the match would meet, as far as records tell.

    Ports, flags and ICMP types never match a later fragment. Neither DF nor "last fragment" is told by any
    record, so that a match asking for nothing but these meets none.
    """
    mask = within(Prefix.parse(match.destination), rows)
    if match.source is not None:
        mask &= within(Prefix.parse(match.source), rows, "src")
    if match.protocols:
        mask &= np.isin(rows["protocol"], np.array(match.protocols, np.uint8))
    if match.fragments:
        mask &= _fragments(match.fragments, rows)
    if match.packet_lengths:
        mask &= _in_any(match.packet_lengths, mean_lengths(rows))
    for ranges, column in ((match.source_ports, "src_port"), (match.destination_ports, "dst_port")):
        if ranges:
            mask &= ports_told(rows) & _in_any(ranges, rows[column])
    if match.tcp_flags is not None:
        mask &= _flags(match.tcp_flags, rows)
    if match.icmp_types:
        mask &= icmp_told(rows) & np.isin(rows["icmp_type"], np.array(match.icmp_types, np.uint8))
    return mask


def within(prefix: Prefix, rows: FlowRows, end: str = "dst") -> Mask:
    """Those whose destination (or source, "src") is in the prefix and of its family."""
    mask_high, mask_low = prefix.mask
    family = 4 if is_ipv4(prefix.high, prefix.low) else 6
    mask: Mask = rows["family"] == family
    mask &= (rows[f"{end}_high"] & np.uint64(mask_high)) == np.uint64(prefix.high)
    mask &= (rows[f"{end}_low"] & np.uint64(mask_low)) == np.uint64(prefix.low)
    return mask


def later_fragments(rows: FlowRows) -> Mask:
    """Fragments other than the first, also as exporters write them that tell of none: both ports zero."""
    portless = (rows["src_port"] == 0) & (rows["dst_port"] == 0) & (rows["fragment"] == FRAGMENT_NONE)
    portless &= (rows["has_ports"] == 1) & (rows["protocol"] == UDP)
    later: Mask = (rows["fragment"] == FRAGMENT_LATER) | portless
    return later


def ports_told(rows: FlowRows) -> Mask:
    told: Mask = (rows["has_ports"] == 1) & ~later_fragments(rows)
    return told


def flags_told(rows: FlowRows) -> Mask:
    """TCP segments with any flag: a record without one looks the same as one that tells none."""
    told: Mask = (rows["protocol"] == TCP) & (rows["tcp_flags"] != 0) & (rows["fragment"] != FRAGMENT_LATER)
    return told


def icmp_told(rows: FlowRows) -> Mask:
    icmp: Mask = np.where(rows["family"] == 4, rows["protocol"] == ICMP, rows["protocol"] == ICMPV6)
    told: Mask = icmp & (rows["fragment"] != FRAGMENT_LATER)
    return told


def mean_lengths(rows: FlowRows) -> npt.NDArray[np.int64]:
    """int64 (n,): IP bytes a packet, the mean of each record."""
    lengths: npt.NDArray[np.int64] = (rows["bytes"] // np.maximum(rows["packets"], 1)).astype(np.int64)
    return lengths


def _in_any(ranges: tuple[Range, ...], values: npt.NDArray[np.integer]) -> Mask:
    mask = np.zeros(len(values), np.bool_)
    for span in ranges:
        mask |= (values >= span.first) & (values <= span.last)
    return mask


def _flags(flags: TcpFlags, rows: FlowRows) -> Mask:
    agrees: Mask = (rows["tcp_flags"] & flags.among) == flags.are
    return agrees & flags_told(rows)


def _fragments(kinds: tuple[FragmentKind, ...], rows: FlowRows) -> Mask:
    mask = np.zeros(len(rows), np.bool_)
    if "later" in kinds:
        mask |= later_fragments(rows)
    if "first" in kinds:
        mask |= rows["fragment"] == FRAGMENT_FIRST
    return mask
