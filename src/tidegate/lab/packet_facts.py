"""What a router reads in each packet's headers to apply rules, as columns, one value a packet."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tidegate.lab.traffic import ETHERNET_BYTES, Traffic
from tidegate.model.flows import FlowRows

DONT_FRAGMENT, LATER, FIRST, LAST = 1, 2, 4, 8
"""Bits of the fragment component, RFC 8955 section 4.2.2.12: DF, IsF, FF, LF."""

IPV4_FLAGS_AT = ETHERNET_BYTES + 6
IPV6_NEXT_AT, IPV6_HEADER_BYTES, IPV6_FRAGMENT = ETHERNET_BYTES + 6, 40, 44

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PacketFacts:
    """The packets of one traffic: `rows` dtype FLOW and `fragment_bits` uint8, both (n,)."""

    rows: FlowRows
    fragment_bits: npt.NDArray[np.uint8]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of each IP packet, its header included (RFC 8955 section 4.2.2.10)."""
        return self.rows["bytes"].astype(np.int64)

    @cached_property
    def whole_header(self) -> Marks:
        """The transport header is there: not a later fragment."""
        whole: Marks = (self.fragment_bits & LATER) == 0
        return whole

    @cached_property
    def has_ports(self) -> Marks:
        """TCP or UDP with its ports in this very packet; RFC 8955 knows no others (section 4.2.2.4)."""
        protocol = self.rows["protocol"]
        theirs: Marks = ((protocol == 6) | (protocol == 17)) & (self.rows["has_ports"] == 1)
        return theirs & self.whole_header


def packet_facts(traffic: Traffic) -> PacketFacts:
    bits = np.zeros(len(traffic), np.uint8)
    family = traffic.rows["family"]
    four = np.flatnonzero(family == 4)
    words = b"".join(traffic.frames[i][IPV4_FLAGS_AT : IPV4_FLAGS_AT + 2] for i in four.tolist())
    word = np.frombuffer(words, ">u2")
    bits[four] = _fragment_bits((word & 0x1FFF) > 0, (word & 0x2000) > 0)
    bits[four[(word & 0x4000) > 0]] |= DONT_FRAGMENT
    for i in np.flatnonzero((family == 6) & (traffic.rows["fragment"] != 0)).tolist():
        word = np.array([_ipv6_fragment_word(traffic.frames[i])])
        bits[i] = _fragment_bits((word & 0xFFF8) > 0, (word & 1) > 0)[0]
    return PacketFacts(traffic.rows, bits)


def _fragment_bits(offset: Marks, more: Marks) -> npt.NDArray[np.uint8]:
    bits = offset * np.uint8(LATER) + (~offset & more) * np.uint8(FIRST) + (offset & ~more) * np.uint8(LAST)
    return np.asarray(bits, np.uint8)


def _ipv6_fragment_word(frame: bytes) -> int:
    """Offset and M flag of the fragment header (RFC 8200 section 4.5), behind any extension headers."""
    kind, at = frame[IPV6_NEXT_AT], ETHERNET_BYTES + IPV6_HEADER_BYTES
    while kind != IPV6_FRAGMENT:
        kind, at = frame[at], at + (frame[at + 1] + 1) * 8
    return int.from_bytes(frame[at + 2 : at + 4], "big")
