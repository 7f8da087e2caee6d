"""Packet headers from the link layer down to the transport header, one tunnel level inside, and no payload.

A header that was cut short gives what is there; nothing is ever read at or beyond `end`.
"""

import numpy as np

from tidegate.kernels.bigendian import u16, u32, u64
from tidegate.kernels.jit import bare_kernel

LINK_LAYERS_MAX = 16
"""VLAN tags, MPLS labels, SNAP and PPPoE headers before the IP header; a packet with more is not IP to us."""

EXTENSION_HEADERS_MAX = 8
"""IPv6 extension headers walked; behind more of them the protocol stays the next one's number."""

ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
ETHERTYPE_VLAN, ETHERTYPE_QINQ, ETHERTYPE_QINQ_OLD = 0x8100, 0x88A8, 0x9100
ETHERTYPE_MPLS, ETHERTYPE_MPLS_UPSTREAM = 0x8847, 0x8848
ETHERTYPE_PPPOE_SESSION = 0x8864
ETHERTYPE_ETHERNET = 0x6558  # Transparent Ethernet Bridging, RFC 1701
IEEE_802_3_LENGTH_MAX = 1500
"""A type field of this or less is a length (IEEE 802.3); what follows is read as LLC/SNAP or not at all."""

PPP_IPV4, PPP_IPV6, PPP_MPLS, PPP_MPLS_MULTICAST = 0x0021, 0x0057, 0x0281, 0x0283

ICMP, IP_IN_IP, TCP, UDP, DCCP, IPV6_IN_IP, GRE, ICMPV6, SCTP, UDP_LITE = (
    1,
    4,
    6,
    17,
    33,
    41,
    47,
    58,
    132,
    136,
)
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT_HEADER, DESTINATION = 0, 43, 44, 51, 59, 60
VXLAN_PORT = 4789

# The values of tidegate.model.flows, repeated because kernels import no other room.
FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER = 0, 1, 2
TUNNEL_GRE, TUNNEL_IP_IN_IP, TUNNEL_VXLAN = 1, 2, 3
MAPPED_IPV4 = 0xFFFF_0000_0000


@bare_kernel
def ppp_ethertype(protocol):  # type: ignore[no-untyped-def]
    """The EtherType that means the same as a PPP protocol number (RFC 1661), or -1."""
    if protocol == PPP_IPV4:
        return ETHERTYPE_IPV4
    if protocol == PPP_IPV6:
        return ETHERTYPE_IPV6
    if protocol in (PPP_MPLS, PPP_MPLS_MULTICAST):
        return ETHERTYPE_MPLS
    return -1


@bare_kernel
def find_ip(data, start, end, ethertype):  # type: ignore[no-untyped-def]
    """Offset of the IP header behind `start`, where a header of type `ethertype` begins; -1 if there is none.

    Reads past IEEE 802.1Q and 802.1ad tags, MPLS labels (RFC 3032; the payload's first nibble tells its
    kind), LLC/SNAP (IEEE 802.2), PPPoE sessions (RFC 2516) and bridged Ethernet.
    """
    at = np.int64(start)
    for _ in range(LINK_LAYERS_MAX + 1):
        if ethertype in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
            return at
        if ethertype in (ETHERTYPE_VLAN, ETHERTYPE_QINQ, ETHERTYPE_QINQ_OLD):
            if at + 4 > end:
                return np.int64(-1)
            ethertype = u16(data, at + 2)
            at += 4
        elif ethertype in (ETHERTYPE_MPLS, ETHERTYPE_MPLS_UPSTREAM):
            if at + 5 > end:
                return np.int64(-1)
            if data[at + 2] & 1:
                nibble = data[at + 4] >> 4
                if nibble not in (4, 6):
                    return np.int64(-1)
                ethertype = np.int64(ETHERTYPE_IPV4)
            at += 4
        elif ethertype == ETHERTYPE_ETHERNET:
            if at + 14 > end:
                return np.int64(-1)
            ethertype = u16(data, at + 12)
            at += 14
        elif ethertype == ETHERTYPE_PPPOE_SESSION:
            if at + 8 > end:
                return np.int64(-1)
            ethertype = np.int64(ppp_ethertype(u16(data, at + 6)))
            at += 8
        elif 0 <= ethertype <= IEEE_802_3_LENGTH_MAX:
            if at + 8 > end or u16(data, at) != 0xAAAA or u32(data, at + 2) != 0x0300_0000:
                return np.int64(-1)
            ethertype = u16(data, at + 6)
            at += 8
        else:
            return np.int64(-1)
    return np.int64(-1)


@bare_kernel
def find_ip_in_ethernet(data, start, end):  # type: ignore[no-untyped-def]
    """Offset of the IP header in an Ethernet frame without preamble; -1 if there is none."""
    return find_ip(data, start, end, np.int64(ETHERTYPE_ETHERNET))


@bare_kernel
def find_ip_in_ppp(data, start, end):  # type: ignore[no-untyped-def]
    """Offset of the IP header in a PPP frame, with or without the address and control bytes of RFC 1662."""
    at = np.int64(start)
    if at + 2 <= end and data[at] == 0xFF and data[at + 1] == 0x03:
        at += 2
    if at + 2 > end:
        return np.int64(-1)
    if data[at] & 1:  # protocol field compressed to one byte
        return find_ip(data, at + 1, end, np.int64(ppp_ethertype(np.int64(data[at]))))
    return find_ip(data, at + 2, end, np.int64(ppp_ethertype(u16(data, at))))


@bare_kernel
def ipv4_header(data, start, end):  # type: ignore[no-untyped-def]
    """As `ip_header`, for IPv4 (RFC 791)."""
    none = np.uint64(0)
    if end - start < 20 or (data[start] & 15) < 5:
        return 0, none, none, none, none, 0, 0, 0, -1, end
    header_bytes = np.int64(data[start] & 15) * 4
    total = u16(data, start + 2)
    if total < header_bytes:  # zero where the sender's network card divides segments; else nonsense
        total = np.int64(0)
    elif start + total < end:
        end = start + total
    offset = u16(data, start + 6)
    fragment = FRAGMENT_NONE
    transport = np.int64(start) + header_bytes
    if offset & 0x1FFF:
        fragment = FRAGMENT_LATER
        transport = np.int64(-1)
    elif offset & 0x2000:
        fragment = FRAGMENT_FIRST
    source = np.uint64(u32(data, start + 12) | MAPPED_IPV4)
    destination = np.uint64(u32(data, start + 16) | MAPPED_IPV4)
    protocol = np.int64(data[start + 9])
    return 4, none, source, none, destination, total, protocol, fragment, transport, end


@bare_kernel
def ipv6_header(data, start, end):  # type: ignore[no-untyped-def]
    """As `ip_header`, for IPv6 with its extension headers (RFC 8200, RFC 4302)."""
    none = np.uint64(0)
    if end - start < 40:
        return 0, none, none, none, none, 0, 0, 0, -1, end
    addresses = np.int64(start) + 8
    protocol = np.int64(data[start + 6])
    total = u16(data, start + 4) + 40
    if total == 40 and protocol != NO_NEXT_HEADER:  # jumbogram (RFC 2675), or left to the network card
        total = np.int64(0)
    elif start + total < end:
        end = start + total
    fragment = FRAGMENT_NONE
    at = np.int64(start) + 40
    transport = np.int64(-1)
    for _ in range(EXTENSION_HEADERS_MAX + 1):
        if protocol in (HOP_BY_HOP, ROUTING, DESTINATION, AUTHENTICATION):
            if at + 2 > end:
                break
            units = np.int64(data[at + 1])
            size = (units + 2) * 4 if protocol == AUTHENTICATION else (units + 1) * 8
        elif protocol == FRAGMENT:
            if at + 4 > end:
                break
            offset = u16(data, at + 2)
            if offset & 0xFFF8:
                fragment = FRAGMENT_LATER
                protocol = np.int64(data[at])
                break
            if offset & 1:
                fragment = FRAGMENT_FIRST
            size = np.int64(8)
        else:
            transport = at
            break
        protocol = np.int64(data[at])
        at += size
    return (
        6,
        u64(data, addresses),
        u64(data, addresses + 8),
        u64(data, addresses + 16),
        u64(data, addresses + 24),
        total,
        protocol,
        fragment,
        transport,
        end,
    )


@bare_kernel
def ip_header(data, start, end):  # type: ignore[no-untyped-def]
    """One IP header with its options or extension headers, as a tuple of

    family (4, 6, or 0: no IP header, and the rest says nothing); source and destination as four words
    (uint64); bytes by its own length field (0: unknown); protocol; fragment mark; offset of the
    transport header (-1: not in this packet, or behind too many extension headers); end of the packet.
    """
    if start < end:
        version = data[start] >> 4
        if version == 4:
            return ipv4_header(data, start, end)
        if version == 6:
            return ipv6_header(data, start, end)
    none = np.uint64(0)
    return 0, none, none, none, none, 0, 0, 0, -1, end


@bare_kernel
def gre_payload(data, at, end):  # type: ignore[no-untyped-def]
    """Offset of the IP header inside GRE (RFC 2784, RFC 2890; with the checksum of RFC 1701), or -1."""
    if at + 4 > end:
        return np.int64(-1)
    flags = u16(data, at)
    if flags & 0x4007:  # source routing, or another version (PPTP)
        return np.int64(-1)
    size = 4 + 4 * ((flags >> 15) + (flags >> 13 & 1) + (flags >> 12 & 1))
    return find_ip(data, at + size, end, u16(data, at + 2))


@bare_kernel
def tunnelled(data, at, end, protocol, destination_port):  # type: ignore[no-untyped-def]
    """(tunnel kind, offset of the inner IP header or -1) of what follows an IP header at `at` (may be -1)."""
    inner = np.int64(-1)
    if protocol == GRE:
        if at >= 0:
            inner = gre_payload(data, at, end)
        return TUNNEL_GRE, inner
    if protocol in (IP_IN_IP, IPV6_IN_IP):  # RFC 2003, RFC 4213
        return TUNNEL_IP_IN_IP, np.int64(at)
    if (
        protocol == UDP and destination_port == VXLAN_PORT and at + 16 <= end and data[at + 8] & 0x08
    ):  # RFC 7348
        return TUNNEL_VXLAN, find_ip_in_ethernet(data, at + 16, end)
    return 0, inner


@bare_kernel
def clear_header(rows, at):  # type: ignore[no-untyped-def]
    """Forget what an earlier packet left in row `at`, in every column that `decode_ip` owns."""
    row = rows[at]
    row.src_high = 0
    row.src_low = 0
    row.dst_high = 0
    row.dst_low = 0
    row.inner_src_high = 0
    row.inner_src_low = 0
    row.inner_dst_high = 0
    row.inner_dst_low = 0
    row.src_port = 0
    row.dst_port = 0
    row.protocol = 0
    row.tcp_flags = 0
    row.flags_seen = 0
    row.family = 0
    row.fragment = 0
    row.icmp_type = 0
    row.icmp_code = 0
    row.tunnel = 0
    row.inner_protocol = 0
    row.has_ports = 0


@bare_kernel
def decode_transport(data, start, end, protocol, rows, at):  # type: ignore[no-untyped-def]
    """Ports, TCP flags, ICMP type and code into row `at`, where captured; returns the destination port."""
    row = rows[at]
    if protocol in (TCP, UDP, UDP_LITE, SCTP, DCCP):
        if start + 4 > end:
            return np.int64(0)
        row.src_port = u16(data, start)
        row.dst_port = u16(data, start + 2)
        row.has_ports = 1
        if protocol == TCP and start + 14 <= end:
            row.tcp_flags = data[start + 13]
            row.flags_seen = 1
        return u16(data, start + 2)
    if protocol in (ICMP, ICMPV6) and start + 2 <= end:
        row.icmp_type = data[start]
        row.icmp_code = data[start + 1]
    return np.int64(0)


@bare_kernel
def decode_ip(data, start, end, rows, at):  # type: ignore[no-untyped-def]
    """The packet whose IP header begins at `start`, into row `at`; returns its IP bytes, 0 where not known.

    `data` uint8; `start`, `end` int64 offsets into it; `rows` dtype FLOW. Fills family, addresses,
    protocol, fragment mark, ports, flags, ICMP, tunnel and inner addresses, and clears those that are
    not there. Where there is no IP header, family is 0.
    """
    clear_header(rows, at)
    family, sh, sl, dh, dl, ip_bytes, protocol, fragment, transport, packet_end = ip_header(data, start, end)
    if family == 0:
        return np.int64(0)
    row = rows[at]
    row.family = family
    row.src_high = sh
    row.src_low = sl
    row.dst_high = dh
    row.dst_low = dl
    row.protocol = protocol
    row.fragment = fragment
    destination_port = np.int64(0)
    if transport >= 0:
        destination_port = decode_transport(data, transport, packet_end, protocol, rows, at)
    if protocol in (GRE, IP_IN_IP, IPV6_IN_IP) or destination_port == VXLAN_PORT:
        decode_inner(data, transport, packet_end, protocol, destination_port, rows, at)
    return np.int64(ip_bytes)


@bare_kernel
def decode_inner(data, transport, end, protocol, destination_port, rows, at):  # type: ignore[no-untyped-def]
    """Tunnel kind, inner addresses and inner protocol into row `at`; a tunnel inside it is not opened."""
    tunnel, inner = tunnelled(data, transport, end, protocol, destination_port)
    row = rows[at]
    row.tunnel = tunnel
    if inner < 0:
        return
    family, sh, sl, dh, dl, _, inner_protocol, _, _, _ = ip_header(data, inner, end)
    if family:
        row.inner_src_high = sh
        row.inner_src_low = sl
        row.inner_dst_high = dh
        row.inner_dst_low = dl
        row.inner_protocol = inner_protocol


@bare_kernel
def decode_ethernet(data, start, end, rows, at):  # type: ignore[no-untyped-def]
    """As `decode_ip`, for a packet whose Ethernet header begins at `start`."""
    ip = find_ip_in_ethernet(data, start, end)
    if ip < 0:
        clear_header(rows, at)
        return np.int64(0)
    return decode_ip(data, ip, end, rows, at)
