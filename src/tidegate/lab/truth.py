"""What packets truly are: their vectors by plain rules, apart from the kernels that are judged."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tidegate.lab.packet_facts import Marks
from tidegate.lab.traffic import Traffic
from tidegate.model.vectors import VECTORS, VectorClass

SURE = 2.0
"""A vector this many times above its floor must be named; below, chance may hide it."""

SMALL_TCP_BYTES = 100
LATER_FRAGMENT = 2
TCP_FLAG_VECTORS = {0x02: "tcp_syn", 0x12: "tcp_syn_ack", 0x04: "tcp_rst", 0x14: "tcp_rst"}
SMALL_TCP_VECTORS = {0x10: "tcp_ack", 0x11: "tcp_fin", 0x19: "tcp_fin"}
PROTOCOL_VECTORS = {1: "icmp", 47: "gre", 50: "esp", 4: "ip_in_ip", 41: "ip_in_ip", 58: "icmpv6"}
PORT_VECTORS = {port: vector for vector in VECTORS for port in vector.source_ports}
FLOORS = {vector.name: vector for vector in VECTORS}


@dataclass(frozen=True, slots=True)
class Share:
    """One vector's part of a traffic, of its bytes and of its packets."""

    vector: str
    of_bytes: float
    of_packets: float


def vector_shares(traffic: Traffic) -> tuple[Share, ...]:
    """The vectors of its packets, the heaviest first."""
    packets: Counter[str] = Counter()
    octets: Counter[str] = Counter()
    for row in traffic.rows:
        vector = packet_vector(row)
        packets[vector] += 1
        octets[vector] += int(row["bytes"])
    return tuple(
        Share(vector, heavy / octets.total(), packets[vector] / packets.total())
        for vector, heavy in octets.most_common()
    )


def attack_packets(traffic: Traffic) -> Marks:
    """Which packets are of a kind that only attacks are made of; a capture may hold other traffic too."""
    attack = {vector.name for vector in VECTORS if vector.vector_class is not VectorClass.UNCLASSIFIED}
    return np.array([packet_vector(row) in attack for row in traffic.rows], np.bool_)


def packet_vector(row: np.void) -> str:
    """The name of the vector that one packet belongs to."""
    protocol, flags = int(row["protocol"]), int(row["tcp_flags"]) & 0x3F
    if row["fragment"] == LATER_FRAGMENT:
        return "fragments"
    if protocol == 17:
        by_port = PORT_VECTORS.get(int(row["src_port"]))
        if by_port is not None and row["bytes"] >= by_port.bytes_min:
            return by_port.name
        return "quic" if row["src_port"] == 443 else "udp"
    if protocol == 6:
        small = SMALL_TCP_VECTORS if row["bytes"] <= SMALL_TCP_BYTES else {}
        return {**TCP_FLAG_VECTORS, **small}.get(flags, "tcp")
    return PROTOCOL_VECTORS.get(protocol, "other_protocol")


def must_be_named(shares: tuple[Share, ...], bits_per_s: float, packets_per_s: float) -> frozenset[str]:
    """The attack vectors that stand far enough above their floors at rates as an exporter tells them."""
    return frozenset(
        share.vector
        for share in shares
        if FLOORS[share.vector].vector_class is not VectorClass.UNCLASSIFIED
        and (
            share.of_bytes * bits_per_s >= SURE * FLOORS[share.vector].floor_bits_per_s
            or share.of_packets * packets_per_s >= SURE * FLOORS[share.vector].floor_packets_per_s
        )
    )
