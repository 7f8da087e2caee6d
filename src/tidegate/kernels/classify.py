"""Which vector a flow record belongs to, by its header fields alone."""

import numpy as np

from tidegate.kernels.directions import REPETITION
from tidegate.kernels.jit import bare_kernel, inlined_kernel

# Codes of the vectors that are not recognised by a port. `tidegate.detect.tables` checks at import that
# they are the rows of model.vectors.VECTORS with these names.
UDP, TCP, QUIC = 0, 1, 2
TCP_SYN, TCP_SYN_ACK, TCP_ACK, TCP_RST, TCP_FIN, TCP_ODD_FLAGS = 3, 4, 5, 6, 7, 8
FRAGMENTS, ICMP, ICMPV6, GRE, ESP, IP_IN_IP, OTHER_PROTOCOL = 9, 10, 11, 12, 13, 14, 15
NONE = 255

SMALL_PACKET_BYTES = 100
"""A TCP segment with no more IP bytes than this carries options at most, hardly any data."""

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
CONTROL_FLAGS = 0x3F
"""ECE and CWR are left out: they say nothing about kind (RFC 3168)."""


@inlined_kernel
def tcp_vector(flags, seen, packets, mean_bytes):  # type: ignore[no-untyped-def]
    """The vector of a TCP record by its flags (the union over its packets), packets and mean IP bytes.

    A union over several packets hides which flags stood together, so only a record of one packet, or
    a union that no connection leaves behind, is called odd. No flag at all is odd where the packet's
    own header was `seen`; else it is unclassified, because an exporter that sends no flags looks the same.
    """
    kind = np.int64(flags) & CONTROL_FLAGS
    if kind == 0:
        return TCP_ODD_FLAGS if seen else TCP
    if kind == SYN:
        return TCP_SYN
    if kind == SYN | ACK:
        return TCP_SYN_ACK
    if kind in (RST, RST | ACK):
        return TCP_RST
    if kind == ACK:
        return TCP_ACK if mean_bytes <= SMALL_PACKET_BYTES else TCP
    if kind in (FIN | ACK, FIN | ACK | PSH):
        return TCP_FIN if mean_bytes <= SMALL_PACKET_BYTES else TCP
    if kind & (ACK | RST | SYN) == 0:
        return TCP_ODD_FLAGS  # FIN, PSH or URG alone or together, never acknowledged: FIN and Xmas scans
    if kind & (SYN | FIN | ACK) == SYN | FIN:
        return TCP_ODD_FLAGS
    if packets <= 1 and kind & SYN and kind & (FIN | RST | URG):
        return TCP_ODD_FLAGS
    if packets <= 1 and kind & RST and kind & FIN:
        return TCP_ODD_FLAGS
    return TCP


@inlined_kernel
def udp_vector(src_port, dst_port, mean_bytes, port_vector, bytes_min):  # type: ignore[no-untyped-def]
    """The vector of a UDP record: its source port's reflection if the mean size fits, else QUIC or plain.

    Both ports zero is how exporters write later fragments. A high source port (from 32768, where
    operating systems choose their clients' ports) towards port 443 is a client's upload.
    """
    if src_port == 0 and dst_port == 0:
        return FRAGMENTS
    vector = np.int64(port_vector[src_port])
    if vector != NONE and mean_bytes >= bytes_min[vector] and not (src_port >= 32768 and dst_port == 443):
        return vector
    if src_port == 443:
        return QUIC
    return UDP


@inlined_kernel
def vector_of(row, port_vector, bytes_min):  # type: ignore[no-untyped-def]
    """The vector code of one FLOW record, or NONE where it is no IP flow or a repetition.

    `port_vector` uint8 (65536,) maps a UDP source port to a code or NONE; `bytes_min` int64
    (VECTORS_MAX,) is the least mean packet size by code. Only header fields are read. The outermost
    header decides, because that is what a border router can match.
    """
    if row.family == 0 or row.direction == REPETITION:
        return NONE
    protocol = np.int64(row.protocol)
    packets = max(np.int64(1), np.int64(min(row.packets, np.uint64(1) << np.uint64(62))))
    mean_bytes = np.int64(min(row.bytes, np.uint64(1) << np.uint64(62))) // packets
    if row.fragment == 2:
        return FRAGMENTS
    if protocol == 17:
        if row.has_ports == 0:
            return UDP
        return udp_vector(np.int64(row.src_port), np.int64(row.dst_port), mean_bytes, port_vector, bytes_min)
    if protocol == 6:
        return tcp_vector(row.tcp_flags, row.flags_seen, packets, mean_bytes)
    if protocol == 1:
        return ICMP if row.family == 4 else OTHER_PROTOCOL
    if protocol == 58:
        return ICMPV6 if row.family == 6 else OTHER_PROTOCOL
    if protocol == 47:
        return GRE
    if protocol == 50:
        return ESP
    if protocol in (4, 41):
        return IP_IN_IP
    return OTHER_PROTOCOL


@bare_kernel
def classify_rows(rows, port_vector, bytes_min, out):  # type: ignore[no-untyped-def]
    """Write the code of every row into `out` uint8 (at least len(rows))."""
    for i in range(len(rows)):
        out[i] = vector_of(rows[i], port_vector, bytes_min)
